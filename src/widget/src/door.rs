//! The door to the thread of the menu: openings and the news that the scene has changed.
//!
//! Neither side can fill it: of changes at most one waits, and what does not fit of openings is no loss.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_channel::{Receiver, Sender, TrySendError};
use device_core::name::DeviceRef;

use crate::preferences::Preference;

/// Openings that can wait; a person opens one menu at a time.
const WAITING: usize = 16;

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
    has_news: Arc<AtomicBool>,
    has_questions: Arc<AtomicBool>,
}

/// The inner side.
#[derive(Debug, Clone)]
pub(crate) struct MenuRoom {
    receiver: Receiver<ToMenu>,
    has_news: Arc<AtomicBool>,
    has_questions: Arc<AtomicBool>,
}

/// Both sides of a new door.
pub(crate) fn door() -> (MenuDoor, MenuRoom) {
    let (sender, receiver) = async_channel::bounded(WAITING);
    let has_news = Arc::new(AtomicBool::new(false));
    let has_questions = Arc::new(AtomicBool::new(false));
    let outer = MenuDoor { sender, has_news: has_news.clone(), has_questions: has_questions.clone() };
    (outer, MenuRoom { receiver, has_news, has_questions })
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
        self.tell_once(&self.has_news, ToMenu::Changed);
    }

    /// Tells that what is asked has changed, in the same way.
    pub(crate) fn asked(&self) {
        self.tell_once(&self.has_questions, ToMenu::Asked);
    }

    /// Brings the questions to the front.
    pub(crate) fn show_questions(&self) {
        let _ = self.sender.try_send(ToMenu::ShowQuestions);
    }

    fn tell_once(&self, is_told: &AtomicBool, news: ToMenu) {
        if !is_told.swap(true, Ordering::AcqRel)
            && let Err(TrySendError::Full(_)) = self.sender.try_send(news)
        {
            is_told.store(false, Ordering::Release);
        }
    }

    /// Ends the program.
    pub(crate) fn end(&self, code: u8) {
        let _ = self.sender.send_blocking(ToMenu::End(code));
    }
}

impl MenuRoom {
    /// Waits, with the thread asleep.
    pub(crate) fn wait(&self) -> ToMenu {
        self.seen(self.receiver.recv_blocking())
    }

    /// Waits, with the main loop running.
    pub(crate) async fn next(&self) -> ToMenu {
        self.seen(self.receiver.recv().await)
    }

    /// Without anybody outside there is nothing left to do.
    fn seen(&self, received: Result<ToMenu, async_channel::RecvError>) -> ToMenu {
        let received = received.unwrap_or(ToMenu::End(0));
        match received {
            ToMenu::Changed => self.has_news.store(false, Ordering::Release),
            ToMenu::Asked => self.has_questions.store(false, Ordering::Release),
            _ => {}
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
