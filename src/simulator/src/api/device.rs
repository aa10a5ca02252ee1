//! What is there, who has it, attach and detach: the same for every class.
//!
//! # Source
//! Admin API facts 2.4 and 5.8; measured facts 4, 7 and 8.

use device_core::assignment::{Mode, Options};
use device_core::interface::Interface;
use device_core::name::QubeName;

use super::Call;
use super::payload::write_pair;
use super::target::Target;
use crate::automatic::options_text;
use crate::class::{Class, Exposed, Held, check_usb};
use crate::hwids;
use crate::later::Deed;
use crate::qube::Stored;
use crate::refusal::{Answer, Protocol, Refusal};
use crate::state::State;

impl State {
    /// `…Available`
    pub(super) fn available(&self, call: Call<'_>, class: Class) -> Answer {
        call.without_payload()?;
        let mut lines = Vec::new();
        for device in self.exposed(class, call.destination)? {
            if call.argument.is_empty() || call.argument == device.port {
                lines.push(exposed_line(&device)?);
            }
        }
        Ok(sorted(lines))
    }

    /// `…Attached`
    pub(super) fn attached(&self, call: Call<'_>, class: Class) -> Answer {
        call.without_payload()?;
        let wanted = self.filter(call)?;
        let qube = self.known(call.destination)?;
        let mut lines = Vec::new();
        for held in self.held(class, call.destination) {
            let is_wanted = wanted.as_ref().is_none_or(|wanted| {
                wanted.backend == held.backend && wanted.port.as_ref().is_none_or(|port| *port == held.port)
            });
            if is_wanted {
                lines.push(held_line(class, &held, call.destination, &qube.assignments)?);
            }
        }
        Ok(sorted(lines))
    }

    /// `…Attach`
    pub(super) fn attach_call(&mut self, call: Call<'_>, class: Class) -> Answer {
        let mut target = self.target(call)?;
        let wish = self.wish(call, class, &mut target)?;
        let qube = self.known(call.destination)?;
        if !qube.has_devices() {
            return Err(self.no_devices());
        }
        if wish.mode == Mode::Manual {
            self.check_denied(call.destination, class, &target)?;
        }
        if !qube.is_running() {
            return Err(Refusal::exception(
                "QubesVMNotRunningError",
                "VM not running, cannot attach device, do you mean `assign`?",
            ));
        }
        let device = self.only(class, &target)?;
        let holds_it = self
            .held(class, call.destination)
            .iter()
            .any(|held| held.backend == device.backend && held.port == device.port && held.id == device.id);
        if holds_it {
            return Err(Refusal::quoted(
                "DeviceAlreadyAttached",
                &format!(
                    "device {} of class {} already attached to {}",
                    device.text(),
                    class.as_str(),
                    call.destination
                ),
            ));
        }
        self.emit(
            call.destination,
            &format!("device-pre-attach:{}", class.as_str()),
            &[("device", &device.text()), ("options", &options_text(&wish.options))],
        );
        if class == Class::Usb && !self.pace.attach.is_zero() {
            check_usb(&device, &wish.options)?;
            let deed = Deed::Attach(call.destination.clone(), Box::new(device), wish.options);
            self.left.later(self.pace.attach, deed);
            return Ok(Vec::new());
        }
        self.give(call.destination, &device, wish.options)?;
        Ok(Vec::new())
    }

    /// What is said to a call about the devices of a remote qube; 4.4 fails over it.
    pub(super) fn no_devices(&self) -> Refusal {
        match self.protocol {
            Protocol::R40 | Protocol::R42 | Protocol::R43 => {
                Refusal::exception("QubesException", "This qube doesn't support devices")
            }
            Protocol::R44 => Refusal::Crash,
        }
    }

    /// Attaches a device and tells of it.
    pub(crate) fn give(
        &mut self,
        frontend: &QubeName,
        device: &Exposed,
        options: Options,
    ) -> Result<(), Refusal> {
        let options = self.attach(frontend, device, options)?;
        self.tell_attached(frontend, device, &options);
        self.settle();
        Ok(())
    }

    /// The one present device that a target means.
    fn only(&self, class: Class, target: &Target) -> Result<Exposed, Refusal> {
        let found = self.resolve(class, &target.backend, target.port.as_deref(), target.device.as_deref())?;
        let [device] = <[Exposed; 1]>::try_from(found)
            .map_err(|_| Refusal::protocol(format!("Cannot attach ambiguous {} device.", class.as_str())))?;
        Ok(device)
    }

    /// Refuses what the deny list of `frontend` forbids, and what can't be compared with it.
    fn check_denied(&self, frontend: &QubeName, class: Class, target: &Target) -> Result<(), Refusal> {
        let denied: Vec<Interface> = self
            .known(frontend)?
            .property("devices_denied")
            .map(|codes| Interface::split(codes).collect())
            .unwrap_or_default();
        if denied.is_empty() {
            return Ok(());
        }
        let unknown =
            || Refusal::Denied("Could not load interfaces to verify against denied list".to_owned());
        let (Some(port), Some(id)) = (&target.port, &target.device) else {
            return Err(unknown());
        };
        let found = self.resolve(class, &target.backend, Some(port), Some(id))?;
        let device = found.first().ok_or_else(unknown)?;
        let banned = device
            .interfaces
            .iter()
            .filter_map(|code| Interface::new(code))
            .find(|code| denied.iter().any(|pattern| code.matches(pattern)));
        match banned {
            None => Ok(()),
            Some(code) => Err(Refusal::Denied(format!(
                "Device exposes a banned interface: {}",
                hwids::interface_label(code.as_str()).unwrap_or(code.as_str())
            ))),
        }
    }

    /// `…Detach`
    pub(super) fn detach_call(&mut self, call: Call<'_>, class: Class) -> Answer {
        let target = self.target(call)?;
        call.without_payload()?;
        if !self.known(call.destination)?.has_devices() {
            return Err(self.no_devices());
        }
        let held = self.meant(call.destination, class, &target).ok_or_else(|| {
            Refusal::quoted(
                "DeviceNotAssigned",
                &format!(
                    "{} device {} not attached to {}",
                    class.as_str(),
                    target.port_text(),
                    call.destination
                ),
            )
        })?;
        let is_required = self.known(call.destination)?.assignments.iter().any(|stored| {
            stored.mode == Mode::Required && stored.covers(class, &held.backend, &held.port, &held.id)
        });
        if is_required {
            return Err(Refusal::exception(
                "QubesVMNotHaltedError",
                "Can not detach a required device from a non halted qube. You need to unassign device first.",
            ));
        }
        let port = format!("{}:{}", held.backend, held.port);
        let pair = [("port", port.as_str())];
        let word = class.as_str();
        self.emit(call.destination, &format!("device-pre-detach:{word}"), &pair);
        self.detach(class, call.destination, &held)?;
        self.emit(call.destination, &format!("device-detach:{word}"), &pair);
        self.settle();
        Ok(Vec::new())
    }

    /// The attachment a detach means. The real server compares the port id alone, so that with `sda` of two backends
    /// in one qube the wrong one may go; that is a quirk.
    fn meant(&self, frontend: &QubeName, class: Class, target: &Target) -> Option<Held> {
        self.held(class, frontend).into_iter().find(|held| {
            target.port.as_ref() == Some(&held.port)
                && (self.has_quirks
                    || (target.backend == held.backend
                        && target.device.as_ref().is_none_or(|id| *id == held.id)))
        })
    }
}

/// Lines in the order of their heads; equal lines are told once.
fn sorted(mut lines: Vec<String>) -> Vec<u8> {
    lines.sort_unstable();
    lines.dedup_by(|a, b| a.split(' ').next() == b.split(' ').next());
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    text.into_bytes()
}

fn exposed_line(device: &Exposed) -> Result<String, Refusal> {
    let mut line = format!("{}:{}", device.port, device.id);
    write_pair(&mut line, "device_id", &device.id)?;
    write_pair(&mut line, "port_id", &device.port)?;
    write_pair(&mut line, "devclass", device.class.as_str())?;
    write_pair(&mut line, "backend_domain", device.backend.as_str())?;
    if device.names.is_empty() {
        // The real server joins an empty part, too: two blanks.
        line.push(' ');
    }
    for (key, text) in &device.names {
        write_pair(&mut line, key, text)?;
    }
    if let Some(holder) = &device.holder {
        write_pair(&mut line, "attachment", holder.as_str())?;
    }
    write_pair(&mut line, "interfaces", &device.interfaces.concat())?;
    if let Some((class, port)) = &device.parent {
        write_pair(&mut line, "parent_port_id", port)?;
        write_pair(&mut line, "parent_devclass", class.as_str())?;
    }
    for (key, text) in &device.data {
        write_pair(&mut line, &format!("_{key}"), text)?;
    }
    Ok(line)
}

/// The line of an attachment; mode, options and frontend are those of an assignment of exactly this device.
fn held_line(class: Class, held: &Held, frontend: &QubeName, stored: &[Stored]) -> Result<String, Refusal> {
    let equal = stored.iter().find(|stored| {
        stored.class == class
            && stored.backend == held.backend
            && stored.port.as_ref() == Some(&held.port)
            && stored.device.as_ref() == Some(&held.id)
    });
    let live = Stored {
        class,
        backend: held.backend.clone(),
        port: Some(held.port.clone()),
        device: Some(held.id.clone()),
        mode: Mode::Manual,
        frontend: Some(frontend.clone()),
        options: held.options.clone(),
    };
    stored_line(equal.unwrap_or(&live))
}

/// The line of an assignment.
pub(super) fn stored_line(stored: &Stored) -> Result<String, Refusal> {
    let port = stored.port.as_deref().unwrap_or("*");
    let device = stored.device.as_deref().unwrap_or("*");
    let mut line = format!("{}+{port}:{device}", stored.backend);
    write_pair(&mut line, "device_id", device)?;
    write_pair(&mut line, "port_id", port)?;
    write_pair(&mut line, "devclass", stored.class.as_str())?;
    write_pair(&mut line, "backend_domain", stored.backend.as_str())?;
    write_pair(&mut line, "mode", stored.mode.as_str())?;
    if let Some(frontend) = &stored.frontend {
        write_pair(&mut line, "frontend_domain", frontend.as_str())?;
    }
    for (key, value) in stored.options.iter() {
        write_pair(&mut line, &format!("_{key}"), value)?;
    }
    Ok(line)
}

/// The lines of assignments, in the order of their heads.
pub(super) fn stored_lines<'a>(stored: impl Iterator<Item = &'a Stored>) -> Answer {
    Ok(sorted(stored.map(stored_line).collect::<Result<_, _>>()?))
}
