//! A symbolic icon, drawn in the colour of the text around it.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::cairo;
use gtk::prelude::*;

use super::path::{Path, Step, paths};
use crate::icons;

/// Width and height of a drawing, in its own units.
const UNITS: f64 = 16.0;

/// The icon.
#[derive(Clone)]
pub(super) struct Picture {
    area: gtk::DrawingArea,
    shown: Rc<RefCell<Shown>>,
}

#[derive(Default)]
struct Shown {
    name: &'static str,
    paths: Vec<Path>,
}

impl Picture {
    /// An empty picture with sides of this length.
    pub(super) fn new(side: i32) -> Self {
        let area = gtk::DrawingArea::builder()
            .content_width(side)
            .content_height(side)
            .valign(gtk::Align::Center)
            .accessible_role(gtk::AccessibleRole::Presentation)
            .build();
        let shown = Rc::new(RefCell::new(Shown::default()));
        let drawn = shown.clone();
        area.set_draw_func(move |area, context, width, height| {
            let side = f64::from(width.min(height));
            // Arrows point the other way where the script does.
            if area.direction() == gtk::TextDirection::Rtl && is_direction(drawn.borrow().name) {
                context.translate(f64::from(width), 0.0);
                context.scale(-1.0, 1.0);
            }
            context.scale(side / UNITS, side / UNITS);
            // Drawing to a surface in memory does not fail; if it did, there would be no icon.
            let _ = draw(context, &drawn.borrow().paths, ink(area));
        });
        Self { area, shown }
    }

    pub(super) fn widget(&self) -> &gtk::DrawingArea {
        &self.area
    }

    /// Shows the icon of this name; an unknown one is empty.
    pub(super) fn show(&self, name: &'static str) {
        if self.shown.borrow().name != name {
            let paths = icons::drawing(name).and_then(paths).unwrap_or_default();
            self.shown.replace(Shown { name, paths });
            self.area.queue_draw();
        }
    }
}

fn is_direction(name: &str) -> bool {
    matches!(name, "plugboard-open-symbolic" | "plugboard-back-symbolic")
}

/// The colour of the text around a widget.
pub(super) fn ink(area: &gtk::DrawingArea) -> gtk::gdk::RGBA {
    area.style_context().color()
}

fn draw(context: &cairo::Context, paths: &[Path], ink: gtk::gdk::RGBA) -> Result<(), cairo::Error> {
    context.set_fill_rule(cairo::FillRule::EvenOdd);
    context.set_source_rgba(ink.red().into(), ink.green().into(), ink.blue().into(), ink.alpha().into());
    for path in paths {
        context.new_path();
        for step in path {
            take(context, *step);
        }
        context.fill()?;
    }
    Ok(())
}

fn take(context: &cairo::Context, step: Step) {
    match step {
        Step::Move((x, y)) => context.move_to(x, y),
        Step::Line((x, y)) => context.line_to(x, y),
        Step::Arc { centre: (x, y), radius, from, to, is_clockwise: true } => {
            context.arc(x, y, radius, from, to);
        }
        Step::Arc { centre: (x, y), radius, from, to, is_clockwise: false } => {
            context.arc_negative(x, y, radius, from, to);
        }
        Step::Close => context.close_path(),
    }
}
