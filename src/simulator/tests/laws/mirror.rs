//! What a client can know: a mirror that is filled once and then only reads again where events point ends up equal to
//! the machine, and no event comes without a cause.

use std::collections::{BTreeMap, BTreeSet};

use device_core::name::DeviceClass;
use device_core::scope::{Hint, Scope, stale_after};
use device_core::wire::event::Event;
use device_core::wire::listing;
use proptest::prelude::*;
use qubesd_sim::{Handle, Simulator};

use crate::harness::{Listener, Served};
use crate::random::{Step, WORLDS, one, request, step, take};

/// Controls that no event tells of: a sleeping qube is found by reading, a microphone that goes by asking for the
/// classes, and after a restart everything is read anew.
const UNTOLD: [&str; 3] = ["suspend", "resume", "restart"];
/// Controls after which the same device may be there as before, gone and come again.
const THERE_AND_BACK: [&str; 2] = ["swap", "re-enumerate"];
/// Events that say that something is otherwise than before.
const CHANGES: [&str; 7] = [
    "device-added",
    "device-removed",
    "device-attach",
    "device-detach",
    "device-assign",
    "device-unassign",
    "device-assignment-changed",
];

/// What was read of each scope: the bytes of the reply.
struct Mirror {
    handle: Handle,
    read: BTreeMap<Scope, Vec<u8>>,
    classes: Vec<DeviceClass>,
}

impl Mirror {
    fn of(handle: &Handle) -> Self {
        let classes = ["block", "mic", "pci", "usb", "webcam"].map(|name| DeviceClass::new(name).unwrap());
        let mut mirror = Self { handle: handle.clone(), read: BTreeMap::new(), classes: classes.to_vec() };
        mirror.look(&[Hint::Everything]);
        mirror
    }

    /// The scopes of the machine as the mirror knows it.
    fn scopes(&self) -> BTreeSet<Scope> {
        let data = self.read[&Scope::Qubes].strip_prefix(b"0\0").unwrap();
        let (qubes, faults) = listing::qubes(data);
        assert_eq!(faults, []);
        let mut scopes = BTreeSet::from([Scope::Qubes]);
        for name in qubes.into_iter().map(|qube| qube.name) {
            for class in &self.classes {
                scopes.insert(Scope::Exposed(name.clone(), class.clone()));
                scopes.insert(Scope::Attached(name.clone(), class.clone()));
                scopes.insert(Scope::Assigned(name.clone(), class.clone()));
            }
        }
        scopes
    }

    fn fresh(&self, scope: &Scope) -> Vec<u8> {
        let (verb, qube, class) = match scope {
            Scope::Exposed(qube, class) => ("Available", qube, class),
            Scope::Attached(qube, class) => ("Attached", qube, class),
            Scope::Assigned(qube, class) => ("Assigned", qube, class),
            _ => return request(&self.handle, "admin.vm.List", "", "dom0", ""),
        };
        request(&self.handle, &format!("admin.vm.device.{class}.{verb}"), "", qube.as_str(), "")
    }

    /// Reads again where the hints point, and what is there for the first time.
    fn look(&mut self, hints: &[Hint]) {
        let points_at = |scope: &Scope| {
            hints.iter().any(|hint| match hint {
                Hint::Everything => true,
                Hint::Scope(wanted) | Hint::Lagging(wanted) => wanted == scope,
                Hint::Class(class) => scope.class() == Some(class),
                Hint::Qube(qube) => scope.qube() == Some(qube),
            })
        };
        if points_at(&Scope::Qubes) {
            self.read.insert(Scope::Qubes, self.fresh(&Scope::Qubes));
        }
        let scopes = self.scopes();
        self.read.retain(|scope, _| scopes.contains(scope));
        for scope in scopes {
            if points_at(&scope) || !self.read.contains_key(&scope) {
                let reply = self.fresh(&scope);
                self.read.insert(scope, reply);
            }
        }
    }
}

fn is_of(step: &Step, words: &[&str]) -> bool {
    matches!(step, Step::Control(line) if words.iter().any(|word| line.starts_with(word)))
}

/// The server answers success when a USB device is given to dom0, tells of it, and does nothing.
fn is_pretence(step: &Step) -> bool {
    matches!(step, Step::Device("dom0", "usb", "Attach", ..))
}

fn changes(events: &[Event]) -> Vec<&Event> {
    events.iter().filter(|event| CHANGES.contains(&event.name.split(':').next().unwrap())).collect()
}

fn check(mirror: &mut Mirror, listener: &mut Listener, step: &Step) {
    let before = mirror.read.clone();
    let events = listener.drain();
    let mut hints: Vec<Hint> = events.iter().flat_map(stale_after).collect();
    if events.iter().any(|event| event.name.starts_with("device-list-change:")) {
        // The id of a disk follows that of its parent, which nothing tells to whoever has the disk.
        hints.push(Hint::Class(DeviceClass::Block));
    }
    let told = |name: &str| events.iter().filter(|event| event.name == name).count();
    if told("device-list-change:usb") > told("domain-qdb-change:/qubes-usb-devices") {
        // A device that can't be told ends the news there: who lost one is not told either.
        hints.push(Hint::Class(DeviceClass::Usb));
    }
    mirror.look(&hints);
    let changes = changes(&events);
    assert!(
        changes.is_empty() || before != mirror.read || is_of(step, &THERE_AND_BACK) || is_pretence(step),
        "{step:?} changed nothing and told of {changes:?}"
    );
    // A line of control forgets the replies that are kept; what was read before it must be as true.
    mirror.handle.control("status").unwrap();
    let told: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    for (scope, known) in &mirror.read {
        let truth = mirror.fresh(scope);
        assert!(
            *known == truth,
            "after {step:?}, told {told:?}, {scope:?} is known as\n{}and is\n{}",
            String::from_utf8_lossy(known),
            String::from_utf8_lossy(&truth)
        );
    }
    assert!(listener.drain().is_empty(), "reading tells nothing");
}

/// Takes the steps in that world, and looks behind each whether the mirror is as true as before.
fn follow(world: &str, steps: &[Step]) {
    let simulator = Simulator::load(world).unwrap();
    let handle = simulator.handle();
    let server = Served::new(simulator);
    let mut listener = server.greeted("dom0");
    let mut mirror = Mirror::of(&handle);
    for step in steps.iter().filter(|step| !is_of(step, &UNTOLD)) {
        take(&handle, step);
        check(&mut mirror, &mut listener, step);
    }
}

#[test]
fn a_device_that_cannot_be_told_ends_the_news_of_its_class() {
    let steps = [
        Step::Device("work", "usb", "Attach", "sys-usb+2-5", ""),
        Step::Control("plug usb sys-usb 3-1 interfaces=zz:"),
        Step::Control("re-enumerate sys-usb 2-5 interfaces=ff0000:"),
        Step::Control("unplug usb sys-usb 3-1"),
    ];
    follow("laptop", &steps);
}

#[test]
fn a_camera_that_moved_keeps_its_name() {
    let steps = [
        Step::Control("plug camera"),
        Step::Control("re-enumerate sys-usb 2-3 port=2-1"),
        Step::Control("plug camera"),
    ];
    follow("desktop", &steps);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mirror_that_follows_events_equals_the_machine(
        steps in prop::collection::vec(step(), 1..60),
        world in one(&WORLDS[..3]),
    ) {
        follow(world, &steps);
    }
}
