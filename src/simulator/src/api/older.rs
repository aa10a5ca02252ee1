//! Device calls of R4.0 to R4.2: a device is a port, an assignment is an attachment that persists.
//!
//! The machine below is the same; a persistent attachment is kept as a required assignment of a port, which is also
//! what the real server makes of it on an upgrade. How lines look is in `line`, how events look in `events::older`.
//!
//! # Source
//! Admin API facts 2.5.

mod line;
mod option;

use device_core::assignment::{Mode, Options};

use super::Call;
use super::target::Target;
use crate::automatic::options_text;
use crate::class::{Class, Exposed, Held};
use crate::qube::Stored;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

impl State {
    /// `CLASS.VERB` as these versions know it.
    pub(super) fn older_device_call(&mut self, call: Call<'_>, class: Class, verb: &str) -> Option<Answer> {
        Some(match verb {
            "Available" => self.older_available(call, class),
            "List" => self.older_list(call, class),
            "Attach" => self.older_attach(call, class),
            "Detach" => self.older_detach(call, class),
            "Set.persistent" => self.set_persistent(call, class),
            _ => return None,
        })
    }

    fn older_available(&self, call: Call<'_>, class: Class) -> Answer {
        call.without_payload()?;
        let lines = self
            .exposed(class, call.destination)?
            .into_iter()
            .filter(|device| call.argument.is_empty() || call.argument == device.port)
            .map(|device| line::available(self, &device));
        Ok(line::sorted(lines))
    }

    /// What is attached and what would be, each once.
    fn older_list(&self, call: Call<'_>, class: Class) -> Answer {
        call.without_payload()?;
        let wanted = self.filter(call)?;
        let qube = self.known(call.destination)?;
        let held = self.held(class, call.destination);
        let is_wanted = |backend: &str, port: &str| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.backend.as_str() == backend && wanted.port_text() == port)
        };
        let persistent: Vec<&Stored> =
            qube.assignments.iter().filter(|stored| stored.class == class).collect();
        let live =
            held.iter().filter(|held| !persistent.iter().any(|stored| is_of(stored, held))).map(|held| {
                line::attached(held.backend.as_str(), &held.port, &held.options, line::Persistence::No)
            });
        let stored = persistent.iter().map(|stored| {
            let port = stored.port.as_deref().unwrap_or("*");
            line::attached(stored.backend.as_str(), port, &stored.options, line::Persistence::Yes)
        });
        let lines = live.chain(stored).filter(|line| {
            let device = line.split(' ').next().unwrap_or_default();
            device.split_once('+').is_some_and(|(backend, port)| is_wanted(backend, port))
        });
        Ok(line::sorted(lines))
    }

    fn older_attach(&mut self, call: Call<'_>, class: Class) -> Answer {
        let target = self.target(call)?;
        let wish = option::read(call)?;
        let qube = self.known(call.destination)?;
        if !qube.is_running() && !wish.is_persistent {
            return Err(Refusal::exception(
                "QubesVMNotRunningError",
                "VM not running, can only attach device with persistent flag",
            ));
        }
        let device = self.port_device(class, &target)?;
        if self.has_of(call, class, &target) {
            return Err(Refusal::quoted(
                "DeviceAlreadyAttached",
                &format!(
                    "device {}:{} of class {} already attached to {}",
                    device.backend,
                    device.port,
                    class.as_str(),
                    call.destination
                ),
            ));
        }
        let text = device.text();
        let word = class.as_str();
        let asked = options_text(&wish.options);
        self.emit(
            call.destination,
            &format!("device-pre-attach:{word}"),
            &[("device", &text), ("options", &asked)],
        );
        Self::check_assignment(class, &wish.options)?;
        let stored = wish.is_persistent.then(|| persistent(&device, &wish.options));
        if self.is_running(call.destination) {
            self.give(call.destination, &device, wish.options)?;
        } else {
            self.emit(
                call.destination,
                &format!("device-attach:{word}"),
                &[("device", &text), ("options", &asked)],
            );
        }
        self.known_mut(call.destination)?.assignments.extend(stored);
        Ok(Vec::new())
    }

    /// The device on a port; the real server has an unknown one there, too, and fails over it without a word.
    fn port_device(&self, class: Class, target: &Target) -> Result<Exposed, Refusal> {
        let found = self.resolve(class, &target.backend, target.port.as_deref(), None)?;
        found.into_iter().next().ok_or(Refusal::Crash)
    }

    fn has_of(&self, call: Call<'_>, class: Class, target: &Target) -> bool {
        self.held_on(call, class, target).is_some() || self.persistent_on(call, class, target).is_some()
    }

    fn held_on(&self, call: Call<'_>, class: Class, target: &Target) -> Option<Held> {
        self.held(class, call.destination)
            .into_iter()
            .find(|held| held.backend == target.backend && Some(&held.port) == target.port.as_ref())
    }

    fn persistent_on(&self, call: Call<'_>, class: Class, target: &Target) -> Option<usize> {
        self.qube(call.destination)?.assignments.iter().position(|stored| {
            stored.class == class && stored.backend == target.backend && stored.port == target.port
        })
    }

    fn older_detach(&mut self, call: Call<'_>, class: Class) -> Answer {
        let target = self.target(call)?;
        call.without_payload()?;
        let held = self.held_on(call, class, &target);
        let persistent = self.persistent_on(call, class, &target);
        if persistent.is_some() && self.is_running(call.destination) {
            return Err(Refusal::exception(
                "QubesVMNotHaltedError",
                "Can not remove a persistent attachment from a non halted vm",
            ));
        }
        if held.is_none() && persistent.is_none() {
            return Err(Refusal::quoted(
                "DeviceNotAttached",
                &format!(
                    "device {} of class {} not attached to {}",
                    target.port_text(),
                    class.as_str(),
                    call.destination
                ),
            ));
        }
        let port = format!("{}:{}", target.backend, target.port_text());
        let word = class.as_str();
        self.emit(call.destination, &format!("device-pre-detach:{word}"), &[("port", &port)]);
        if let Some(held) = held {
            self.detach(class, call.destination, &held)?;
        }
        if let Some(place) = persistent {
            self.known_mut(call.destination)?.assignments.remove(place);
        }
        self.emit(call.destination, &format!("device-detach:{word}"), &[("port", &port)]);
        self.settle();
        Ok(Vec::new())
    }

    /// Makes an attachment last, or last no longer. No event tells of it.
    fn set_persistent(&mut self, call: Call<'_>, class: Class) -> Answer {
        let target = self.target(call)?;
        let is_wanted = match call.payload {
            b"True" => true,
            b"False" => false,
            _ => return Err(Refusal::protocol("expected True or False")),
        };
        if !self.known(call.destination)?.is_running() {
            return Err(Refusal::exception(
                "QubesVMNotStartedError",
                "VM must be running to modify device persistence flag",
            ));
        }
        let persistent_at = self.persistent_on(call, class, &target);
        let held = self.held_on(call, class, &target);
        if held.is_none() && persistent_at.is_none() {
            return Err(Refusal::value(format!(
                "Device {}:{} not attached to {}",
                target.backend,
                target.port_text(),
                call.destination
            )));
        }
        let assignments = &mut self.known_mut(call.destination)?.assignments;
        match (is_wanted, persistent_at, held) {
            (false, Some(place), _) => drop(assignments.remove(place)),
            (true, None, Some(held)) => assignments.push(Stored {
                class,
                backend: held.backend,
                port: Some(held.port),
                device: None,
                mode: Mode::Required,
                frontend: Some(call.destination.clone()),
                options: held.options,
            }),
            _ => {}
        }
        self.changes += 1;
        Ok(Vec::new())
    }
}

fn is_of(stored: &Stored, held: &Held) -> bool {
    stored.backend == held.backend && stored.port.as_ref() == Some(&held.port)
}

fn persistent(device: &Exposed, options: &Options) -> Stored {
    Stored {
        class: device.class,
        backend: device.backend.clone(),
        port: Some(device.port.clone()),
        device: None,
        mode: Mode::Required,
        frontend: None,
        options: options.clone(),
    }
}
