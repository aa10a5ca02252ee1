//! One turn of the link: what comes in, and what is to be done then.

use device_core::name::DeviceRef;
use zbus::message::Message;

use super::call::Answer;
use crate::notify::{Button, Effect};
use crate::preferences::Preference;
use crate::scene::{Command, Ticket, Wish};

/// Everything that can happen to the link.
#[derive(Debug)]
pub(super) enum Input {
    /// Something came over the bus.
    Message(Message),
    /// A call ended.
    Answer(Answer),
    /// A person chose something in a menu.
    Wish(Wish),
    /// A person pressed a button of a notification.
    Pressed(Button),
    /// The moment of [`State::wake_at`](super::state::State::wake_at) has come.
    Wake,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Read the whole tree; the answer carries this number.
    Load(u64),
    /// Have the bus start the service.
    StartService,
    /// Ask the bus once more for what it tells of the service.
    Listen,
    /// Have the service carry this out.
    Carry(Ticket, Command),
    /// Show the scene.
    Publish,
    /// Show or take away a notification.
    Notify(Effect),
    /// Open the menu, at this device when there is one.
    OpenMenu(Option<DeviceRef>),
    /// Open the window of preferences, at this device when there is one.
    OpenSettings(Option<DeviceRef>),
    /// Open the system's own window for rules of automatic attachment.
    Configure,
    /// Have a preference kept.
    Keep(Preference),
    /// Bring the questions to the front.
    ShowQuestions,
    /// Keep on disk where devices were used last.
    Store,
}
