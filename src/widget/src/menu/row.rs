//! The widget of one row: icon, name with badge, dim second line with holders, what is going on, chevron.
//!
//! Most rows are a name and a second line; what few rows have is made when a row has it for the first time.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use gtk::pango;
use gtk::prelude::*;

use super::chips::Chips;
use super::focus;
use super::list::RowView;
use super::picture::Picture;
use super::rows::{Look, Row, RowAction, RowKey, Status};
use super::style::bold;
use crate::platform::{set_accessible_description, set_accessible_expanded, set_accessible_label};
use crate::strings;

/// Characters of a name before it is cut in the middle; the whole of it is in the tooltip.
const NAME_WIDTH: i32 = 34;
/// Characters of the second line before it goes on in a third one, where it is cut at last.
const DETAIL_WIDTH: i32 = 46;
/// Characters that a text which may wrap has room for at least: where a single wide one decides, GTK measures a label
/// twice with two results.
pub(super) const NARROWEST: i32 = 12;
/// The same number, to count with.
const DETAIL_CHARS: usize = DETAIL_WIDTH.unsigned_abs() as usize;
/// Lines of what went wrong; the whole of it is in the sub-menu.
const STATUS_LINES: i32 = 4;

/// Side of the icon before a name.
const ICON_SIZE: i32 = 16;
/// Side of the sign at the end.
const CHEVRON_SIZE: i32 = 12;
/// Side of the sign of something under way.
const SPINNER_SIZE: i32 = 12;

/// What the pointer or a finger did to a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    Entered,
    Moved,
    Chosen,
}

/// Who is told.
pub(super) type OnTouch = Rc<dyn Fn(Touch, &RowWidget)>;

/// One row; a clone is the same row.
#[derive(Clone)]
pub(super) struct RowWidget(Rc<Parts>);

struct Parts {
    button: gtk::Button,
    icon: Picture,
    lines: gtk::Box,
    first: gtk::Box,
    name: gtk::Label,
    badge: OnceCell<gtk::Label>,
    second: gtk::Box,
    detail: gtk::Label,
    holders: OnceCell<Chips>,
    status: OnceCell<StatusLine>,
    chevron: Picture,
    row: RefCell<Option<Row>>,
}

/// The third line: a spinner and what is going on, or what went wrong.
struct StatusLine {
    line: gtk::Box,
    spinner: Picture,
    said: gtk::Label,
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
        set_class(&self.0.button, "open", is_open);
        self.0.speak_opening();
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
        // A row that could not be used when it was entered is not told of it once it can be.
        let moved = tell(Touch::Moved);
        motion.connect_motion(move |_, _, _| moved());
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
        parts.show_first(row);
        parts.show_second(row);
        parts.show_status(row.status.as_ref());
        if !row.is_usable() || before.as_ref().is_some_and(|before| before.key != row.key) {
            focus::let_go(&parts.button);
        }
        parts.button.set_sensitive(row.is_usable());
        parts.chevron.widget().set_visible(row.action == RowAction::Open);
        if before.as_ref().map(|before| &before.spoken) != Some(&row.spoken) {
            set_accessible_label(&parts.button, &row.spoken);
        }
        if before.as_ref().is_some_and(|before| before.is_new) != row.is_new {
            let badge = if row.is_new { strings::new() } else { String::new() };
            set_accessible_description(&parts.button, &badge);
        }
        if before.as_ref().map(|before| &before.action) != Some(&row.action) {
            parts.speak_opening();
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
        Self {
            button: gtk::Button::builder()
                .accessible_role(gtk::AccessibleRole::MenuItem)
                .has_frame(false)
                .css_classes(["entry"])
                .build(),
            icon: Picture::new(ICON_SIZE),
            lines: gtk::Box::builder()
                .orientation(gtk::Orientation::Vertical)
                .spacing(1)
                .hexpand(true)
                .build(),
            first: gtk::Box::new(gtk::Orientation::Horizontal, 8),
            name: cut_label("name", pango::EllipsizeMode::Middle, NAME_WIDTH),
            badge: OnceCell::new(),
            second: gtk::Box::builder().spacing(6).css_classes(["second"]).build(),
            detail: cut_label("detail", pango::EllipsizeMode::End, DETAIL_WIDTH),
            holders: OnceCell::new(),
            status: OnceCell::new(),
            chevron: chevron(),
            row: RefCell::default(),
        }
    }

    fn assemble(&self) {
        self.first.append(&self.name);
        self.second.append(&self.detail);
        self.lines.append(&self.first);
        self.lines.append(&self.second);
        let whole = gtk::Box::new(gtk::Orientation::Horizontal, 10);
        self.icon.widget().set_valign(gtk::Align::Start);
        self.icon.widget().set_margin_top(2);
        whole.append(self.icon.widget());
        whole.append(&self.lines);
        whole.append(self.chevron.widget());
        self.button.set_child(Some(&whole));
    }

    /// A row with a sub-menu says so, and whether that is open.
    fn speak_opening(&self) {
        let opens = self.row.borrow().as_ref().is_some_and(|row| row.action == RowAction::Open);
        set_accessible_expanded(&self.button, opens.then(|| self.button.has_css_class("open")));
    }

    fn show_first(&self, row: &Row) {
        self.icon.show(row.icon);
        self.name.set_text(&row.name);
        wrap_sentence(&self.name, !matches!(row.key, RowKey::Device(_)));
        let is_bold = row.look == Look::Attached;
        // A label is laid out anew for attributes that are new, even if they are the same.
        if self.name.attributes().is_some() != is_bold {
            self.name.set_attributes(is_bold.then(bold).as_ref());
        }
        // An unusable row is dimmed as a whole already.
        let is_dim = row.look == Look::Dim && row.is_usable();
        set_class(&self.name, "dim", is_dim);
        set_class(self.icon.widget(), "dim", is_dim);
        if row.is_new {
            self.badge.get_or_init(|| {
                let badge = gtk::Label::builder()
                    .label(strings::new())
                    .valign(gtk::Align::Center)
                    .css_classes(["badge"]);
                let badge = badge.build();
                self.first.append(&badge);
                badge
            });
        }
        if let Some(badge) = self.badge.get() {
            badge.set_visible(row.is_new);
        }
    }

    fn show_second(&self, row: &Row) {
        self.detail.set_text(&row.detail);
        // Few are so long, and a label that may wrap takes longer to measure.
        let is_long = row.detail.chars().nth(DETAIL_CHARS).is_some();
        self.detail.set_wrap(is_long);
        self.detail.set_lines(if is_long { 2 } else { -1 });
        self.second.set_visible(!row.detail.is_empty() || !row.holders.is_empty());
        if !row.holders.is_empty() {
            self.holders.get_or_init(|| {
                let chips = Chips::new();
                self.second.append(chips.widget());
                chips
            });
        }
        if let Some(chips) = self.holders.get() {
            chips.show(&row.holders);
        }
    }

    fn show_status(&self, status: Option<&Status>) {
        if status.is_some() {
            self.status.get_or_init(|| {
                let status = StatusLine::new();
                self.lines.append(&status.line);
                status
            });
        }
        if let Some(line) = self.status.get() {
            line.show(status);
        }
    }
}

impl StatusLine {
    fn new() -> Self {
        let line = gtk::Box::builder().spacing(6).css_classes(["second"]).build();
        let spinner = Picture::new(SPINNER_SIZE);
        spinner.show("plugboard-busy-symbolic");
        let said = cut_label("status", pango::EllipsizeMode::End, DETAIL_WIDTH);
        said.set_wrap(true);
        said.set_wrap_mode(pango::WrapMode::WordChar);
        said.set_lines(STATUS_LINES);
        said.set_width_chars(NARROWEST);
        line.append(spinner.widget());
        line.append(&said);
        Self { line, spinner, said }
    }

    fn show(&self, status: Option<&Status>) {
        let (text, is_pending) = match status {
            Some(Status::Pending(text)) => (text.as_str(), true),
            Some(Status::Failed(text)) => (text.as_str(), false),
            None => ("", false),
        };
        self.line.set_visible(status.is_some());
        self.spinner.widget().set_visible(is_pending);
        set_class(self.spinner.widget(), "turning", is_pending);
        self.said.set_text(text);
        set_class(&self.said, "failed", !is_pending);
    }
}

/// The sign that something opens to the side.
pub(super) fn chevron() -> Picture {
    let chevron = Picture::new(CHEVRON_SIZE);
    chevron.show("plugboard-open-symbolic");
    chevron.widget().add_css_class("dim");
    chevron
}

/// A name is cut in the middle where it is too long, a sentence goes on below.
pub(super) fn wrap_sentence(label: &gtk::Label, is_sentence: bool) {
    if label.wraps() != is_sentence {
        label.set_wrap(is_sentence);
        label.set_width_chars(if is_sentence { NARROWEST } else { -1 });
        label.set_ellipsize(if is_sentence {
            pango::EllipsizeMode::None
        } else {
            pango::EllipsizeMode::Middle
        });
    }
}

/// A label that is cut where it is too long, and then shows the whole text in its tooltip.
pub(super) fn cut_label(class: &str, cut: pango::EllipsizeMode, width: i32) -> gtk::Label {
    let label = gtk::Label::builder()
        .xalign(0.0)
        .ellipsize(cut)
        .max_width_chars(width)
        .has_tooltip(true)
        .css_classes([class])
        .build();
    label.connect_query_tooltip(|label, _, _, _, tooltip| {
        tooltip.set_text(Some(&label.text()));
        label.layout().is_ellipsized()
    });
    label
}

pub(super) fn set_class(widget: &impl IsA<gtk::Widget>, class: &str, is_set: bool) {
    if is_set {
        widget.add_css_class(class);
    } else {
        widget.remove_css_class(class);
    }
}
