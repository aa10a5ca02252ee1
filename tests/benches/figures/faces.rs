//! The panel and the notification daemon, as the widget meets them: the same names, paths and calls, and nothing drawn.
//!
//! Both answer at once and tell the bench when they were called.

#![expect(
    clippy::unused_self,
    clippy::used_underscore_binding,
    clippy::too_many_arguments,
    reason = "the shape of the calls is that of their specifications, and the macro uses every name"
)]

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use zbus::zvariant::OwnedValue;

use crate::Outcome;
use crate::bus::Bus;
use crate::desktop::{PATIENCE, Screen};

/// The name of whoever keeps the tray items.
pub(crate) const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Both, on a connection of their own.
pub(crate) struct Faces {
    _bus: Bus,
    items: Receiver<Instant>,
    notices: Receiver<Instant>,
}

impl Faces {
    /// Takes the names on the bus; that of the panel is left to the real one, if there is one.
    pub(crate) fn show(address: &str, screen: Screen) -> Outcome<Self> {
        let bus = Bus::connect(address)?;
        let (item_sender, items) = channel();
        let (notice_sender, notices) = channel();
        if screen != Screen::Panel {
            bus.serve(WATCHER, "/StatusNotifierWatcher", Panel(item_sender))?;
        }
        let daemon = Daemon { notices: notice_sender, given: 0 };
        bus.serve("org.freedesktop.Notifications", "/org/freedesktop/Notifications", daemon)?;
        Ok(Self { _bus: bus, items, notices })
    }

    /// When the next item registered itself.
    pub(crate) fn next_item(&self) -> Outcome<Instant> {
        self.items.recv_timeout(PATIENCE).map_err(|_| "no icon was registered at the panel".into())
    }

    /// When the next notification arrived.
    pub(crate) fn next_notice(&self) -> Outcome<Instant> {
        self.notices.recv_timeout(PATIENCE).map_err(|_| "no notification was sent".into())
    }

    /// Forgets what came so far.
    pub(crate) fn forget(&self) {
        while self.items.try_recv().is_ok() || self.notices.try_recv().is_ok() {}
    }
}

struct Panel(Sender<Instant>);

#[zbus::interface(name = "org.kde.StatusNotifierWatcher")]
impl Panel {
    fn register_status_notifier_item(&self, _service: &str) {
        let _ = self.0.send(Instant::now());
    }

    fn register_status_notifier_host(&self, _service: &str) {}

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        Vec::new()
    }
}

struct Daemon {
    notices: Sender<Instant>,
    given: u32,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    /// What xfce4-notifyd 0.7 can do.
    fn get_capabilities(&self) -> Vec<&str> {
        vec!["action-icons", "actions", "body", "body-hyperlinks", "body-markup", "icon-static"]
    }

    fn get_server_information(&self) -> (&str, &str, &str, &str) {
        ("bench", "plugboard", "0", "1.2")
    }

    fn notify(
        &mut self,
        _program: &str,
        replaces: u32,
        _icon: &str,
        _summary: &str,
        _body: &str,
        _actions: Vec<String>,
        _hints: HashMap<String, OwnedValue>,
        _expires: i32,
    ) -> u32 {
        let _ = self.notices.send(Instant::now());
        if replaces != 0 {
            return replaces;
        }
        self.given += 1;
        self.given
    }

    fn close_notification(&self, _number: u32) {}
}
