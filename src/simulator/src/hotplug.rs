//! What follows when the devices of a backend change: the pass over one QubesDB notice, and the comings and goings of
//! whole qubes.
//!
//! `State::seen` is what the last pass saw; the difference to what is there now becomes events, in the real server's
//! order. Then the automatic assignments get their turn.
//!
//! # Source
//! Admin API facts 4.2 and 5.1.

use device_core::name::QubeName;

use crate::class::{Class, Exposed, block};
use crate::state::{Seen, State};

impl State {
    /// One change notice of a backend.
    pub(crate) fn notice(&mut self, backend: &QubeName, class: Class) {
        let Ok(devices) = self.exposed(class, backend) else {
            // One device that can't be told loses the list; the real server's handler dies right there.
            self.emit(backend, &format!("device-list-change:{}", class.as_str()), &[]);
            return;
        };
        let now: Seen = devices.iter().map(|device| (device.port.clone(), device.holder.clone())).collect();
        let before = self.seen.insert((backend.clone(), class), now.clone()).unwrap_or_default();
        let added: Vec<&Exposed> =
            devices.iter().filter(|device| !before.contains_key(&device.port)).collect();
        self.tell_list(backend, class, &before, &now, &added);
        self.tell_holders(backend, class, &before, &devices);
        for device in added.into_iter().filter(|device| device.holder.is_none()) {
            self.offer(device);
        }
    }

    fn tell_list(&mut self, backend: &QubeName, class: Class, before: &Seen, now: &Seen, added: &[&Exposed]) {
        let word = class.as_str();
        self.emit(backend, &format!("device-list-change:{word}"), &[]);
        for port in before.keys().filter(|port| !now.contains_key(*port)) {
            self.tell_removed(backend, class, port);
        }
        for device in added {
            self.emit(backend, &format!("device-added:{word}"), &[("device", &device.text())]);
        }
        let path = match class {
            Class::Block => "/qubes-block-devices",
            _ => "/qubes-usb-devices",
        };
        self.emit(backend, &format!("domain-qdb-change:{path}"), &[("path", path)]);
    }

    fn tell_removed(&mut self, backend: &QubeName, class: Class, port: &str) {
        self.emit(
            backend,
            &format!("device-removed:{}", class.as_str()),
            &[("port", &format!("{backend}:{port}"))],
        );
    }

    /// Frontends that lost a device, then those that got one behind the server's back.
    fn tell_holders(&mut self, backend: &QubeName, class: Class, before: &Seen, devices: &[Exposed]) {
        let has = |port: &str, holder: &QubeName| {
            devices.iter().any(|device| device.port == port && device.holder.as_ref() == Some(holder))
        };
        let lost = before
            .iter()
            .filter_map(|(port, holder)| Some((port, holder.as_ref()?)))
            .filter(|(port, holder)| !has(port, holder));
        for (port, holder) in lost {
            self.lose(class, backend, port, holder);
        }
        for device in devices {
            if let Some(holder) = &device.holder
                && before.get(&device.port).and_then(Option::as_ref) != Some(holder)
            {
                self.emit(
                    holder,
                    &format!("device-attach:{}", class.as_str()),
                    &[("device", &device.text()), ("options", "{}")],
                );
            }
        }
    }

    /// `frontend` no longer has what was on that port.
    fn lose(&mut self, class: Class, backend: &QubeName, port: &str, frontend: &QubeName) {
        if class == Class::Block {
            // A frontend that is gone itself has nothing left to take away.
            let _ = block::take_away(self, frontend, backend, port);
        }
        self.tell_detached(class, backend, port, frontend);
    }

    fn tell_detached(&mut self, class: Class, backend: &QubeName, port: &str, frontend: &QubeName) {
        self.emit(
            frontend,
            &format!("device-detach:{}", class.as_str()),
            &[("port", &format!("{backend}:{port}"))],
        );
    }

    /// Sends a notice for each backend whose disks came or went with the last change: partitions of a disk in use,
    /// disks on a USB device that was given away. Without such a change it says nothing.
    pub(crate) fn settle(&mut self) {
        let backends: std::collections::BTreeSet<QubeName> = self
            .hardware
            .block
            .keys()
            .map(|(backend, _)| backend.clone())
            .filter(|backend| self.is_running(backend))
            .collect();
        for backend in backends {
            let now = block::told_ports(self, &backend);
            let has_changed = match self.seen.get(&(backend.clone(), Class::Block)) {
                Some(seen) => !now.eq(seen.keys()),
                None => now.count() > 0,
            };
            if has_changed {
                self.notice(&backend, Class::Block);
            }
        }
    }

    /// What is plugged into `backend` is found by it, as after its start. Without hardware nothing is said.
    pub(crate) fn discover(&mut self, backend: &QubeName) {
        let mut found = Vec::new();
        for ((owner, _), plug) in &mut self.hardware.usb {
            if owner == backend && !plug.is_known {
                plug.is_known = true;
                found.push(Class::Usb);
            }
        }
        for ((owner, _), plug) in &mut self.hardware.block {
            if owner == backend && !plug.is_known {
                plug.is_known = true;
                found.push(Class::Block);
            }
        }
        found.dedup();
        for class in found {
            self.notice(backend, class);
        }
    }

    /// A qube stopped: what it exposed is gone, what it held is free.
    pub(crate) fn stopped(&mut self, qube: &QubeName) {
        let lost_disks = self.forget_exposed(qube, Class::Block);
        self.emit(qube, "device-list-change:usb", &[]);
        let lost_usb = self.forget_exposed(qube, Class::Usb);
        self.forget_hardware(qube);
        self.free_microphone(qube);
        for (port, frontend) in lost_disks {
            self.lose(Class::Block, qube, &port, &frontend);
        }
        self.free_disks(qube);
        for (port, frontend) in lost_usb {
            self.tell_detached(Class::Usb, qube, &port, &frontend);
        }
        self.free_usb(qube);
        if let Some(state) = self.qubes.get_mut(qube) {
            state.pci.clear();
        }
    }

    /// Tells of the end of everything `backend` exposed, and gives back who had some of it.
    fn forget_exposed(&mut self, backend: &QubeName, class: Class) -> Vec<(String, QubeName)> {
        let seen = self.seen.remove(&(backend.clone(), class)).unwrap_or_default();
        for port in seen.keys() {
            self.tell_removed(backend, class, port);
        }
        seen.into_iter().filter_map(|(port, holder)| Some((port, holder?))).collect()
    }

    /// The devices of a stopped backend: unknown until it starts again, or (under the recorded server) never there.
    fn forget_hardware(&mut self, backend: &QubeName) {
        if self.is_recorded {
            self.hardware.usb.retain(|(owner, _), _| owner != backend);
            self.hardware.block.retain(|(owner, _), _| owner != backend);
            return;
        }
        for (_, plug) in self.hardware.usb.iter_mut().filter(|((owner, _), _)| owner == backend) {
            plug.is_known = false;
            plug.holder = None;
        }
        for (_, plug) in self.hardware.block.iter_mut().filter(|((owner, _), _)| owner == backend) {
            plug.is_known = false;
        }
    }

    fn free_microphone(&mut self, frontend: &QubeName) {
        let Some(qube) = self.qubes.get_mut(frontend) else {
            return;
        };
        if std::mem::take(&mut qube.has_microphone) {
            self.tell_detached(Class::Mic, &QubeName::dom0(), "mic", frontend);
        }
    }

    /// Disks that the qube required at its start go without a word, as they came.
    fn free_disks(&mut self, frontend: &QubeName) {
        let Some(qube) = self.qubes.get_mut(frontend) else {
            return;
        };
        for disk in std::mem::take(&mut qube.disks) {
            let seen = self.seen.entry((disk.backend.clone(), Class::Block)).or_default();
            let was_told = seen.get(&disk.port).is_some_and(Option::is_some);
            if was_told {
                seen.insert(disk.port.clone(), None);
                self.tell_detached(Class::Block, &disk.backend, &disk.port, frontend);
            }
        }
        self.settle();
    }

    fn free_usb(&mut self, frontend: &QubeName) {
        let mut freed = Vec::new();
        for ((backend, class), seen) in &mut self.seen {
            if *class != Class::Usb {
                continue;
            }
            for (port, holder) in seen.iter_mut().filter(|(_, holder)| holder.as_ref() == Some(frontend)) {
                *holder = None;
                freed.push((backend.clone(), port.clone()));
            }
        }
        for (backend, port) in &freed {
            self.tell_detached(Class::Usb, backend, port, frontend);
        }
        if self.is_recorded {
            return;
        }
        freed.dedup_by(|a, b| a.0 == b.0);
        for plug in self.hardware.usb.values_mut() {
            plug.holder = plug.holder.take().filter(|holder| holder != frontend);
        }
        for (backend, _) in freed {
            self.notice(&backend, Class::Usb);
        }
        self.settle();
    }
}
