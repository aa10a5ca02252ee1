//! How many calls the service makes until it knows everything, and how long that takes.

use std::time::{Duration, Instant};

use device_core::name::DeviceClass;

use crate::Outcome;
use crate::desktop::{Desktop, Screen};
use crate::page::{Row, Section, Verdict};
use crate::relay::{Call, Pace, Relay};
use crate::series::time;
use crate::{server, service, world};

pub(crate) const TITLE: &str = "Calls until everything is known";

/// So slow is a plain call of the real server on this kind of machine, and it answers one after the other.
const REAL_CALL: Duration = Duration::from_micros(1500);
/// Nothing asked for so long counts as idle.
const QUIET: Duration = Duration::from_millis(500);

/// Classes of which no backend tells who holds what.
const UNTOLD: [DeviceClass; 2] = [DeviceClass::Mic, DeviceClass::Pci];

/// What was asked in one run.
struct Counted {
    running: usize,
    /// Calls made until the last list of devices or holders was asked for, and when that was answered.
    complete: (usize, Duration),
    /// Calls made until the service said that its mirror is whole, and when it said so.
    live: (usize, Duration),
    /// All calls, and when the last was answered.
    idle: (usize, Duration),
}

/// Takes the figures.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::None)?;
    let mut rows = Vec::new();
    for (qubes, usb, block, peer) in [(12, 6, 3, 187), (50, 6, 3, 719), (200, 24, 16, 2819)] {
        let world = world::text(qubes, usb, block);
        let free = count(&desktop, &format!("{qubes}-free"), &world, Pace::Free)?;
        let real = count(&desktop, &format!("{qubes}-real"), &world, Pace::Serial(REAL_CALL))?;
        rows.extend(rows_of(qubes, peer, &free, &real));
    }
    let notes = vec![
        "Counted by a relay between service and simulator, in the order in which the calls came. Running qubes include dom0. \
         The subscription to events is a call, too."
            .into(),
        "*Devices and holders*: until the last `Available` of a running qube and the last `Attached` of microphone \
         and PCI, all calls counted that came before. *Live*: until `Link` says `live`, when colours and options are read, \
         too. \
         *Idle*: stored assignments and qubes that are off included; the peer's figure is this one."
            .into(),
        "Times: on the simulator as it is / when it answers one call at a time, 1.5 ms each, as the real server does.".into(),
    ];
    Ok(Section { title: TITLE, rows, notes })
}

fn rows_of(qubes: usize, peer: usize, free: &Counted, real: &Counted) -> [Row; 3] {
    let aim = 3 + 4 * free.running;
    let row = |what: &str, calls: usize, times: [Duration; 2]| Row {
        figure: format!("{what}, {qubes} qubes, {} running", free.running),
        peer: "–".into(),
        aim: "–".into(),
        measured: format!("**{calls} calls**, {} / {}", time(times[0]), time(times[1])),
        floor: "–".into(),
        verdict: Verdict::Told,
    };
    // Which calls are made when is not quite the same in each run: the worse one counts.
    let complete = free.complete.0.max(real.complete.0);
    [
        Row {
            aim: format!("≤ 3 + 4 × {} = {aim} calls", free.running),
            verdict: Verdict::of(complete <= aim),
            ..row("devices and holders", complete, [free.complete.1, real.complete.1])
        },
        row("live", free.live.0.max(real.live.0), [free.live.1, real.live.1]),
        Row {
            peer: format!("{peer} calls"),
            ..row("idle", free.idle.0.max(real.idle.0), [free.idle.1, real.idle.1])
        },
    ]
}

fn count(desktop: &Desktop, name: &str, world: &str, pace: Pace) -> Outcome<Counted> {
    let file = desktop.path(&format!("{name}.toml"));
    std::fs::write(&file, world)?;
    let socket = desktop.path(&format!("{name}.sock"));
    let _simulator = desktop.start_simulator(&file.to_string_lossy(), &socket)?;
    let running = server::running(&socket)?.len();
    let relay = Relay::open(desktop.path(&format!("{name}.relay")), &socket, pace)?;
    let service = service::start(desktop, relay.path())?;
    relay.settle(QUIET)?;
    let started = service.program.started;
    let calls = relay.calls();
    let until_live = calls.iter().filter(|call| call.at <= service.live).count();
    let complete =
        calls[..until_live].iter().rposition(is_of_the_menu).ok_or("no device was ever asked for")?;
    let answered = |call: Option<&Call>| call.and_then(|call| call.answered).unwrap_or_else(Instant::now);
    let last = calls.iter().filter_map(|call| call.answered).max();
    Ok(Counted {
        running,
        complete: (complete + 1, answered(calls.get(complete)) - started),
        live: (until_live, service.live - started),
        idle: (calls.len(), last.ok_or("nothing was answered")? - started),
    })
}

/// Whether a call is for a list of devices, or for the holders of a class whose list of devices does not name them.
fn is_of_the_menu(call: &Call) -> bool {
    let Some(verb) = call.request.method.strip_prefix("admin.vm.device.") else { return false };
    match verb.split_once('.') {
        Some((_, "Available")) => true,
        Some((class, "Attached")) => UNTOLD.iter().any(|untold| class == untold.as_str()),
        _ => false,
    }
}
