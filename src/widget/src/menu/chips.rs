//! The holders of a device: an arrow, and each qube with the dot of its label; of very many the last are counted.

use std::cell::RefCell;

use gtk::prelude::*;

use super::dot::Dot;
use super::rows::{Chip, named};
use super::style::bold;
use crate::{naming, strings};

/// The arrow and the qubes.
pub(super) struct Chips {
    whole: gtk::Box,
    views: RefCell<Vec<View>>,
    /// How many more there are; which, in its tooltip.
    more: gtk::Label,
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
        let more = gtk::Label::builder().visible(false).build();
        whole.append(&more);
        Self { whole, views: RefCell::default(), more }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.whole
    }

    pub(super) fn show(&self, holders: &[Chip]) {
        self.whole.set_visible(!holders.is_empty());
        let (by_name, counted) = holders.split_at(named(holders));
        let mut views = self.views.borrow_mut();
        while views.len() < by_name.len() {
            let view = View::new();
            self.whole.insert_child_after(&view.chip, self.more.prev_sibling().as_ref());
            views.push(view);
        }
        for (place, view) in views.iter().enumerate() {
            let holder = by_name.get(place);
            view.chip.set_visible(holder.is_some());
            if let Some(Chip { name, colour }) = holder {
                view.dot.show(*colour);
                view.name.set_text(name.as_str());
            }
        }
        self.more.set_visible(!counted.is_empty());
        self.more.set_text(&strings::and_more(&counted.len().to_string()));
        self.more.set_tooltip_text(Some(&naming::list(counted.iter().map(|chip| &chip.name))));
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
