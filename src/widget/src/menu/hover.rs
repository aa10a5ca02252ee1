//! Resting the pointer on a row opens its sub-menu, after a moment that forgives passing over it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gtk::glib;
use gtk::prelude::*;

use super::aim::{Aim, Edge, Point};
use super::still::Still;

/// How long the pointer rests on a row before its sub-menu opens.
const REST: Duration = Duration::from_millis(160);
/// While the pointer is on its way to the open sub-menu it is asked again after this.
const ASK_AGAIN: Duration = Duration::from_millis(60);
/// So often while it stands still; then it has stopped on the way and means the row.
const PATIENCE: u8 = 6;

/// The timer and where the pointer goes; a clone is the same.
#[derive(Clone, Default)]
pub(super) struct Hover(Rc<State>);

#[derive(Default)]
struct State {
    aim: Cell<Aim>,
    still: Cell<Still>,
    /// The row that the hand entered last.
    over: glib::WeakRef<gtk::Button>,
    timer: RefCell<Option<glib::SourceId>>,
}

impl Hover {
    pub(super) fn moved(&self, to: Point) {
        let mut aim = self.0.aim.get();
        aim.moved(to);
        self.0.aim.set(aim);
    }

    /// The menu opens: nothing is known of the pointer.
    pub(super) fn begin(&self) {
        self.0.aim.take();
        self.0.over.set(None);
    }

    /// Until the hand has moved, rows come under the pointer by themselves. `at` = its place on the screen.
    pub(super) fn expect_rest(&self, at: Option<Point>) {
        self.0.still.set(Still::resting(at.or_else(|| self.0.aim.get().place())));
    }

    /// Whether the hand has moved since; `at` tells the place on the screen.
    pub(super) fn was_moved(&self, at: impl FnOnce() -> Option<Point>) -> bool {
        let mut still = self.0.still.get();
        let was_moved = still.is_moved(|| at().or_else(|| self.0.aim.get().place()));
        self.0.still.set(still);
        was_moved
    }

    /// Whether this is the row that the hand entered last, and which could be used ever since.
    pub(super) fn is_over(&self, row: &gtk::Button) -> bool {
        self.0.over.upgrade().as_ref() == Some(row)
    }

    /// A row that can't be used any more is entered anew once it can be. Tells whether it is the one under the hand.
    pub(super) fn forget_unusable(&self) -> bool {
        let is_unusable = self.0.over.upgrade().is_some_and(|row| !row.is_sensitive());
        if is_unusable {
            self.0.over.set(None);
        }
        is_unusable
    }

    pub(super) fn set_over(&self, row: &gtk::Button) {
        self.0.over.set(Some(row));
    }

    /// Calls `rested` once the pointer has rested; `edge` is that of the sub-menu which is open meanwhile.
    pub(super) fn rest(&self, edge: impl Fn() -> Option<Edge> + 'static, rested: impl FnOnce() + 'static) {
        self.wait(REST, (PATIENCE, self.0.aim.get().steps()), edge, rested);
    }

    fn wait(
        &self,
        time: Duration,
        (patience, steps): (u8, u32),
        edge: impl Fn() -> Option<Edge> + 'static,
        rested: impl FnOnce() + 'static,
    ) {
        self.cancel();
        let hover = self.clone();
        let timer = glib::timeout_add_local_once(time, move || {
            hover.0.timer.take();
            let aim = hover.0.aim.get();
            // However slow the hand: each step on the way leads nearer, so this ends.
            let patience = if aim.steps() == steps { patience } else { PATIENCE };
            if patience > 0 && edge().is_some_and(|edge| aim.leads_to(edge)) {
                hover.wait(ASK_AGAIN, (patience - 1, aim.steps()), edge, rested);
            } else {
                rested();
            }
        });
        self.0.timer.replace(Some(timer));
    }

    pub(super) fn cancel(&self) {
        if let Some(timer) = self.0.timer.take() {
            timer.remove();
        }
    }
}
