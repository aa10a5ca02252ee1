//! Qubes start, stop, pause, come and go.
//!
//! Each change tells its events in the real server's order; the devices follow in `hotplug`.
//!
//! # Source
//! Admin API facts 2.1, 4.3 and 5.1; the order is that of the recordings.

use device_core::assignment::Mode;
use device_core::name::QubeName;
use device_core::qube::{PowerState, QubeClass};

use crate::class::{Class, block};
use crate::qube::{Disk, Qube, Stored};
use crate::refusal::{Protocol, Refusal};
use crate::state::State;

/// How deep a chain of network qubes is started; a ring of them must end.
const NETWORKS_MAX: usize = 16;

impl State {
    /// Starts a qube and all it needs. One that runs already is left as it is.
    pub(crate) fn start(&mut self, name: &QubeName) -> Result<(), Refusal> {
        self.start_within(name, NETWORKS_MAX)
    }

    fn start_within(&mut self, name: &QubeName, depth: usize) -> Result<(), Refusal> {
        if name.is_dom0() {
            return Err(Refusal::exception("QubesVMNotHaltedError", "Cannot start Dom0 fake domain!"));
        }
        let qube = self.known(name)?;
        if qube.is_running() {
            return Ok(());
        }
        if let Some(reason) = qube.features.get("prohibit-start").filter(|text| !text.is_empty()) {
            return Err(Refusal::exception(
                "QubesException",
                format!("Qube start is prohibited. Rationale: {reason}"),
            ));
        }
        self.emit(name, "domain-pre-start", &[("start_guid", "True"), ("mem_required", "None")]);
        let network = self.qube(name).and_then(|qube| self.qube_property(qube, "netvm"));
        if let Some(network) = network.filter(|network| depth > 0 && !self.is_running(network)) {
            self.start_within(&network, depth - 1)?;
        }
        if let Err(reason) = self.check_required(name) {
            self.emit(name, "domain-start-failed", &[("reason", &reason)]);
            return Err(Refusal::exception("QubesException", reason));
        }
        self.boot(name)?;
        self.discover(name);
        self.attach_assigned(name);
        Ok(())
    }

    /// The sentence of the first required device that is missing or taken.
    fn check_required(&self, name: &QubeName) -> Result<(), String> {
        let required = self.required(name);
        for stored in &required {
            let found = self
                .resolve(stored.class, &stored.backend, stored.port.as_deref(), stored.device.as_deref())
                .unwrap_or_default();
            if found.is_empty() {
                let text = match self.protocol {
                    Protocol::R42 => {
                        format!("{}:{}", stored.backend, stored.port.as_deref().unwrap_or_default())
                    }
                    Protocol::R43 | Protocol::R44 => stored.text(),
                };
                return Err(format!("{} device {text} not available", stored.class.capitalised()));
            }
        }
        let taken = self
            .required_functions(&required)
            .into_iter()
            .find(|address| self.qubes.values().any(|qube| qube.pci.contains(address)));
        match taken {
            Some(address) if !self.is_recorded => Err(format!(
                "Start failed: internal error: PCI device {address} is in use, see \
                 /var/log/libvirt/libxl/libxl-driver.log for details"
            )),
            _ => Ok(()),
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

    fn boot(&mut self, name: &QubeName) -> Result<(), Refusal> {
        let required = self.required(name);
        let pci = self.required_functions(&required);
        let disks = self.required_disks(name, &required);
        let xid = self.next_xid;
        self.next_xid += 1;
        self.emit(name, "domain-verify-files", &[]);
        self.emit(name, "domain-pre-spawn", &[("start_guid", "True")]);
        self.tell_ids_reset(name);
        let qube = self.known_mut(name)?;
        qube.power = PowerState::Running;
        qube.xid = Some(xid);
        qube.has_microphone = false;
        qube.pci = pci;
        qube.disks = disks;
        self.emit(name, "domain-spawn", &[("start_guid", "True")]);
        self.emit(name, "domain-qdb-create", &[]);
        self.emit(name, "domain-pre-unpaused", &[]);
        self.emit(name, "domain-unpaused", &[]);
        self.emit(name, "domain-start", &[("start_guid", "True")]);
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

    fn tell_ids_reset(&mut self, name: &QubeName) {
        for property in ["xid", "stubdom_xid", "start_time"] {
            self.emit(name, &format!("property-reset:{property}"), &[("name", property)]);
        }
    }

    /// Ends a qube as when its power is cut: no question is asked.
    pub(crate) fn stop(&mut self, name: &QubeName) -> Result<(), Refusal> {
        let qube = self.known_mut(name)?;
        if name.is_dom0() || !qube.is_running() {
            return Err(powered_off(name));
        }
        qube.power = PowerState::Halted;
        qube.xid = None;
        self.emit(name, "domain-stopped", &[]);
        self.tell_ids_reset(name);
        self.emit(name, "domain-shutdown", &[]);
        self.stopped(name);
        let is_disposable = self
            .qube(name)
            .and_then(|qube| self.property_text(qube, "auto_cleanup"))
            .is_some_and(|word| word == "True");
        if is_disposable {
            self.remove(name);
        }
        Ok(())
    }

    /// Asks a qube to end.
    pub(crate) fn shutdown(&mut self, name: &QubeName, is_forced: bool) -> Result<(), Refusal> {
        let qube = self.known(name)?;
        if name.is_dom0() {
            return Err(Refusal::exception("QubesVMNotHaltedError", "Cannot shutdown Dom0 fake domain!"));
        }
        match qube.power {
            PowerState::Halted => return Err(powered_off(name)),
            PowerState::Paused if !is_forced => {
                return Err(Refusal::exception(
                    "QubesVMNotRunningError",
                    format!("Domain not running (either powered off or paused): '{name}'"),
                ));
            }
            _ => {}
        }
        if !is_forced {
            self.check_unused(name)?;
        }
        let forced = if is_forced { "True" } else { "False" };
        self.emit(name, "domain-pre-shutdown", &[("force", forced)]);
        self.stop(name)
    }

    fn check_unused(&self, name: &QubeName) -> Result<(), Refusal> {
        let users = |property: &str| {
            let names: Vec<&str> = self
                .qubes
                .values()
                .filter(|qube| qube.is_running() && qube.name != *name)
                .filter(|qube| self.qube_property(qube, property).as_ref() == Some(name))
                .map(|qube| qube.name.as_str())
                .collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        if let Some(names) = users("netvm") {
            return Err(Refusal::exception(
                "QubesVMError",
                format!("There are other VMs connected to this VM: {names}"),
            ));
        }
        for (property, word) in [("audiovm", "AudioVM"), ("guivm", "GuiVM")] {
            if let Some(names) = users(property) {
                return Err(Refusal::exception(
                    "QubesVMInUseError",
                    format!("There are running VMs using this VM as {word}: {names}"),
                ));
            }
        }
        Ok(())
    }

    /// Pauses a qube that runs.
    pub(crate) fn pause(&mut self, name: &QubeName) -> Result<(), Refusal> {
        self.switch(name, PowerState::Running, PowerState::Paused, "domain-paused")
    }

    /// Lets a paused qube go on.
    pub(crate) fn unpause(&mut self, name: &QubeName) -> Result<(), Refusal> {
        self.switch(name, PowerState::Paused, PowerState::Running, "domain-unpaused")
    }

    fn switch(
        &mut self,
        name: &QubeName,
        from: PowerState,
        to: PowerState,
        event: &str,
    ) -> Result<(), Refusal> {
        let qube = self.known_mut(name)?;
        if qube.power == PowerState::Halted || name.is_dom0() {
            return Err(powered_off(name));
        }
        if qube.power != from {
            let (class, word) = match from {
                PowerState::Paused => ("QubesVMNotPausedError", "Domain is not paused"),
                _ => ("QubesVMNotRunningError", "Domain not running (either powered off or paused)"),
            };
            return Err(Refusal::exception(class, format!("{word}: '{name}'")));
        }
        qube.power = to;
        self.emit(name, event, &[]);
        Ok(())
    }

    /// Adds a halted qube.
    pub(crate) fn add(&mut self, name: &QubeName, class: QubeClass) {
        let qid = self.next_qid;
        self.next_qid += 1;
        let uuid = format!("c0ffee00-0000-4000-8000-{qid:012x}");
        self.qubes.insert(name.clone(), Qube::new(name.clone(), class, qid, uuid));
        self.emit_global("domain-add", &[("vm", name.as_str())]);
    }

    /// Removes a halted qube for good.
    pub(crate) fn remove(&mut self, name: &QubeName) {
        self.emit_global("domain-pre-delete", &[("vm", name.as_str())]);
        self.qubes.remove(name);
        self.seen.retain(|(backend, _), _| backend != name);
        self.hardware.usb.retain(|(backend, _), _| backend != name);
        self.hardware.block.retain(|(backend, _), _| backend != name);
        self.hardware.webcam.retain(|(backend, _), _| backend != name);
        for qube in self.qubes.values_mut() {
            qube.assignments.retain(|stored| stored.backend != *name);
        }
        self.emit_global("domain-delete", &[("vm", name.as_str())]);
    }
}

/// The exception for what needs a qube that is not off.
pub(crate) fn powered_off(name: &QubeName) -> Refusal {
    Refusal::exception("QubesVMNotStartedError", format!("Domain is powered off: '{name}'"))
}
