//! Suspend and resume: qubes sleep while the machine does.
//!
//! # Source
//! Admin API facts 2.1, 4.3 and 5.3. No event tells that a qube went to sleep.

use device_core::name::QubeName;
use device_core::qube::PowerState;

use super::powered_off;
use crate::class::Class;
use crate::refusal::Refusal;
use crate::state::State;

impl State {
    /// Puts a running qube to sleep. Whoever listens hears nothing of it.
    pub(crate) fn suspend(&mut self, name: &QubeName) -> Result<(), Refusal> {
        let qube = self.known_mut(name)?;
        match qube.power {
            PowerState::Running if !name.is_dom0() => {
                qube.power = PowerState::Suspended;
                Ok(())
            }
            _ => Err(powered_off(name)),
        }
    }

    /// Wakes a sleeping qube. What is assigned to it and free is attached again.
    pub(crate) fn resume(&mut self, name: &QubeName) -> Result<(), Refusal> {
        let qube = self.known_mut(name)?;
        if qube.power != PowerState::Suspended {
            return Err(Refusal::exception(
                "QubesVMNotSuspendedError",
                format!("Domain is not suspended: '{name}'"),
            ));
        }
        qube.power = PowerState::Running;
        self.emit(name, "domain-resumed", &[]);
        self.attach_assigned(name, |class| class == Class::Usb);
        Ok(())
    }

    /// The qubes that run, or those that sleep.
    pub(crate) fn in_power_state(&self, power: PowerState) -> Vec<QubeName> {
        let qubes = self.qubes.values().filter(|qube| qube.power == power && !qube.name.is_dom0());
        qubes.map(|qube| qube.name.clone()).collect()
    }
}
