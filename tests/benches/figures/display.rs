//! Our own eyes and hands at the virtual display: windows as the X server maps them, and keys.
//!
//! A thread of its own reads events and stamps them, so nothing is polled.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, KEY_PRESS_EVENT, KEY_RELEASE_EVENT,
    Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::Outcome;
use crate::desktop::PATIENCE;

/// The keys that a menu knows, by their X key symbols.
#[derive(Clone, Copy)]
pub(crate) enum Key {
    /// Closes.
    Escape = 0xff1b,
    /// Opens what lies beside.
    Right = 0xff53,
    /// Goes one down.
    Down = 0xff54,
}

/// A window of the root that came or went.
#[derive(Debug, Clone, Copy)]
enum Change {
    Mapped(Window),
    Unmapped(Window),
    Property,
}

/// A connection to the display.
pub(crate) struct Display {
    connection: Arc<RustConnection>,
    root: Window,
    changes: Receiver<(Instant, Change)>,
}

impl Display {
    /// Connects, and listens to windows of the root from now on.
    pub(crate) fn connect(name: &str) -> Outcome<Self> {
        let (connection, screen) = RustConnection::connect(Some(name))?;
        let root = connection.setup().roots[screen].root;
        let mask = EventMask::SUBSTRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE;
        connection
            .change_window_attributes(root, &ChangeWindowAttributesAux::new().event_mask(mask))?
            .check()?;
        let connection = Arc::new(connection);
        let reader = Arc::clone(&connection);
        let (sender, changes) = channel();
        thread::spawn(move || {
            while let Ok(event) = reader.wait_for_event() {
                let at = Instant::now();
                let change = match event {
                    Event::MapNotify(event) => Change::Mapped(event.window),
                    Event::UnmapNotify(event) => Change::Unmapped(event.window),
                    Event::PropertyNotify(_) => Change::Property,
                    _ => continue,
                };
                if sender.send((at, change)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { connection, root, changes })
    }

    /// Returns once a window manager has announced itself.
    pub(crate) fn wait_for_window_manager(&self) -> Outcome<()> {
        let end = Instant::now() + PATIENCE;
        let atom = self.connection.intern_atom(false, b"_NET_SUPPORTING_WM_CHECK")?.reply()?.atom;
        loop {
            let property =
                self.connection.get_property(false, self.root, atom, AtomEnum::WINDOW, 0, 1)?.reply()?;
            if property.value_len > 0 {
                return Ok(());
            }
            self.next(end).ok_or("no window manager came")?;
        }
    }

    /// Forgets what came and went so far.
    pub(crate) fn forget(&self) {
        while self.changes.try_recv().is_ok() {}
    }

    /// The next window of `program` that is mapped, and when it was.
    pub(crate) fn next_mapped(&self, program: &str) -> Outcome<(Instant, Window)> {
        let end = Instant::now() + PATIENCE;
        while let Some((at, change)) = self.next(end) {
            if let Change::Mapped(window) = change
                && self.belongs_to(window, program)?
            {
                return Ok((at, window));
            }
        }
        Err(format!("no window of {program} was mapped").into())
    }

    /// Whether this window is unmapped within so long.
    pub(crate) fn is_unmapped(&self, window: Window, time: Duration) -> bool {
        let end = Instant::now() + time;
        while let Some((_, change)) = self.next(end) {
            if matches!(change, Change::Unmapped(gone) if gone == window) {
                return true;
            }
        }
        false
    }

    /// Returns once nothing was mapped or unmapped for so long.
    pub(crate) fn settle(&self, quiet: Duration) {
        while self.changes.recv_timeout(quiet).is_ok() {}
    }

    /// Presses and lets go a key.
    pub(crate) fn press(&self, key: Key) -> Outcome<()> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = self.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let per_code = usize::from(map.keysyms_per_keycode).max(1);
        let place = map.keysyms.chunks(per_code).position(|symbols| symbols.contains(&(key as u32)));
        let code = first + u8::try_from(place.ok_or("the keyboard has no such key")?)?;
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            self.connection.xtest_fake_input(kind, code, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)?;
        }
        Ok(self.connection.flush()?)
    }

    fn next(&self, end: Instant) -> Option<(Instant, Change)> {
        let left = end.saturating_duration_since(Instant::now());
        self.changes.recv_timeout(left).ok()
    }

    /// Whether the window, or the one that a window manager has put a frame around, says that it is of this program.
    fn belongs_to(&self, window: Window, program: &str) -> Outcome<bool> {
        let inside = self.connection.query_tree(window)?.reply().map(|tree| tree.children);
        for candidate in inside.unwrap_or_default().into_iter().chain([window]) {
            let class = self.connection.get_property(
                false,
                candidate,
                AtomEnum::WM_CLASS,
                AtomEnum::STRING,
                0,
                256,
            )?;
            // A window may be gone before it is asked.
            let Ok(class) = class.reply() else { continue };
            if class.value.split(|byte| *byte == 0).any(|word| word == program.as_bytes()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
