//! What the pointer or a finger does to the rows: resting opens a sub-menu, a click opens it at once or acts.

use std::rc::Rc;

use gtk::prelude::*;

use super::aim::Point;
use super::row::{RowWidget, Touch};
use super::rows::RowAction;
use super::window::Parts;

impl Parts {
    pub(super) fn touched(self: &Rc<Self>, touch: Touch, row: &RowWidget) {
        match touch {
            Touch::Moved if self.hover.is_over(row.button()) => {}
            Touch::Entered | Touch::Moved => self.entered(row),
            Touch::Chosen if !self.is_settled() => {}
            Touch::Chosen => match row.row().map(|row| row.action) {
                Some(RowAction::Open) => self.open_submenu(row),
                Some(RowAction::Do(wish)) => self.wish(*wish),
                Some(RowAction::Nothing) | None => {}
            },
        }
    }

    /// What comes under the pointer from now on means nothing until the hand has moved it.
    pub(super) fn expect_rest(&self) {
        self.hover.expect_rest(self.pointer());
    }

    /// Where the pointer is on the screen, where anybody can tell.
    fn pointer(&self) -> Option<Point> {
        let (x, y) = self.outside.pointer(self.frame.window())?;
        Some((f64::from(x), f64::from(y)))
    }

    fn entered(self: &Rc<Self>, row: &RowWidget) {
        if !self.hover.was_moved(|| self.pointer()) {
            return;
        }
        self.hover.set_over(row.button());
        let (edges, parts, row) = (Rc::downgrade(self), Rc::downgrade(self), row.clone());
        let edge = move || edges.upgrade().and_then(|parts| parts.submenu_edge());
        self.hover.rest(edge, move || {
            if let Some(parts) = parts.upgrade() {
                parts.rested_on(&row);
            }
        });
    }

    fn rested_on(self: &Rc<Self>, row: &RowWidget) {
        // Asked now and not told by crossings: those of a sub-menu that has just closed come late and in odd order.
        if !row.button().state_flags().contains(gtk::StateFlags::PRELIGHT) {
            return;
        }
        match row.row().map(|row| row.action) {
            Some(RowAction::Open) => self.open_submenu(row),
            _ => self.close_submenu(),
        }
    }
}
