//! The menu and the rest of the screen: where it opens, and that a click elsewhere closes it.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use gtk::gdk;
use gtk::glib;
use gtk::prelude::*;

use super::place::{self, Area};
use super::x11::{X11, surface_of, window_of};

/// The press that closed the menu may have been on its own icon; the host tells of it when the button is released, and
/// then it must not open again. Distance in pixels between the two.
const SAME_PLACE: i32 = 8;
/// Longest time between the two.
const SAME_CLICK: Duration = Duration::from_millis(700);
/// Room for a menu where nobody can tell the size of the screen.
const ANY_SCREEN: Area = Area { x: 0, y: 0, width: 1024, height: 700 };

/// A press of a button, or a touch of a finger, outside of our windows.
#[derive(Debug, Clone, Copy)]
struct Press {
    at: (i32, i32),
    when: Instant,
}

pub(super) struct Outside {
    x11: OnceCell<Option<Rc<X11>>>,
    watch: RefCell<Option<glib::SourceId>>,
    closed_by: Rc<Cell<Option<Press>>>,
    /// Where it was asked for, and the part of the screen that it may use.
    spot: Cell<Option<((i32, i32), Area)>>,
    /// Where it was put last because of its size.
    kept_at: Cell<Option<(i32, i32)>>,
}

impl Outside {
    pub(super) fn new() -> Self {
        Self {
            x11: OnceCell::new(),
            watch: RefCell::default(),
            closed_by: Rc::default(),
            spot: Cell::default(),
            kept_at: Cell::default(),
        }
    }

    fn x11(&self) -> Option<&Rc<X11>> {
        self.x11.get_or_init(X11::connect).as_ref()
    }

    /// Whether this click is the rest of the one that closed the menu.
    pub(super) fn is_rest_of_closing(&self, at: Option<(i32, i32)>) -> bool {
        let (Some((x, y)), Some(Press { at: (was_x, was_y), when })) = (at, self.closed_by.take()) else {
            return false;
        };
        (x - was_x).abs() <= SAME_PLACE && (y - was_y).abs() <= SAME_PLACE && when.elapsed() < SAME_CLICK
    }

    /// Where the pointer is, in pixels of the screen.
    pub(super) fn pointer(&self, window: &gtk::Window) -> Option<(i32, i32)> {
        self.x11().filter(|_| is_x11(window)).and_then(|x11| x11.pointer())
    }

    /// The place of a click that a host of the tray told, in pixels of the screen.
    pub(super) fn clicked(&self, window: &gtk::Window, told: (i32, i32)) -> (i32, i32) {
        self.pointer(window)
            .map_or(told, |pointer| place::in_pixels(told, pointer, window.scale_factor().max(1)))
    }

    /// Decides where the menu opens; gives the height that it may have, in units of GTK.
    pub(super) fn choose_spot(&self, window: &gtk::Window, at: Option<(i32, i32)>) -> i32 {
        self.kept_at.set(None);
        let x11 = self.x11().filter(|_| is_x11(window));
        let at = at.or_else(|| x11.and_then(|x11| x11.pointer()));
        let scale = window.scale_factor().max(1);
        let Some((at, x11)) = at.zip(x11) else {
            self.spot.set(None);
            return monitor_of(window, (0, 0)).unwrap_or(ANY_SCREEN).height;
        };
        let monitor = monitor_of(window, at).unwrap_or(ANY_SCREEN);
        let free = place::usable(monitor, x11.work_area());
        self.spot.set(Some((at, free)));
        free.height / scale
    }

    /// Puts the window where it belongs, with the size that it has or will have.
    pub(super) fn put(&self, window: &gtk::Window, size: (i32, i32)) {
        if let (Some(place), Some(x11), Some(surface)) =
            (self.place(window, size), self.x11(), surface_of(window))
        {
            x11.place(&surface, place);
        }
    }

    /// Puts the window where it belongs now that it has this size, if that is elsewhere than before.
    ///
    /// GTK tells of the size with each frame in which anything was laid out; putting a window waits for the X server, and
    /// has the window manager look at it.
    pub(super) fn keep(&self, window: &gtk::Window, size: (i32, i32)) {
        let place = self.place(window, size);
        if self.kept_at.replace(place) != place {
            self.put(window, size);
        }
    }

    /// Where a window of this size belongs; `None` where nobody can tell.
    fn place(&self, window: &gtk::Window, size: (i32, i32)) -> Option<(i32, i32)> {
        let (at, free) = self.spot.get()?;
        let scale = window.scale_factor().max(1);
        Some(place::place(at, (size.0 * scale, size.1 * scale), free))
    }

    /// Whether there is more room to the left of the menu than to its right; as much is enough where one reads to the left.
    pub(super) fn has_room_left(&self, window: &gtk::Window) -> bool {
        let reads_left = window.direction() == gtk::TextDirection::Rtl;
        self.spot.get().is_none_or(|((x, _), free)| x - free.x + i32::from(reads_left) > free.width / 2)
    }

    /// Whether a program can put its windows where it wants: under X11 only.
    pub(super) fn can_place(window: &gtk::Window) -> bool {
        is_x11(window)
    }

    /// Tells the window manager what an undecorated menu is not: an entry of the task bar.
    pub(super) fn introduce(window: &gtk::Window) {
        if let Some(surface) = surface_of(window) {
            surface.set_skip_taskbar_hint(true);
            surface.set_skip_pager_hint(true);
            // Without it a window manager may think that the person is busy elsewhere, and give no focus.
            surface.set_user_time(gdk4_x11::x11_get_server_time(&surface));
        }
    }

    /// Calls `pressed` for each press of a button or touch of a finger that is on none of our windows.
    pub(super) fn watch(&self, window: &gtk::Window, popover: &gtk::Popover, pressed: impl Fn() + 'static) {
        self.forget();
        let Some(x11) = self.x11().filter(|_| is_x11(window)) else {
            return;
        };
        let (ours, closed_by) = ((window.clone(), popover.clone()), self.closed_by.clone());
        let source = x11.watch_presses(move |x11, at| {
            let windows = [surface_of(&ours.0), surface_of(&ours.1)];
            let windows: Vec<_> = windows.iter().flatten().map(window_of).collect();
            if !x11.is_over(at, &windows) {
                closed_by.set(Some(Press { at, when: Instant::now() }));
                pressed();
            }
        });
        self.watch.replace(source);
    }

    /// Ends [`Outside::watch`].
    pub(super) fn forget(&self) {
        if let (Some(source), Some(x11)) = (self.watch.take(), self.x11()) {
            x11.forget_presses(source);
        }
    }
}

fn is_x11(window: &gtk::Window) -> bool {
    RootExt::display(window).downcast_ref::<gdk4_x11::X11Display>().is_some()
}

/// The monitor at a point, in pixels of the screen.
fn monitor_of(window: &gtk::Window, at: (i32, i32)) -> Option<Area> {
    let monitors = RootExt::display(window).monitors();
    let areas = (0..monitors.n_items()).filter_map(|number| {
        let monitor = monitors.item(number)?.downcast::<gdk::Monitor>().ok()?;
        let (place, scale) = (monitor.geometry(), monitor.scale_factor());
        Some(Area {
            x: place.x() * scale,
            y: place.y() * scale,
            width: place.width() * scale,
            height: place.height() * scale,
        })
    });
    let areas: Vec<Area> = areas.collect();
    areas.iter().find(|area| area.contains(at)).or_else(|| areas.first()).copied()
}
