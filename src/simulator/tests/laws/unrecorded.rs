//! Calls that no recording holds: tags, remote qubes, names of disks that every qube has.

use qubesd_sim::{Protocol, Simulator};

use crate::harness::Served;

#[test]
fn tags_are_set_and_taken_and_told_of() {
    let server = Served::world("laptop");
    let mut work = server.greeted("work");
    let tags = || server.data("admin.vm.tag.List", "work", "", "");
    let before = tags();
    for _ in 0..2 {
        server.data("admin.vm.tag.Set", "work", "my-tag_1", "");
    }
    assert!(tags().contains("my-tag_1\n"));
    server.data("admin.vm.tag.Remove", "work", "my-tag_1", "");
    assert_eq!(tags(), before);
    let told: Vec<String> = work.drain().into_iter().map(|event| event.name).collect();
    assert_eq!(told, ["domain-tag-add:my-tag_1", "domain-tag-delete:my-tag_1"]);
    assert_eq!(
        server.call("admin.vm.tag.Remove", "work", "my-tag_1", b""),
        b"2\0QubesTagNotFoundError\0\0Tag not set for domain work: my-tag_1\0"
    );
    assert_eq!(server.call("admin.vm.tag.Set", "work", "a+b", b""), b"");
}

#[test]
fn a_remote_qube_is_neither_started_nor_given_devices() {
    for (protocol, refusal) in [
        (Protocol::R43, &b"2\0QubesException\0\0This qube doesn't support devices\0"[..]),
        (Protocol::R44, b""),
    ] {
        let server = Served::new(Simulator::load("desktop").unwrap().with_protocol(protocol));
        let state = || server.data("admin.vm.List", "office-remote", "", "");
        let before = state();
        for method in ["Start", "Kill", "Shutdown", "Pause", "Unpause"] {
            assert_eq!(server.call(&format!("admin.vm.{method}"), "office-remote", "", b""), b"", "{method}");
        }
        assert_eq!(state(), before);
        for (verb, payload) in
            [("Attach", ""), ("Detach", ""), ("Assign", "mode='required'"), ("Unassign", "")]
        {
            let method = format!("admin.vm.device.usb.{verb}");
            let reply = server.call(&method, "office-remote", "sys-usb+2-1+_", payload.as_bytes());
            assert_eq!(reply, refusal, "{verb}");
        }
    }
}

#[test]
fn no_disk_takes_the_place_of_one_that_every_qube_has() {
    let server = Served::world("laptop");
    server.play("plug stick");
    for node in ["xvda", "xvdb", "xvdc", "xvdd"] {
        let payload = format!("_frontend-dev='{node}'");
        let reply = server.call("admin.vm.device.block.Attach", "work", "sys-usb+sda", payload.as_bytes());
        assert_eq!(reply, b"", "{node}");
    }
    server.data("admin.vm.property.Set", "work", "kernel", "");
    server.data("admin.vm.device.block.Attach", "work", "sys-usb+sda", "_frontend-dev='xvdd'");
}
