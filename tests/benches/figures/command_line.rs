//! The command line as a script meets it: a process from its start to its end.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::desktop::{Desktop, Screen};
use crate::page::{Row, Section, Verdict};
use crate::programs::command;
use crate::relay::{Pace, Relay};
use crate::series::{Series, mebibytes, time};
use crate::{process, server, world};

pub(crate) const TITLE: &str = "Command line";

const PROGRAM: &str = "qvm-device";
const RUNS: usize = 15;
const VERSION: Duration = Duration::from_millis(3);
/// On top of what the server itself needs.
const LIST: Duration = Duration::from_millis(5);
const ATTACH: Duration = Duration::from_millis(3);
const ATTACH_CALLS: usize = 3;
/// KiB.
const MEMORY: u64 = 6 << 10;
/// As in `calls.rs`: the real server.
const REAL_CALL: Duration = Duration::from_micros(1500);

/// Takes the figures.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::None)?;
    let nothing = Series::measure(RUNS, || run(command("true", &[])))?;
    let version = Series::measure(RUNS, || run(words(&desktop, Path::new(""), &["--version"])))?;
    let mut rows = vec![Row {
        figure: "`qvm-device --version`".into(),
        peer: "124 ms".into(),
        aim: "≤ 3 ms".into(),
        measured: version.to_string(),
        floor: format!("{nothing} for `true`"),
        verdict: Verdict::of(version.median() <= VERSION),
    }];
    for (qubes, peer) in [(10, "172 ms, 23 calls"), (50, "362 ms, 103 calls"), (200, "1.91 s, 403 calls")] {
        let file = desktop.path(&format!("{qubes}.toml"));
        std::fs::write(&file, world::text(qubes, 8, 6))?;
        let socket = desktop.path(&format!("{qubes}.sock"));
        let _simulator = desktop.start_simulator(&file.to_string_lossy(), &socket)?;
        rows.push(list(&desktop, &socket, qubes, peer)?);
        rows.push(list_at_real_pace(&desktop, &socket, qubes, peer)?);
        if qubes == 200 {
            rows.push(memory(&desktop, &socket)?);
            rows.push(attach(&desktop, &socket)?);
        }
    }
    let notes = vec![
        "From right before the process is made until it has ended.".into(),
        "`usb list` has 8 USB devices and 6 disks in the world; its floor is what a bare client needs for the list of qubes and one \
         `Available` of each running one, one after the other."
            .into(),
        "*Real pace*: through a relay that answers one call at a time, each in 1.5 ms, as the real server does."
            .into(),
        "Peak memory is the highest resident set that the kernel told while the program ran, read without a pause.".into(),
        "`attach` is `qvm-usb attach` of a device that is attached to nobody; its floor is what the server needed for those calls."
            .into(),
    ];
    Ok(Section { title: TITLE, rows, notes })
}

fn list(desktop: &Desktop, socket: &Path, qubes: usize, peer: &str) -> Outcome<Row> {
    let mut floors = Vec::new();
    let times = Series::measure(RUNS, || {
        floors.push(server::time_of_a_listing(socket, "usb")?.0);
        run(words(desktop, socket, &["usb", "list"]))
    })?;
    let floor = Series::new(floors)?;
    let calls = server::time_of_a_listing(socket, "usb")?.1;
    Ok(Row {
        figure: format!("`usb list`, {qubes} qubes, half running"),
        peer: peer.into(),
        aim: "≤ floor + 5 ms".into(),
        measured: times.to_string(),
        floor: format!("{floor}, {calls} calls"),
        verdict: Verdict::of(times.median() <= floor.median() + LIST),
    })
}

fn list_at_real_pace(desktop: &Desktop, socket: &Path, qubes: usize, peer: &str) -> Outcome<Row> {
    let path = desktop.path(&format!("{qubes}-{PROGRAM}.relay"));
    let relay = Relay::open(path, socket, Pace::Serial(REAL_CALL))?;
    let (floor, _) = server::time_of_a_listing(relay.path(), "usb")?;
    let before = relay.calls().len();
    let took = run(words(desktop, relay.path(), &["usb", "list"]))?;
    let calls = relay.calls().len() - before;
    Ok(Row {
        figure: format!("`usb list`, {qubes} qubes, real pace"),
        peer: peer.into(),
        aim: "≤ floor + 5 ms".into(),
        measured: format!("**{}**, {calls} calls", time(took)),
        floor: time(floor),
        verdict: Verdict::of(took <= floor + LIST),
    })
}

fn memory(desktop: &Desktop, socket: &Path) -> Outcome<Row> {
    let mut highest = 0;
    for _ in 0..RUNS {
        let mut child = words(desktop, socket, &["usb", "list"]).spawn()?;
        while child.try_wait()?.is_none() {
            highest = highest.max(process::peak(child.id()).unwrap_or(0));
        }
    }
    Ok(Row {
        figure: "`usb list`, 200 qubes: peak memory".into(),
        peer: "25 MiB".into(),
        aim: "≤ 6 MiB".into(),
        measured: format!("**{}**", mebibytes(highest)),
        floor: "–".into(),
        verdict: Verdict::of(highest <= MEMORY),
    })
}

fn attach(desktop: &Desktop, socket: &Path) -> Outcome<Row> {
    const DEVICE: &str = "sys-usb:1-1";
    const QUBE: &str = "qube-000";
    let relay = Relay::open(desktop.path("attach.relay"), socket, Pace::Free)?;
    let mut floors = Vec::new();
    let mut calls = 0;
    let times = Series::measure(RUNS, || {
        let before = relay.calls().len();
        run(words(desktop, relay.path(), &["usb", "attach", QUBE, DEVICE]))?;
        let made = relay.calls().split_off(before);
        floors.push(made.iter().map(|call| call.server).sum());
        calls = calls.max(made.len());
        run(words(desktop, socket, &["usb", "detach", QUBE, DEVICE]))?;
        let took = run(words(desktop, socket, &["usb", "attach", QUBE, DEVICE]))?;
        run(words(desktop, socket, &["usb", "detach", QUBE, DEVICE]))?;
        Ok(took)
    })?;
    let floor = Series::new(floors)?;
    let holds = calls <= ATTACH_CALLS && times.median() <= floor.median() + ATTACH;
    Ok(Row {
        figure: "`usb attach`".into(),
        peer: "–".into(),
        aim: "≤ floor + 3 ms, ≤ 3 calls".into(),
        measured: format!("{times}, {calls} calls"),
        floor: floor.to_string(),
        verdict: Verdict::of(holds),
    })
}

fn words(desktop: &Desktop, socket: &Path, words: &[&str]) -> Command {
    let mut command = desktop.program(PROGRAM);
    command.env("QUBESD_SOCKET", socket).args(words);
    command
}

/// How long a program runs; one that fails is no measurement.
fn run(mut command: Command) -> Outcome<Duration> {
    command.stderr(Stdio::piped());
    let started = Instant::now();
    let done = command.output()?;
    let took = started.elapsed();
    if !done.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&done.stderr).trim()).into());
    }
    Ok(took)
}
