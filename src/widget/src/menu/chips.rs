//! The holders of a device: an arrow, and each qube with the dot of its label.

use std::cell::RefCell;

use gtk::prelude::*;

use super::dot::Dot;
use super::rows::Chip;
use super::style::bold;

/// The arrow and the qubes.
pub(super) struct Chips {
    whole: gtk::Box,
    views: RefCell<Vec<View>>,
}

struct View {
    chip: gtk::Box,
    dot: Dot,
    name: gtk::Label,
}

impl Chips {
    pub(super) fn new() -> Self {
        let whole = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        let arrow = if whole.direction() == gtk::TextDirection::Rtl { "←" } else { "→" };
        whole.append(&gtk::Label::builder().label(arrow).css_classes(["detail"]).build());
        Self { whole, views: RefCell::default() }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.whole
    }

    pub(super) fn show(&self, holders: &[Chip]) {
        self.whole.set_visible(!holders.is_empty());
        let mut views = self.views.borrow_mut();
        while views.len() < holders.len() {
            let view = View::new();
            self.whole.append(&view.chip);
            views.push(view);
        }
        for (place, view) in views.iter().enumerate() {
            let holder = holders.get(place);
            view.chip.set_visible(holder.is_some());
            if let Some(Chip { name, colour }) = holder {
                view.dot.show(*colour);
                view.name.set_text(name.as_str());
            }
        }
    }
}

impl View {
    fn new() -> Self {
        let (chip, dot) = (gtk::Box::new(gtk::Orientation::Horizontal, 5), Dot::new());
        let name = gtk::Label::new(None);
        name.set_attributes(Some(&bold()));
        chip.append(dot.widget());
        chip.append(&name);
        Self { chip, dot, name }
    }
}
