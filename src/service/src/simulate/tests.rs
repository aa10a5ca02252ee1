//! The service on the simulator: the way of a device from the socket to the bus and back.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;

use device_bus::error;
use device_bus::manager::Source;
use device_core::client::AdminClient;
use device_core::device::Presence;
use device_core::error::ErrorKind;
use device_core::machine::{Link, Machine};
use device_core::name::{DeviceClass, DeviceRef, Port, PortId};
use qubesd_sim::Handle;
use zbus::zvariant::Value;

use super::*;
use crate::testing::{Client, name, plain, within, words};

/// A client of a service on the laptop, and a hand on the laptop.
async fn laptop() -> (Client, Handle, Simulation) {
    let folder = private_folder().unwrap();
    let simulator = Simulator::load("laptop").unwrap();
    let handle = simulator.handle();
    let server = simulator.bind(&socket_in(&folder)).unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    let simulation = Simulation { folder, stop, serving };
    let client = Client::of(AdminClient::new(simulation.transport())).await;
    (client, handle, simulation)
}

fn port(class: DeviceClass, id: &str) -> Port {
    Port::new(name("sys-usb"), class, PortId::new(id).unwrap())
}

fn seen(machine: &Machine, port: &Port) -> DeviceRef {
    machine.devices.get(port).unwrap().info.to_ref()
}

fn is_held(machine: &Machine, port: &Port, holder: &str) -> bool {
    machine.devices.get(port).is_some_and(|device| device.attachments.contains_key(&name(holder)))
}

#[tokio::test]
async fn a_stick_goes_its_whole_way() {
    let (mut client, laptop, simulation) = laptop().await;
    let manager = client.manager().await;
    let (stick, disk) = (port(DeviceClass::Usb, "2-1"), port(DeviceClass::Block, "sda"));
    laptop.control("plug stick").unwrap();
    client.until(|machine| machine.devices.contains_key(&stick) && machine.devices.contains_key(&disk)).await;
    assert!(client.replica.plugged_in(&disk).time().is_some());

    let device = seen(client.replica.machine(), &disk);
    let (path, id) = words(&device);
    let read_only = HashMap::from([("read-only", Value::from(true))]);
    within(manager.attach(&path, id, "work", read_only)).await.unwrap();
    client
        .until(|machine| {
            let options = machine.devices.get(&disk).and_then(|device| device.attachments.get(&name("work")));
            options.is_some_and(device_core::assignment::Options::is_read_only)
        })
        .await;

    within(manager.move_to(&path, id, "personal", plain())).await.unwrap();
    client.until(|machine| is_held(machine, &disk, "personal")).await;
    laptop.control("unplug stick").unwrap();
    client.until(|machine| !machine.devices.contains_key(&stick)).await;
    let left = client.replica.machine().devices.get(&disk);
    assert!(left.is_none_or(|device| device.presence == Presence::Removed));
    simulation.end().await;
}

#[tokio::test]
async fn a_check_sees_a_swap_of_which_no_event_told() {
    let (mut client, laptop, simulation) = laptop().await;
    let manager = client.manager().await;
    let stick = port(DeviceClass::Usb, "2-1");
    laptop.control("plug stick").unwrap();
    client.until(|machine| machine.devices.contains_key(&stick)).await;
    client.until(|machine| machine.link == Link::Live).await;
    let device = seen(client.replica.machine(), &stick);
    let (path, id) = words(&device);
    within(manager.check(&path, id, "work", plain())).await.unwrap();
    assert_eq!(laptop.control("holders usb").unwrap(), "", "a check attaches nothing");

    laptop.control("lose-events 10000").unwrap();
    laptop.control("swap usb sys-usb 2-1 desc=\"1234:abcd Other Other\" interfaces=080650:").unwrap();
    let swapped = error::from_bus(&within(manager.check(&path, id, "work", plain())).await.unwrap_err());
    assert_eq!(swapped.kind(), ErrorKind::Changed, "{swapped}");

    simulation.end().await;
    let gone = error::from_bus(&within(manager.check(&path, id, "work", plain())).await.unwrap_err());
    assert!(matches!(gone.kind(), ErrorKind::Unreachable | ErrorKind::Busy), "{gone:?}");
}

#[tokio::test]
async fn a_name_made_to_deceive_arrives_as_harmless_text() {
    let (mut client, laptop, simulation) = laptop().await;
    let stick = port(DeviceClass::Usb, "2-3");
    let desc = r"1234:5678 <b>%s'\xe2\x80\xaex\x00 `id`\x20$(x)\x1b[2J 1'2";
    laptop.control(&format!("plug usb sys-usb 2-3 desc=\"{desc}\" interfaces=080650:")).unwrap();
    client.until(|machine| machine.devices.contains_key(&stick)).await;
    let device = client.replica.machine().devices.get(&stick).unwrap();
    let names = &device.info.names;
    let texts = [&names.vendor, &names.product, &names.manufacturer, &names.name, &names.serial];
    for text in texts.into_iter().flatten() {
        assert!(!text.as_str().chars().any(|c| c.is_control() || c == '\u{202e}'), "{text}");
    }
    simulation.end().await;
}

#[tokio::test]
async fn a_server_that_dies_during_an_attach_is_believed_by_what_it_did() {
    let (mut client, laptop, simulation) = laptop().await;
    let manager = client.manager().await;
    laptop.control("plug stick").unwrap();
    let stick = port(DeviceClass::Usb, "2-1");
    client.until(|machine| machine.devices.contains_key(&stick)).await;
    let device = seen(client.replica.machine(), &stick);
    let (path, id) = words(&device);
    laptop.control("fail-next device.usb.Attach cut 1").unwrap();
    within(manager.attach(&path, id, "work", plain())).await.unwrap();
    client.until(|machine| is_held(machine, &stick, "work")).await;
    simulation.end().await;
}

#[tokio::test]
async fn every_face_can_tell_that_nothing_is_real() {
    let (mut client, _laptop, simulation) = laptop().await;
    while client.replica.source() == Source::Qubesd {
        client.next_signal().await;
    }
    assert_eq!(client.replica.source(), Source::Simulator("laptop".into()));
    simulation.end().await;
}

#[tokio::test]
async fn a_simulator_that_goes_and_comes_is_followed() {
    let (mut client, laptop, simulation) = laptop().await;
    laptop.control("drop-events").unwrap();
    client.until(|machine| matches!(machine.link, Link::Lost(_))).await;
    client.until(|machine| machine.link == Link::Live).await;
    laptop.control("plug camera").unwrap();
    client
        .until(|machine| machine.devices.values().any(|device| device.info.category().as_str() == "Camera"))
        .await;
    simulation.end().await;
}

#[tokio::test]
async fn its_socket_is_private_and_goes_with_it() {
    let simulation = Simulation::begin("empty").unwrap();
    let folder = simulation.folder.clone();
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, PRIVATE);
    simulation.end().await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn an_unknown_world_is_an_obstacle() {
    assert!(Simulation::begin("nosuch").is_err());
}
