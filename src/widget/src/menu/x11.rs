//! What GTK 4 leaves to others on X11: where a window goes, where the pointer is, and clicks and taps outside of our
//! windows.
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
use x11rb::protocol::xinput::{ConnectionExt as _, EventMask, RawTouchBeginEvent, XIEventMask};
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

/// In pixels of the screen.
type Point = (i32, i32);

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

    /// Where the pointer is.
    pub(super) fn pointer(&self) -> Option<Point> {
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
    pub(super) fn place(&self, surface: &X11Surface, at: Point) {
        let window = window_of(surface);
        surface.display().sync();
        if let Err(error) = self.try_place(window, at) {
            tracing::debug!(%error, "the menu can't be placed");
        }
    }

    fn try_place(&self, window: Window, (x, y): Point) -> Result<(), ReplyError> {
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

    /// Watches every press of a button and every touch of a finger on the whole screen, from now until the source is
    /// removed; `pressed` gets the place. No grab: the click does what it does elsewhere too.
    pub(super) fn watch_presses(
        self: &Rc<Self>,
        pressed: impl Fn(&Self, Point) + 'static,
    ) -> Option<glib::SourceId> {
        // What a finger does is a press for the program under it only, not for those who watch.
        self.select_presses(XIEventMask::RAW_BUTTON_PRESS | XIEventMask::RAW_TOUCH_BEGIN).ok()?;
        let x11 = self.clone();
        let source = glib_unix::unix_fd_add_local(
            self.presses.stream().as_raw_fd(),
            glib::IOCondition::IN | glib::IOCondition::HUP,
            move |_, condition| {
                if let Some(at) = x11.last_press() {
                    pressed(&x11, at);
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
        self.waiting().for_each(drop);
    }

    fn select_presses(&self, mask: XIEventMask) -> Result<(), ConnectionError> {
        let masks = [EventMask { deviceid: ALL_MASTERS, mask: vec![mask] }];
        self.presses.xinput_xi_select_events(self.root, &masks)?.ignore_error();
        self.presses.flush()
    }

    fn waiting(&self) -> impl Iterator<Item = Event> {
        std::iter::from_fn(|| self.presses.poll_for_event().ok().flatten())
    }

    /// Reads all that waits; gives the place of the last press or touch.
    fn last_press(&self) -> Option<Point> {
        let at = |event| match event {
            Event::XinputRawButtonPress(_) => self.pointer(),
            Event::XinputRawTouchBegin(touch) => self.touched(&touch),
            _ => None,
        };
        self.waiting().filter_map(at).last()
    }

    /// Where a finger is; the pointer follows it later, or not at all.
    fn touched(&self, touch: &RawTouchBeginEvent) -> Option<Point> {
        // Only axes of which the event says something have a value; the first two are across and down.
        if touch.valuator_mask.first()? & 0b11 != 0b11 {
            return None;
        }
        let devices = self.connection.xinput_xi_query_device(touch.sourceid).ok()?.reply().ok()?;
        let screen = self.connection.get_geometry(self.root).ok()?.reply().ok()?;
        let classes = &devices.infos.first()?.classes;
        let along = |number: u16, pixels: u16| {
            let mut valuators = classes.iter().filter_map(|class| class.data.as_valuator());
            let axis = valuators.find(|axis| axis.number == number)?;
            let (from, to) = (i64::from(axis.min.integral), i64::from(axis.max.integral));
            let value = i64::from(touch.axisvalues.get(usize::from(number))?.integral);
            i32::try_from((value - from) * i64::from(pixels) / (to - from + 1).max(1)).ok()
        };
        Some((along(0, screen.width)?, along(1, screen.height)?))
    }

    /// Whether one of `windows` is what can be seen at a point.
    pub(super) fn is_over(&self, (x, y): Point, windows: &[Window]) -> bool {
        let [x, y] = [x, y].map(|side| i16::try_from(side).unwrap_or(i16::MAX));
        let mut window = self.root;
        // Frames of the window manager stand between the root and ours; more levels than this there never are.
        for _ in 0..16 {
            let question = self.connection.translate_coordinates(self.root, window, x, y);
            let Some(place) = question.ok().and_then(|cookie| cookie.reply().ok()) else {
                return false;
            };
            if place.child == x11rb::NONE {
                return false;
            }
            if windows.contains(&place.child) {
                return true;
            }
            window = place.child;
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
