//! The menu while it is open, in a world with much in it: what lies beside a row, and changes as they come.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::desktop::{Desktop, Screen};
use crate::disks::Disks;
use crate::display::Window;
use crate::drawing::{Drawing, Heart};
use crate::menu::{self, Openings, within};
use crate::page::{Row, Section, Verdict};
use crate::process;
use crate::programs::Running;
use crate::series::{Series, mebibytes, time};
use crate::share::Timed;
use crate::user::{BREATH, CLASS, Kept, User};
use crate::{Outcome, service, world};

pub(crate) const TITLE: &str = "The open menu, 200 qubes and 60 devices";

/// Where the widget itself says how long the pointer has to rest.
const HOVER: &str = include_str!("../../../src/widget/src/menu/hover.rs");
const BESIDE: Duration = Duration::from_millis(8);
const FRAME: Duration = Duration::from_millis(16);
const DROPPED: Duration = Duration::from_millis(50);
/// KiB by which memory may differ between readings that lie three rounds apart: 87 bytes for each change between them.
const GROWTH: u64 = 512;
const FRESH_RUNS: usize = 5;
const BESIDE_RUNS: usize = 15;
const CHANGE_RUNS: usize = 30;
/// 10,000 changes, and memory is read after each round. One more round comes before all: by then each part of the
/// programs has had its share of everything.
const ROUNDS: usize = 5;
const ROUND: usize = 2_000;
/// Disks of `sys-usb` that nobody has; all of them are seen when the menu opens.
const DISKS: [&str; 12] =
    ["sdaa", "sdac", "sdae", "sdag", "sdai", "sdak", "sdam", "sdao", "sdaq", "sdas", "sdau", "sdaw"];
/// Pixels from the upper edge of the menu to a place that is in a row, and from there to the next.
const ROWS: (i16, i16) = (120, 29);
/// A place that is far from every menu.
const AWAY: (i16, i16) = (20, 700);

/// Takes the figures.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::Panel)?;
    let world = desktop.path("open.toml");
    std::fs::write(&world, world::text(200, 36, 24))?;
    let socket = desktop.path("open.sock");
    let _simulator = desktop.start_simulator(&world.to_string_lossy(), &socket)?;
    let service = service::start(&desktop, &socket)?;
    let (openings, _) = Openings::take(&desktop, &service.program)?;
    let mut rows = openings.times().to_vec();
    rows.extend(openings.memory().into_iter().skip(1));
    let place = Place { desktop: &desktop, socket: &socket, service: &service.program };
    for (name, part) in PARTS {
        let part = part(&place).unwrap_or_else(|error| vec![Row::failed(name.into(), &error.to_string())]);
        rows.extend(part);
    }
    Ok(Section { title: TITLE, rows, notes: notes() })
}

/// The word for a part, and how its rows are taken.
type Part = (&'static str, fn(&Place<'_>) -> Outcome<Vec<Row>>);

/// The parts that begin with a widget of their own.
const PARTS: [Part; 3] = [
    ("sub-menu", beside),
    ("a change in the open menu", change),
    ("many changes in the open menu", many_changes),
];

/// Where everything happens.
struct Place<'a> {
    desktop: &'a Desktop,
    socket: &'a Path,
    service: &'a Running,
}

impl<'a> Place<'a> {
    /// Somebody with a fresh widget whose menu is open; its window.
    fn open(&self) -> Outcome<(User<'a>, Window)> {
        let user = User::come(self.desktop, self.service)?;
        user.display.point_at(AWAY)?;
        let (_, window) = user.open()?;
        let window = user.display.content(window, CLASS)?;
        Ok((user, window))
    }
}

fn beside(place: &Place<'_>) -> Outcome<Vec<Row>> {
    let mut first = Vec::new();
    for _ in 1..FRESH_RUNS {
        first.push(place.open()?.0.open_beside()?.0);
    }
    let (user, window) = place.open()?;
    let by_key = || {
        let (share, beside) = user.open_beside()?;
        user.close_beside(beside)?;
        Ok(share)
    };
    first.push(by_key()?);
    let later = Timed::measure(BESIDE_RUNS, by_key)?;
    let ((left, top), (width, _)) = user.display.place(window)?;
    let (middle, rest) = (left + i16::try_from(width / 2)?, rest()?);
    let mut hovered = Vec::new();
    for row in 0..BESIDE_RUNS {
        let height = top + ROWS.0 + ROWS.1 * i16::try_from(row)?;
        let (share, beside) = user.rest_on((middle, height))?;
        user.close_beside(beside)?;
        user.display.point_at(AWAY)?;
        hovered.push(share.without(rest));
    }
    let hovered = Timed::new(&hovered)?;
    let hover = format!("pointer on a row + {} → sub-menu mapped, later", time(rest));
    Ok(vec![
        within("key → sub-menu mapped, first", "–", &Timed::new(&first)?, BESIDE),
        within("key → sub-menu mapped, later", "–", &later, BESIDE),
        within(&hover, "–", &hovered, BESIDE),
    ])
}

/// How long the pointer has to rest on a row, as the widget says it.
fn rest() -> Outcome<Duration> {
    let (_, number) =
        HOVER.split_once("const REST: Duration = Duration::from_millis(").ok_or("no rest is stated")?;
    let (number, _) = number.split_once(')').ok_or("no rest is stated")?;
    Ok(Duration::from_millis(number.parse()?))
}

fn change(place: &Place<'_>) -> Outcome<Vec<Row>> {
    let (user, window) = place.open()?;
    let drawing = Drawing::watch(user.display, window)?;
    let mut disks = Disks::new(place.desktop, place.socket, &DISKS)?;
    let mut times = Vec::new();
    for run in 0..CHANGE_RUNS {
        user.settle()?;
        drawing.frames(Duration::ZERO);
        disks.forget();
        disks.turn(run % disks.len())?;
        let (told, _) = disks.next()?;
        let frames = drawing.frames(BREATH);
        let drawn = frames.last().ok_or("the change was not drawn")?;
        // On a busy machine the bench may hear of it later than the widget has drawn it.
        times.push(drawn.saturating_duration_since(told));
    }
    let times = Series::new(times)?;
    Ok(vec![Row {
        figure: "signal on the bus → drawn in the menu".into(),
        peer: "–".into(),
        aim: "≤ 16 ms".into(),
        measured: times.to_string(),
        floor: "–".into(),
        verdict: Verdict::of(times.median() <= FRAME),
    }])
}

fn many_changes(place: &Place<'_>) -> Outcome<Vec<Row>> {
    let (user, window) = place.open()?;
    let mut disks = Disks::new(place.desktop, place.socket, &DISKS)?;
    turn(&mut disks, ROUND)?;
    let mut kept = vec![user.kept()?];
    let (mut waited, mut answers, mut frames) = (Vec::new(), Vec::new(), 0);
    let (mut took, mut ran) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let drawing = Drawing::watch(user.display, window)?;
        let heart = Heart::listen(user.display, window)?;
        let (started, before) = (Instant::now(), process::processor(user.widget.pid())?);
        let told = turn(&mut disks, ROUND)?;
        took += started.elapsed();
        ran += process::processor(user.widget.pid())?.0.saturating_sub(before.0);
        answers.extend(heart.stop()?);
        let drawn = drawing.frames(BREATH);
        frames += drawn.len();
        waited.extend(waits(&told, &drawn));
        kept.push(user.kept()?);
    }
    let (waited, answers) = (Series::new(waited)?, Series::new(answers)?);
    let work = format!("; {frames} frames in {}, for which the widget ran {}", time(took), time(ran));
    Ok(vec![
        held("10,000 changes: from the oldest that is not drawn to the next frame, longest", &waited, &work),
        held(
            "10,000 changes: answer of the main loop, longest",
            &answers,
            &format!("; {} answers", answers.count()),
        ),
        growth("10,000 changes: growth of the widget", &kept, |kept| kept.widget),
        growth("10,000 changes: growth of the service", &kept, |kept| kept.service),
    ])
}

/// How long the first change after each frame waited for the next frame.
fn waits(told: &[Instant], frames: &[Instant]) -> Vec<Duration> {
    let mut waits = Vec::new();
    let mut told = told.iter().peekable();
    for frame in frames {
        if let Some(first) = told.next_if(|told| *told <= frame) {
            waits.push(*frame - *first);
        }
        while told.next_if(|told| *told <= frame).is_some() {}
    }
    waits
}

/// A row for a series of which not even the longest shall be one that a person sees.
fn held(figure: &str, times: &Series, more: &str) -> Row {
    Row {
        figure: figure.into(),
        peer: "–".into(),
        aim: format!("≤ {}", time(DROPPED)),
        measured: format!("**{}**, median {}{more}", time(times.longest()), time(times.median())),
        floor: "–".into(),
        verdict: Verdict::of(times.longest() <= DROPPED),
    }
}

/// A row for what a program keeps. Its least is what counts: the C library holds some of what was freed now and then.
fn growth(figure: &str, kept: &[Kept], of: fn(&Kept) -> u64) -> Row {
    let (begin, end) = kept.split_at(kept.len() / 2);
    let least = |kept: &[Kept]| kept.iter().map(of).min().unwrap_or(0);
    let (before, after) = (least(begin), least(end));
    Row {
        figure: figure.into(),
        peer: "–".into(),
        aim: format!("≤ {}", mebibytes(GROWTH)),
        measured: format!(
            "**{}** ({} → {})",
            mebibytes(after.saturating_sub(before)),
            mebibytes(before),
            mebibytes(after)
        ),
        floor: "–".into(),
        verdict: Verdict::of(after <= before + GROWTH),
    }
}

/// That many changes, each disk as soon as the bus has told of its last one; when each was on the bus.
fn turn(disks: &mut Disks, changes: usize) -> Outcome<Vec<Instant>> {
    let mut told = Vec::with_capacity(changes);
    // What was told late of an earlier round, before a pause, is no change of this one.
    disks.forget();
    for number in 0..disks.len() {
        disks.turn(number)?;
    }
    for begun in disks.len()..changes + disks.len() {
        let (at, number) = disks.next()?;
        told.push(at);
        if begun < changes {
            disks.turn(number)?;
        }
    }
    Ok(told)
}

fn notes() -> Vec<String> {
    let mut notes = menu::notes();
    notes.extend([
        "Sub-menu: from right before the key → or the movement of the pointer goes to the X server (XTEST) until `MapNotify` of the \
         sub-menu's window; of the pointer's time the rest that the widget waits on purpose is taken off, which the bench reads in \
         `src/widget/src/menu/hover.rs`. *First* is the first one of a fresh widget."
            .into(),
        "One change: another tool attaches or detaches a disk whose row is seen; from `PropertiesChanged` with its new holders at \
         the bench's own connection until the last piece that is drawn in the menu's window because of it (DAMAGE extension of the X \
         server), each time from rest."
            .into(),
        "10,000 changes: twelve disks are attached and detached, each as soon as the bus has told of its last change, so that \
         several changes are always under way, and all programs share the processors. A frame is what the DAMAGE extension tells; \
         it ends the waiting of all changes since the last one. The main loop answers `_NET_WM_PING`, which GTK does where it \
         draws and takes keys."
            .into(),
        "Growth: the proportional set size is read before and after each round of 2,000, at rest and with the menu open; the least \
         of the last three readings against the least of the first three."
            .into(),
    ]);
    notes
}
