//! The built-in worlds: each is what it says it is, and the hostile one hurts nobody but those who deserve it.

use device_core::name::{DeviceClass, QubeName};
use device_core::wire::listing;
use device_core::wire::reply::Reply;
use qubesd_sim::{Handle, Simulator};

use crate::harness::Served;

fn handle(world: &str) -> Handle {
    Simulator::load(world).unwrap().handle()
}

fn reply(handle: &Handle, method: &str, qube: &str) -> Reply {
    Reply::parse(&handle.request(format!("{method}+ dom0 name {qube}\0").as_bytes())).unwrap()
}

fn data(handle: &Handle, method: &str, qube: &str) -> Vec<u8> {
    reply(handle, method, qube).into_data().unwrap()
}

fn qubes(handle: &Handle) -> Vec<QubeName> {
    let (qubes, faults) = listing::qubes(&data(handle, "admin.vm.List", "dom0"));
    assert_eq!(faults, []);
    qubes.into_iter().map(|qube| qube.name).collect()
}

fn classes(handle: &Handle) -> Vec<DeviceClass> {
    listing::classes(&data(handle, "admin.deviceclass.List", "dom0")).0
}

#[test]
fn every_peaceful_world_is_read_without_a_fault() {
    for world in qubesd_sim::world_names().filter(|world| *world != "hostile") {
        let handle = handle(world);
        let mut devices = 0;
        for name in qubes(&handle) {
            for class in classes(&handle) {
                let call =
                    |verb: &str| data(&handle, &format!("admin.vm.device.{class}.{verb}"), name.as_str());
                let exposed = listing::exposed(&call("Available"), &name, &class);
                assert_eq!(exposed.1, [], "{world}: {class} of {name}");
                devices += exposed.0.len();
                assert_eq!(listing::attached(&call("Attached"), &name, &class).1, [], "{world}: {name}");
                assert_eq!(listing::assigned(&call("Assigned"), &name, &class).1, [], "{world}: {name}");
            }
        }
        assert!(world == "empty" || devices > 10, "{world} has {devices} devices");
    }
}

#[test]
fn a_hostile_qube_never_hides_the_others() {
    let handle = handle("hostile");
    let (usb, block) = (DeviceClass::Usb, DeviceClass::Block);
    let list = |qube: &str, class: &DeviceClass| {
        let name = QubeName::new(qube).unwrap();
        listing::exposed(&data(&handle, &format!("admin.vm.device.{class}.Available"), qube), &name, class)
    };
    assert_eq!(reply(&handle, "admin.vm.device.usb.Available", "sys-usb-mute"), Reply::Empty);
    assert_eq!(list("sys-usb.copy", &usb).0.len(), 1);
    assert_eq!(list("sys-usb-many", &usb).0.len(), 1000);
    assert!(list("sys-usb", &usb).0.len() >= 18, "{:?}", list("sys-usb", &usb).1);
    assert!(list("sys-usb", &block).0.len() >= 9, "{:?}", list("sys-usb", &block).1);
}

#[test]
fn what_a_hostile_qube_says_stays_within_the_grammar() {
    let handle = handle("hostile");
    for qube in ["sys-usb", "sys-usb-many", "sys-usb.copy"] {
        for class in ["usb", "block"] {
            let bytes = data(&handle, &format!("admin.vm.device.{class}.Available"), qube);
            assert!(bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n')), "{class} of {qube}");
            assert!(bytes.len() < 4 << 20, "{class} of {qube}: {}", bytes.len());
        }
    }
}

#[test]
fn two_devices_that_say_the_same_are_two() {
    let server = Served::world("workshop");
    let usb = server.data("admin.vm.device.usb.Available", "sys-usb", "", "");
    let twins = usb.lines().filter(|line| line.contains("device_id='1a86:7523::uff0102'")).count();
    assert_eq!(twins, 2);
    assert!(usb.contains("1-1.4.2.4:") && usb.contains("attachment='firmware'"));
}

#[test]
fn a_desktop_starts_what_its_assignments_allow() {
    let server = Served::world("desktop");
    server.data("admin.vm.Start", "games", "", "");
    assert!(server.control("holders pci").contains("pci:dom0:00_01.0-00_00.1=games"));
    server.data("admin.vm.Start", "backup", "", "");
    assert!(server.control("holders block").contains("block:sys-usb:sda1=backup"));
    let list = server.data("admin.vm.device.block.Available", "sys-usb", "", "");
    assert!(!list.contains("\nsda:"), "a part in use hides the whole: {list}");
    assert!(server.control("holders usb").contains("usb:sys-usb-back:3-5=calls"));
    server.data("admin.vm.device.webcam.Attach", "calls", "sys-usb-back+video0", "");
    server.data("admin.vm.Kill", "sys-usb-back", "", "");
    assert_eq!(server.control("holders webcam"), "ok\n");
    server.data("admin.vm.Start", "sys-usb-back", "", "");
    assert!(server.control("holders usb").contains("usb:sys-usb-back:3-5=calls"), "auto-attach");
}

#[test]
fn a_board_comes_back_as_something_else() {
    let server = Served::world("workshop");
    server.play("plug board");
    let usb = |port: &str| server.data("admin.vm.device.usb.Available", "sys-usb", port, "");
    let block = || server.data("admin.vm.device.block.Available", "sys-usb", "", "");
    assert!(usb("1-6").contains("2e8a:0003:E0C9125B0D9B") && block().contains("name='RPI-RP2'"));
    server.play("unplug block sys-usb sdb1");
    server.play("unplug block sys-usb sdb");
    server.play("re-enumerate sys-usb 1-6 'desc=2e8a:000a Raspberry\\x20Pi Pico E0C9125B0D9B' interfaces=020201:0a0000:");
    assert!(usb("1-6").contains("2e8a:000a:E0C9125B0D9B:u020201u0a0000"));
    assert!(!block().contains("RPI-RP2"));
}
