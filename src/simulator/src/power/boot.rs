//! What a qube needs before it can start, and what it gets with its start.
//!
//! # Source
//! Admin API facts 2.1, 5.2 and 5.5; the words of the hypervisor's library are its own.

use device_core::assignment::Mode;
use device_core::name::QubeName;
use device_core::qube::PowerState;

use crate::class::{Class, block, pci_reset_with};
use crate::later::Deed;
use crate::qube::{Disk, Stored};
use crate::refusal::{Protocol, Refusal};
use crate::state::State;

impl State {
    /// The sentence of the first required device that is missing or taken.
    fn check_required(&self, name: &QubeName) -> Result<(), String> {
        let required = self.required(name);
        for stored in &required {
            let found = self
                .resolve(stored.class, &stored.backend, stored.port.as_deref(), stored.device.as_deref())
                .unwrap_or_default();
            if found.is_empty() {
                let text = match self.protocol {
                    Protocol::R40 | Protocol::R42 => {
                        format!("{}:{}", stored.backend, stored.port.as_deref().unwrap_or_default())
                    }
                    Protocol::R43 | Protocol::R44 => stored.text(),
                };
                return Err(format!("{} device {text} not available", stored.class.capitalised()));
            }
        }
        if self.is_recorded {
            return Ok(());
        }
        let functions = self.required_functions(&required);
        if let Some(address) =
            functions.iter().find(|address| self.qubes.values().any(|qube| qube.pci.contains(address)))
        {
            return Err(start_failed(&format!("PCI device {address} is in use")));
        }
        self.check_resets(&required, &functions)
    }

    /// Functions that can only be reset together must be required together, unless the strict reset is waived. Any
    /// text but an empty one waives it, `False` included.
    fn check_resets(&self, required: &[Stored], functions: &[String]) -> Result<(), String> {
        for stored in required {
            let is_waived = stored.options.value("no-strict-reset").is_some_and(|text| !text.is_empty());
            if is_waived {
                continue;
            }
            for address in self.required_functions(std::slice::from_ref(stored)) {
                let others = pci_reset_with(self, &address);
                if let Some(other) = others.into_iter().find(|other| !functions.contains(other)) {
                    return Err(start_failed(&format!(
                        "Unable to reset PCI device {address}: internal error: Active {other} devices on bus with \
                         {address}, not doing bus reset"
                    )));
                }
            }
        }
        Ok(())
    }

    /// The machine after its own start, with what was stored: what is assigned to those who run is attached, and what
    /// belongs to qubes that are no more is free. Nobody listens yet.
    pub(crate) fn power_on(&mut self) {
        self.forget_the_gone();
        self.look_around();
        let running: Vec<QubeName> =
            self.qubes.values().filter(|qube| qube.is_running()).map(|qube| qube.name.clone()).collect();
        for qube in self.qubes.values_mut() {
            qube.pci.clear();
        }
        for name in running {
            let required = self.required(&name);
            let mut pci = self.required_functions(&required);
            pci.retain(|address| !self.qubes.values().any(|other| other.pci.contains(address)));
            if let Some(qube) = self.qubes.get_mut(&name) {
                qube.pci = pci;
            }
            self.attach_assigned(&name, |_| true);
        }
        self.left.forget();
    }

    fn forget_the_gone(&mut self) {
        let names: std::collections::BTreeSet<QubeName> = self.qubes.keys().cloned().collect();
        let hardware = &mut self.hardware;
        hardware.usb.retain(|(backend, _), _| names.contains(backend));
        hardware.block.retain(|(backend, _), _| names.contains(backend));
        hardware.webcam.retain(|(backend, _), _| names.contains(backend));
        for plug in hardware.usb.values_mut() {
            plug.holder = plug.holder.take().filter(|holder| names.contains(holder));
        }
        for plug in hardware.webcam.values_mut() {
            plug.viewer = plug.viewer.take().filter(|viewer| names.contains(&viewer.qube));
        }
        for qube in self.qubes.values_mut() {
            qube.assignments.retain(|stored| names.contains(&stored.backend));
            qube.disks.retain(|disk| names.contains(&disk.backend));
        }
    }

    fn required(&self, name: &QubeName) -> Vec<Stored> {
        self.qube(name)
            .map(|qube| {
                qube.assignments.iter().filter(|stored| stored.mode == Mode::Required).cloned().collect()
            })
            .unwrap_or_default()
    }

    fn required_functions(&self, required: &[Stored]) -> Vec<String> {
        required
            .iter()
            .filter(|stored| stored.class == Class::Pci)
            .flat_map(|stored| {
                self.resolve(Class::Pci, &stored.backend, stored.port.as_deref(), stored.device.as_deref())
                    .unwrap_or_default()
            })
            .flat_map(|device| device.data)
            .filter(|(key, _)| *key == "sbdf")
            .map(|(_, address)| address)
            .collect()
    }

    /// Boots a qube whose start has been told of, when what it requires is there. It comes up at once, or later when a
    /// start takes time.
    pub(crate) fn boot(&mut self, name: &QubeName) -> Result<(), Refusal> {
        if let Err(reason) = self.check_required(name) {
            return Err(self.start_failed(name, Refusal::exception("QubesException", reason)));
        }
        let xid = self.spawn(name)?;
        if self.pace.start.is_zero() {
            return self.come_up(name, xid);
        }
        self.left.later(self.pace.start, Deed::Run(name.clone(), xid));
        Ok(())
    }

    /// Has the hypervisor make the qube, and gives its number there.
    fn spawn(&mut self, name: &QubeName) -> Result<u32, Refusal> {
        let required = self.required(name);
        let pci = self.required_functions(&required);
        let disks = self.required_disks(name, &required);
        let xid = self.next_xid;
        self.next_xid += 1;
        self.emit(name, "domain-verify-files", &[]);
        self.emit(name, "domain-pre-spawn", &[("start_guid", "True")]);
        self.tell_ids_reset(name);
        let qube = self.known_mut(name)?;
        qube.power = PowerState::Transient;
        qube.xid = Some(xid);
        qube.has_microphone = false;
        qube.pci = pci;
        qube.disks = disks;
        self.emit(name, "domain-spawn", &[("start_guid", "True")]);
        self.emit(name, "domain-qdb-create", &[]);
        self.emit(name, "domain-pre-unpaused", &[]);
        self.emit(name, "domain-unpaused", &[]);
        Ok(xid)
    }

    /// A qube that was made is up: it finds its devices and gets what is assigned to it.
    pub(crate) fn come_up(&mut self, name: &QubeName, xid: u32) -> Result<(), Refusal> {
        if !self.is_same_run(name, xid) {
            let gone = Refusal::exception("QubesException", start_failed("the domain is gone"));
            return Err(if self.qube(name).is_some() { self.start_failed(name, gone) } else { gone });
        }
        let qube = self.known_mut(name)?;
        if qube.power == PowerState::Transient {
            qube.power = PowerState::Running;
        }
        self.emit(name, "domain-start", &[("start_guid", "True")]);
        self.discover(name);
        self.attach_assigned(name, |_| true);
        Ok(())
    }

    /// Disks that are part of the boot configuration, with the names they get there.
    fn required_disks(&self, name: &QubeName, required: &[Stored]) -> Vec<Disk> {
        let Some(mut qube) = self.qube(name).cloned() else {
            return Vec::new();
        };
        for stored in required.iter().filter(|stored| stored.class == Class::Block) {
            let found = self
                .resolve(Class::Block, &stored.backend, stored.port.as_deref(), stored.device.as_deref())
                .unwrap_or_default();
            let Some(device) = found.into_iter().find(|device| device.holder.is_none()) else {
                continue;
            };
            let given = stored.options.value("frontend-dev").map(str::to_owned);
            let Some(node) = given.or_else(|| block::free_node(&qube, false)) else {
                continue;
            };
            let key = (device.backend.clone(), device.port.clone());
            let is_fixed = self.hardware.block.get(&key).is_some_and(|plug| plug.mode == "r");
            qube.disks.push(Disk {
                backend: device.backend,
                port: device.port,
                node,
                is_read_only: is_fixed || stored.options.is_read_only(),
                is_cdrom: stored.options.value("devtype") == Some("cdrom"),
            });
        }
        qube.disks
    }
}

/// What the server says when the hypervisor's library refuses a start.
fn start_failed(reason: &str) -> String {
    format!("Start failed: internal error: {reason}, see /var/log/libvirt/libxl/libxl-driver.log for details")
}
