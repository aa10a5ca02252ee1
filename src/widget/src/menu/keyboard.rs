//! The keyboard in the menu and in the sub-menu.

use std::rc::{Rc, Weak};

use gtk::glib;
use gtk::prelude::*;

use super::entry::Page;
use super::keys::{Press, meaning, step};
use super::list::RowView;
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
        let is_rtl = parts.frame.root().direction() == gtk::TextDirection::Rtl;
        // A person who uses keys wants to see where they are.
        match meaning(key, held, is_rtl) {
            Some(press) if answer(&parts, press) => glib::Propagation::Stop,
            _ => glib::Propagation::Proceed,
        }
    });
    keys
}

fn in_menu(parts: &Rc<Parts>, press: Press) -> bool {
    let is_typing = parts.frame.search().has_focus() || parts.frame.search().focus_child().is_some();
    match press {
        Press::Close if !parts.submenu.search().text().is_empty() => parts.submenu.search().set_text(""),
        Press::Close if parts.submenu.device().is_some() => parts.close_submenu(),
        Press::Close if !parts.frame.search().text().is_empty() => parts.frame.search().set_text(""),
        Press::Close => parts.close(),
        Press::Into | Press::Out | Press::First | Press::Last if is_typing => return false,
        Press::Into => return parts.enter_submenu(),
        Press::Out => return false,
        Press::Up | Press::Down | Press::First | Press::Last => {
            parts.close_submenu();
            focus_step(parts.frame.window(), press, &choices(parts));
        }
    }
    true
}

fn in_submenu(parts: &Rc<Parts>, press: Press) -> bool {
    let search = parts.submenu.search();
    let is_typing = search.focus_child().is_some() || search.has_focus();
    match press {
        Press::Close if !search.text().is_empty() => search.set_text(""),
        Press::Out | Press::First | Press::Last if is_typing => return false,
        Press::Close | Press::Out => match parts.submenu.page() {
            Some(Page::Targets) if parts.submenu.shows_part() => parts.open_part(None),
            Some(Page::Targets) | None => parts.leave_submenu(),
            Some(_) => parts.turn_page(Page::Targets),
        },
        Press::Into => return activate_focus(parts),
        Press::Up | Press::Down | Press::First | Press::Last => {
            focus_step(parts.frame.window(), press, &parts.submenu.choices());
        }
    }
    true
}

/// Right goes on where an entry opens a further page; elsewhere it does nothing.
fn activate_focus(parts: &Rc<Parts>) -> bool {
    let focus = gtk::prelude::GtkWindowExt::focus(parts.frame.window());
    let choice = parts.submenu.choices().into_iter().find(|choice| Some(choice) == focus.as_ref());
    choice.is_some_and(|choice| parts.submenu.opens_page(&choice) && choice.activate())
}

/// What the arrows go through: the rows that can be used, then the footer.
fn choices(parts: &Rc<Parts>) -> Vec<gtk::Widget> {
    let list = parts.list.borrow();
    let rows = list.views().map(|row| row.widget().clone()).filter(WidgetExt::is_sensitive);
    rows.chain(parts.frame.footer_entries().map(|entry| entry.clone().upcast())).collect()
}

fn focus_step(window: &gtk::Window, press: Press, choices: &[gtk::Widget]) {
    let focus = gtk::prelude::GtkWindowExt::focus(window);
    let at = choices.iter().position(|choice| Some(choice) == focus.as_ref());
    if let Some(widget) = step(press, at, choices.len()).and_then(|place| choices.get(place)) {
        window.set_focus_visible(true);
        widget.grab_focus();
    }
}

impl Parts {
    /// Shows the qubes of the sub-menu that hold the typed words. An entry that had the focus may have gone; keys that
    /// went to the sub-menu go there still.
    pub(super) fn filter_qubes(&self, words: String) {
        let popover = self.submenu.popover();
        let has_keys = || {
            let focus = gtk::prelude::GtkWindowExt::focus(self.frame.window());
            focus.is_some_and(|focus| focus.is_ancestor(popover))
        };
        let before = has_keys();
        self.submenu.turn(&self.scene(), |view| view.filter = words);
        if before
            && !has_keys()
            && let Some(first) = self.submenu.choices().first()
        {
            first.grab_focus();
        }
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
        if let Some(first) = self.submenu.choices().first() {
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
