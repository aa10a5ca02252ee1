//! What follows when the devices of a backend change: the pass over one QubesDB notice, and the comings and goings of
//! whole qubes.
//!
//! `State::seen` is what the last pass saw; the difference to what is there now becomes events, in the real server's
//! order. Then the automatic assignments get their turn.
//!
//! # Source
//! Admin API facts 4.2 and 5.1.

mod stop;

use std::collections::BTreeSet;

use device_core::name::QubeName;

use crate::class::{Class, Exposed, block};
use crate::state::{Seen, State};

impl State {
    /// What the backends tell at the start is seen already: nobody hears of it as news.
    pub(crate) fn look_around(&mut self) {
        self.seen.clear();
        let backends: Vec<QubeName> = self.qubes.keys().cloned().collect();
        for backend in backends {
            for class in [Class::Block, Class::Usb, Class::Webcam] {
                let devices = self.exposed(class, &backend).unwrap_or_default().into_iter();
                let seen: Seen = devices.map(|device| (device.port, device.holder)).collect();
                if !seen.is_empty() {
                    self.seen.insert((backend.clone(), class), seen);
                }
            }
        }
    }

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
        self.desk.begin_pass();
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
            Class::Webcam => "/webcam-devices",
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
        match class {
            Class::Block => {
                // A frontend that is gone itself has nothing left to take away.
                let _ = block::take_away(self, frontend, backend, port);
            }
            Class::Webcam => {
                if let Some(plug) = self.hardware.webcam.get_mut(&(backend.clone(), port.to_owned())) {
                    plug.viewer = None;
                }
            }
            _ => {}
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

    /// Sends a notice for each backend whose disks or webcams came or went with the last change: partitions of a disk
    /// in use, what hangs on a USB device that was given away. Without such a change it says nothing.
    pub(crate) fn settle(&mut self) {
        for backend in self.running_backends(self.hardware.block.keys()) {
            if self.has_other_ports(&backend, Class::Block, block::told_ports(self, &backend)) {
                self.notice(&backend, Class::Block);
            }
        }
        for backend in self.running_backends(self.hardware.webcam.keys()) {
            let now = self.exposed(Class::Webcam, &backend).unwrap_or_default();
            if self.has_other_ports(&backend, Class::Webcam, now.iter().map(|device| &device.port)) {
                self.notice(&backend, Class::Webcam);
            }
        }
    }

    fn running_backends<'a>(&self, keys: impl Iterator<Item = &'a (QubeName, String)>) -> BTreeSet<QubeName> {
        keys.map(|(backend, _)| backend).filter(|backend| self.is_running(backend)).cloned().collect()
    }

    fn has_other_ports<'a>(
        &self,
        backend: &QubeName,
        class: Class,
        mut now: impl Iterator<Item = &'a String>,
    ) -> bool {
        match self.seen.get(&(backend.clone(), class)) {
            Some(seen) => !now.eq(seen.keys()),
            None => now.next().is_some(),
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
        for ((owner, _), plug) in &mut self.hardware.webcam {
            if owner == backend && !plug.is_known {
                plug.is_known = true;
                found.push(Class::Webcam);
            }
        }
        found.dedup();
        for class in found {
            self.notice(backend, class);
        }
    }
}
