//! Resting the pointer on a row opens its sub-menu, after a moment that forgives passing over it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use gtk::glib;

use super::aim::{Aim, Edge, Point};

/// How long the pointer rests on a row before its sub-menu opens.
const REST: Duration = Duration::from_millis(160);
/// While the pointer is on its way to the open sub-menu it is asked again after this.
const ASK_AGAIN: Duration = Duration::from_millis(60);
/// So often; then the pointer has stopped on the way and means the row.
const PATIENCE: u8 = 6;

/// The timer and where the pointer goes; a clone is the same.
#[derive(Clone, Default)]
pub(super) struct Hover(Rc<State>);

#[derive(Default)]
struct State {
    aim: Cell<Aim>,
    timer: RefCell<Option<glib::SourceId>>,
}

impl Hover {
    pub(super) fn moved(&self, to: Point) {
        let mut aim = self.0.aim.get();
        aim.moved(to);
        self.0.aim.set(aim);
    }

    pub(super) fn left(&self) {
        self.0.aim.set(Aim::default());
    }

    /// Calls `rested` once the pointer has rested; `edge` is that of the sub-menu which is open meanwhile.
    pub(super) fn rest(&self, edge: impl Fn() -> Option<Edge> + 'static, rested: impl FnOnce() + 'static) {
        self.wait(REST, PATIENCE, edge, rested);
    }

    fn wait(
        &self,
        time: Duration,
        patience: u8,
        edge: impl Fn() -> Option<Edge> + 'static,
        rested: impl FnOnce() + 'static,
    ) {
        self.cancel();
        let hover = self.clone();
        let timer = glib::timeout_add_local_once(time, move || {
            hover.0.timer.take();
            let on_its_way = edge().is_some_and(|edge| hover.0.aim.get().leads_to(edge));
            if on_its_way && patience > 0 {
                hover.wait(ASK_AGAIN, patience - 1, edge, rested);
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
