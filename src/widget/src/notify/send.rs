//! Carries notifications to the daemon of the desktop, on the connection that everything shares, and brings clicks back.
//!
//! It decides nothing. A daemon that is absent is logged once and otherwise no matter; one that restarts has forgotten
//! its numbers, and so do we.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio::sync::mpsc;
use zbus::Connection;
use zbus::export::ordered_stream::OrderedStreamExt;
use zbus::zvariant::Value;

use super::{Button, Effect, Notice, Tag};

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
    #[expect(clippy::too_many_arguments, reason = "the method has eight")]
    fn notify(
        &self,
        application: &str,
        replaces: u32,
        icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        timeout: i32,
    ) -> zbus::Result<u32>;

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
    let mut clicks = daemon.receive_action_invoked().await?;
    let mut closings = daemon.receive_notification_closed().await?;
    let mut owners = daemon.inner().receive_owner_changed().await?;
    let mut screen = Screen::new(icon_of);
    loop {
        tokio::select! {
            effect = effects.recv() => match effect {
                Some(effect) => screen.perform(&daemon, effect).await,
                None => return Ok(()),
            },
            Some(click) = clicks.next() => {
                let click = click.args()?;
                if let Some(button) = screen.button(click.id, &click.action) {
                    // A person can't press faster than the link reads; a full queue means that it hangs.
                    let _ = pressed.try_send(button);
                }
            }
            Some(closing) = closings.next() => screen.forget(closing.args()?.id),
            Some(_) = owners.next() => screen.forget_all(),
            else => return Ok(()),
        }
    }
}

/// What stands on the screen.
struct Screen<F> {
    icon_of: F,
    shown: BTreeMap<Tag, Shown>,
    reads_markup: Option<bool>,
    is_absent: bool,
}

struct Shown {
    id: u32,
    buttons: Vec<Button>,
}

impl<F: Fn(&str) -> String> Screen<F> {
    fn new(icon_of: F) -> Self {
        Self { icon_of, shown: BTreeMap::new(), reads_markup: None, is_absent: false }
    }

    async fn perform(&mut self, daemon: &NotificationsProxy<'_>, effect: Effect) {
        let done = async {
            match effect {
                Effect::Show(tag, notice) => self.show(daemon, tag, notice).await,
                Effect::Close(tag) => match self.shown.remove(&tag) {
                    Some(shown) => daemon.close_notification(shown.id).await,
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
        let keys: Vec<String> = (0..notice.buttons.len()).map(|number| number.to_string()).collect();
        let labels: Vec<String> = notice.buttons.iter().map(Button::label).collect();
        let actions: Vec<&str> =
            keys.iter().zip(&labels).flat_map(|(key, label)| [key.as_str(), label.as_str()]).collect();
        let urgency: u8 = if notice.is_urgent { 2 } else { 1 };
        let hints = HashMap::from([
            ("urgency", Value::from(urgency)),
            ("desktop-entry", Value::from(DESKTOP_ENTRY.trim())),
            ("category", Value::from("device")),
        ]);
        let replaces = self.shown.get(&tag).map_or(0, |shown| shown.id);
        let icon = (self.icon_of)(notice.icon);
        let id =
            daemon.notify(APPLICATION, replaces, &icon, &notice.summary, &body, &actions, hints, -1).await?;
        self.shown.insert(tag, Shown { id, buttons: notice.buttons });
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

    fn button(&self, id: u32, action: &str) -> Option<Button> {
        let shown = self.shown.values().find(|shown| shown.id == id)?;
        shown.buttons.get(action.parse::<usize>().ok()?).cloned()
    }

    fn forget(&mut self, id: u32) {
        self.shown.retain(|_, shown| shown.id != id);
    }

    fn forget_all(&mut self) {
        self.shown.clear();
        self.reads_markup = None;
        self.is_absent = false;
    }
}

/// Text that a reader of markup shows as it is.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_device_text_is_shown_as_it_is() {
        assert_eq!(escaped("<b>&amp;\"'"), "&lt;b&gt;&amp;amp;\"'");
    }
}
