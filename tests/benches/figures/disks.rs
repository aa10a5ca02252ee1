//! Disks that are attached and detached at the server, as by another tool, and the signals that say so on the bus.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::Instant;

use device_bus::names::DEVICE;
use device_bus::path;
use device_core::name::{DeviceClass, Port};
use device_core::wire::request::Request;
use zbus::Message;
use zbus::zvariant::{Dict, OwnedValue};

use crate::bus::Stamped;
use crate::desktop::{Desktop, PATIENCE};
use crate::{Outcome, server, service};

/// Who exposes them.
const BACKEND: &str = "sys-usb";
/// Who gets them.
const HOLDER: &str = "qube-000";

/// One disk.
struct Disk {
    port: Port,
    path: String,
    is_attached: bool,
}

/// The disks, which nobody else touches meanwhile.
pub(crate) struct Disks {
    all: Vec<Disk>,
    socket: PathBuf,
    signals: Receiver<Stamped>,
}

impl Disks {
    /// The disks of these names, all detached.
    pub(crate) fn new(desktop: &Desktop, socket: &Path, ports: &[&str]) -> Outcome<Self> {
        let disk = |port: &&str| -> Outcome<Disk> {
            let port = Port::new(BACKEND.parse()?, DeviceClass::Block, port.parse()?);
            let path = path::of_device(&port).as_str().to_owned();
            Ok(Disk { port, path, is_attached: false })
        };
        let all = ports.iter().map(disk).collect::<Outcome<_>>()?;
        Ok(Self { all, socket: socket.to_owned(), signals: service::signals(desktop)? })
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Attaches the disk, or detaches it if it is attached; the server has done it then.
    pub(crate) fn turn(&mut self, number: usize) -> Outcome<()> {
        let disk = &mut self.all[number];
        let verb = if disk.is_attached { "Detach" } else { "Attach" };
        let argument = format!("{}+{}", disk.port.backend, disk.port.id);
        let request = Request::new(format!("admin.vm.device.block.{verb}"), argument, HOLDER);
        server::call(&self.socket, &request)?;
        disk.is_attached = !disk.is_attached;
        Ok(())
    }

    /// Forgets what the bus has told so far.
    pub(crate) fn forget(&self) {
        while self.signals.try_recv().is_ok() {}
    }

    /// The next disk of which the bus says what it now is, and when that was here.
    pub(crate) fn next(&self) -> Outcome<(Instant, usize)> {
        loop {
            let (at, message) =
                self.signals.recv_timeout(PATIENCE).map_err(|_| "no change came on the bus")?;
            let found = told(&message).and_then(|(path, is_attached)| {
                self.all.iter().position(|disk| disk.path == path && disk.is_attached == is_attached)
            });
            if let Some(number) = found {
                return Ok((at, number));
            }
        }
    }
}

impl Drop for Disks {
    fn drop(&mut self) {
        for number in 0..self.all.len() {
            if self.all[number].is_attached {
                // Whoever comes next says what is wrong then.
                let _ = self.turn(number);
            }
        }
    }
}

/// The object of a signal that tells its holders, and whether there are any.
fn told(message: &Message) -> Option<(String, bool)> {
    type Changed<'a> = (String, HashMap<String, OwnedValue>, Vec<String>);
    let header = message.header();
    if header.member()?.as_str() != "PropertiesChanged" {
        return None;
    }
    let (interface, changed, _): Changed<'_> = message.body().deserialize().ok()?;
    let holders: &Dict<'_, '_> = changed.get("Attachments")?.downcast_ref().ok()?;
    (interface == DEVICE)
        .then(|| (header.path().map(ToString::to_string).unwrap_or_default(), holders.iter().count() > 0))
}
