//! The door to the thread of the menu: openings and the news that the scene has changed.
//!
//! Neither side can fill it: of changes at most one waits, and what does not fit of openings is no loss.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

use async_channel::{Receiver, Sender, TrySendError};
use device_core::name::DeviceRef;
use gtk::glib;

use crate::preferences::Preference;

/// Openings that can wait; a person opens one menu at a time.
const WAITING: usize = 16;

/// After changes were told, further ones wait so long, to be told together. Half of a frame: what is told by then stands
/// in the next one.
const TOGETHER: Duration = Duration::from_millis(8);

/// Nobody was told of a change since the last one was looked at.
const QUIET: u8 = 0;
/// The inner side is told, and looks at what is there then.
const TOLD: u8 = 1;
/// There was another change since it looked.
const MISSED: u8 = 2;

/// What comes through the door.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ToMenu {
    /// Open the menu.
    Open(Opening),
    /// Open the window of preferences, at this device when there is one.
    Settings(Option<DeviceRef>),
    /// Keep one preference.
    Keep(Preference),
    /// The scene has changed.
    Changed,
    /// What the person is asked has changed.
    Asked,
    /// Bring the questions to the front.
    ShowQuestions,
    /// The program ends with this exit code.
    End(u8),
}

/// How the menu opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// Where the person clicked, in pixels of the screen; `None` = where the pointer is.
    pub(crate) at: Option<(i32, i32)>,
    /// The device whose sub-menu opens as well.
    pub(crate) device: Option<DeviceRef>,
}

/// The outer side.
#[derive(Debug, Clone)]
pub(crate) struct MenuDoor {
    sender: Sender<ToMenu>,
    news: Arc<AtomicU8>,
    has_questions: Arc<AtomicBool>,
}

/// The inner side.
#[derive(Debug, Clone)]
pub(crate) struct MenuRoom {
    receiver: Receiver<ToMenu>,
    news: Arc<AtomicU8>,
    has_questions: Arc<AtomicBool>,
    /// When changes are told again, after some were.
    again_at: Cell<Option<Instant>>,
}

/// Both sides of a new door.
pub(crate) fn door() -> (MenuDoor, MenuRoom) {
    let (sender, receiver) = async_channel::bounded(WAITING);
    let news = Arc::new(AtomicU8::new(QUIET));
    let has_questions = Arc::new(AtomicBool::new(false));
    let outer = MenuDoor { sender, news: news.clone(), has_questions: has_questions.clone() };
    (outer, MenuRoom { receiver, news, has_questions, again_at: Cell::default() })
}

impl MenuDoor {
    /// Opens the menu.
    pub(crate) fn open(&self, at: Option<(i32, i32)>, device: Option<DeviceRef>) {
        let _ = self.sender.try_send(ToMenu::Open(Opening { at, device }));
    }

    /// Opens the window of preferences.
    pub(crate) fn settings(&self, device: Option<DeviceRef>) {
        let _ = self.sender.try_send(ToMenu::Settings(device));
    }

    /// Has a preference kept.
    pub(crate) fn keep(&self, preference: Preference) {
        if self.sender.try_send(ToMenu::Keep(preference)).is_err() {
            tracing::warn!("a preference is not kept: the menu does not keep up");
        }
    }

    /// Tells that the scene has changed. Told many times before anybody looks, it counts once.
    pub(crate) fn changed(&self) {
        let before = self.news.fetch_update(Ordering::AcqRel, Ordering::Acquire, |news| {
            Some(if news == QUIET { TOLD } else { MISSED })
        });
        if before == Ok(QUIET) && self.is_full_for(ToMenu::Changed) {
            self.news.store(QUIET, Ordering::Release);
        }
    }

    /// Tells that what is asked has changed. It counts once, too, and never waits for other questions.
    pub(crate) fn asked(&self) {
        if !self.has_questions.swap(true, Ordering::AcqRel) && self.is_full_for(ToMenu::Asked) {
            self.has_questions.store(false, Ordering::Release);
        }
    }

    /// Brings the questions to the front.
    pub(crate) fn show_questions(&self) {
        let _ = self.sender.try_send(ToMenu::ShowQuestions);
    }

    /// Sends it; whether there was no room.
    fn is_full_for(&self, news: ToMenu) -> bool {
        matches!(self.sender.try_send(news), Err(TrySendError::Full(_)))
    }

    /// Ends the program.
    pub(crate) fn end(&self, code: u8) {
        let _ = self.sender.send_blocking(ToMenu::End(code));
    }
}

impl MenuRoom {
    /// Waits, with the thread asleep. Nobody draws anything yet.
    pub(crate) fn wait(&self) -> ToMenu {
        let received = self.seen(self.receiver.recv_blocking());
        if received == ToMenu::Changed {
            self.news.store(QUIET, Ordering::Release);
        }
        received
    }

    /// Waits, with the main loop running. However quickly changes come, they are told twice in a frame at most.
    pub(crate) async fn next(&self) -> ToMenu {
        if let Some(moment) = self.again_at.get() {
            let together = glib::timeout_future(moment.saturating_duration_since(Instant::now()));
            tokio::select! {
                biased;
                received = self.receiver.recv() => return self.seen(received),
                () = together => self.again_at.set(None),
            }
            if self.has_missed() {
                return self.changed();
            }
        }
        match self.seen(self.receiver.recv().await) {
            ToMenu::Changed => self.changed(),
            other => other,
        }
    }

    /// Ends the time in which changes wait for each other; whether there were any.
    fn has_missed(&self) -> bool {
        self.news.swap(QUIET, Ordering::AcqRel) == MISSED
            // Otherwise somebody was quicker, and has told of it.
            && self.news.compare_exchange(QUIET, TOLD, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// What is looked at from now on holds every change so far.
    fn changed(&self) -> ToMenu {
        self.news.store(TOLD, Ordering::Release);
        self.again_at.set(Some(Instant::now() + TOGETHER));
        ToMenu::Changed
    }

    /// Without anybody outside there is nothing left to do.
    fn seen(&self, received: Result<ToMenu, async_channel::RecvError>) -> ToMenu {
        let received = received.unwrap_or(ToMenu::End(0));
        if received == ToMenu::Asked {
            self.has_questions.store(false, Ordering::Release);
        }
        received
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_changes_waits_as_one() {
        let (door, room) = door();
        for _ in 0..10_000 {
            door.changed();
        }
        door.open(Some((1, 2)), None);
        assert_eq!(room.wait(), ToMenu::Changed);
        assert_eq!(room.wait(), ToMenu::Open(Opening { at: Some((1, 2)), device: None }));
        door.changed();
        assert_eq!(room.wait(), ToMenu::Changed, "after looking it is news again");
    }

    /// What comes next, with a main loop that runs.
    fn next(room: &MenuRoom) -> ToMenu {
        let context = glib::MainContext::new();
        context.with_thread_default(|| context.block_on(room.next())).unwrap()
    }

    #[test]
    fn changes_since_the_last_look_are_told_together_and_none_is_lost() {
        let (door, room) = door();
        for _ in 0..3 {
            // The first one is told at once, the others when the time of it is over.
            for _ in 0..1000 {
                door.changed();
            }
            assert_eq!(next(&room), ToMenu::Changed);
            door.changed();
            assert_eq!(next(&room), ToMenu::Changed, "a change after the look is news");
        }
        door.asked();
        assert_eq!(next(&room), ToMenu::Asked, "and one before it is not told again");
        door.open(None, None);
        assert!(matches!(next(&room), ToMenu::Open(_)));
    }

    #[test]
    fn nothing_else_waits_for_changes() {
        let (door, room) = door();
        door.changed();
        assert_eq!(next(&room), ToMenu::Changed);
        door.changed();
        door.asked();
        assert_eq!(next(&room), ToMenu::Asked, "a question comes before changes that wait");
        assert_eq!(next(&room), ToMenu::Changed);
        drop(door);
        assert_eq!(next(&room), ToMenu::End(0));
    }

    #[test]
    fn a_full_door_loses_openings_and_no_news() {
        let (door, room) = door();
        for _ in 0..100 {
            door.open(None, None);
        }
        door.changed();
        for _ in 0..WAITING {
            room.wait();
        }
        door.changed();
        assert_eq!(room.wait(), ToMenu::Changed);
    }
}
