//! The small square in the colour of a qube's label.

use std::cell::Cell;
use std::rc::Rc;

use gtk::cairo;
use gtk::prelude::*;

use super::picture::ink;

/// Length of a side.
const SIDE: i32 = 10;
/// Radius of its corners.
const RADIUS: f64 = 2.5;

/// The square; invisible without a colour to show.
#[derive(Debug, Clone)]
pub(crate) struct Dot {
    area: gtk::DrawingArea,
    colour: Rc<Cell<Option<u32>>>,
}

impl Dot {
    pub(crate) fn new() -> Self {
        let area = gtk::DrawingArea::builder()
            .content_width(SIDE)
            .content_height(SIDE)
            .valign(gtk::Align::Center)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .build();
        let colour = Rc::new(Cell::new(None));
        let drawn = colour.clone();
        area.set_draw_func(move |area, context, width, height| {
            // Drawing to a surface in memory does not fail; if it did, there would be no dot.
            let _ = draw(context, drawn.get(), f64::from(width.min(height)), ink(area));
        });
        Self { area, colour }
    }

    pub(crate) fn widget(&self) -> &gtk::DrawingArea {
        &self.area
    }

    /// `None` = a colour that is not known yet: an empty frame.
    pub(crate) fn show(&self, colour: Option<u32>) {
        if self.colour.replace(colour) != colour {
            self.area.queue_draw();
        }
    }
}

fn draw(
    context: &cairo::Context,
    colour: Option<u32>,
    side: f64,
    ink: gtk::gdk::RGBA,
) -> Result<(), cairo::Error> {
    use std::f64::consts::FRAC_PI_2;
    let (near, far) = (0.5 + RADIUS, side - 0.5 - RADIUS);
    context.new_sub_path();
    context.arc(far, near, RADIUS, -FRAC_PI_2, 0.0);
    context.arc(far, far, RADIUS, 0.0, FRAC_PI_2);
    context.arc(near, far, RADIUS, FRAC_PI_2, 2.0 * FRAC_PI_2);
    context.arc(near, near, RADIUS, 2.0 * FRAC_PI_2, 3.0 * FRAC_PI_2);
    context.close_path();
    if let Some(colour) = colour {
        let part = |shift: u32| f64::from((colour >> shift) & 0xff) / 255.0;
        context.set_source_rgb(part(16), part(8), part(0));
        context.fill_preserve()?;
    }
    // A thin frame in the colour of the text keeps black visible on dark and yellow on light.
    let strength = if colour.is_some() { 0.35 } else { 0.6 };
    context.set_source_rgba(f64::from(ink.red()), f64::from(ink.green()), f64::from(ink.blue()), strength);
    context.set_line_width(1.0);
    context.stroke()
}
