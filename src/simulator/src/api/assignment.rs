//! Stored assignments: listed, made, changed, ended. None of it attaches or detaches anything now.
//!
//! # Source
//! Admin API facts 2.4; measured facts 9 and 12.

use device_core::assignment::Mode;

use super::Call;
use super::device::stored_lines;
use super::target::Target;
use crate::automatic::options_text;
use crate::class::Class;
use crate::qube::Stored;
use crate::refusal::{Answer, Protocol, Refusal};
use crate::state::State;

impl State {
    /// `…Assigned`
    pub(super) fn assigned(&self, call: Call<'_>, class: Class) -> Answer {
        call.without_payload()?;
        let wanted = self.filter(call)?;
        let qube = self.known(call.destination)?;
        let is_wanted = |stored: &&Stored| {
            stored.class == class
                && wanted
                    .as_ref()
                    .is_none_or(|wanted| wanted.backend == stored.backend && wanted.port == stored.port)
        };
        stored_lines(qube.assignments.iter().filter(is_wanted))
    }

    /// `…Assign`
    pub(super) fn assign(&mut self, call: Call<'_>, class: Class) -> Answer {
        let mut target = self.target(call)?;
        if call.payload.is_empty() {
            return Err(Refusal::protocol("expected payload"));
        }
        let wish = self.wish(call, class, &mut target)?;
        let qube = self.known(call.destination)?;
        if !qube.has_devices() {
            return Err(self.no_devices());
        }
        if wish.mode == Mode::Manual {
            return Err(Refusal::Crash);
        }
        if qube.assignments.iter().any(|stored| is_of(stored, class, &target)) {
            return Err(Refusal::quoted(
                "DeviceAlreadyAssigned",
                &format!(
                    "{} device {} already assigned to {}",
                    class.as_str(),
                    target.text(),
                    call.destination
                ),
            ));
        }
        let stored = Stored {
            class,
            backend: target.backend.clone(),
            port: target.port.clone(),
            device: target.device.clone(),
            mode: wish.mode,
            frontend: wish.frontend,
            options: wish.options,
        };
        let text = stored.text();
        let options = options_text(&stored.options);
        let pairs = [("device", text.as_str()), ("options", options.as_str())];
        let word = class.as_str();
        self.emit(call.destination, &format!("device-pre-assign:{word}"), &pairs);
        let checked = Self::check_assignment(class, &stored.options);
        if checked.is_ok() || self.has_quirks {
            // The real server stores before it checks, and leaves the refused one in its list.
            self.known_mut(call.destination)?.assignments.push(stored.clone());
        }
        if checked.is_err() && self.has_quirks {
            self.unsaved.push((call.destination.clone(), stored));
        }
        checked?;
        self.unsaved.clear();
        self.emit(call.destination, &format!("device-assign:{word}"), &pairs);
        Ok(Vec::new())
    }

    /// `…Unassign`
    pub(super) fn unassign(&mut self, call: Call<'_>, class: Class) -> Answer {
        let target = self.target(call)?;
        call.without_payload()?;
        if !self.known(call.destination)?.has_devices() {
            return Err(self.no_devices());
        }
        let assignments = &mut self.known_mut(call.destination)?.assignments;
        let Some(place) = assignments.iter().position(|stored| is_of(stored, class, &target)) else {
            return Err(Refusal::quoted(
                "DeviceNotAssigned",
                &format!("{} device {} not assigned to {}", class.as_str(), target.text(), call.destination),
            ));
        };
        assignments.remove(place);
        self.unsaved.clear();
        self.emit(
            call.destination,
            &format!("device-unassign:{}", class.as_str()),
            &[("device", &target.text())],
        );
        Ok(Vec::new())
    }

    /// `…Set.assignment`
    pub(super) fn set_assignment(&mut self, call: Call<'_>, class: Class) -> Answer {
        let mode = std::str::from_utf8(call.payload)
            .ok()
            .and_then(Mode::new)
            .filter(|mode| *mode != Mode::Manual)
            .ok_or_else(|| match self.protocol {
                Protocol::R40 | Protocol::R42 | Protocol::R43 => Refusal::Crash,
                Protocol::R44 => {
                    Refusal::exception("QubesUnrecognizedDeviceAssignmentMode", "Invalid assignment mode")
                }
            })?;
        let target = self.target(call)?;
        let Some(stored) = self
            .known_mut(call.destination)?
            .assignments
            .iter_mut()
            .find(|stored| is_of(stored, class, &target))
        else {
            return Err(Refusal::value(format!(
                "Device {} not assigned to {}",
                target.text(),
                call.destination
            )));
        };
        if stored.mode == mode {
            return Ok(Vec::new());
        }
        stored.mode = mode;
        let options = options_text(&stored.options);
        let text = target.text();
        let word = class.as_str();
        self.emit(
            call.destination,
            &format!("device-pre-assign:{word}"),
            &[("device", &text), ("options", &options)],
        );
        self.emit(call.destination, &format!("device-assignment-changed:{word}"), &[("device", &text)]);
        Ok(Vec::new())
    }
}

/// Whether this is the assignment of exactly that target: by-port and by-id ones are different entries.
fn is_of(stored: &Stored, class: Class, target: &Target) -> bool {
    stored.class == class
        && stored.backend == target.backend
        && stored.port == target.port
        && stored.device == target.device
}
