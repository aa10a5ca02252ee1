//! What GTK 4 leaves to others on X11: where a window goes, where the pointer is, and clicks outside of our windows.
//!
//! Connections of its own, so nothing here can disturb GTK's. Every failure means "can't tell": the menu then opens
//! where the window manager puts it, and closes when it loses the focus.

use std::os::fd::AsRawFd;
use std::rc::Rc;

use gdk4_x11::X11Surface;
use gtk::glib;
use gtk::prelude::*;
use x11rb::connection::Connection;
use x11rb::errors::{ConnectError, ConnectionError, ReplyError};
use x11rb::properties::WmSizeHints;
use x11rb::protocol::Event;
use x11rb::protocol::xinput::{ConnectionExt as _, EventMask, XIEventMask};
use x11rb::protocol::xproto::{
    AtomEnum, ConfigureWindowAux, ConnectionExt as _, PropMode, StackMode, Window,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::place::Area;

x11rb::atom_manager! {
    /// Names of the window manager's language.
    Atoms:
    AtomsCookie {
        window_type: &b"_NET_WM_WINDOW_TYPE"[..],
        popup_menu: &b"_NET_WM_WINDOW_TYPE_POPUP_MENU"[..],
        work_area: &b"_NET_WORKAREA"[..],
    }
}

/// "All master devices" of the input extension.
const ALL_MASTERS: u16 = 1;

pub(super) struct X11 {
    connection: RustConnection,
    /// For presses alone: on a connection that is asked for other things too, the answer to a question would be read
    /// together with a press, which then waits, unseen, for the next event.
    presses: RustConnection,
    root: Window,
    atoms: Atoms,
}

impl X11 {
    /// Connects; `None` where there is no X server.
    pub(super) fn connect() -> Option<Rc<Self>> {
        match Self::try_connect() {
            Ok(x11) => Some(Rc::new(x11)),
            Err(error) => {
                tracing::debug!(%error, "no X server; the menu is an ordinary window");
                None
            }
        }
    }

    fn try_connect() -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, screen) = x11rb::connect(None)?;
        let root = connection.setup().roots.get(screen).ok_or(ConnectError::InvalidScreen)?.root;
        let atoms = Atoms::new(&connection)?.reply()?;
        let (presses, _) = x11rb::connect(None)?;
        presses.xinput_xi_query_version(2, 2)?.reply()?;
        Ok(Self { connection, presses, root, atoms })
    }

    /// Where the pointer is, in pixels of the screen.
    pub(super) fn pointer(&self) -> Option<(i32, i32)> {
        let pointer = self.connection.query_pointer(self.root).ok()?.reply().ok()?;
        Some((pointer.root_x.into(), pointer.root_y.into()))
    }

    /// What panels leave free, over all monitors together.
    pub(super) fn work_area(&self) -> Option<Area> {
        let reply = self
            .connection
            .get_property(false, self.root, self.atoms.work_area, AtomEnum::CARDINAL, 0, 4)
            .ok()?
            .reply()
            .ok()?;
        let mut values = reply.value32()?.map(|value| i32::try_from(value).unwrap_or(0));
        Some(Area { x: values.next()?, y: values.next()?, width: values.next()?, height: values.next()? })
    }

    /// Tells the window manager that this is a menu which stands at `at`, and moves it there.
    pub(super) fn place(&self, surface: &X11Surface, at: (i32, i32)) {
        let window = window_of(surface);
        surface.display().sync();
        if let Err(error) = self.try_place(window, at) {
            tracing::debug!(%error, "the menu can't be placed");
        }
    }

    fn try_place(&self, window: Window, (x, y): (i32, i32)) -> Result<(), ReplyError> {
        let kind = [self.atoms.popup_menu];
        let property = self.atoms.window_type;
        self.connection.change_property32(PropMode::REPLACE, window, property, AtomEnum::ATOM, &kind)?;
        let mut hints = WmSizeHints::get_normal_hints(&self.connection, window)?.reply()?.unwrap_or_default();
        // Said by the person, as far as the window manager cares: it then leaves the place alone.
        hints.position = Some((x11rb::properties::WmSizeHintsSpecification::UserSpecified, x, y));
        hints.set_normal_hints(&self.connection, window)?;
        let place = ConfigureWindowAux::new().x(x).y(y).stack_mode(StackMode::ABOVE);
        self.connection.configure_window(window, &place)?;
        self.connection.flush()?;
        Ok(())
    }

    /// Watches every press of a button on the whole screen, from now until the source is removed; `pressed` gets the
    /// place. No grab: the click does what it does elsewhere too.
    pub(super) fn watch_presses(
        self: &Rc<Self>,
        pressed: impl Fn(&Self) + 'static,
    ) -> Option<glib::SourceId> {
        self.select_presses(XIEventMask::RAW_BUTTON_PRESS).ok()?;
        let x11 = self.clone();
        let source = glib_unix::unix_fd_add_local(
            self.presses.stream().as_raw_fd(),
            glib::IOCondition::IN | glib::IOCondition::HUP,
            move |_, condition| {
                if x11.saw_press() {
                    pressed(&x11);
                }
                if condition.contains(glib::IOCondition::HUP) {
                    glib::ControlFlow::Break
                } else {
                    glib::ControlFlow::Continue
                }
            },
        );
        Some(source)
    }

    /// Ends what [`X11::watch_presses`] began.
    pub(super) fn forget_presses(&self, source: glib::SourceId) {
        source.remove();
        let _ = self.select_presses(XIEventMask::default());
        self.saw_press();
    }

    fn select_presses(&self, mask: XIEventMask) -> Result<(), ConnectionError> {
        let masks = [EventMask { deviceid: ALL_MASTERS, mask: vec![mask] }];
        self.presses.xinput_xi_select_events(self.root, &masks)?.ignore_error();
        self.presses.flush()
    }

    /// Reads all that waits.
    fn saw_press(&self) -> bool {
        let mut saw = false;
        while let Ok(Some(event)) = self.presses.poll_for_event() {
            saw |= matches!(event, Event::XinputRawButtonPress(_));
        }
        saw
    }

    /// Whether one of `windows` is under the pointer.
    pub(super) fn is_over(&self, windows: &[Window]) -> bool {
        let mut window = self.root;
        // Frames of the window manager stand between the root and ours; more levels than this there never are.
        for _ in 0..16 {
            let Some(child) =
                self.connection.query_pointer(window).ok().and_then(|cookie| cookie.reply().ok())
            else {
                return false;
            };
            if child.child == x11rb::NONE {
                return false;
            }
            if windows.contains(&child.child) {
                return true;
            }
            window = child.child;
        }
        false
    }
}

/// The number of a surface's window.
pub(super) fn window_of(surface: &X11Surface) -> Window {
    // XIDs have 29 bits; C only gives them a wider type.
    Window::try_from(surface.xid()).unwrap_or(x11rb::NONE)
}

/// The X11 surface of a widget, where it has one.
pub(super) fn surface_of(native: &impl IsA<gtk::Native>) -> Option<X11Surface> {
    native.surface()?.downcast().ok()
}
