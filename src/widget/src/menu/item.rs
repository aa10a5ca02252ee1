//! The widget of one entry of the sub-menu: mark, dot, text, note, chevron; or a sentence that only tells.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use gtk::pango;
use gtk::prelude::*;

use super::dot::Dot;
use super::entry::{Item, ItemAction, ItemKey, Mark};
use super::focus;
use super::list::RowView;
use super::picture::Picture;
use super::row::{chevron, cut_label, set_class, wrap_sentence};
use super::style::bold;
use crate::platform::{set_accessible_checked, set_accessible_description, set_accessible_label};

/// Side of a mark, and of the room that an entry without one leaves free.
const MARK_SIZE: i32 = 16;
/// Characters of a name before it is cut in the middle: longer than any name of a qube.
const NAME_WIDTH: i32 = 34;
/// Characters of a note before it is cut.
const NOTE_WIDTH: i32 = 28;
/// Characters of a sentence before it goes on in the next line.
const SENTENCE_WIDTH: i32 = 36;

/// Who is told that an entry was chosen.
pub(super) type OnChoice = Rc<dyn Fn(&ItemAction)>;

/// One entry; a clone is the same entry.
#[derive(Clone)]
pub(super) struct ItemWidget(Rc<Parts>);

struct Parts {
    button: gtk::Button,
    /// Spoken as something that is on or off; what an element is can't change while a screen reader knows it.
    is_check: bool,
    whole: gtk::Box,
    mark: OnceCell<Picture>,
    check: OnceCell<gtk::CheckButton>,
    dot: OnceCell<Dot>,
    text: gtk::Label,
    note: OnceCell<gtk::Label>,
    chevron: OnceCell<Picture>,
    item: RefCell<Option<Item>>,
}

impl ItemWidget {
    /// A widget for entries such as `item`.
    pub(super) fn new(item: &Item, on_choice: &OnChoice) -> Self {
        let widget = Self(Rc::new(Parts::new(checked(item).is_some())));
        let (weak, on_choice) = (Rc::downgrade(&widget.0), on_choice.clone());
        widget.0.button.connect_clicked(move |_| {
            let action = weak.upgrade().and_then(|parts| parts.item.borrow().as_ref()?.action.clone());
            if let Some(action) = action {
                on_choice(&action);
            }
        });
        widget
    }
}

impl ItemWidget {
    /// Whether choosing it shows a further page.
    pub(super) fn opens_page(&self) -> bool {
        let item = self.0.item.borrow();
        item.as_ref().is_some_and(turns)
    }
}

impl RowView for ItemWidget {
    type Row = Item;

    fn show(&self, item: &Item) -> bool {
        let parts = &self.0;
        let before = parts.item.replace(Some(item.clone()));
        if before.as_ref() == Some(item) {
            return false;
        }
        parts.show_mark(item);
        parts.show_dot(item);
        parts.show_text(item);
        parts.show_end(item);
        if item.action.is_none() || before.as_ref().is_some_and(|before| before.key != item.key) {
            focus::let_go(&parts.button);
        }
        parts.button.set_sensitive(item.action.is_some());
        if before.as_ref().map(|before| &before.spoken) != Some(&item.spoken) {
            set_accessible_label(&parts.button, &item.spoken);
        }
        if before.as_ref().map_or("", unspoken_note) != unspoken_note(item) {
            set_accessible_description(&parts.button, unspoken_note(item));
        }
        if let Some(is_checked) = checked(item) {
            set_accessible_checked(&parts.button, is_checked);
        }
        before.is_none_or(|before| (before.key, before.action) != (item.key.clone(), item.action.clone()))
    }

    fn widget(&self) -> &gtk::Widget {
        self.0.button.upcast_ref()
    }

    fn suits(&self, item: &Item) -> bool {
        self.0.is_check == checked(item).is_some()
    }
}

impl Parts {
    fn new(is_check: bool) -> Self {
        let whole = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        let text = cut_label("choice-text", pango::EllipsizeMode::Middle, NAME_WIDTH);
        text.set_hexpand(true);
        text.set_wrap_mode(pango::WrapMode::WordChar);
        whole.append(&text);
        let button = gtk::Button::builder()
            .accessible_role(if is_check {
                gtk::AccessibleRole::MenuItemCheckbox
            } else {
                gtk::AccessibleRole::MenuItem
            })
            .has_frame(false)
            .css_classes(["entry", "choice"])
            .child(&whole)
            .build();
        Self {
            button,
            is_check,
            whole,
            mark: OnceCell::new(),
            check: OnceCell::new(),
            dot: OnceCell::new(),
            text,
            note: OnceCell::new(),
            chevron: OnceCell::new(),
            item: RefCell::default(),
        }
    }

    /// Entries without a mark keep the room for one, so that the names stand below each other.
    fn show_mark(&self, item: &Item) {
        let icon = match item.mark {
            Mark::None | Mark::Check(_) => None,
            Mark::Eject => Some("plugboard-eject-symbolic"),
            Mark::Plus => Some("plugboard-add-symbolic"),
            Mark::Back => Some("plugboard-back-symbolic"),
        };
        if let Some(icon) = icon {
            let mark = self.mark.get_or_init(|| {
                let mark = Picture::new(MARK_SIZE);
                self.whole.prepend(mark.widget());
                mark
            });
            mark.show(icon);
        }
        if let Some(mark) = self.mark.get() {
            mark.widget().set_visible(icon.is_some());
        }
        let state = checked(item);
        let check = optional(&self.check, state.is_some(), || {
            // Shows the state; the whole entry is what speaks it and what is clicked.
            let check = gtk::CheckButton::builder()
                .accessible_role(gtk::AccessibleRole::Presentation)
                .can_target(false)
                .focusable(false)
                .build();
            self.whole.prepend(&check);
            check
        });
        if let Some(check) = check {
            check.set_active(state.unwrap_or(false));
        }
        let has_none = icon.is_none() && state.is_none() && !is_sentence(item);
        self.whole.set_margin_start(if has_none { MARK_SIZE + self.whole.spacing() } else { 0 });
    }

    fn show_dot(&self, item: &Item) {
        if item.dot.is_some() {
            self.dot.get_or_init(|| {
                let dot = Dot::new();
                self.whole.insert_child_after(dot.widget(), self.text.prev_sibling().as_ref());
                dot
            });
        }
        if let Some(dot) = self.dot.get() {
            dot.widget().set_visible(item.dot.is_some());
            dot.show(item.dot.as_ref().and_then(|chip| chip.colour));
        }
    }

    fn show_text(&self, item: &Item) {
        let sentence = is_sentence(item);
        self.text.set_text(&item.text);
        wrap_sentence(&self.text, sentence);
        self.text.set_max_width_chars(if sentence { SENTENCE_WIDTH } else { NAME_WIDTH });
        self.text.set_attributes(item.is_bold.then(bold).as_ref());
        set_class(&self.button, "message", sentence);
    }

    fn show_end(&self, item: &Item) {
        let note = optional(&self.note, !item.note.is_empty(), || {
            let note = cut_label("note", pango::EllipsizeMode::Middle, NOTE_WIDTH);
            note.set_xalign(1.0);
            self.whole.insert_child_after(&note, Some(&self.text));
            note
        });
        if let Some(note) = note {
            note.set_text(&item.note);
        }
        let turns = turns(item);
        if turns {
            self.chevron.get_or_init(|| {
                let chevron = chevron();
                self.whole.append(chevron.widget());
                chevron
            });
        }
        if let Some(chevron) = self.chevron.get() {
            chevron.widget().set_visible(turns);
        }
    }
}

/// A part that few entries have: made when it is wanted for the first time, hidden when it is not.
fn optional<W: IsA<gtk::Widget>>(
    part: &OnceCell<W>,
    is_wanted: bool,
    make: impl FnOnce() -> W,
) -> Option<&W> {
    if is_wanted {
        part.get_or_init(make);
    }
    let part = part.get()?;
    part.set_visible(is_wanted);
    Some(part)
}

/// Whether it is on, where it is something to be switched on and off.
fn checked(item: &Item) -> Option<bool> {
    if let Mark::Check(is_checked) = item.mark { Some(is_checked) } else { None }
}

/// Whether it leads to a further page.
fn turns(item: &Item) -> bool {
    matches!(item.action, Some(ItemAction::Turn(_) | ItemAction::Part(_))) && item.key != ItemKey::Back
}

/// A sentence is longer than a name, and nothing to choose.
fn is_sentence(item: &Item) -> bool {
    matches!(item.key, ItemKey::Message | ItemKey::Pending | ItemKey::Question | ItemKey::Reason)
}

/// The note where the spoken sentence does not hold it already, such as "usually here".
fn unspoken_note(item: &Item) -> &str {
    let is_spoken = item.spoken.to_lowercase().contains(&item.note.to_lowercase());
    if is_spoken { "" } else { &item.note }
}
