//! Laws that hold after any sequence of calls and controls, legal or not.

use device_core::name::{DeviceClass, QubeName};
use device_core::wire::listing;
use device_core::wire::reply::Reply;
use proptest::prelude::*;
use qubesd_sim::{Handle, Simulator};

const QUBES: &[&str] = &[
    "dom0",
    "sys-usb",
    "sys-net",
    "work",
    "personal",
    "vault",
    "default-dvm",
    "fedora-41",
    "disp1001",
    "calls",
    "games",
    "firmware",
    "sys-usb-back",
    "fresh",
    "nosuch",
    "no such",
    "",
];
pub(crate) const WORLDS: &[&str] = &["laptop", "desktop", "workshop", "hostile"];
const CLASSES: &[&str] = &["block", "usb", "mic", "pci", "denied", "webcam"];
const DEVICES: &[&str] = &[
    "",
    "sys-usb",
    "sys-usb+2-1",
    "sys-usb+2-1+0781+5567+4C530001230101+u080650",
    "sys-usb+_+0781+5567+4C530001230101+u080650",
    "sys-usb+_+_",
    "sys-usb+sda",
    "sys-usb+sda1",
    "sys-usb+2-5",
    "dom0+mic",
    "sys-usb+video0",
    "sys-usb-back+video0",
    "sys-usb-back+3-4",
    "sys-usb-back+3-5",
    "sys-usb+1-3",
    "sys-usb+1-1.2",
    "dom0+00_01.0-00_00.0",
    "dom0+00_14.0",
    "dom0+00_1f.3",
    "dom0+nvme0n1",
    "nosuch+sda",
    "work+sda",
];
const VERBS: &[&str] = &[
    "Available",
    "Attached",
    "Assigned",
    "Attach",
    "Attach",
    "Detach",
    "Assign",
    "Unassign",
    "Set.assignment",
    "List",
    "Add",
    "Remove",
    "Nonsense",
];
const PAYLOADS: &[&str] = &[
    "",
    "mode='manual'",
    "mode='auto-attach'",
    "mode='ask-to-attach'",
    "mode='required'",
    "_read-only='yes'",
    "_frontend-dev='xvdi'",
    "_devtype='cdrom'",
    "_format='1280x720x30'",
    "required",
    "auto-attach",
    "u08****",
    "all",
    "device_id='x' port_id='",
    "\u{e9}",
    "name=fresh label=red",
    "True",
    "hvm",
];
const METHODS: &[&str] = &[
    "admin.vm.List",
    "admin.vm.CurrentState",
    "admin.vm.Start",
    "admin.vm.Start",
    "admin.vm.Shutdown",
    "admin.vm.Kill",
    "admin.vm.Pause",
    "admin.vm.Unpause",
    "admin.vm.CreateDisposable",
    "admin.vm.Create.AppVM",
    "admin.vm.Remove",
    "admin.vm.property.Get",
    "admin.vm.property.GetAll",
    "admin.vm.property.Set",
    "admin.vm.property.Reset",
    "admin.vm.feature.Set",
    "admin.vm.feature.Remove",
    "admin.vm.feature.CheckWithTemplateAndAdminVM",
    "admin.vm.tag.List",
    "admin.label.Get",
    "admin.property.GetAll",
    "admin.deviceclass.List",
];
const ARGUMENTS: &[&str] = &[
    "",
    "label",
    "netvm",
    "audiovm",
    "template_for_dispvms",
    "virt_mode",
    "xid",
    "internal",
    "red",
    "force",
    "fedora-41",
];
/// Classes with devices that are often there.
const PRESENT: &[(&str, &str)] = &[
    ("usb", "sys-usb+2-1"),
    ("usb", "sys-usb+2-5"),
    ("usb", "sys-usb-back+3-4"),
    ("usb", "sys-usb+1-3"),
    ("block", "sys-usb+sda"),
    ("block", "sys-usb+sda1"),
    ("mic", "dom0+mic"),
    ("webcam", "sys-usb-back+video0"),
    ("pci", "dom0+00_1f.3"),
];
/// Qubes that often run.
const FRONTENDS: &[&str] = &["work", "personal", "sys-net", "calls", "firmware"];
const CONTROLS: &[&str] = &[
    "plug stick",
    "unplug stick",
    "plug stick2",
    "plug camera",
    "unplug camera",
    "swap usb sys-usb 2-1 interfaces=030101:",
    "plug usb sys-usb 3-1 interfaces=zz:",
    "unplug usb sys-usb 3-1",
    "plug block sys-usb sdq parent=sdr",
    "plug block sys-usb sdr parent=sdq",
    "unplug block sys-usb sdq",
    "stop sys-usb",
    "start sys-usb",
    "stop work",
    "start work",
    "pause work",
    "unpause work",
    "fail-qrexec 1 no",
    "fail-libvirt",
    "re-enumerate sys-usb 2-1",
    "re-enumerate sys-usb 2-3 port=2-1",
    "re-enumerate sys-usb 1-3 interfaces=ff0000:",
    "re-enumerate sys-usb-back 3-4 port=3-7",
    "suspend",
    "resume",
    "suspend work",
    "resume work",
    "rename vault safe",
    "rename safe vault",
    "rename sys-usb elsewhere",
    "rename elsewhere sys-usb",
    "restart",
    "plug dock",
    "unplug dock",
    "plug board",
    "unplug board",
    "stop sys-usb-back",
    "start sys-usb-back",
    "start games",
    "stop games",
    "agent allow:work",
    "agent deny",
];

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Device(&'static str, &'static str, &'static str, &'static str, &'static str),
    Call(&'static str, &'static str, &'static str, &'static str),
    Control(&'static str),
    Bytes(Vec<u8>),
}

pub(crate) fn one(list: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(list)
}

/// A call that has every chance to change something.
fn likely() -> impl Strategy<Value = Step> {
    let deed = prop::sample::select(vec![
        ("Attach", ""),
        ("Attach", ""),
        ("Detach", ""),
        ("Assign", "mode='auto-attach'"),
        ("Assign", "mode='ask-to-attach'"),
        ("Unassign", ""),
    ]);
    (one(FRONTENDS), prop::sample::select(PRESENT), deed)
        .prop_map(|(qube, (class, device), (verb, payload))| Step::Device(qube, class, verb, device, payload))
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (one(QUBES), one(CLASSES), one(VERBS), one(DEVICES), one(PAYLOADS))
            .prop_map(|(qube, class, verb, device, payload)| Step::Device(qube, class, verb, device, payload)),
        8 => likely(),
        3 => (one(QUBES), one(METHODS), one(ARGUMENTS), one(PAYLOADS))
            .prop_map(|(qube, method, argument, payload)| Step::Call(qube, method, argument, payload)),
        4 => one(CONTROLS).prop_map(Step::Control),
        1 => prop::collection::vec(any::<u8>(), 0..80).prop_map(Step::Bytes),
    ]
}

pub(crate) fn request(handle: &Handle, method: &str, argument: &str, qube: &str, payload: &str) -> Vec<u8> {
    handle.request(format!("{method}+{argument} dom0 name {qube}\0{payload}").as_bytes())
}

fn data(handle: &Handle, method: &str, qube: &QubeName) -> Option<Vec<u8>> {
    Reply::parse(&request(handle, method, "", qube.as_str(), "")).unwrap().into_data().ok()
}

pub(crate) fn take(handle: &Handle, step: &Step) {
    let reply = match step {
        Step::Device(qube, class, verb, device, payload) => {
            request(handle, &format!("admin.vm.device.{class}.{verb}"), device, qube, payload)
        }
        Step::Call(qube, method, argument, payload) => request(handle, method, argument, qube, payload),
        Step::Bytes(bytes) => handle.request(bytes),
        Step::Control(line) => {
            // Many of them are wrong at their moment; they must say so and no more.
            let _ = handle.control(line);
            return;
        }
    };
    assert!(Reply::parse(&reply).is_ok(), "{step:?} was answered with {reply:?}");
}

/// Every list of every qube.
fn reads(handle: &Handle) -> Vec<(String, Vec<u8>)> {
    let qubes = QUBES.iter().filter(|name| QubeName::new(name).is_ok());
    let methods = ["usb", "block", "mic", "pci", "webcam"]
        .iter()
        .flat_map(|class| {
            ["Available", "Attached", "Assigned"].map(|verb| format!("admin.vm.device.{class}.{verb}"))
        })
        .chain(["admin.vm.List".to_owned()]);
    let asked: Vec<_> =
        methods.flat_map(|method| qubes.clone().map(move |qube| (method.clone(), qube))).collect();
    let answer = |(method, qube): (String, &&str)| {
        let reply = request(handle, &method, "", qube, "");
        (format!("{method} {qube}"), reply)
    };
    asked.into_iter().map(answer).collect()
}

/// A read that was kept says the same as one that is made anew: every line of control forgets what was kept.
fn check_kept(handle: &Handle) {
    let kept = reads(handle);
    handle.control("status").unwrap();
    assert_eq!(reads(handle), kept);
}

/// A qube that ended and starts again has what is assigned to it, and nothing that it had before.
fn check_started_anew(handle: &Handle) {
    let qubes = FRONTENDS.iter().filter_map(|name| QubeName::new(name).ok());
    // Those that were off, or are not there, are left alone.
    let stopped: Vec<_> = qubes.filter(|qube| handle.control(&format!("stop {qube}")).is_ok()).collect();
    check(handle);
    for qube in stopped {
        if handle.control(&format!("start {qube}")).is_err() {
            // It lacks what it requires, or was a disposable.
            continue;
        }
        for class in [DeviceClass::Usb, DeviceClass::Block, DeviceClass::Mic] {
            let list = |verb: &str| data(handle, &format!("admin.vm.device.{class}.{verb}"), &qube).unwrap();
            let assigned = listing::assigned(&list("Assigned"), &qube, &class).0;
            for held in listing::attached(&list("Attached"), &qube, &class).0 {
                let device = &held.device;
                let is_due = assigned.iter().any(|assigned| assigned.covers(&device.port, &device.id));
                assert!(is_due, "{qube} came back with {device}");
            }
        }
    }
}

/// What must be true of a machine at rest.
fn check(handle: &Handle) {
    let dom0 = QubeName::dom0();
    let list = data(handle, "admin.vm.List", &dom0).unwrap();
    let (qubes, faults) = listing::qubes(&list);
    assert_eq!(faults, []);
    let classes = listing::classes(&data(handle, "admin.deviceclass.List", &dom0).unwrap()).0;
    for class in classes {
        let mut held = Vec::new();
        let mut exposed = Vec::new();
        for qube in &qubes {
            let call = |verb: &str| data(handle, &format!("admin.vm.device.{class}.{verb}"), &qube.name);
            let attached = listing::attached(&call("Attached").unwrap(), &qube.name, &class);
            assert_eq!(attached.1, [], "{class} attached to {}", qube.name);
            assert!(
                qube.state.is_running() || attached.0.is_empty(),
                "{} is off and holds {class}",
                qube.name
            );
            held.extend(attached.0);
            assert_eq!(listing::assigned(&call("Assigned").unwrap(), &qube.name, &class).1, []);
            // A device that can't be told loses its backend's list; nothing can be compared then.
            let Some(available) = call("Available") else {
                return;
            };
            let available = listing::exposed(&available, &qube.name, &class);
            assert_eq!(available.1, [], "{class} of {}", qube.name);
            assert!(qube.state.is_running() || available.0.is_empty());
            exposed.extend(available.0);
        }
        if class == DeviceClass::Mic {
            continue;
        }
        for attachment in &held {
            let same = held.iter().filter(|other| other.device.port == attachment.device.port);
            assert_eq!(same.count(), 1, "{} has two holders", attachment.device);
            let told = exposed.iter().find(|device| device.port == attachment.device.port);
            assert!(told.is_some(), "{} is held and not told", attachment.device);
            if class != DeviceClass::Pci {
                assert_eq!(told.and_then(|device| device.holder.as_ref()), Some(&attachment.frontend));
            }
        }
        for device in exposed.iter().filter(|device| device.holder.is_some()) {
            assert!(
                held.iter().any(|attachment| attachment.device.port == device.port),
                "{} is told as attached and nobody holds it",
                device.port
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_breaks_the_machine(
        steps in prop::collection::vec(step(), 1..60),
        world in one(WORLDS),
        has_quirks in any::<bool>(),
    ) {
        let mut simulator = Simulator::load(world).unwrap();
        if has_quirks {
            simulator = simulator.with_quirks();
        }
        let handle = simulator.handle();
        for (place, step) in steps.iter().enumerate() {
            // Now and then all is read before a step, so that there is much to forget.
            let is_read = place % 16 == 15;
            if is_read {
                reads(&handle);
            }
            take(&handle, step);
            if is_read {
                check_kept(&handle);
            }
        }
        if world != "hostile" {
            // There, lists that no client can read are the point.
            check_kept(&handle);
            check(&handle);
            check_started_anew(&handle);
        }
    }
}
