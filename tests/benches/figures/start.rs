//! From the start of `plugboard` until its icon is registered at the panel.

use std::time::{Duration, Instant};

use crate::Outcome;
use crate::bus::Bus;
use crate::desktop::{Desktop, Screen};
use crate::page::{Row, Section, Verdict};
use crate::programs::{Running, command};
use crate::series::Series;
use crate::share::{Share, Timed};
use crate::{service, world};

pub(crate) const TITLE: &str = "Icon after start";

const AIM: Duration = Duration::from_millis(50);
const RUNS: usize = 11;
/// Everything cold takes a second each; fewer tell enough.
const COLD_RUNS: usize = 5;

/// Takes the figure.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::Virtual)?;
    let floor = floor(&desktop)?;
    let mut rows = Vec::new();
    for (qubes, devices, peer) in [(12, (6, 3), "480 ms"), (200, (24, 16), "5.43 s")] {
        let world = desktop.path(&format!("{qubes}.toml"));
        std::fs::write(&world, world::text(qubes, devices.0, devices.1))?;
        let world = world.to_string_lossy();
        let socket = desktop.path(&format!("{qubes}.sock"));
        let simulator = desktop.start_simulator(&world, &socket)?;
        let service = service::start(&desktop, &socket)?;
        let warm = Timed::measure(RUNS, || icon(&desktop))?;
        drop((service, simulator));
        rows.push(row(format!("icon, {qubes} qubes, service running"), peer, &warm, &floor));
        let cold = Timed::measure(COLD_RUNS, || everything_cold(&desktop, &world))?;
        let figure = format!("icon, {qubes} qubes, service and simulator started at the same moment");
        rows.push(row(figure, peer, &cold, &floor));
    }
    let notes = vec![
        "From right before the process is made until `RegisterStatusNotifierItem` arrives at the panel, which the bench plays. \
         What a panel takes to draw it comes on top, for every program alike."
            .into(),
        "Floor: a process that does nothing (`true`), plus a new connection to the bus and one call.".into(),
    ];
    Ok(Section { title: TITLE, rows, notes })
}

fn row(figure: String, peer: &str, icon: &Timed, floor: &Series) -> Row {
    Row {
        figure,
        peer: peer.into(),
        aim: "≤ 50 ms".into(),
        measured: icon.to_string(),
        floor: floor.to_string(),
        verdict: Verdict::of(icon.wall.median() <= AIM),
    }
}

fn icon(desktop: &Desktop) -> Outcome<Share> {
    desktop.faces.forget();
    let widget = desktop.start_program("plugboard", &[])?;
    let registered = desktop.faces.next_item()?;
    Share::of(widget.pid(), registered - widget.started)
}

fn everything_cold(desktop: &Desktop, world: &str) -> Outcome<Share> {
    desktop.faces.forget();
    let socket = desktop.path("cold.sock");
    let words = ["--socket", &socket.to_string_lossy()];
    let simulator = desktop.start_program("qubesd-sim", &[&words[..], &["--world", world]].concat())?;
    let service = desktop.start_program("plugboardd", &words)?;
    let widget = desktop.start_program("plugboard", &[])?;
    let registered = desktop.faces.next_item()?;
    let share = Share::of(widget.pid(), registered - simulator.started);
    drop((widget, service, simulator));
    share
}

/// What nothing with a face on the bus can do without.
fn floor(desktop: &Desktop) -> Outcome<Series> {
    Series::measure(RUNS, || {
        let started = Instant::now();
        let mut process = Running::start(command("true", &[]), &desktop.path("true.log"))?;
        process.wait()?;
        let bus = Bus::connect(desktop.bus_address()?)?;
        bus.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId", &())?;
        Ok(started.elapsed())
    })
}
