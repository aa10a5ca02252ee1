//! The class `webcam`: the picture of a camera that stays in its USB qube.

use qubesd_sim::Simulator;

use crate::harness::Served;

const WORLD: &str = r#"
name = "cameras"
[[qube]]
name = "fedora"
class = "TemplateVM"
features = { "supported-rpc.qvc.WebcamAttach" = "1" }
[[qube]]
name = "sys-usb"
running = true
[[qube]]
name = "work"
template = "fedora"
running = true
[[qube]]
name = "plain"
running = true
[[usb]]
port = "2-5"
id = "04f2:b6d9"
manufacturer = "Chicony"
model = "Camera"
serial = "0001"
interfaces = ["0e0100", "0e0200"]
[[webcam]]
port = "video0"
parent = "2-5"
formats = ["1280x720x30", "640x480x30"]
"#;

fn served() -> Served {
    Served::new(Simulator::from_toml("cameras", WORLD).unwrap())
}

fn call(server: &Served, verb: &str, qube: &str, argument: &str, payload: &str) -> String {
    let reply = server.call(&format!("admin.vm.device.webcam.{verb}"), qube, argument, payload.as_bytes());
    String::from_utf8(reply).unwrap()
}

#[test]
fn a_webcam_has_the_names_of_its_camera() {
    let server = served();
    assert_eq!(
        call(&server, "Available", "sys-usb", "", ""),
        "0\0video0:04f2:b6d9:0001:u0e0100u0e0200 device_id='04f2:b6d9:0001:u0e0100u0e0200' \
         port_id='video0' devclass='webcam' backend_domain='sys-usb' manufacturer='Chicony' name='0001' \
         serial='0001' interfaces='u0e0200' parent_port_id='2-5' parent_devclass='usb' \
         _formats='1280x720x30 640x480x30'\n"
    );
    assert!(server.data("admin.deviceclass.List", "dom0", "", "").lines().any(|class| class == "webcam"));
    let laptop = Served::world("laptop");
    assert!(!laptop.data("admin.deviceclass.List", "dom0", "", "").contains("webcam"));
}

#[test]
fn a_format_must_be_one_of_the_camera() {
    let server = served();
    for (payload, message) in
        [("_format='1x1x1'", "Invalid format value"), ("_colour='red'", "Unsupported option: 'colour'")]
    {
        let reply = call(&server, "Attach", "work", "sys-usb+video0", payload);
        assert_eq!(reply, format!("2\0QubesException\0\0{message}\0"));
    }
    assert_eq!(call(&server, "Attach", "work", "sys-usb+video0", "_format='640x480x30'"), "0\0");
    assert!(call(&server, "Attached", "work", "", "").contains("_format='640x480x30'"));
    assert!(call(&server, "Available", "sys-usb", "", "").contains("attachment='work'"));
    assert!(call(&server, "Attach", "plain", "sys-usb+video0", "").contains("already attached to work"));
    assert_eq!(call(&server, "Detach", "work", "sys-usb+video0", ""), "0\0");
    assert_eq!(call(&server, "Attached", "work", "", ""), "0\0");
}

#[test]
fn a_qube_without_the_companion_is_refused() {
    let server = served();
    assert_eq!(
        call(&server, "Attach", "plain", "sys-usb+video0", ""),
        "2\0QubesException\0\0qubes-video-companion not installed in the VM\0"
    );
}

#[test]
fn a_picture_ends_with_its_camera_and_comes_back_with_it() {
    let server = served();
    call(&server, "Attach", "work", "sys-usb+video0", "");
    let mut work = server.listen("work");
    assert_eq!(work.next().name, "connection-established");
    server.data("admin.vm.device.usb.Attach", "plain", "sys-usb+2-5", "");
    assert_eq!(call(&server, "Available", "sys-usb", "", ""), "0\0");
    assert_eq!(call(&server, "Attached", "work", "", ""), "0\0");
    let told: Vec<String> = work.drain().into_iter().map(|event| event.name).collect();
    assert_eq!(told, ["device-detach:webcam"]);
    server.data("admin.vm.device.usb.Detach", "plain", "sys-usb+2-5", "");
    let line = call(&server, "Available", "sys-usb", "", "");
    assert!(line.contains("video0:") && !line.contains("attachment="), "{line}");
}

#[test]
fn a_viewer_that_stops_leaves_the_webcam_free() {
    let server = served();
    call(&server, "Attach", "work", "sys-usb+video0", "");
    server.data("admin.vm.Kill", "work", "", "");
    assert!(!call(&server, "Available", "sys-usb", "", "").contains("attachment="));
    server.data("admin.vm.Start", "work", "", "");
    call(&server, "Attach", "work", "sys-usb+video0", "");
    server.data("admin.vm.Kill", "sys-usb", "", "");
    assert_eq!(call(&server, "Attached", "work", "", ""), "0\0");
    server.data("admin.vm.Start", "sys-usb", "", "");
    assert!(!call(&server, "Available", "sys-usb", "", "").contains("attachment="));
}
