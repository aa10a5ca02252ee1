//! A qube that stops: what it exposed is gone, what it held is free.

use device_core::name::QubeName;

use crate::class::Class;
use crate::state::State;

impl State {
    /// A qube stopped: what it exposed is gone, what it held is free.
    pub(crate) fn stopped(&mut self, qube: &QubeName) {
        let lost_disks = self.forget_exposed(qube, Class::Block);
        self.emit(qube, "device-list-change:usb", &[]);
        let lost_usb = self.forget_exposed(qube, Class::Usb);
        let lost_webcams = self.forget_exposed(qube, Class::Webcam);
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
        for (port, frontend) in lost_webcams {
            self.tell_detached(Class::Webcam, qube, &port, &frontend);
        }
        self.free_webcams(qube);
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
        for (_, plug) in self.hardware.webcam.iter_mut().filter(|((owner, _), _)| owner == backend) {
            plug.is_known = false;
            plug.viewer = None;
        }
    }

    fn free_webcams(&mut self, frontend: &QubeName) {
        let mut freed = Vec::new();
        for ((backend, port), plug) in &mut self.hardware.webcam {
            if plug.viewer.as_ref().is_some_and(|viewer| viewer.qube == *frontend) {
                plug.viewer = None;
                freed.push((backend.clone(), port.clone()));
            }
        }
        for (backend, port) in freed {
            if let Some(holder) =
                self.seen.get_mut(&(backend.clone(), Class::Webcam)).and_then(|seen| seen.get_mut(&port))
            {
                *holder = None;
            }
            self.tell_detached(Class::Webcam, &backend, &port, frontend);
            self.notice(&backend, Class::Webcam);
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
