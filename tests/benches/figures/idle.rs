//! A minute without events: who wakes up, and why.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::desktop::{Desktop, Screen};
use crate::page::{Row, Section, Verdict};
use crate::process;
use crate::programs::{Running, pause};
use crate::relay::{Call, Pace, Relay};
use crate::user::User;
use crate::{service, world};

pub(crate) const TITLE: &str = "A minute without events, 200 qubes";

const MINUTE: Duration = Duration::from_mins(1);
/// After that long without use `GLib` (15 s) and tokio (10 s) have ended the threads that they keep in reserve.
const AFTER_USE: Duration = Duration::from_secs(20);
/// How finely turns are told apart.
const SAMPLE: Duration = Duration::from_millis(100);
/// What belongs to a call: waking up for it before, putting its answer away after.
const AROUND_A_CALL: Duration = Duration::from_millis(200);

/// tokio's timers go in steps of 4096 ms first: one wake-up at the beginning of the last step is the timer's own.
const TIMER_STEP: Duration = Duration::from_millis(4096);

/// What a process did in one sample.
struct Sample {
    from: Instant,
    to: Instant,
    switches: u64,
    time: Duration,
}

/// Takes the figures.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::Panel)?;
    let world = desktop.path("idle.toml");
    std::fs::write(&world, world::text(200, 24, 16))?;
    let socket = desktop.path("idle.sock");
    let _simulator = desktop.start_simulator(&world.to_string_lossy(), &socket)?;
    let relay = Relay::open(desktop.path("idle.relay"), &socket, Pace::Free)?;
    let service = service::start(&desktop, relay.path())?;
    relay.settle(Duration::from_millis(500))?;
    let user = User::come(&desktop, &service.program)?;
    let mut rows = Vec::new();
    for (when, opens) in [("never clicked", false), ("after the menu was open", true)] {
        match minute(&user, &service.program, &relay, when, opens) {
            Ok(both) => rows.extend(both),
            Err(error) => rows.push(Row::failed(when.to_owned(), &error.to_string())),
        }
    }
    let notes = vec![
        "Context switches of all threads, read from the kernel ten times a second for 60 s; nothing is left out."
            .into(),
        "The stated reconcile of the service reads a tenth of all scopes again every 30 s. Its calls are counted by a relay; \
         switches within 0.2 s of one of them belong to it, and so does one up to 4.1 s before each turn, when its timer takes \
         its last step. All others are wake-ups that nobody stated."
            .into(),
    ];
    Ok(Section { title: TITLE, rows, notes })
}

fn minute(user: &User<'_>, service: &Running, relay: &Relay, when: &str, opens: bool) -> Outcome<[Row; 2]> {
    let mut rest = String::new();
    if opens {
        let (_, window) = user.open()?;
        user.open_beside()?;
        user.close(window)?;
        user.settle()?;
        let [widget] = watch([user.widget.pid()], AFTER_USE)?;
        let switches: u64 = widget.iter().map(|sample| sample.switches).sum();
        rest = format!(
            " (and {switches} in the {} s after closing it, before this minute)",
            AFTER_USE.as_secs()
        );
    }
    user.settle()?;
    let calls_before = relay.calls().len();
    let [widget, watcher] = watch([user.widget.pid(), service.pid()], MINUTE)?;
    let calls = relay.calls().split_off(calls_before);
    Ok([
        row(format!("`plugboard`, {when}{rest}"), user.widget.pid(), &widget, &[])?,
        row(format!("`plugboardd`, {when}"), service.pid(), &watcher, &calls)?,
    ])
}

fn row(figure: String, pid: u32, samples: &[Sample], calls: &[Call]) -> Outcome<Row> {
    let switches = |samples: &[&Sample]| samples.iter().map(|it| it.switches).sum::<u64>();
    let all = switches(&samples.iter().collect::<Vec<_>>());
    let time: Duration = samples.iter().map(|sample| sample.time).sum();
    let (stated, others): (Vec<&Sample>, Vec<&Sample>) =
        samples.iter().filter(|it| it.switches > 0).partition(|it| it.is_around(calls));
    let (stated, timer) = (switches(&stated), timer_steps(&others, calls));
    let unstated = all - stated - timer;
    let reconcile = match calls.len() {
        0 => String::new(),
        count => {
            format!(" = {all} in all – {stated} of the reconcile ({count} calls) – {timer} of its timer")
        }
    };
    Ok(Row {
        figure,
        peer: "–".into(),
        aim: "0 wake-ups".into(),
        measured: format!(
            "**{unstated} wake-ups**{reconcile}; {} ms of processor time, {}",
            time.as_millis(),
            in_words(process::threads(pid)?)
        ),
        floor: "–".into(),
        verdict: Verdict::of(unstated == 0),
    })
}

/// "1 thread", "3 threads".
fn in_words(threads: usize) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}

impl Sample {
    fn is_around(&self, calls: &[Call]) -> bool {
        calls.iter().any(|call| {
            let end = call.answered.unwrap_or(call.at) + AROUND_A_CALL;
            self.to + AROUND_A_CALL >= call.at && self.from <= end
        })
    }
}

/// Wake-ups on the way to a turn of the reconcile: one for each turn, if it is a single one and not too early.
fn timer_steps(others: &[&Sample], calls: &[Call]) -> u64 {
    let is_first = |at: usize| at == 0 || calls[at].at - calls[at - 1].at > TIMER_STEP;
    let turns = (0..calls.len()).filter(|at| is_first(*at)).map(|at| calls[at].at);
    let steps = turns.filter(|turn| {
        others.iter().any(|it| it.switches == 1 && it.to <= *turn && it.to + TIMER_STEP >= *turn)
    });
    steps.count() as u64
}

fn watch<const N: usize>(pids: [u32; N], time: Duration) -> Outcome<[Vec<Sample>; N]> {
    let mut samples = [const { Vec::new() }; N];
    let mut last = Vec::new();
    for pid in pids {
        last.push((Instant::now(), process::turns(pid)?));
    }
    let end = Instant::now() + time;
    while Instant::now() < end {
        pause(SAMPLE);
        for ((pid, samples), last) in pids.into_iter().zip(&mut samples).zip(&mut last) {
            let (now, turns) = (Instant::now(), process::turns(pid)?);
            let (switches, time) = (turns.switches_since(&last.1), turns.time_since(&last.1));
            samples.push(Sample { from: last.0, to: now, switches, time });
            *last = (now, turns);
        }
    }
    Ok(samples)
}
