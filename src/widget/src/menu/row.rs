//! The widget of one row: icon, name with badge, dim second line with holders, what is going on, chevron.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::pango;
use gtk::prelude::*;

use super::dot::Dot;
use super::list::RowView;
use super::model::{Chip, Look, Row, RowAction, Status};
use crate::platform::set_accessible_label;
use crate::strings;

/// Characters of a name before it is cut in the middle; the whole of it is in the tooltip.
const NAME_WIDTH: i32 = 34;
/// Characters of the second line before it is cut.
const DETAIL_WIDTH: i32 = 46;

/// What the pointer or a finger did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    Entered,
    Chosen,
}

/// Who is told.
pub(super) type OnTouch = Rc<dyn Fn(Touch, &RowWidget)>;

/// One row; a clone is the same row.
#[derive(Clone)]
pub(super) struct RowWidget(Rc<Parts>);

struct Parts {
    button: gtk::Button,
    icon: gtk::Image,
    name: gtk::Label,
    badge: gtk::Label,
    second: gtk::Box,
    detail: gtk::Label,
    arrow: gtk::Label,
    holders: gtk::Box,
    chips: RefCell<Vec<(gtk::Box, Dot, gtk::Label)>>,
    status: gtk::Box,
    spinner: gtk::Spinner,
    said: gtk::Label,
    chevron: gtk::Image,
    row: RefCell<Option<Row>>,
}

impl RowWidget {
    pub(super) fn new(on_touch: &OnTouch) -> Self {
        let parts = Parts::new();
        parts.assemble();
        let row = Self(Rc::new(parts));
        row.listen(on_touch);
        row
    }

    pub(super) fn button(&self) -> &gtk::Button {
        &self.0.button
    }

    /// What it shows.
    pub(super) fn row(&self) -> Option<Row> {
        self.0.row.borrow().clone()
    }

    /// Marks the row whose sub-menu is open.
    pub(super) fn set_open(&self, is_open: bool) {
        if is_open {
            self.0.button.add_css_class("open");
        } else {
            self.0.button.remove_css_class("open");
        }
    }

    fn listen(&self, on_touch: &OnTouch) {
        let tell = |touch: Touch| {
            let (weak, on_touch) = (Rc::downgrade(&self.0), on_touch.clone());
            move || {
                if let Some(parts) = weak.upgrade() {
                    on_touch(touch, &Self(parts));
                }
            }
        };
        let chosen = tell(Touch::Chosen);
        self.0.button.connect_clicked(move |_| chosen());
        let entered = tell(Touch::Entered);
        let motion = gtk::EventControllerMotion::new();
        motion.connect_enter(move |_, _, _| entered());
        self.0.button.add_controller(motion);
    }
}

impl RowView for RowWidget {
    type Row = Row;

    fn show(&self, row: &Row) -> bool {
        let parts = &self.0;
        let before = parts.row.replace(Some(row.clone()));
        if before.as_ref() == Some(row) {
            return false;
        }
        parts.show_name(row);
        parts.show_second(row);
        parts.show_status(row.status.as_ref());
        parts.button.set_sensitive(row.is_usable());
        parts.chevron.set_visible(row.action == RowAction::Open);
        if before.as_ref().map(|before| &before.spoken) != Some(&row.spoken) {
            set_accessible_label(&parts.button, &row.spoken);
        }
        before.is_none_or(|before| {
            (&before.key, &before.id, &before.action) != (&row.key, &row.id, &row.action)
                || before.status.is_some() != row.status.is_some()
        })
    }

    fn widget(&self) -> &gtk::Widget {
        self.0.button.upcast_ref()
    }
}

impl Parts {
    fn new() -> Self {
        let label = |class: &str| gtk::Label::builder().xalign(0.0).css_classes([class]).build();
        let row = || gtk::Box::new(gtk::Orientation::Horizontal, 6);
        let name = label("name");
        name.set_ellipsize(pango::EllipsizeMode::Middle);
        name.set_max_width_chars(NAME_WIDTH);
        show_whole_in_tooltip(&name);
        let detail = label("detail");
        detail.set_ellipsize(pango::EllipsizeMode::End);
        detail.set_max_width_chars(DETAIL_WIDTH);
        show_whole_in_tooltip(&detail);
        let said = label("said");
        said.set_wrap(true);
        said.set_max_width_chars(DETAIL_WIDTH);
        let badge = label("badge");
        badge.set_text(&strings::new());
        badge.set_valign(gtk::Align::Center);
        Self {
            button: gtk::Button::builder()
                .accessible_role(gtk::AccessibleRole::MenuItem)
                .has_frame(false)
                .css_classes(["entry"])
                .build(),
            icon: gtk::Image::builder().pixel_size(16).valign(gtk::Align::Start).margin_top(2).build(),
            name,
            badge,
            second: row(),
            detail,
            arrow: label("detail"),
            holders: gtk::Box::new(gtk::Orientation::Horizontal, 10),
            chips: RefCell::default(),
            status: row(),
            spinner: gtk::Spinner::new(),
            said,
            chevron: gtk::Image::builder().icon_name("go-next-symbolic").pixel_size(12).build(),
            row: RefCell::default(),
        }
    }

    fn assemble(&self) {
        let first = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        first.append(&self.name);
        first.append(&self.badge);
        self.arrow.set_text("→");
        for part in
            [self.detail.upcast_ref::<gtk::Widget>(), self.arrow.upcast_ref(), self.holders.upcast_ref()]
        {
            self.second.append(part);
        }
        self.second.add_css_class("second");
        self.status.add_css_class("second");
        self.status.append(&self.spinner);
        self.status.append(&self.said);
        let lines = gtk::Box::new(gtk::Orientation::Vertical, 1);
        lines.set_hexpand(true);
        lines.append(&first);
        lines.append(&self.second);
        lines.append(&self.status);
        let whole = gtk::Box::new(gtk::Orientation::Horizontal, 10);
        self.chevron.add_css_class("dim");
        for part in [self.icon.upcast_ref::<gtk::Widget>(), lines.upcast_ref(), self.chevron.upcast_ref()] {
            whole.append(part);
        }
        self.button.set_child(Some(&whole));
    }

    fn show_name(&self, row: &Row) {
        self.icon.set_icon_name(Some(row.icon));
        self.name.set_text(&row.name);
        let bold = (row.look == Look::Attached).then(|| {
            let list = pango::AttrList::new();
            list.insert(pango::AttrInt::new_weight(pango::Weight::Bold));
            list
        });
        self.name.set_attributes(bold.as_ref());
        set_class(&self.name, "dim", row.look == Look::Dim && row.is_usable());
        set_class(&self.icon, "dim", row.look == Look::Dim && row.is_usable());
        set_class(&self.button, "part", row.is_part);
        self.badge.set_visible(row.is_new);
    }

    fn show_second(&self, row: &Row) {
        self.detail.set_text(&row.detail);
        self.second.set_visible(!row.detail.is_empty() || !row.holders.is_empty());
        self.arrow.set_visible(!row.holders.is_empty());
        self.holders.set_visible(!row.holders.is_empty());
        let mut chips = self.chips.borrow_mut();
        while chips.len() < row.holders.len() {
            let chip = new_chip();
            self.holders.append(&chip.0);
            chips.push(chip);
        }
        for (place, (widget, dot, label)) in chips.iter().enumerate() {
            widget.set_visible(place < row.holders.len());
            if let Some(Chip { name, colour }) = row.holders.get(place) {
                dot.show(*colour);
                label.set_text(name.as_str());
            }
        }
    }

    fn show_status(&self, status: Option<&Status>) {
        let (text, is_pending) = match status {
            Some(Status::Pending(text)) => (text.as_str(), true),
            Some(Status::Failed(text)) => (text.as_str(), false),
            None => ("", false),
        };
        self.status.set_visible(status.is_some());
        self.spinner.set_visible(is_pending);
        self.spinner.set_spinning(is_pending);
        self.said.set_text(text);
        set_class(&self.said, "failed", matches!(status, Some(Status::Failed(_))));
    }
}

fn new_chip() -> (gtk::Box, Dot, gtk::Label) {
    let chip = gtk::Box::new(gtk::Orientation::Horizontal, 5);
    let (dot, label) = (Dot::new(), gtk::Label::new(None));
    let list = pango::AttrList::new();
    list.insert(pango::AttrInt::new_weight(pango::Weight::Bold));
    label.set_attributes(Some(&list));
    chip.append(dot.widget());
    chip.append(&label);
    (chip, dot, label)
}

/// Shows the whole of a label in its tooltip, but only where it is cut.
fn show_whole_in_tooltip(label: &gtk::Label) {
    label.set_has_tooltip(true);
    label.connect_query_tooltip(|label, _, _, _, tooltip| {
        tooltip.set_text(Some(&label.text()));
        label.layout().is_ellipsized()
    });
}

pub(super) fn set_class(widget: &impl IsA<gtk::Widget>, class: &str, is_set: bool) {
    if is_set {
        widget.add_css_class(class);
    } else {
        widget.remove_css_class(class);
    }
}
