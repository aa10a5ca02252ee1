//! The only door to the bus: what the service tells comes in here, what people want goes out.
//!
//! One loop takes one closed kind of [`Input`], hands it to [`State`], which is pure, and does the [`Job`]s that come
//! back. The loop itself never waits for an answer of the bus: every call is a task of its own, whose end is an input
//! again. So commands can take minutes, and a flood of signals is always drained.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, watch};
use zbus::export::ordered_stream::OrderedStreamExt;
use zbus::message::Message;
use zbus::names::{MemberName, UniqueName};
use zbus::{Connection, MessageStream};

use crate::configuration;
use crate::door::MenuDoor;
use crate::notify::{Button, Effect};
use crate::recent::Recent;
use crate::scene::{Scene, Wish};

mod call;
mod checker;
mod revival;
mod state;
#[cfg(test)]
mod tests;
mod turn;

use call::Answer;
pub(crate) use checker::Checker;
use state::State;
use turn::{Input, Job};

/// Who is told what.
pub(crate) struct Faces {
    /// Everybody who draws the scene; only the newest one counts.
    pub(crate) scene: watch::Sender<Arc<Scene>>,
    /// The thread of the menu.
    pub(crate) menu: MenuDoor,
    /// The carrier of notifications.
    pub(crate) notices: mpsc::Sender<Effect>,
}

/// What people do at the faces.
pub(crate) struct Hands {
    /// Choices in the menus.
    pub(crate) wishes: mpsc::UnboundedReceiver<Wish>,
    /// Buttons of notifications.
    pub(crate) buttons: mpsc::Receiver<Button>,
}

/// Runs until the bus is gone.
pub(crate) async fn run(connection: Connection, faces: Faces, mut hands: Hands, recent: Recent) {
    let mut messages = MessageStream::from(&connection);
    let (answers, mut answered) = mpsc::unbounded_channel();
    let mut state = State::new(recent, configuration::is_installed());
    tokio::spawn(call::listen(connection.clone(), answers.clone()));
    while let Some(input) = next(&state, &mut messages, &mut answered, &mut hands).await {
        for job in state.take(input, Instant::now()) {
            perform(job, &state, &connection, &faces, &answers);
        }
    }
}

/// The next input; `None` when the bus is gone.
async fn next(
    state: &State,
    messages: &mut MessageStream,
    answered: &mut mpsc::UnboundedReceiver<Answer>,
    hands: &mut Hands,
) -> Option<Input> {
    tokio::select! {
        message = messages.next() => message?.ok().map(Input::Message),
        Some(answer) = answered.recv() => Some(Input::Answer(answer)),
        Some(wish) = hands.wishes.recv() => Some(Input::Wish(wish)),
        Some(button) = hands.buttons.recv() => Some(Input::Pressed(button)),
        () = sleep_until(state.wake_at()) => Some(Input::Wake),
    }
}

/// Sleeps until then; for ever when there is nothing to wake for, so that an idle program stays asleep.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

fn perform(
    job: Job,
    state: &State,
    connection: &Connection,
    faces: &Faces,
    answers: &mpsc::UnboundedSender<Answer>,
) {
    let (connection, answers) = (connection.clone(), answers.clone());
    match job {
        Job::Load(round) => {
            tokio::spawn(call::load(connection, round, answers));
        }
        Job::StartService => {
            tokio::spawn(call::start_service(connection, answers));
        }
        Job::Listen => {
            tokio::spawn(call::listen(connection, answers));
        }
        Job::Carry(ticket, command) => {
            tokio::spawn(call::carry(connection, ticket, command, answers));
        }
        Job::Publish => {
            faces.scene.send_replace(Arc::new(state.scene().clone()));
            faces.menu.changed();
        }
        Job::Notify(effect) => {
            if faces.notices.try_send(effect).is_err() {
                tracing::warn!("a notification is left out: the daemon does not keep up");
            }
        }
        Job::OpenMenu(device) => faces.menu.open(None, device),
        Job::OpenSettings(device) => faces.menu.settings(device),
        Job::Configure => {
            if let Err(error) = configuration::open() {
                tracing::warn!(%error, "the window for automatic attachment can't be opened");
            }
        }
        Job::Keep(preference) => faces.menu.keep(preference),
        Job::ShowQuestions => faces.menu.show_questions(),
        Job::Store => store(&state.scene().recent),
    }
}

fn store(recent: &Recent) {
    if let Some(path) = Recent::path()
        && let Err(error) = recent.store(&path)
    {
        tracing::warn!(%error, path = %path.display(), "where devices were used last can't be stored");
    }
}

/// Who answers under the name of the service.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    Nobody,
    /// The program with this unique name.
    Program(String),
}

/// What the bus itself tells of the owner of the service; `None` when the message is about anything else.
fn new_owner(message: &Message) -> Option<Owner> {
    let header = message.header();
    if header.member().map(MemberName::as_str) != Some("NameOwnerChanged")
        || header.sender().map(UniqueName::as_str) != Some("org.freedesktop.DBus")
    {
        return None;
    }
    let (name, _, new): (String, String, String) = message.body().deserialize().ok()?;
    let owner = if new.is_empty() { Owner::Nobody } else { Owner::Program(new) };
    (name == device_bus::names::BUS).then_some(owner)
}
