//! The hardware of a world: its entries become plugs in the machine, checked one by one.

use std::collections::BTreeMap;

use device_core::assignment::{Mode, Options};
use device_core::interface::Interface;
use device_core::name::{PortId, QubeName};
use toml::Spanned;

use super::build::{Builder, USB_QUBE, options};
use super::document::{BlockEntry, GadgetEntry, PciEntry, UsbEntry, WebcamEntry};
use super::{WorldError, crowd};
use crate::class::{Class, pci_port};
use crate::hardware::{BlockPlug, PciFunction, UsbPlug, Viewer, WebcamPlug};
use crate::qube::Stored;

/// Longest text a world can ask for; longer ones test the memory and nothing else.
const STRETCH_MAX: usize = 1 << 20;

impl Builder<'_> {
    pub(super) fn pci(&mut self) -> Result<(), WorldError> {
        let world = self.world;
        let behind: BTreeMap<String, String> = world
            .document
            .pci
            .iter()
            .filter_map(|entry| {
                let entry = entry.get_ref();
                Some((full_address(&entry.address), full_address(entry.behind.as_ref()?)))
            })
            .collect();
        for entry in &world.document.pci {
            self.function(entry, &behind)?;
        }
        Ok(())
    }

    fn function(
        &mut self,
        entry: &Spanned<PciEntry>,
        behind: &BTreeMap<String, String>,
    ) -> Result<(), WorldError> {
        let (at, entry) = (entry.span().start, entry.get_ref());
        let address = full_address(&entry.address);
        let port = pci_port(&address, behind)
            .filter(|port| PortId::new(port).is_ok())
            .ok_or_else(|| self.fault(at, format!("{address} is no address behind these bridges")))?;
        let (vendor, product) =
            entry.id.split_once(':').ok_or_else(|| self.fault(at, "an id is written VVVV:PPPP"))?;
        if Interface::new(&format!("p{}", entry.class)).is_none() || entry.class.len() != 6 {
            return Err(self.fault(at, format!("{} is no class of the form CCSSPP", entry.class)));
        }
        if let Some(qube) = &entry.attached {
            let qube = self.known(qube, at)?;
            let assignment = Stored {
                class: Class::Pci,
                backend: QubeName::dom0(),
                port: Some(port.clone()),
                device: None,
                mode: Mode::Required,
                frontend: Some(qube.clone()),
                options: options(&entry.options),
            };
            if let Some(qube) = self.state.qubes.get_mut(&qube) {
                qube.assignments.push(assignment);
                if qube.is_running() {
                    qube.pci.push(address.clone());
                }
            }
        }
        let function = PciFunction {
            port,
            id: format!("0x{vendor}:0x{product}"),
            code: entry.class.clone(),
            group: entry.reset_group.clone(),
            vendor: entry.vendor.clone(),
            product: entry.product.clone(),
        };
        if self.state.hardware.pci.insert(address, function).is_some() {
            return Err(self.fault(at, "two functions have this address"));
        }
        Ok(())
    }

    pub(super) fn devices(&mut self) -> Result<(), WorldError> {
        let world = self.world;
        let crowd = world.document.crowd.as_ref();
        let at = crowd.map_or(0, |crowd| crowd.span().start);
        for entry in &world.document.usb {
            self.usb(entry.get_ref(), entry.span().start)?;
        }
        for entry in crowd.iter().flat_map(|crowd| crowd::usb(crowd.get_ref())) {
            self.usb(&entry, at)?;
        }
        for entry in &world.document.block {
            self.block(entry.get_ref(), entry.span().start)?;
        }
        for entry in crowd.iter().flat_map(|crowd| crowd::block(crowd.get_ref())) {
            self.block(&entry, at)?;
        }
        for entry in &world.document.webcam {
            self.webcam(entry.get_ref(), entry.span().start)?;
        }
        Ok(())
    }

    fn webcam(&mut self, entry: &WebcamEntry, at: usize) -> Result<(), WorldError> {
        let backend = self.known(entry.backend.as_deref().unwrap_or(USB_QUBE), at)?;
        if PortId::new(&entry.port).is_err() {
            return Err(self.fault(at, format!("'{}' is no name of a webcam", entry.port)));
        }
        let mut plug = plug_webcam(entry);
        plug.is_known = self.state.is_running(&backend);
        if let Some(viewer) = &entry.attached {
            plug.viewer = Some(Viewer { qube: self.known(viewer, at)?, format: None });
        }
        if self.state.hardware.webcam.insert((backend, entry.port.clone()), plug).is_some() {
            return Err(self.fault(at, format!("two webcams are named {}", entry.port)));
        }
        Ok(())
    }

    fn usb(&mut self, entry: &UsbEntry, at: usize) -> Result<(), WorldError> {
        let backend = self.known(entry.backend.as_deref().unwrap_or(USB_QUBE), at)?;
        if PortId::new(&entry.port).is_err() {
            return Err(self.fault(at, format!("'{}' is no port", entry.port)));
        }
        let mut plug = plug_usb(entry);
        plug.is_known = self.state.is_running(&backend);
        if let Some(holder) = &entry.attached {
            plug.holder = Some(self.known(holder, at)?);
        }
        let key = (backend, entry.port.clone());
        if self.state.hardware.usb.insert(key, plug).is_some() {
            return Err(self.fault(at, format!("two USB devices are on port {}", entry.port)));
        }
        Ok(())
    }

    fn block(&mut self, entry: &BlockEntry, at: usize) -> Result<(), WorldError> {
        let backend = self.known(entry.backend.as_deref().unwrap_or(USB_QUBE), at)?;
        if PortId::new(&entry.port).is_err() {
            return Err(self.fault(at, format!("'{}' is no name of a disk", entry.port)));
        }
        let mut plug = plug_block(entry);
        plug.is_known = self.state.is_running(&backend);
        let key = (backend.clone(), entry.port.clone());
        if self.state.hardware.block.insert(key, plug).is_some() {
            return Err(self.fault(at, format!("two disks are named {}", entry.port)));
        }
        if let Some(holder) = &entry.attached {
            let holder = self.known(holder, at)?;
            let device =
                self.state.resolve(Class::Block, &backend, Some(&entry.port), None).unwrap_or_default();
            if let Some(device) = device.first() {
                self.state
                    .attach(&holder, device, Options::new())
                    .map_err(|_| self.fault(at, format!("{} can't be attached to {holder}", entry.port)))?;
            }
        }
        Ok(())
    }
}

/// The plug of a USB entry, told of by nobody yet.
fn plug_usb(entry: &UsbEntry) -> UsbPlug {
    let text = |text: &Option<String>| escaped(text.as_deref().unwrap_or_default());
    let desc = entry.desc.clone().unwrap_or_else(|| {
        format!(
            "{} {} {} {}",
            entry.id.as_deref().unwrap_or("0000:0000"),
            text(&entry.manufacturer),
            text(&entry.model),
            stretched(text(&entry.serial), entry.stretch)
        )
    });
    UsbPlug {
        desc,
        interfaces: entry.interfaces.join(":"),
        listed: entry.vendor.clone().zip(entry.product.clone()),
        holder: None,
        is_known: false,
    }
}

/// The plug of a block entry, told of by nobody yet.
fn plug_block(entry: &BlockEntry) -> BlockPlug {
    let desc = entry.desc.clone().unwrap_or_else(|| {
        let model = entry.model.as_deref().unwrap_or("disk").replace(' ', "_");
        let label = entry.label.clone().unwrap_or_default();
        format!("{model} ({})", stretched(label, entry.stretch))
    });
    BlockPlug {
        desc,
        size: entry.size.unwrap_or(0).to_string(),
        mode: if entry.read_only { "r" } else { "w" }.to_owned(),
        parent: entry.parent.clone().unwrap_or_default(),
        is_known: false,
    }
}

/// The plug of a webcam entry, told of by nobody yet.
fn plug_webcam(entry: &WebcamEntry) -> WebcamPlug {
    WebcamPlug { parent: entry.parent.clone(), formats: entry.formats.clone(), viewer: None, is_known: false }
}

/// A gadget taken apart: backend, port and plug of each of its devices.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) usb: Vec<(String, String, UsbPlug)>,
    pub(crate) block: Vec<(String, String, BlockPlug)>,
    pub(crate) webcam: Vec<(String, String, WebcamPlug)>,
}

/// The devices of a gadget, at `backend` unless an entry says where.
pub(crate) fn parts(gadget: &GadgetEntry, backend: &str) -> Parts {
    let at = |own: &Option<String>| own.clone().unwrap_or_else(|| backend.to_owned());
    let usb = gadget.usb.iter();
    let block = gadget.block.iter();
    let webcam = gadget.webcam.iter();
    Parts {
        usb: usb.map(|entry| (at(&entry.backend), entry.port.clone(), plug_usb(entry))).collect(),
        block: block.map(|entry| (at(&entry.backend), entry.port.clone(), plug_block(entry))).collect(),
        webcam: webcam.map(|entry| (at(&entry.backend), entry.port.clone(), plug_webcam(entry))).collect(),
    }
}

/// The text over and over, to be hostile with.
fn stretched(text: String, length: Option<usize>) -> String {
    match length {
        Some(length) if !text.is_empty() => text.chars().cycle().take(length.min(STRETCH_MAX)).collect(),
        _ => text,
    }
}

/// As udev writes a text that must not hold blanks.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\x5c").replace(' ', "\\x20")
}

/// `00:14.0` → `0000:00:14.0`
fn full_address(address: &str) -> String {
    if address.matches(':').count() == 1 { format!("0000:{address}") } else { address.to_owned() }
}
