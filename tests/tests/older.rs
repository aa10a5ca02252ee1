//! The mirror and the commands on servers of R4.2 and R4.0: backends that name no holders, devices without ids, and one list
//! for what is attached and what is stored.
//!
//! Truth is what the simulator itself says of who holds what; the calls are written by hand, not by the client.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use device_core::assignment::{Mode, Options};
use device_core::client::{AdminClient, Generation};
use device_core::command;
use device_core::device::Presence;
use device_core::error::ErrorKind;
use device_core::machine::{Change, Link, Machine};
use device_core::name::{DeviceClass, DeviceRef, Port, PortId, QubeName};
use device_core::transport::Transport;
use device_core::watcher::Watcher;
use device_core::wire::request::Request;
use proptest::prelude::*;
use qubesd_sim::{Handle, Protocol, Simulator};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Long enough for a loaded machine; a wait ends as soon as what it waits for is there.
const DEADLINE: Duration = Duration::from_secs(20);

/// R4.0 frames requests in its own way; all else is as in R4.2.
const PROTOCOLS: [Protocol; 2] = [Protocol::R40, Protocol::R42];

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

fn port(class: DeviceClass, id: &str) -> Port {
    Port::new(name("sys-usb"), class, PortId::new(id).unwrap())
}

/// A simulator of those versions, a client of it, and a machine that follows a watcher on it.
struct Road {
    _folder: tempfile::TempDir,
    handle: Handle,
    client: Arc<AdminClient>,
    changes: mpsc::Receiver<Vec<Change>>,
    machine: Machine,
}

impl Road {
    async fn begin(protocol: Protocol) -> Self {
        let (folder, handle, client) = served(protocol);
        let (sender, changes) = mpsc::channel(64);
        let (watcher, _refresh) = Watcher::new(Arc::clone(&client), sender);
        tokio::spawn(watcher.run());
        let mut road = Self { _folder: folder, handle, client, changes, machine: Machine::default() };
        road.until("the first reading", |machine| machine.link == Link::Live).await;
        road
    }

    fn control(&self, words: &str) -> String {
        self.handle.control(words).unwrap()
    }

    /// A call as a client of those versions writes it. A refusal is as good as any other answer.
    async fn call(&self, method: &str, qube: &str, argument: &str, payload: &str) {
        let _ = self.client.call(&Request::new(method, argument, qube).with_payload(payload)).await;
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Machine) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !holds(&self.machine) {
            let batch = timeout_at(end, self.changes.recv()).await;
            let batch = batch.unwrap_or_else(|_| panic!("{what} did not come: {:?}", held(&self.machine)));
            for change in batch.unwrap() {
                self.machine.apply(change);
            }
        }
    }

    async fn until_true(&mut self) {
        let handle = self.handle.clone();
        let truth = move || -> BTreeSet<String> {
            let text = handle.control("holders").unwrap();
            text.split_whitespace().map(str::to_owned).collect()
        };
        let what = format!("the truth {:?}", truth());
        self.until(&what, move |machine| {
            let (told, untold) = (held(machine), untold(machine));
            told.difference(&untold).eq(truth().difference(&untold))
        })
        .await;
    }
}

/// A simulator, and a client that has read nothing yet.
fn served(protocol: Protocol) -> (tempfile::TempDir, Handle, Arc<AdminClient>) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("qubesd.sock");
    let simulator = Simulator::load("laptop").unwrap().with_protocol(protocol);
    let handle = simulator.handle();
    tokio::spawn(simulator.bind(&socket).unwrap().run(std::future::pending()));
    (folder, handle, Arc::new(AdminClient::new(Transport::socket(&socket))))
}

/// `CLASS:BACKEND:PORT=QUBE` of everything that any qube holds.
fn held(machine: &Machine) -> BTreeSet<String> {
    let devices = machine.devices.values();
    devices
        .flat_map(|device| {
            let port = device.port();
            device.attachments.keys().map(move |qube| format!("{}:{port}={qube}", port.class))
        })
        .collect()
}

/// What no server of those versions tells: of a device that is gone and stored for a qube it says the same whether that qube
/// still has what is left of it or has lost it.
fn untold(machine: &Machine) -> BTreeSet<String> {
    let gone = machine.devices.values().filter(|device| device.presence == Presence::Removed);
    gone.flat_map(|device| {
        let port = device.port();
        device.assignments.iter().map(move |stored| format!("{}:{port}={}", port.class, stored.frontend))
    })
    .collect()
}

/// Something that can happen to a machine of those versions.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Plug,
    Unplug,
    Attach(&'static str, &'static str, &'static str, &'static str),
    Detach(&'static str, &'static str, &'static str),
    Start(&'static str),
    Stop(&'static str),
}

impl Happening {
    async fn happen(self, road: &Road) {
        match self {
            Self::Plug => drop(road.handle.control("plug stick")),
            Self::Unplug => drop(road.handle.control("unplug stick")),
            Self::Attach(class, device, qube, payload) => {
                road.call(&format!("admin.vm.device.{class}.Attach"), qube, device, payload).await;
            }
            Self::Detach(class, device, qube) => {
                road.call(&format!("admin.vm.device.{class}.Detach"), qube, device, "").await;
            }
            Self::Start(qube) => road.call("admin.vm.Start", qube, "", "").await,
            Self::Stop(qube) => road.call("admin.vm.Kill", qube, "", "").await,
        }
    }
}

fn happening() -> impl Strategy<Value = Happening> {
    let qube = || prop::sample::select(vec!["work", "personal", "vault"]);
    let device = prop::sample::select(vec![
        ("usb", "sys-usb+2-1"),
        ("block", "sys-usb+sda"),
        ("block", "sys-usb+sda1"),
        ("mic", "dom0+mic"),
    ]);
    let payload = prop::sample::select(vec!["", "", "persistent=True"]);
    prop_oneof![
        Just(Happening::Plug),
        Just(Happening::Unplug),
        (device.clone(), qube(), payload)
            .prop_map(|((class, device), qube, payload)| Happening::Attach(class, device, qube, payload)),
        (device, qube()).prop_map(|((class, device), qube)| Happening::Detach(class, device, qube)),
        qube().prop_map(Happening::Start),
        qube().prop_map(Happening::Stop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_mirror_shows_who_holds_what(
        protocol in prop::sample::select(PROTOCOLS.to_vec()),
        happenings in prop::collection::vec(happening(), 1..12),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut road = Road::begin(protocol).await;
            for happening in happenings {
                happening.happen(&road).await;
            }
            road.until_true().await;
        });
    }
}

#[tokio::test]
async fn a_disk_that_went_with_its_stick_to_another_qube_is_gone() {
    for protocol in PROTOCOLS {
        for payload in ["", "persistent=True"] {
            let mut road = Road::begin(protocol).await;
            Happening::Plug.happen(&road).await;
            Happening::Attach("block", "sys-usb+sda", "personal", payload).happen(&road).await;
            road.until_true().await;
            Happening::Attach("usb", "sys-usb+2-1", "work", "").happen(&road).await;
            let disk = port(DeviceClass::Block, "sda");
            road.until("the end of the disk", |machine| {
                machine.devices.get(&disk).is_none_or(|device| device.presence == Presence::Removed)
            })
            .await;
            road.until_true().await;
        }
    }
}

#[tokio::test]
async fn commands_travel_in_the_words_of_the_server() {
    for protocol in PROTOCOLS {
        let mut road = Road::begin(protocol).await;
        assert_eq!(road.client.known_generation(), Some(Generation::Older));
        road.control("plug stick");
        let part = port(DeviceClass::Block, "sda1");
        road.until("the stick", |machine| machine.devices.contains_key(&part)).await;
        let device = road.machine.devices[&part].info.to_ref();
        assert!(!device.id.is_told());
        let options = Options::from_iter([("read-only", "yes")]);
        let machine = road.machine.clone();
        command::attach(&*road.client, Some(&machine), &device, &name("work"), &options).await.unwrap();
        road.until_true().await;
        let again = command::attach(&*road.client, None, &device, &name("personal"), &options).await;
        assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyAttached);
        command::move_to(&*road.client, None, &device, &name("personal"), &options).await.unwrap();
        road.until_true().await;
        assert_eq!(road.control("holders block"), "block:sys-usb:sda1=personal");
        command::detach(&*road.client, &device, &name("personal")).await.unwrap();
        road.until_true().await;
    }
}

#[tokio::test]
async fn a_persistent_attachment_is_shown_as_a_required_assignment() {
    for protocol in PROTOCOLS {
        let mut road = Road::begin(protocol).await;
        road.control("plug stick");
        let stick = port(DeviceClass::Usb, "2-1");
        road.call("admin.vm.device.usb.Attach", "work", "sys-usb+2-1", "persistent=True").await;
        road.until("the assignment", |machine| {
            let device = machine.devices.get(&stick);
            device.is_some_and(|device| {
                let stored = device.assignments.iter();
                stored.map(|stored| (stored.frontend.as_str(), stored.mode)).eq([("work", Mode::Required)])
            })
        })
        .await;
    }
}

#[tokio::test]
async fn a_client_that_read_nothing_finds_out_when_it_is_refused() {
    for protocol in PROTOCOLS {
        let road = Road::begin(protocol).await;
        road.control("plug stick");
        // A client of its own knows nothing yet.
        let client = AdminClient::new(road.client.transport().clone());
        let device =
            DeviceRef { port: port(DeviceClass::Usb, "2-1"), id: device_core::name::DeviceId::untold() };
        let held = client.attached(&name("work"), &DeviceClass::Usb).await.unwrap();
        assert_eq!((held.len(), client.known_generation()), (0, Some(Generation::Older)));
        let other = AdminClient::new(road.client.transport().clone());
        command::detach(&other, &device, &name("work")).await.unwrap_err();
        assert_eq!(other.known_generation(), Some(Generation::Older));
        let denied = AdminClient::new(road.client.transport().clone()).denied(&name("work")).await;
        assert_eq!(denied.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}

#[tokio::test]
async fn an_attach_looks_for_the_holders_once_before_it() {
    for protocol in PROTOCOLS {
        let (_folder, handle, client) = served(protocol);
        handle.control("plug stick").unwrap();
        let device =
            DeviceRef { port: port(DeviceClass::Usb, "2-1"), id: device_core::name::DeviceId::untold() };
        handle.control("calls reset").unwrap();
        command::attach(&*client, None, &device, &name("work"), &Options::new()).await.unwrap();
        let calls = handle.control("calls").unwrap();
        // Seven qubes run beside dom0; the last list is the look behind the attach.
        let expected = "sum=11 admin.vm.List=1 admin.vm.device.usb.Attach=1 admin.vm.device.usb.Available=1 \
                        admin.vm.device.usb.List=8";
        assert_eq!(calls, expected, "{protocol:?}");
        let again = command::attach(&*client, None, &device, &name("personal"), &Options::new()).await;
        assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyAttached);
    }
}

#[tokio::test]
async fn a_restart_of_the_server_is_survived() {
    for protocol in PROTOCOLS {
        let mut road = Road::begin(protocol).await;
        road.control("restart");
        road.until("the loss", |machine| matches!(machine.link, Link::Lost(_))).await;
        road.until("the return", |machine| machine.link == Link::Live).await;
        road.control("plug stick");
        road.call("admin.vm.device.usb.Attach", "work", "sys-usb+2-1", "").await;
        road.until_true().await;
        assert!(road.control("holders usb").contains("usb:sys-usb:2-1=work"), "{protocol:?}");
    }
}
