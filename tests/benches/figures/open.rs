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
use crate::share::{Share, Timed};
use crate::user::{BREATH, CLASS, User};
use crate::{Outcome, service, world};

pub(crate) const TITLE: &str = "The open menu, 200 qubes and 60 devices";

/// Where the widget itself says how long the pointer has to rest.
const HOVER: &str = include_str!("../../../src/widget/src/menu/hover.rs");
const BESIDE: Duration = Duration::from_millis(8);
const FRAME: Duration = Duration::from_millis(16);
const DROPPED: Duration = Duration::from_millis(50);
/// KiB; with 10,000 changes 26 bytes each.
const GROWTH: u64 = 256;
const FRESH_RUNS: usize = 5;
const BESIDE_RUNS: usize = 15;
const CHANGE_RUNS: usize = 30;
const CHANGES: usize = 10_000;
/// Changes before memory is read for the first time: until then each part has had its share of everything.
const BEGINNING: usize = 1_000;
/// Disks of `sys-usb` that nobody has; all of them are seen when the menu opens.
const DISKS: [&str; 8] = ["sdaa", "sdac", "sdae", "sdag", "sdai", "sdak", "sdam", "sdao"];
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
    let mut rows = vec![];//DBG
    let place = Place { desktop: &desktop, socket: &socket, service: &service.program };
    for (name, part) in PARTS {
        let part = part(&place).unwrap_or_else(|error| vec![Row::failed(name.into(), &error.to_string())]);
        rows.extend(part);
    }
    Ok(Section { title: TITLE, rows, notes: notes()? })
}

/// The parts that begin with a widget of their own, each with the word for it.
const PARTS: [(&str, fn(&Place<'_>) -> Outcome<Vec<Row>>); 2] =
    [("a change in the open menu", change), ("many changes in the open menu", storm)];

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
        eprintln!("{:?}", frames.iter().map(|at| at.saturating_duration_since(told)).collect::<Vec<_>>());
        times.push(*frames.last().ok_or("nothing was drawn")? - told);
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

fn storm(place: &Place<'_>) -> Outcome<Vec<Row>> {
    let (user, window) = place.open()?;
    let drawing = Drawing::watch(user.display, window)?;
    let mut disks = Disks::new(place.desktop, place.socket, &DISKS)?;
    turn(&mut disks, BEGINNING)?;
    let before = user.kept()?;
    drawing.frames(Duration::ZERO);
    let heart = Heart::listen(user.display, window)?;
    let (started, processor) = (Instant::now(), process::processor(user.widget.pid())?);
    turn(&mut disks, CHANGES)?;
    let took = started.elapsed();
    let share = Share::since(user.widget.pid(), took, processor)?;
    let beats = heart.stop()?;
    let frames = drawing.frames(BREATH);
    let after = user.kept()?;
    let gaps = Series::new(frames.windows(2).map(|pair| pair[1] - pair[0]).collect())?;
    eprintln!(
        "{} {} frames {} gaps {gaps}, beats {beats} {}",
        time(took),
        Timed::new(&[share])?,
        frames.len(),
        beats.count()
    );
    let grown = (after.widget + after.service).saturating_sub(before.widget + before.service);
    Ok(vec![
        Row {
            figure: "memory that 10,000 changes leave".into(),
            peer: "–".into(),
            aim: format!("≤ {} KiB", GROWTH),
            measured: format!(
                "**{grown} KiB** (widget {} → {}, service {} → {})",
                mebibytes(before.widget),
                mebibytes(after.widget),
                mebibytes(before.service),
                mebibytes(after.service)
            ),
            floor: "–".into(),
            verdict: Verdict::of(grown <= GROWTH),
        },
        Row {
            figure: "longest answer".into(),
            peer: "–".into(),
            aim: "≤ 50 ms".into(),
            measured: format!("**{}**", time(beats.longest())),
            floor: "–".into(),
            verdict: Verdict::of(beats.longest() <= DROPPED),
        },
    ])
}

/// That many changes, each disk as soon as the bus has told of its last one.
fn turn(disks: &mut Disks, changes: usize) -> Outcome<()> {
    for number in 0..disks.len() {
        disks.turn(number)?;
    }
    for _ in disks.len()..changes {
        let (_, number) = disks.next()?;
        disks.turn(number)?;
    }
    for _ in 0..disks.len() {
        disks.next()?;
    }
    Ok(())
}

fn notes() -> Outcome<Vec<String>> {
    let mut notes = menu::notes();
    notes.push(String::new());
    rest()?;
    Ok(notes)
}
