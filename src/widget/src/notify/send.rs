//! Carries notifications to the daemon of the desktop, on the connection that everything shares, and brings clicks back.
//!
//! It decides nothing. A daemon that is absent is logged once and otherwise no matter; one that restarts has forgotten
//! its numbers, and so do we. What stands on the screen is kept in [`Board`], which also tells a press on what stands
//! there from a late one on what stood there before.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use zbus::Connection;
use zbus::export::ordered_stream::OrderedStreamExt;
use zbus::fdo::DBusProxy;
use zbus::message::Message;
use zbus::zvariant::Value;

use super::{Button, Effect, Notice, Tag};

mod board;
#[cfg(test)]
mod tests;

use board::{Board, Place};

/// The name of the daemon.
const NAME: &str = "org.freedesktop.Notifications";

/// A daemon that takes longer to answer counts as absent; the next notification tries again.
const PATIENCE: Duration = Duration::from_secs(5);
/// What a daemon calls our notifications.
const APPLICATION: &str = "Plugboard";
/// Hint by which a daemon finds our desktop file.
const DESKTOP_ENTRY: &str = include_str!("../../../../data/app-id");

/// The specification of desktop notifications, 1.2, as far as it is used.
#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
trait Notifications {
    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action: String);

    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32);
}

/// Carries until the effects end or the bus is gone; a click gives back the button that was pressed.
pub(crate) async fn carry(
    connection: Connection,
    icon_of: impl Fn(&str) -> String,
    mut effects: mpsc::Receiver<Effect>,
    pressed: mpsc::Sender<Button>,
) -> zbus::Result<()> {
    let daemon = NotificationsProxy::builder(&connection)
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await?;
    // One stream for presses and closings: a press closes its notification, so which came first counts.
    let mut signals = daemon.inner().receive_all_signals().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut owners = bus.receive_name_owner_changed_with_args(&[(0, NAME)]).await?;
    let mut screen = Screen::new(icon_of);
    loop {
        tokio::select! {
            // What a person did is looked at first; it is never so much that the effects would have to wait for long.
            biased;
            Some(signal) = signals.next() => {
                if let Some(button) = screen.told(&signal) {
                    // A person can't press faster than the link reads; a full queue means that it hangs.
                    let _ = pressed.try_send(button);
                }
            }
            Some(change) = owners.next() => screen.another_daemon(change.args()?.old_owner.as_deref()),
            effect = effects.recv() => match effect {
                Some(effect) => screen.perform(&daemon, effect).await,
                None => return Ok(()),
            },
            else => return Ok(()),
        }
    }
}

/// What stands on the screen, and what is known of the daemon.
struct Screen<F> {
    icon_of: F,
    board: Board,
    reads_markup: Option<bool>,
    is_absent: bool,
}

impl<F: Fn(&str) -> String> Screen<F> {
    fn new(icon_of: F) -> Self {
        Self { icon_of, board: Board::default(), reads_markup: None, is_absent: false }
    }

    /// Takes a signal of the daemon over; a press gives its button. One of another shape says nothing.
    fn told(&mut self, signal: &Message) -> Option<Button> {
        if let Some(click) = ActionInvoked::from_message(signal.clone()) {
            let click = click.args().ok()?;
            return self.board.pressed(click.id, &click.action, Instant::now()).cloned();
        }
        let closing = NotificationClosed::from_message(signal.clone())?;
        self.board.closed(closing.args().ok()?.id);
        None
    }

    /// A daemon has come, has gone, or has taken over from another.
    ///
    /// One that our own call has started is told of while that call is still under way: what it shows by then stays.
    fn another_daemon(&mut self, former: Option<&str>) {
        self.is_absent = false;
        if let Some(former) = former {
            self.board.daemon_ended(former);
            self.reads_markup = None;
        }
    }

    async fn perform(&mut self, daemon: &NotificationsProxy<'_>, effect: Effect) {
        let began = Instant::now();
        self.try_to_perform(daemon, effect).await;
        self.board.was_unwatched(began, Instant::now());
    }

    async fn try_to_perform(&mut self, daemon: &NotificationsProxy<'_>, effect: Effect) {
        let done = async {
            match effect {
                Effect::Show(tag, notice) => self.show(daemon, tag, notice).await,
                Effect::Close(tag) => match self.board.take(&tag) {
                    Some(number) => daemon.close_notification(number).await,
                    None => Ok(()),
                },
            }
        };
        let outcome = tokio::time::timeout(PATIENCE, done).await;
        let failure = match outcome {
            Ok(Ok(())) => {
                self.is_absent = false;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        if !std::mem::replace(&mut self.is_absent, true) {
            tracing::warn!(%failure, "notifications can't be shown; going on without them");
        }
    }

    async fn show(&mut self, daemon: &NotificationsProxy<'_>, tag: Tag, notice: Notice) -> zbus::Result<()> {
        let reads_markup = self.reads_markup(daemon).await?;
        let body = if reads_markup { escaped(&notice.body) } else { notice.body };
        let showing = self.board.next_showing();
        let keys: Vec<String> = (0..notice.buttons.len()).map(|place| showing.key(place)).collect();
        let labels: Vec<String> = notice.buttons.iter().map(Button::label).collect();
        let actions: Vec<&str> =
            keys.iter().zip(&labels).flat_map(|(key, label)| [key.as_str(), label.as_str()]).collect();
        let urgency: u8 = if notice.is_urgent { 2 } else { 1 };
        let hints = HashMap::from([
            ("urgency", Value::from(urgency)),
            ("desktop-entry", Value::from(DESKTOP_ENTRY.trim())),
            ("category", Value::from("device")),
        ]);
        let replaces = self.board.number(&tag).unwrap_or(0);
        let icon = (self.icon_of)(notice.icon);
        let content = (APPLICATION, replaces, icon, &notice.summary, &body, actions, hints, -1_i32);
        // Called by hand, because the answer says who gave it.
        let answer = daemon.inner().call_method("Notify", &content).await?;
        let place = Place {
            daemon: answer.header().sender().map(|name| name.to_owned().into()),
            number: answer.body().deserialize()?,
        };
        self.board.put(tag, place, showing, notice.buttons, Instant::now());
        Ok(())
    }

    async fn reads_markup(&mut self, daemon: &NotificationsProxy<'_>) -> zbus::Result<bool> {
        if let Some(known) = self.reads_markup {
            return Ok(known);
        }
        let reads = daemon.get_capabilities().await?.iter().any(|capability| capability == "body-markup");
        self.reads_markup = Some(reads);
        Ok(reads)
    }
}

/// Text that a reader of markup shows as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
