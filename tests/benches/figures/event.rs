//! From the event that the server writes, over the object on the bus, to the notification.

use std::sync::mpsc::Receiver;
use std::time::Duration;

use device_bus::names::DEVICE;

use crate::Outcome;
use crate::bus::Stamped;
use crate::desktop::{Desktop, PATIENCE, Screen};
use crate::page::{Row, Section, Verdict};
use crate::relay::{Pace, Relay};
use crate::series::{Series, time};
use crate::user::User;
use crate::{server, service, world};

pub(crate) const TITLE: &str = "Plug-in to notification, 200 qubes";

/// On top of the one list that has to be read again.
const AIM: Duration = Duration::from_millis(10);
/// Each at a backend of its own: the widget sums up what comes from one backend in quick succession.
const RUNS: usize = 20;

/// The parts of one way, all from the moment when the event could be read.
struct Way {
    object: Duration,
    notice: Duration,
}

/// Takes the figures.
pub(crate) fn measure() -> Outcome<Section> {
    let desktop = Desktop::start(Screen::Panel)?;
    let world = desktop.path("event.toml");
    std::fs::write(&world, world::text(200, 24, 16))?;
    let socket = desktop.path("event.sock");
    let _simulator = desktop.start_simulator(&world.to_string_lossy(), &socket)?;
    let relay = Relay::open(desktop.path("event.relay"), &socket, Pace::Free)?;
    let service = service::start(&desktop, relay.path())?;
    let signals = service::signals(&desktop)?;
    let user = User::come(&desktop, &service.program)?;
    let backends: Vec<String> =
        server::running(&socket)?.into_iter().filter(|name| name.starts_with("qube-")).collect();
    let mut rows = Vec::new();
    for (what, gadget, reads) in [("camera", "camera", 1_u32), ("stick with disk and partition", "stick", 2)]
    {
        let mut ways = Vec::new();
        let mut floors = Vec::new();
        for backend in backends.iter().take(RUNS) {
            user.settle()?;
            floors.push(server::available(&socket, "usb", backend)?);
            while signals.try_recv().is_ok() {}
            desktop.faces.forget();
            relay.forget_events();
            server::control(&socket, &format!("plug {gadget} {backend}"))?;
            ways.push(way(&desktop, &relay, &signals)?);
        }
        let floor = Series::new(floors)?;
        let objects = Series::new(ways.iter().map(|way| way.object).collect())?;
        let notices = Series::new(ways.iter().map(|way| way.notice).collect())?;
        let reread = floor.median() * reads;
        rows.push(row(format!("{what}: event → object on the bus"), &objects, reread, &floor));
        rows.push(row(format!("{what}: event → notification sent"), &notices, reread, &floor));
    }
    let notes = vec![
        "The clock starts when a relay in front of the service has read the frame from the server, before it passes it on, and stops \
         when `InterfacesAdded` and the call `Notify` arrive at the bench."
            .into(),
        "Floor: one `Available` of the same backend by a bare client. A stick is two lists (USB and disks), so its aim is 10 ms \
         and two of them."
            .into(),
    ];
    Ok(Section { title: TITLE, rows, notes })
}

fn row(figure: String, times: &Series, reread: Duration, floor: &Series) -> Row {
    Row {
        figure,
        peer: "–".into(),
        aim: format!("≤ 10 ms + {}", time(reread)),
        measured: times.to_string(),
        floor: floor.to_string(),
        verdict: Verdict::of(times.median() <= AIM + reread),
    }
}

fn way(desktop: &Desktop, relay: &Relay, signals: &Receiver<Stamped>) -> Outcome<Way> {
    let written = relay.next_event("device-added:usb")?;
    let object = loop {
        let came = signals.recv_timeout(PATIENCE);
        let (at, message) = came.map_err(|_| "no object came on the bus after the plug-in")?;
        if service::adds(&message, DEVICE) {
            break at;
        }
    };
    let notice = desktop.faces.next_notice()?;
    Ok(Way { object: object - written, notice: notice - written })
}
