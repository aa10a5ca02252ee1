//! From the click on the icon until the menu is on the screen, and what the programs keep in memory before and after.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::desktop::{Desktop, PATIENCE, Screen};
use crate::display::{Display, Key};
use crate::faces::WATCHER;
use crate::page::{Row, Section, Verdict};
use crate::programs::{Running, pause, until};
use crate::series::mebibytes;
use crate::share::{Share, Timed};
use crate::{process, service, world};

pub(crate) const TITLE: &str = "Click to menu, and memory, 200 qubes and 40 devices";

/// The X window class of everything that the widget shows.
const CLASS: &str = "org.plugboard.Devices";
const FIRST: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_millis(15);
/// KiB of both programs together.
const BEFORE: u64 = 14 << 10;
const AFTER: u64 = 32 << 10;
const FIRST_RUNS: usize = 7;
const LATER_RUNS: usize = 20;
/// No program is looked at before it was still for so long.
const STILL: Duration = Duration::from_millis(250);
/// Between two openings: a person is not faster, and nothing of the last one is under way.
const BREATH: Duration = Duration::from_millis(250);
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
struct Kept {
    widget: u64,
    service: u64,
    /// Other programs with the same libraries at that moment.
    sharers: usize,
}

/// Takes the figures.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::Panel)?;
    let world = desktop.path("menu.toml");
    std::fs::write(&world, world::text(200, 24, 16))?;
    let socket = desktop.path("menu.sock");
    let _simulator = desktop.start_simulator(&world.to_string_lossy(), &socket)?;
    let service = service::start(&desktop, &socket)?;
    let mut first = Vec::new();
    for _ in 1..FIRST_RUNS {
        let user = User::come(&desktop, &service.program)?;
        first.push(user.open()?.0);
    }
    let user = User::come(&desktop, &service.program)?;
    let before = user.kept()?;
    let (share, window) = user.open()?;
    first.push(share);
    user.open_beside()?;
    user.close(window)?;
    let after = user.kept()?;
    let later = Timed::measure(LATER_RUNS, || {
        pause(BREATH);
        let (share, window) = user.open()?;
        user.close(window)?;
        Ok(share)
    })?;
    let long_after = user.kept()?;
    let first = Timed::new(&first)?;
    let rows = vec![
        mapped("click → menu mapped, first", "–", "≤ 100 ms", &first, FIRST),
        mapped("click → menu mapped, later", "423 ms", "≤ 15 ms", &later, LATER),
        memory("memory before the first click", "51 MiB", "≤ 14 MiB", before, BEFORE),
        memory("memory after opening, sub-menu, closing", "58 – 87 MiB", "≤ 32 MiB", after, AFTER),
        memory("memory after 20 more openings", "58 – 87 MiB", "≤ 32 MiB", long_after, AFTER),
    ];
    let notes = vec![
        "The click is the call `Activate` that a panel makes; the menu is there when the X server tells another program that its \
         window is mapped (`MapNotify`), with xfwm4 as window manager and xfce4-panel as panel."
            .into(),
        "Memory is the proportional set size of `plugboard` and `plugboardd` together, once both were still; where another \
         GTK 4 program runs at that moment, the share is smaller, and the row says so."
            .into(),
    ];
    Ok(Section { title: TITLE, rows, notes })
}

fn mapped(figure: &str, peer: &str, aim: &str, times: &Timed, limit: Duration) -> Row {
    Row {
        figure: figure.into(),
        peer: peer.into(),
        aim: aim.into(),
        measured: times.to_string(),
        floor: "–".into(),
        verdict: Verdict::of(times.wall.median() <= limit),
    }
}

fn memory(figure: &str, peer: &str, aim: &str, kept: Kept, limit: u64) -> Row {
    let both = kept.widget + kept.service;
    let shared = match kept.sharers {
        0 => String::new(),
        count => format!(", shared with {count} other GTK 4 programs"),
    };
    Row {
        figure: figure.into(),
        peer: peer.into(),
        aim: aim.into(),
        measured: format!(
            "**{}** (widget {}, service {}){shared}",
            mebibytes(both),
            mebibytes(kept.widget),
            mebibytes(kept.service)
        ),
        floor: "–".into(),
        verdict: Verdict::of(both <= limit),
    }
}

/// Somebody at the desktop with a freshly started widget.
pub(crate) struct User<'a> {
    desktop: &'a Desktop,
    display: &'a Display,
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
    pub(crate) fn open(&self) -> Outcome<(Share, u32)> {
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
        let (at, window) = self.display.next_mapped(CLASS)?;
        let share = Share::since(self.widget.pid(), at - clicked, before)?;
        self.display.settle(BREATH);
        Ok((share, window))
    }

    /// Opens the sub-menu of the first device with the keys.
    pub(crate) fn open_beside(&self) -> Outcome<()> {
        self.display.press(Key::Down)?;
        self.display.press(Key::Right)?;
        self.display.next_mapped(CLASS)?;
        self.display.settle(BREATH);
        Ok(())
    }

    /// Closes the menu, and whatever stands beside it before.
    pub(crate) fn close(&self, window: u32) -> Outcome<()> {
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

    fn kept(&self) -> Outcome<Kept> {
        self.settle()?;
        Ok(Kept {
            widget: process::proportional_set(self.widget.pid())?,
            service: process::proportional_set(self.service)?,
            sharers: process::sharers("/libgtk-4", self.widget.pid()),
        })
    }
}
