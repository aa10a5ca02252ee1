//! The mirror and the commands over a real socket to a server that misbehaves: it dies in the middle of a reply, of
//! the events and of an attach, it restarts, it floods.
//!
//! The server is the simulator, in this process. Nothing here knows the mirror from the inside: what it shows is
//! compared with what the server says when it is asked anew.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use device_core::assignment::Options;
use device_core::client::AdminClient;
use device_core::command;
use device_core::device::Presence;
use device_core::error::ErrorKind;
use device_core::machine::{Change, Link, Machine};
use device_core::name::{DeviceClass, DeviceRef, Port, PortId, QubeName};
use device_core::transport::Transport;
use device_core::watcher::Watcher;
use qubesd_sim::{Handle, Simulator};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

/// Long enough for a loaded machine; a wait ends as soon as what it waits for is there.
const DEADLINE: Duration = Duration::from_secs(20);

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

fn disk() -> Port {
    Port::new(name("sys-usb"), DeviceClass::Block, PortId::new("sda").unwrap())
}

/// A simulator, its socket, and a machine that follows a watcher on it.
struct Road {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    handle: Handle,
    client: Arc<AdminClient>,
    changes: mpsc::Receiver<Vec<Change>>,
    machine: Machine,
}

impl Road {
    async fn begin() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("qubesd.sock");
        let simulator = Simulator::load("laptop").unwrap();
        let handle = simulator.handle();
        tokio::spawn(simulator.bind(&socket).unwrap().run(std::future::pending()));
        let client = Arc::new(AdminClient::new(Transport::socket(&socket)));
        let (sender, changes) = mpsc::channel(64);
        let (watcher, _refresh) = Watcher::new(Arc::clone(&client), sender);
        tokio::spawn(watcher.run());
        let mut road = Self { _folder: folder, socket, handle, client, changes, machine: Machine::default() };
        road.until("the first reading", |machine| machine.link == Link::Live).await;
        road
    }

    fn control(&self, words: &str) {
        self.handle.control(words).unwrap();
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Machine) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !holds(&self.machine) {
            let batch = timeout_at(end, self.changes.recv()).await;
            let batch =
                batch.unwrap_or_else(|_| panic!("{what} did not come; the link is {:?}", self.machine.link));
            for change in batch.unwrap() {
                self.machine.apply(change);
            }
        }
    }

    /// Waits until the mirror shows what a new one on the same server shows.
    async fn until_true(&mut self) {
        let (sender, mut changes) = mpsc::channel(64);
        let (watcher, _refresh) = Watcher::new(Arc::clone(&self.client), sender);
        let other = tokio::spawn(watcher.run());
        let mut truth = Machine::default();
        while truth.link != Link::Live {
            let batch = tokio::time::timeout(DEADLINE, changes.recv()).await.unwrap().unwrap();
            for change in batch {
                truth.apply(change);
            }
        }
        other.abort();
        let shown = |machine: &Machine| {
            let of_device = |device: &device_core::device::SharedDevice| {
                let holders: Vec<_> = device.attachments.keys().cloned().collect();
                (device.info.clone(), device.presence, holders)
            };
            let devices: Vec<_> = machine.devices.values().map(of_device).collect();
            let running: Vec<_> = machine
                .qubes
                .values()
                .filter(|qube| qube.is_running())
                .map(|qube| qube.name.clone())
                .collect();
            (devices, running, machine.link.clone(), machine.unreadable.clone())
        };
        let truth = shown(&truth);
        self.until("the truth", |machine| shown(machine) == truth).await;
    }

    async fn plug_stick(&mut self) -> DeviceRef {
        self.control("plug stick");
        self.until("the stick", |machine| machine.devices.contains_key(&disk())).await;
        self.machine.devices[&disk()].info.to_ref()
    }
}

#[tokio::test]
async fn a_reply_that_is_cut_shows_no_wrong_device_and_heals() {
    let mut road = Road::begin().await;
    // Cut after two bytes a reply is a good empty list: no reader can tell. A server that dies there ends its events
    // as well, and everything is read anew.
    for length in [1, 3, 17, 60, 150] {
        road.control(&format!("fail-next usb.Available cut {length}"));
        road.control("plug camera");
        road.until("the fault", |machine| !machine.unreadable.is_empty()).await;
        road.until_true().await;
        road.control("unplug camera");
        road.until_true().await;
    }
}

#[tokio::test]
async fn events_that_stop_or_never_come_only_delay_the_truth() {
    let mut road = Road::begin().await;
    road.control("drop-events");
    road.control("plug stick");
    road.until("the stick", |machine| machine.devices.contains_key(&disk())).await;
    road.until("the link", |machine| machine.link == Link::Live).await;
    road.control("double-events 50");
    road.control("unplug stick");
    road.control("reorder-events 6");
    road.control("plug stick");
    road.until_true().await;
}

#[tokio::test]
async fn after_a_restart_the_mirror_is_whole_again() {
    let mut road = Road::begin().await;
    let handle = road.handle.clone();
    let away = tokio::task::spawn_blocking(move || handle.control("restart 300"));
    road.until("the loss", |machine| matches!(machine.link, Link::Lost(_))).await;
    away.await.unwrap().unwrap();
    let back = Instant::now();
    road.until("the return", |machine| machine.link == Link::Live).await;
    assert!(back.elapsed() < DEADLINE);
    road.plug_stick().await;
    road.until_true().await;
}

#[tokio::test]
async fn an_attach_that_is_never_answered_is_looked_after() {
    let mut road = Road::begin().await;
    let stick = road.plug_stick().await;
    // It is done, but the connection ends without a byte, as after a refusal: a look at the device decides.
    road.control("fail-next Attach lost");
    command::attach(&*road.client, Some(&road.machine), &stick, &name("work"), &Options::new())
        .await
        .unwrap();
    road.until("the outcome", |machine| {
        machine.devices.get(&disk()).is_some_and(|device| device.attachments.contains_key(&name("work")))
    })
    .await;
}

#[tokio::test]
async fn a_device_that_was_swapped_is_not_attached() {
    let mut road = Road::begin().await;
    let stick = road.plug_stick().await;
    road.control("swap block sys-usb sda desc=\"Other (EVIL)\"");
    let outcome =
        command::attach(&*road.client, Some(&road.machine), &stick, &name("work"), &Options::new()).await;
    // A disk without a parent says nothing of itself but that: at least its id differs from the stick's.
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Changed);
    road.until_true().await;
    assert!(!road.machine.devices[&disk()].is_attached());
}

#[tokio::test]
async fn what_is_pulled_out_while_attached_leaves_nothing_untrue() {
    let mut road = Road::begin().await;
    let stick = road.plug_stick().await;
    command::attach(&*road.client, Some(&road.machine), &stick, &name("work"), &Options::new())
        .await
        .unwrap();
    road.until("the attachment", |machine| machine.devices[&disk()].is_attached()).await;
    road.control("unplug stick");
    road.until("its end", |machine| {
        machine.devices.get(&disk()).is_none_or(|device| device.presence == Presence::Removed)
    })
    .await;
    road.until_true().await;
}

#[tokio::test]
async fn without_a_server_the_mirror_says_so_and_finds_it_when_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("later.sock");
    let (sender, mut changes) = mpsc::channel(64);
    let (watcher, _refresh) = Watcher::new(Arc::new(AdminClient::new(Transport::socket(&socket))), sender);
    tokio::spawn(watcher.run());
    let mut machine = Machine::default();
    let mut follow = async |want: fn(&Machine) -> bool| {
        while !want(&machine) {
            let batch = tokio::time::timeout(DEADLINE, changes.recv()).await.unwrap().unwrap();
            for change in batch {
                machine.apply(change);
            }
        }
    };
    follow(|machine| matches!(machine.link, Link::Lost(_))).await;
    let server = Simulator::load("laptop").unwrap().bind(&socket).unwrap();
    tokio::spawn(server.run(std::future::pending()));
    follow(|machine| machine.link == Link::Live && machine.devices.len() > 10).await;
}

#[tokio::test]
async fn two_roads_do_not_meet() {
    let (one, other) = (Road::begin().await, Road::begin().await);
    assert_ne!(one.socket, other.socket);
    one.control("plug stick");
    let there = AdminClient::new(Transport::socket(&other.socket));
    let request = device_core::wire::request::Request::new("admin.vm.device.block.Available", "", "sys-usb");
    assert_eq!(there.call(&request).await.unwrap(), b"");
}
