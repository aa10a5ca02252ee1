//! The widget of one entry of the sub-menu: mark, dot, text, note, chevron; or a sentence that only tells.

use std::cell::RefCell;
use std::rc::Rc;

use gtk::pango;
use gtk::prelude::*;

use super::dot::Dot;
use super::list::RowView;
use super::row::set_class;
use super::targets::{Item, ItemAction, ItemKey, Mark};
use crate::platform::set_accessible_label;

/// Characters of a sentence before it goes on in the next line.
const SENTENCE_WIDTH: i32 = 36;

/// Who is told that an entry was chosen.
pub(super) type OnChoice = Rc<dyn Fn(&ItemAction)>;

/// One entry; a clone is the same entry.
#[derive(Clone)]
pub(super) struct ItemWidget(Rc<Parts>);

struct Parts {
    button: gtk::Button,
    mark: gtk::Image,
    check: gtk::CheckButton,
    dot: Dot,
    text: gtk::Label,
    note: gtk::Label,
    chevron: gtk::Image,
    item: RefCell<Option<Item>>,
}

impl ItemWidget {
    pub(super) fn new(on_choice: &OnChoice) -> Self {
        let widget = Self(Rc::new(Parts::new()));
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
        item.as_ref()
            .is_some_and(|item| matches!(item.action, Some(ItemAction::Turn(_))) && item.mark != Mark::Back)
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
        parts.show_text(item);
        parts.button.set_sensitive(item.action.is_some());
        parts
            .chevron
            .set_visible(matches!(item.action, Some(ItemAction::Turn(_))) && item.mark != Mark::Back);
        if before.as_ref().map(|before| &before.spoken) != Some(&item.spoken) {
            set_accessible_label(&parts.button, &item.spoken);
        }
        before.is_none_or(|before| (before.key, before.action) != (item.key.clone(), item.action.clone()))
    }

    fn widget(&self) -> &gtk::Widget {
        self.0.button.upcast_ref()
    }
}

impl Parts {
    fn new() -> Self {
        let parts = Self {
            button: gtk::Button::builder()
                .accessible_role(gtk::AccessibleRole::MenuItem)
                .has_frame(false)
                .css_classes(["entry", "choice"])
                .build(),
            mark: gtk::Image::builder().pixel_size(16).build(),
            // Shows and speaks the state; the whole entry is what is clicked.
            check: gtk::CheckButton::builder().can_target(false).focusable(false).build(),
            dot: Dot::new(),
            text: gtk::Label::builder().xalign(0.0).hexpand(true).build(),
            note: gtk::Label::builder().xalign(1.0).css_classes(["note"]).build(),
            chevron: gtk::Image::builder()
                .icon_name("go-next-symbolic")
                .pixel_size(12)
                .css_classes(["dim"])
                .build(),
            item: RefCell::default(),
        };
        let whole = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        let children: [&gtk::Widget; 6] = [
            parts.mark.upcast_ref(),
            parts.check.upcast_ref(),
            parts.dot.widget().upcast_ref(),
            parts.text.upcast_ref(),
            parts.note.upcast_ref(),
            parts.chevron.upcast_ref(),
        ];
        children.into_iter().for_each(|child| whole.append(child));
        parts.button.set_child(Some(&whole));
        parts
    }

    /// Entries without a mark keep the room for one, so that the names stand below each other.
    fn show_mark(&self, item: &Item) {
        let icon = match item.mark {
            Mark::None | Mark::Check(_) => None,
            Mark::Eject => Some("plugboard-eject-symbolic"),
            Mark::Plus => Some("list-add-symbolic"),
            Mark::Back => Some("go-previous-symbolic"),
        };
        self.mark.set_icon_name(icon);
        let check = if let Mark::Check(is_checked) = item.mark { Some(is_checked) } else { None };
        self.check.set_visible(check.is_some());
        self.check.set_active(check.unwrap_or(false));
        self.mark.set_visible(!is_sentence(item) && check.is_none());
        self.dot.widget().set_visible(item.dot.is_some());
        self.dot.show(item.dot.flatten());
    }

    fn show_text(&self, item: &Item) {
        let sentence = is_sentence(item);
        self.text.set_text(&item.text);
        self.text.set_wrap(sentence);
        self.text.set_max_width_chars(if sentence { SENTENCE_WIDTH } else { -1 });
        let bold = item.is_bold.then(|| {
            let list = pango::AttrList::new();
            list.insert(pango::AttrInt::new_weight(pango::Weight::Bold));
            list
        });
        self.text.set_attributes(bold.as_ref());
        self.note.set_text(&item.note);
        self.note.set_visible(!item.note.is_empty());
        set_class(&self.button, "message", sentence);
    }
}

/// A sentence is longer than a name, and nothing to choose.
fn is_sentence(item: &Item) -> bool {
    matches!(item.key, ItemKey::Message | ItemKey::Reason)
}
