//! Qubes start, stop, pause, come and go.
//!
//! Each change tells its events in the real server's order; the devices follow in `hotplug`.
//!
//! # Source
//! Admin API facts 2.1, 4.3 and 5.1; the order is that of the recordings.

mod boot;
mod rename;
mod sleep;

use std::time::Duration;

use device_core::name::QubeName;
use device_core::qube::{PowerState, QubeClass};

use crate::later::Deed;
use crate::qube::Qube;
use crate::refusal::Refusal;
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
        if !qube.has_devices() {
            // There is nothing here to start of a remote qube; the real server fails over it.
            return Err(Refusal::Crash);
        }
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
            self.start_within(&network, depth - 1).map_err(|refusal| self.start_failed(name, refusal))?;
            if !self.pace.start.is_zero() {
                self.left.later(Duration::ZERO, Deed::Boot(name.clone()));
                return Ok(());
            }
        }
        self.boot(name)
    }

    /// Tells that a start which has been told of failed.
    fn start_failed(&mut self, name: &QubeName, refusal: Refusal) -> Refusal {
        self.emit(name, "domain-start-failed", &[("reason", refusal.sentence())]);
        refusal
    }

    fn tell_ids_reset(&mut self, name: &QubeName) {
        for property in ["xid", "stubdom_xid", "start_time"] {
            self.emit(name, &format!("property-reset:{property}"), &[("name", property)]);
        }
    }

    /// Ends a qube as when its power is cut: no question is asked.
    pub(crate) fn stop(&mut self, name: &QubeName) -> Result<(), Refusal> {
        let qube = self.known_mut(name)?;
        if !qube.has_devices() {
            return Err(Refusal::Crash);
        }
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
            _ if !qube.has_devices() => return Err(Refusal::Crash),
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
        match self.qube(name).and_then(|qube| qube.xid) {
            Some(xid) if !self.pace.shutdown.is_zero() => {
                self.left.later(self.pace.shutdown, Deed::Halt(name.clone(), xid));
                Ok(())
            }
            _ => self.stop(name),
        }
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
        if !qube.has_devices() {
            return Err(Refusal::Crash);
        }
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
