//! Where the focus of the keyboard is: a person puts it on an entry, and what happens to the machine only takes it away.
//!
//! Left alone, GTK gives the focus of an entry that goes to whichever it finds next, and Enter would mean that one.

use gtk::prelude::*;

/// Who is behind what is shown anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// The person: they opened it, typed, or turned a page.
    Person,
    /// The machine, or time that went by.
    Machine,
}

/// Whether `widget` has the focus, or something in it.
pub(crate) fn is_in(widget: &impl IsA<gtk::Widget>) -> bool {
    let focus = widget.root().and_then(|root| root.focus());
    focus.is_some_and(|focus| focus == *widget.upcast_ref() || focus.is_ancestor(widget))
}

/// Takes the focus from `widget` and from all in it; to be called before that goes, or is about something else.
///
/// It goes to where Enter chooses nothing: to the popover around it, so that keys still arrive there, else nowhere.
pub(super) fn let_go(widget: &impl IsA<gtk::Widget>) {
    if !is_in(widget) {
        return;
    }
    let around = widget.parent().and_then(|parent| parent.ancestor(gtk::Popover::static_type()));
    if let Some(root) = widget.root() {
        root.set_focus(around.as_ref());
    }
}
