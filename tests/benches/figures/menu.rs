//! From the click on the icon until the menu is on the screen, and what the programs keep in memory before and after.

use std::time::Duration;

use crate::Outcome;
use crate::desktop::{Desktop, Screen};
use crate::page::{Row, Section, Verdict};
use crate::programs::{Running, pause};
use crate::series::mebibytes;
use crate::share::Timed;
use crate::user::{BREATH, Kept, User};
use crate::{service, world};

pub(crate) const TITLE: &str = "Click to menu, and memory, 200 qubes and 40 devices";

const FIRST: Duration = Duration::from_millis(100);
const LATER: Duration = Duration::from_millis(15);
/// KiB of both programs together.
const BEFORE: u64 = 14 << 10;
const AFTER: u64 = 32 << 10;
const FIRST_RUNS: usize = 7;
const LATER_RUNS: usize = 20;
/// Openings after the first one, the timed ones among them.
const OPENINGS: usize = 100;

/// Takes the figures.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::Panel)?;
    let world = desktop.path("menu.toml");
    std::fs::write(&world, world::text(200, 24, 16))?;
    let socket = desktop.path("menu.sock");
    let _simulator = desktop.start_simulator(&world.to_string_lossy(), &socket)?;
    let service = service::start(&desktop, &socket)?;
    let (openings, _) = Openings::take(&desktop, &service.program)?;
    let mut rows = openings.times().to_vec();
    rows.extend(openings.memory());
    Ok(Section { title: TITLE, rows, notes: notes() })
}

/// How the rows of [`Openings`] came about.
pub(crate) fn notes() -> Vec<String> {
    vec![
        "The click is the call `Activate` that a panel makes; the menu is there when the X server tells another program that its \
         window is mapped (`MapNotify`), with xfwm4 as window manager and xfce4-panel as panel."
            .into(),
        "Memory is the proportional set size of `plugboard` and `plugboardd` together, once both were still; where another \
         GTK 4 program runs at that moment, the share is smaller, and the row says so."
            .into(),
    ]
}

/// The menu opened for the first time, and many times again.
pub(crate) struct Openings {
    first: Timed,
    later: Timed,
    before: Kept,
    after: Kept,
    long_after: Kept,
}

impl Openings {
    /// Opens the menu; gives the one who did it last as well.
    pub(crate) fn take<'a>(desktop: &'a Desktop, service: &Running) -> Outcome<(Self, User<'a>)> {
        let mut first = Vec::new();
        for _ in 1..FIRST_RUNS {
            first.push(User::come(desktop, service)?.open()?.0);
        }
        let user = User::come(desktop, service)?;
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
        for _ in LATER_RUNS..OPENINGS {
            user.close(user.open()?.1)?;
        }
        let long_after = user.kept()?;
        Ok((Self { first: Timed::new(&first)?, later, before, after, long_after }, user))
    }

    /// How long it took.
    pub(crate) fn times(&self) -> [Row; 2] {
        [
            within("click → menu mapped, first", "–", &self.first, FIRST),
            within("click → menu mapped, later", "423 ms", &self.later, LATER),
        ]
    }

    /// What it left in memory.
    pub(crate) fn memory(&self) -> [Row; 3] {
        let often = format!("memory after {OPENINGS} more openings");
        [
            memory("memory before the first click", "51 MiB", "≤ 14 MiB", self.before, BEFORE),
            memory("memory after opening, sub-menu, closing", "58 – 87 MiB", "≤ 32 MiB", self.after, AFTER),
            memory(&often, "58 – 87 MiB", "≤ 32 MiB", self.long_after, AFTER),
        ]
    }
}

/// A row for a time whose median shall not be longer than `limit`.
pub(crate) fn within(figure: &str, peer: &str, times: &Timed, limit: Duration) -> Row {
    Row {
        figure: figure.into(),
        peer: peer.into(),
        aim: format!("≤ {} ms", limit.as_millis()),
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
