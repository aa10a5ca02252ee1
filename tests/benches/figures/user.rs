//! Somebody at the desktop: clicks the icon, opens what lies beside a row, closes it all again.

use std::time::{Duration, Instant};

use crate::desktop::{Desktop, PATIENCE};
use crate::display::{Display, Key, Window};
use crate::faces::WATCHER;
use crate::programs::{Running, until};
use crate::share::Share;
use crate::{Outcome, process};

/// The X window class of everything that the widget shows.
pub(crate) const CLASS: &str = "org.plugboard.Devices";
/// No program is looked at before it was still for so long.
const STILL: Duration = Duration::from_millis(250);
/// Between two openings: a person is not faster, and nothing of the last one is under way.
pub(crate) const BREATH: Duration = Duration::from_millis(250);
/// What a panel has registered.
const ITEMS: &str = "RegisteredStatusNotifierItems";
/// Menus that may stand beside each other; the key closes the last one.
const MENUS: usize = 3;
/// How long a menu may take to close.
const CLOSES: Duration = Duration::from_secs(1);
/// Where a panel at the top right would have the icon.
const ICON: (i32, i32) = (1200, 10);

/// KiB of the widget and of the service.
#[derive(Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) widget: u64,
    pub(crate) service: u64,
    /// Other programs with the same libraries at that moment.
    pub(crate) sharers: usize,
}

/// Somebody at the desktop with a freshly started widget.
pub(crate) struct User<'a> {
    desktop: &'a Desktop,
    /// The screen before them.
    pub(crate) display: &'a Display,
    /// The widget.
    pub(crate) widget: Running,
    service: u32,
    item: String,
}

impl<'a> User<'a> {
    /// Starts the widget and waits until both programs are still.
    pub(crate) fn come(desktop: &'a Desktop, service: &Running) -> Outcome<Self> {
        let display = desktop.display.as_ref().ok_or("there is no display")?;
        let widget = desktop.start_program("plugboard", &[])?;
        let item = format!("org.kde.StatusNotifierItem-{}-1", widget.pid());
        desktop.bus.wait_for_name(&item)?;
        until("the icon at the panel", PATIENCE, || {
            let items = desktop.bus.property(WATCHER, "/StatusNotifierWatcher", WATCHER, ITEMS).ok()?;
            Vec::<String>::try_from(items).ok()?.first().map(drop)
        })?;
        let user = Self { desktop, display, widget, service: service.pid(), item };
        user.settle()?;
        Ok(user)
    }

    /// Clicks the icon; how long it took until the menu was mapped, and its window.
    pub(crate) fn open(&self) -> Outcome<(Share, Window)> {
        self.display.forget();
        let before = process::processor(self.widget.pid())?;
        let clicked = Instant::now();
        self.desktop.bus.send(
            &self.item,
            "/StatusNotifierItem",
            "org.kde.StatusNotifierItem",
            "Activate",
            &ICON,
        )?;
        let (at, window) = self.next_window("menu")?;
        let share = Share::since(self.widget.pid(), at - clicked, before)?;
        self.display.settle(BREATH);
        Ok((share, window))
    }

    /// Goes to the next row and opens its sub-menu with the keys; how long the second key took, and the window.
    pub(crate) fn open_beside(&self) -> Outcome<(Share, Window)> {
        self.display.press(Key::Down)?;
        self.display.settle(BREATH);
        let before = process::processor(self.widget.pid())?;
        let pressed = self.display.press(Key::Right)?;
        self.beside(pressed, before)
    }

    /// Points at this place of the screen, where a row is; how long it took until its sub-menu stood there, and the
    /// window.
    pub(crate) fn rest_on(&self, place: (i16, i16)) -> Outcome<(Share, Window)> {
        self.display.settle(BREATH);
        let before = process::processor(self.widget.pid())?;
        let moved = self.display.point_at(place)?;
        self.beside(moved, before)
    }

    fn beside(&self, since: Instant, before: (Duration, Duration)) -> Outcome<(Share, Window)> {
        let (at, window) = self.next_window("sub-menu")?;
        let share = Share::since(self.widget.pid(), at - since, before)?;
        self.display.settle(BREATH);
        Ok((share, window))
    }

    fn next_window(&self, of: &str) -> Outcome<(Instant, Window)> {
        let words = || self.desktop.last_words("plugboard");
        self.display
            .next_mapped(CLASS)
            .map_err(|error| format!("no {of}: {error}; the widget: {}", words()).into())
    }

    /// Closes the sub-menu alone.
    pub(crate) fn close_beside(&self, window: Window) -> Outcome<()> {
        self.display.press(Key::Escape)?;
        if self.display.is_unmapped(window, CLOSES) {
            return Ok(());
        }
        Err("the sub-menu did not close".into())
    }

    /// Closes the menu, and whatever stands beside it before.
    pub(crate) fn close(&self, window: Window) -> Outcome<()> {
        for _ in 0..MENUS {
            self.display.press(Key::Escape)?;
            if self.display.is_unmapped(window, CLOSES) {
                return Ok(());
            }
        }
        Err("the menu did not close".into())
    }

    /// Returns once both programs are still.
    pub(crate) fn settle(&self) -> Outcome<()> {
        process::wait_until_still(&[self.widget.pid(), self.service], STILL)
    }

    /// What both programs keep in memory, once they are still.
    pub(crate) fn kept(&self) -> Outcome<Kept> {
        self.settle()?;
        Ok(Kept {
            widget: process::proportional_set(self.widget.pid())?,
            service: process::proportional_set(self.service)?,
            sharers: process::sharers("/libgtk-4", self.widget.pid()),
        })
    }
}
