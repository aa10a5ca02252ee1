//! Laws of the tree: it replicates the machine whatever the changes, and tells only what differs.

use std::collections::{BTreeMap, HashMap};

use device_bus::device::PluggedIn;
use device_bus::names::{DEVICE, ROOT};
use device_bus::property::Incoming;
use device_bus::sample;
use device_core::assignment::Options;
use device_core::device::DeviceInfo;
use device_core::error::ErrorKind;
use device_core::machine::Machine;
use device_core::name::{DeviceClass, DeviceId};
use proptest::collection::vec;
use proptest::prelude::*;
use zbus::fdo::ObjectManager;

use super::*;
use crate::manager::Manager;
use crate::testing::{Client, Fake, disk, name, socket_pair};
use crate::underway::Underway;

/// A mirror without a watcher, and a client on the other side.
async fn mirror() -> (Mirror, Client) {
    let (server, client) = socket_pair().await;
    let state = Arc::new(State::default());
    let hypervisor = Arc::new(Fake::new());
    let (nobody, _) = tokio::sync::mpsc::channel(1);
    let (_, watcher) = device_core::watcher::Watcher::new(Arc::clone(&hypervisor), nobody);
    let manager = Manager { hypervisor, state: Arc::clone(&state), watcher, underway: Underway::default() };
    server.object_server().at(ROOT, manager).await.unwrap();
    server.object_server().at(ROOT, ObjectManager).await.unwrap();
    let client = Client::on(client).await;
    (Mirror::new(server, state), client)
}

fn link() -> impl Strategy<Value = Link> {
    prop_oneof![Just(Link::Live), Just(Link::Resyncing), trouble().prop_map(Link::Lost),]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    (proptest::sample::select(&ErrorKind::ALL[..]), "[a-z ]{1,20}")
        .prop_map(|(kind, sentence)| Trouble { kind, sentence })
}

fn change() -> impl Strategy<Value = Change> {
    let reason = proptest::option::of(trouble());
    prop_oneof![
        6 => sample::device().prop_map(|device| Change::Device(device.into())),
        2 => sample::port().prop_map(Change::DeviceGone),
        4 => sample::qube().prop_map(|qube| Change::Qube(qube.into())),
        1 => sample::qube_name().prop_map(Change::QubeGone),
        1 => link().prop_map(Change::Link),
        1 => (sample::qube_name(), reason)
            .prop_map(|(name, reason)| Change::Unreadable(name, DeviceClass::Usb, reason)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_tree_replicates_the_machine(batches in vec(vec(change(), 0..6), 0..12), list_after in 0..12_usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut mirror, mut follower) = mirror().await;
            let connection = follower.connection.clone();
            let mut latecomer = None;
            let mut truth = Machine::default();
            for (turn, batch) in batches.into_iter().enumerate() {
                batch.iter().cloned().for_each(|change| truth.apply(change));
                if turn == list_after {
                    // Listing while the tree changes.
                    let (applied, listed) = tokio::join!(mirror.apply(batch), Client::on(connection.clone()));
                    applied.unwrap();
                    latecomer = Some(listed);
                } else {
                    mirror.apply(batch).await.unwrap();
                }
            }
            // The last word, so that the copies know when they have heard everything.
            let last = Link::Lost(Trouble::new(ErrorKind::Internal, "That is all."));
            truth.apply(Change::Link(last.clone()));
            mirror.apply(vec![Change::Link(last.clone())]).await.unwrap();
            for client in [Some(&mut follower), latecomer.as_mut()].into_iter().flatten() {
                client.until(|machine| machine.link == last).await;
                assert_eq!(client.replica.machine(), &truth);
            }
            follower.list().await;
            assert_eq!(follower.replica.machine(), &truth, "listed anew");
        });
    }
}

fn device() -> Device {
    let device = disk("sda");
    Device {
        info: DeviceInfo::unknown(device.port, device.id),
        presence: Presence::Present,
        attachments: BTreeMap::new(),
        assignments: Vec::new(),
    }
}

fn told(device: &Device) -> Change {
    Change::Device(Arc::new(device.clone()))
}

#[tokio::test]
async fn a_change_tells_only_what_differs() {
    let (mut mirror, mut client) = mirror().await;
    let mut device = device();
    mirror.apply(vec![told(&device)]).await.unwrap();
    client.next_signal().await;
    // The same again says nothing at all.
    mirror.apply(vec![told(&device)]).await.unwrap();
    device.attachments.insert(name("work"), [("read-only", "yes")].into_iter().collect());
    mirror.apply(vec![told(&device)]).await.unwrap();
    let signal = client.next_signal().await;
    let (interface, changed, invalidated): (String, Incoming, Vec<String>) =
        signal.body().deserialize().unwrap();
    assert_eq!(interface, DEVICE);
    assert_eq!(changed.keys().collect::<Vec<_>>(), ["Attachments"]);
    let holders: HashMap<String, HashMap<String, String>> =
        changed.into_values().next().unwrap().try_into().unwrap();
    assert_eq!(holders["work"]["read-only"], "yes");
    assert!(invalidated.is_empty());
}

#[tokio::test]
async fn another_device_on_the_port_is_another_object() {
    let (mut mirror, mut client) = mirror().await;
    let mut device = device();
    mirror.apply(vec![told(&device), Change::Link(Link::Live)]).await.unwrap();
    device.info.id = DeviceId::new("other").unwrap();
    mirror.apply(vec![told(&device)]).await.unwrap();
    let mut members = Vec::new();
    for _ in 0..4 {
        members.push(client.next_signal().await.header().member().unwrap().to_string());
    }
    assert_eq!(members, ["InterfacesAdded", "PropertiesChanged", "InterfacesRemoved", "InterfacesAdded"]);
    assert!(client.replica.plugged_in(device.port()).time().is_some(), "it was seen coming");
}

#[tokio::test]
async fn what_becomes_readable_again_was_not_plugged_in() {
    let (mut mirror, mut client) = mirror().await;
    let device = device();
    let port = device.port().clone();
    let unreadable = |why: Option<&str>| {
        Change::Unreadable(
            port.backend.clone(),
            port.class.clone(),
            why.map(|why| Trouble::new(ErrorKind::Refused, why)),
        )
    };
    mirror.apply(vec![told(&device), Change::Link(Link::Live)]).await.unwrap();
    mirror.apply(vec![unreadable(Some("It fails.")), Change::DeviceGone(port.clone())]).await.unwrap();
    mirror.apply(vec![unreadable(None), told(&device)]).await.unwrap();
    for _ in 0..6 {
        client.next_signal().await;
    }
    assert!(client.replica.machine().devices.contains_key(&port));
    assert_eq!(client.replica.plugged_in(&port), PluggedIn::BEFORE);
    mirror.apply(vec![Change::DeviceGone(port.clone()), told(&device)]).await.unwrap();
    for _ in 0..2 {
        client.next_signal().await;
    }
    assert!(client.replica.plugged_in(&port).time().is_some(), "this one was seen coming");
}

#[tokio::test]
async fn a_device_that_comes_back_to_its_holder_is_plugged_in_anew() {
    let (mut mirror, mut client) = mirror().await;
    let mut device = device();
    mirror.apply(vec![told(&device), Change::Link(Link::Live)]).await.unwrap();
    for presence in [Presence::Removed, Presence::Present] {
        device.presence = presence;
        mirror.apply(vec![told(&device)]).await.unwrap();
    }
    for _ in 0..4 {
        client.next_signal().await;
    }
    assert!(client.replica.plugged_in(device.port()).time().is_some());
}

fn part_of_sda(id: &str) -> Device {
    let mut part = device();
    part.info = DeviceInfo::unknown(disk("sda1").port, DeviceId::new(id).unwrap());
    part.info.parent = Some((DeviceClass::Block, disk("sda").port.id));
    part
}

#[tokio::test]
async fn a_partition_whose_disk_is_told_later_is_the_same_object() {
    let (mut mirror, mut client) = mirror().await;
    for id in ["0000:0000::?******:1", "a:b:1.0:1", "c:d:1.0:1"] {
        mirror.apply(vec![told(&part_of_sda(id))]).await.unwrap();
    }
    let mut members = Vec::new();
    for _ in 0..4 {
        members.push(client.next_signal().await.header().member().unwrap().to_string());
    }
    assert_eq!(members, ["InterfacesAdded", "PropertiesChanged", "InterfacesRemoved", "InterfacesAdded"]);
    let known = client.replica.machine().devices.get(&disk("sda1").port).unwrap();
    assert_eq!(known.info.id.as_str(), "c:d:1.0:1");
}

#[tokio::test]
async fn a_disk_that_is_listed_again_after_a_use_of_its_part_was_not_plugged_in() {
    let (mut mirror, mut client) = mirror().await;
    let (whole, mut part) = (device(), part_of_sda("a:b:1.0:1"));
    mirror.apply(vec![told(&whole), told(&part), Change::Link(Link::Live)]).await.unwrap();
    part.attachments.insert(name("work"), Options::new());
    mirror.apply(vec![told(&part), Change::DeviceGone(whole.port().clone())]).await.unwrap();
    part.attachments.clear();
    mirror.apply(vec![told(&part)]).await.unwrap();
    mirror.apply(vec![told(&whole)]).await.unwrap();
    for _ in 0..7 {
        client.next_signal().await;
    }
    assert!(client.replica.machine().devices.contains_key(whole.port()));
    assert_eq!(client.replica.plugged_in(whole.port()), PluggedIn::BEFORE);
}
