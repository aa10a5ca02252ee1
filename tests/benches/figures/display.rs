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
    MOTION_NOTIFY_EVENT,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::Outcome;
use crate::desktop::PATIENCE;

pub(crate) use x11rb::protocol::xproto::Window;

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
    /// The name by which programs find it.
    pub(crate) name: String,
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
        let changes = stamped(&connection, |event| match event {
            Event::MapNotify(event) => Some(Change::Mapped(event.window)),
            Event::UnmapNotify(event) => Some(Change::Unmapped(event.window)),
            Event::PropertyNotify(_) => Some(Change::Property),
            _ => None,
        });
        Ok(Self { name: name.to_owned(), connection, root, changes })
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
                && self.window_of(window, program)?.is_some()
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

    /// Presses and lets go a key; when that was.
    pub(crate) fn press(&self, key: Key) -> Outcome<Instant> {
        let setup = self.connection.setup();
        let (first, last) = (setup.min_keycode, setup.max_keycode);
        let map = self.connection.get_keyboard_mapping(first, last - first + 1)?.reply()?;
        let per_code = usize::from(map.keysyms_per_keycode).max(1);
        let place = map.keysyms.chunks(per_code).position(|symbols| symbols.contains(&(key as u32)));
        let code = first + u8::try_from(place.ok_or("the keyboard has no such key")?)?;
        let pressed = Instant::now();
        for kind in [KEY_PRESS_EVENT, KEY_RELEASE_EVENT] {
            self.connection.xtest_fake_input(kind, code, x11rb::CURRENT_TIME, x11rb::NONE, 0, 0, 0)?;
        }
        self.connection.flush()?;
        Ok(pressed)
    }

    /// Moves the pointer to this place of the screen; when that was.
    pub(crate) fn point_at(&self, (x, y): (i16, i16)) -> Outcome<Instant> {
        let moved = Instant::now();
        self.connection.xtest_fake_input(MOTION_NOTIFY_EVENT, 0, x11rb::CURRENT_TIME, self.root, x, y, 0)?;
        self.connection.flush()?;
        Ok(moved)
    }

    /// Where a window stands on the screen, and its width and height.
    pub(crate) fn place(&self, window: Window) -> Outcome<((i16, i16), (u16, u16))> {
        let size = self.connection.get_geometry(window)?.reply()?;
        let place = self.connection.translate_coordinates(window, self.root, 0, 0)?.reply()?;
        Ok(((place.dst_x, place.dst_y), (size.width, size.height)))
    }

    /// The program's own window in `window`, around which a window manager may have put a frame.
    pub(crate) fn content(&self, window: Window, program: &str) -> Outcome<Window> {
        self.window_of(window, program)?.ok_or_else(|| format!("no window of {program} is in there").into())
    }

    fn next(&self, end: Instant) -> Option<(Instant, Change)> {
        let left = end.saturating_duration_since(Instant::now());
        self.changes.recv_timeout(left).ok()
    }

    /// The window itself, or the one in the frame of a window manager, that says that it is of this program.
    fn window_of(&self, window: Window, program: &str) -> Outcome<Option<Window>> {
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
                return Ok(Some(candidate));
            }
        }
        Ok(None)
    }
}

/// What `meant` makes of the events of a connection, stamped as they come, until one of the two ends is gone.
pub(crate) fn stamped<T: Send + 'static>(
    connection: &Arc<RustConnection>,
    meant: impl Fn(Event) -> Option<T> + Send + 'static,
) -> Receiver<(Instant, T)> {
    let (sender, receiver) = channel();
    let reader = Arc::clone(connection);
    thread::spawn(move || {
        while let Ok(event) = reader.wait_for_event() {
            let at = Instant::now();
            if let Some(meaning) = meant(event)
                && sender.send((at, meaning)).is_err()
            {
                return;
            }
        }
    });
    receiver
}
