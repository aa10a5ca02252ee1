//! The keyboard in the menu and in the sub-menu.

use std::cell::RefCell;
use std::rc::{Rc, Weak};
use std::time::Instant;

use gtk::gdk::ModifierType;
use gtk::glib;
use gtk::prelude::*;

use super::entry::Page;
use super::focus::{self, Cause};
use super::guard::{Guard, Hand};
use super::keys::{Press, meaning, step};
use super::list::{GroupList, RowView};
use super::rows::RowAction;
use super::window::Parts;

/// Listens in both windows: keys in a popover do not pass through the window that it hangs at.
pub(super) fn listen(parts: &Rc<Parts>) {
    let window = parts.frame.window();
    window.add_controller(controller(parts, in_menu));
    parts.submenu.popover().add_controller(controller(parts, in_submenu));
}

fn controller(parts: &Rc<Parts>, answer: fn(&Rc<Parts>, Press) -> bool) -> gtk::EventControllerKey {
    let keys = gtk::EventControllerKey::new();
    keys.set_propagation_phase(gtk::PropagationPhase::Capture);
    let weak: Weak<Parts> = Rc::downgrade(parts);
    keys.connect_key_pressed(move |_, key, _, held| {
        let Some(parts) = weak.upgrade() else {
            return glib::Propagation::Proceed;
        };
        // What keys bring under the pointer the hand did not go to.
        parts.expect_rest();
        let is_rtl = parts.frame.root().direction() == gtk::TextDirection::Rtl;
        // A person who uses keys wants to see where they are.
        match meaning(key, held, is_rtl) {
            Some(press) if answer(&parts, press) => glib::Propagation::Stop,
            _ => glib::Propagation::Proceed,
        }
    });
    let weak = Rc::downgrade(parts);
    keys.connect_key_released(move |_, key, _, _| {
        let is_enter = meaning(key, ModifierType::empty(), false) == Some(Press::Choose);
        if let Some(parts) = weak.upgrade().filter(|_| is_enter) {
            parts.is_choosing.set(false);
        }
    });
    keys
}

fn in_menu(parts: &Rc<Parts>, press: Press) -> bool {
    let is_typing = focus::is_in(parts.frame.search());
    match press {
        Press::Close if !parts.submenu.search().text().is_empty() => parts.submenu.search().set_text(""),
        Press::Close if parts.submenu.device().is_some() => parts.close_submenu(),
        Press::Close if !parts.frame.search().text().is_empty() => parts.frame.search().set_text(""),
        Press::Close => parts.close(),
        Press::Into | Press::Out | Press::First | Press::Last if is_typing => return false,
        Press::Into => return parts.enter_submenu(),
        Press::Out => return false,
        Press::Choose => {
            let entry = parts.list.borrow().focused().cloned();
            return parts.choose(entry, &parts.guard);
        }
        Press::Up | Press::Down | Press::First | Press::Last => {
            parts.close_submenu();
            let footer = parts.frame.footer_entries().map(|entry| entry.clone().upcast());
            step_in(parts.frame.window(), press, &parts.list, footer);
        }
    }
    true
}

fn in_submenu(parts: &Rc<Parts>, press: Press) -> bool {
    let search = parts.submenu.search();
    let is_typing = focus::is_in(search);
    match press {
        Press::Close if !search.text().is_empty() => search.set_text(""),
        Press::Out | Press::First | Press::Last if is_typing => return false,
        Press::Close | Press::Out => match parts.submenu.page() {
            Some(Page::Targets) if parts.submenu.shows_part() => parts.open_part(None),
            Some(Page::Targets) | None => parts.leave_submenu(),
            Some(_) => parts.turn_page(Page::Targets),
        },
        Press::Into => return activate_focus(parts),
        Press::Choose => {
            let entry = parts.submenu.list().borrow().focused().cloned();
            return parts.choose(entry, parts.submenu.guard());
        }
        Press::Up | Press::Down | Press::First | Press::Last => {
            step_in(parts.frame.window(), press, parts.submenu.list(), []);
        }
    }
    true
}

/// Right goes on where an entry opens a further page; elsewhere it does nothing.
fn activate_focus(parts: &Rc<Parts>) -> bool {
    let entry = parts.submenu.list().borrow().focused().cloned();
    let entry = entry.filter(|entry| parts.submenu.opens_page(entry)).and_downcast::<gtk::Button>();
    entry.is_some_and(|entry| {
        choose(&entry, parts.submenu.guard());
        true
    })
}

/// Chooses an entry at once. GTK would show it pressed for a moment first, in which it may come to mean something else.
fn choose(entry: &gtk::Button, guard: &Guard) {
    if guard.allows(Hand::Keys, Instant::now()) {
        entry.emit_clicked();
    }
}

/// Goes to the next entry, from where the focus is, or from where it was when its entry went.
fn step_in<K: Copy + Ord, V: RowView>(
    window: &gtk::Window,
    press: Press,
    list: &RefCell<GroupList<K, V>>,
    others: impl IntoIterator<Item = gtk::Widget>,
) {
    let rows: Vec<gtk::Widget> = list.borrow().views().map(|view| view.widget().clone()).collect();
    let entries: Vec<gtk::Widget> = rows.into_iter().chain(others).collect();
    let focus = gtk::prelude::GtkWindowExt::focus(window);
    let place = |entry: Option<&gtk::Widget>| entries.iter().position(|other| Some(other) == entry);
    let at = place(focus.as_ref()).or_else(|| place(list.borrow().lost()));
    let usable: Vec<bool> = entries.iter().map(WidgetExt::is_sensitive).collect();
    if let Some(entry) = step(press, at, &usable).and_then(|place| entries.get(place)) {
        list.borrow_mut().set_lost(None);
        window.set_focus_visible(true);
        entry.grab_focus();
    }
}

/// After words were typed the focus of an entry that they left out goes to the first one that is left in its group.
fn follow<K: Copy + Ord, V: RowView>(had_focus: Option<K>, list: &RefCell<GroupList<K, V>>) {
    let first = {
        let list = list.borrow();
        had_focus.filter(|_| list.focused().is_none()).and_then(|kind| list.first_usable_near(kind))
    };
    if let Some(first) = first {
        first.grab_focus();
    }
}

impl Parts {
    /// Chooses an entry by Enter, once however long that is held. `false` = that is nothing to choose.
    fn choose(&self, entry: Option<gtk::Widget>, guard: &Guard) -> bool {
        let Some(button) = entry.and_downcast::<gtk::Button>().filter(WidgetExt::is_sensitive) else {
            return false;
        };
        if !self.is_choosing.replace(true) {
            choose(&button, guard);
        }
        true
    }

    /// Shows the rows that hold the typed words; they need not keep their places.
    pub(super) fn filter_rows(self: &Rc<Self>) {
        self.close_submenu();
        self.shown.borrow_mut().clear();
        if !self.frame.is_open() {
            return;
        }
        let before = self.list.borrow().focused_kind();
        self.refresh(Cause::Person);
        follow(before, &self.list);
    }

    /// Shows the qubes of the sub-menu that hold the typed words.
    pub(super) fn filter_qubes(&self, words: String) {
        let before = self.submenu.list().borrow().focused_kind();
        self.submenu.turn(&self.scene(), |view| view.filter = words);
        follow(before, self.submenu.list());
    }

    /// Opens the sub-menu of the row that has the focus and goes there.
    fn enter_submenu(self: &Rc<Self>) -> bool {
        let focus = gtk::prelude::GtkWindowExt::focus(self.frame.window());
        let row = {
            let list = self.list.borrow();
            list.views().find(|row| Some(row.widget()) == focus.as_ref()).cloned()
        };
        let Some(row) = row.filter(|row| row.row().is_some_and(|row| row.action == RowAction::Open)) else {
            return false;
        };
        self.open_submenu(&row);
        let first = self.submenu.list().borrow().first_usable();
        if let Some(first) = first {
            self.frame.window().set_focus_visible(true);
            first.grab_focus();
        }
        self.route_typing();
        true
    }

    /// Closes the sub-menu and goes back to its row.
    fn leave_submenu(&self) {
        let row = self.submenu.row();
        self.close_submenu();
        if let Some(row) = row {
            row.button().grab_focus();
        }
    }
}
