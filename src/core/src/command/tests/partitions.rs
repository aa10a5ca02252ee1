//! Commands on partitions: while one is in use, its disk is not listed, and all parts of the disk are called otherwise.

use std::sync::Mutex;

use super::fake::{NoHints, name, run};
use super::*;
use crate::assignment::{Attachment, Mode};
use crate::device::DeviceInfo;
use crate::name::{DeviceClass, DeviceId, Port, PortId};
use crate::scope::{Scope, ScopeReply};

const STICK: &str = "0781:5567:4C53:u080650";
const PARTS: [&str; 2] = ["sda1", "sda2"];

/// A stick in sys-usb with a disk of two partitions, as the real server tells of it.
struct Stick(Mutex<State>);

struct State {
    id: &'static str,
    holders: [Option<QubeName>; 2],
    refuses_next: bool,
    /// The ids under which something was asked of the server.
    asked: Vec<String>,
}

fn port(class: DeviceClass, id: &str) -> Port {
    Port::new(name("sys-usb"), class, PortId::new(id).unwrap())
}

fn part(id: &str, device: &str) -> DeviceRef {
    DeviceRef { port: port(DeviceClass::Block, id), id: DeviceId::new(device).unwrap() }
}

/// What a person saw while nothing was in use.
fn seen(id: &str) -> DeviceRef {
    part(id, &format!("{STICK}:1.0:{}", &id[3..]))
}

impl State {
    fn disks(&self) -> Vec<DeviceInfo> {
        let is_used = self.holders.iter().any(Option::is_some);
        let above = if is_used { "0000:0000::?******".to_owned() } else { format!("{}:1.0", self.id) };
        let mut disks = Vec::new();
        for (id, holder) in PARTS.into_iter().zip(&self.holders) {
            let told = part(id, &format!("{above}:{}", &id[3..]));
            let mut info = DeviceInfo::unknown(told.port, told.id);
            info.parent = Some((DeviceClass::Block, PortId::new("sda").unwrap()));
            info.holder.clone_from(holder);
            disks.push(info);
        }
        if !is_used {
            let mut disk =
                DeviceInfo::unknown(port(DeviceClass::Block, "sda"), DeviceId::new(&above).unwrap());
            disk.parent = Some((DeviceClass::Usb, PortId::new("2-1").unwrap()));
            disks.push(disk);
        }
        disks
    }
}

impl Stick {
    fn held(holders: [Option<&str>; 2]) -> Self {
        let holders = holders.map(|holder| holder.map(name));
        Self(Mutex::new(State { id: STICK, holders, refuses_next: false, asked: Vec::new() }))
    }

    fn holders(&self) -> [Option<String>; 2] {
        self.0.lock().unwrap().holders.clone().map(|holder| Some(holder?.to_string()))
    }
}

impl Hypervisor for Stick {
    type Hints = NoHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        let state = self.0.lock().unwrap();
        Ok(match scope {
            Scope::Exposed(_, DeviceClass::Usb) => {
                let id = DeviceId::new(state.id).unwrap();
                ScopeReply::Exposed(vec![DeviceInfo::unknown(port(DeviceClass::Usb, "2-1"), id)])
            }
            Scope::Exposed(..) => ScopeReply::Exposed(state.disks()),
            Scope::Attached(frontend, _) => {
                let held = state.disks().into_iter().filter(|info| info.holder.as_ref() == Some(frontend));
                let attachment = |info: DeviceInfo| Attachment {
                    device: info.to_ref(),
                    frontend: frontend.clone(),
                    mode: Mode::Manual,
                    options: Options::new(),
                };
                ScopeReply::Attached(held.map(attachment).collect())
            }
            _ => return Err(Error::new(ErrorKind::Unsupported, "not asked in these tests")),
        })
    }

    async fn subscribe(&self) -> Result<NoHints, Error> {
        Ok(NoHints)
    }

    async fn perform(&self, action: &Action) -> Result<Performed, Error> {
        let mut state = self.0.lock().unwrap();
        let (device, holder) = match action {
            Action::Attach { device, frontend, .. } => (device, Some(frontend.clone())),
            Action::Detach { device, .. } => (device, None),
            _ => return Err(Error::new(ErrorKind::Unsupported, "not asked in these tests")),
        };
        state.asked.push(device.id.to_string());
        if !state.disks().iter().any(|info| info.to_ref() == *device) {
            return Err(Error::new(ErrorKind::Refused, "It is another device."));
        }
        if holder.is_some() && std::mem::take(&mut state.refuses_next) {
            return Err(Error::new(ErrorKind::Refused, "No free device node."));
        }
        let which = PARTS.iter().position(|id| *id == device.port.id.as_str()).unwrap();
        state.holders[which] = holder;
        Ok(Performed::Done)
    }
}

#[test]
fn a_partition_that_was_attached_is_not_another_one() {
    let stick = Stick::held([None, None]);
    run(attach(&stick, None, &seen("sda1"), &name("work"), &Options::new())).unwrap();
    assert_eq!(stick.holders(), [Some("work".into()), None]);
    run(detach(&stick, &seen("sda1"), &name("work"))).unwrap();
    assert_eq!(stick.holders(), [None, None]);
}

#[test]
fn the_server_is_asked_for_a_partition_by_what_it_calls_it_now() {
    let stick = Stick::held([Some("work"), None]);
    run(attach(&stick, None, &seen("sda2"), &name("vault"), &Options::new())).unwrap();
    assert_eq!(stick.holders(), [Some("work".into()), Some("vault".into())]);
    assert_eq!(stick.0.lock().unwrap().asked, ["0000:0000::?******:2"]);
}

#[test]
fn a_partition_moves_and_comes_back_although_it_is_called_otherwise_in_between() {
    for called in [seen("sda1"), part("sda1", "0000:0000::?******:1")] {
        let stick = Stick::held([Some("work"), None]);
        run(move_to(&stick, None, &called, &name("vault"), &Options::new())).unwrap();
        assert_eq!(stick.holders(), [Some("vault".into()), None], "{called}");
        stick.0.lock().unwrap().refuses_next = true;
        let error = run(move_to(&stick, None, &called, &name("work"), &Options::new())).unwrap_err();
        assert!(error.sentence().ends_with("It is back in vault."), "{error}");
        assert_eq!(stick.holders(), [Some("vault".into()), None], "{called}");
    }
}

#[test]
fn a_partition_of_another_stick_is_another_one() {
    let stick = Stick::held([Some("work"), None]);
    stick.0.lock().unwrap().id = "1234:5678::u080650";
    let error = run(attach(&stick, None, &seen("sda2"), &name("vault"), &Options::new())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert_eq!(stick.0.lock().unwrap().asked, [""; 0]);
}

#[test]
fn a_partition_whose_disk_nobody_saw_is_not_exchanged_for_one_of_another_stick() {
    let stick = Stick::held([None, None]);
    stick.0.lock().unwrap().id = "1234:5678::u080650";
    let seen_open = part("sda1", "0000:0000::?******:1");
    for outcome in [
        run(check(&stick, None, &seen_open, &name("work"))),
        run(attach(&stick, None, &seen_open, &name("work"), &Options::new())),
        run(move_to(&stick, None, &seen_open, &name("work"), &Options::new())),
    ] {
        assert_eq!(outcome, Err(Error::changed(&seen_open.port)));
    }
    assert_eq!(stick.0.lock().unwrap().asked, [""; 0]);
}

#[test]
fn a_partition_whose_disk_nobody_saw_is_attached_while_it_is_called_so() {
    let stick = Stick::held([None, Some("vault")]);
    let seen_open = part("sda1", "0000:0000::?******:1");
    run(attach(&stick, None, &seen_open, &name("work"), &Options::new())).unwrap();
    run(detach(&stick, &seen_open, &name("work"))).unwrap();
    assert_eq!(stick.holders(), [None, Some("vault".into())]);
}
