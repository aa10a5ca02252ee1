//! Makes the running machine of a world, and refuses a world that does not fit together.
//!
//! Every fault names the line of the entry it is in.

use std::collections::BTreeMap;

use device_core::assignment::{Mode, Options};
use device_core::interface::Interface;
use device_core::name::{PortId, QubeName};
use device_core::qube::{Label, PowerState, QubeClass};
use toml::Spanned;

use super::document::{
    AssignmentEntry, BlockEntry, Document, GadgetEntry, PciEntry, QubeEntry, Scalar, UsbEntry,
};
use super::{World, WorldError, crowd, gadget_catalogue};
use crate::class::{Class, pci_port};
use crate::hardware::{BlockPlug, PciFunction, UsbPlug};
use crate::property;
use crate::qube::{Qube, Stored};
use crate::state::State;

/// The feature of dom0 that tells every face that this is no real machine; its value is the world's name.
pub(crate) const ANNOUNCEMENT: &str = "plugboard-simulator";

/// The backend of what does not say where it is plugged in.
const USB_QUBE: &str = "sys-usb";

/// The machine of a world, as it is before the first call.
pub(crate) fn state(world: &World) -> Result<State, WorldError> {
    let document = &world.document;
    let name = document.name.clone().unwrap_or_else(|| world.source_name.clone());
    let mut state = State::new(name.clone());
    state.is_recorded = document.is_recorded;
    state.hardware.has_microphone = document.microphone.unwrap_or(true);
    state.defaults = defaults(document);
    if !state.is_recorded
        && let Some(dom0) = state.qubes.get_mut(&QubeName::dom0())
    {
        dom0.features.insert(ANNOUNCEMENT.to_owned(), name);
    }
    let mut builder = Builder { world, state };
    builder.qubes()?;
    builder.pci()?;
    builder.devices()?;
    builder.assignments()?;
    builder.gadgets();
    Ok(builder.switched_on())
}

fn defaults(document: &Document) -> BTreeMap<String, String> {
    let defaults = &document.defaults;
    [
        ("netvm", &defaults.netvm),
        ("template", &defaults.template),
        ("dispvm", &defaults.dispvm),
        ("clockvm", &defaults.clockvm),
        ("updatevm", &defaults.updatevm),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?)))
    .collect()
}

struct Builder<'a> {
    world: &'a World,
    state: State,
}

impl Builder<'_> {
    fn fault(&self, offset: usize, what: impl Into<String>) -> WorldError {
        self.world.fault(offset, what)
    }

    fn qubes(&mut self) -> Result<(), WorldError> {
        let world = self.world;
        for entry in &world.document.qube {
            self.qube(entry.get_ref(), entry.span().start)?;
        }
        if let Some(crowd) = &world.document.crowd {
            for entry in crowd::qubes(crowd.get_ref()) {
                self.qube(&entry, crowd.span().start)?;
            }
        }
        self.check_names()
    }

    fn qube(&mut self, entry: &QubeEntry, at: usize) -> Result<(), WorldError> {
        let name = QubeName::new(&entry.name).map_err(|error| self.fault(at, error.to_string()))?;
        if self.state.qubes.contains_key(&name) {
            return Err(self.fault(at, format!("there are two qubes named {name}")));
        }
        let class = QubeClass::new(entry.class.as_deref().unwrap_or("AppVM"));
        if matches!(class, QubeClass::Other | QubeClass::Admin) {
            return Err(self.fault(at, format!("{name} has a class that no qube can have")));
        }
        let label = entry.label.as_deref().unwrap_or("red");
        if Label::standard_colour(label).is_none() {
            return Err(self.fault(at, format!("{name} has the unknown label {label}")));
        }
        let qid = self.state.next_qid;
        self.state.next_qid += 1;
        let mut qube = Qube::new(name.clone(), class, qid, format!("c0ffee00-0000-4000-8000-{qid:012x}"));
        qube.properties.insert("label".to_owned(), label.to_owned());
        if let Some(template) = &entry.template {
            qube.properties.insert("template".to_owned(), template.clone());
        }
        for (key, value) in &entry.properties {
            if property::kind(class, key).is_none() {
                return Err(self.fault(at, format!("{name} can't have the property {key}")));
            }
            qube.properties.insert(key.clone(), value.to_text());
        }
        if !entry.denied.is_empty() {
            if let Some(bad) = entry.denied.iter().find(|code| Interface::new(code).is_none()) {
                return Err(self.fault(at, format!("{bad} is no interface code")));
            }
            qube.properties.insert("devices_denied".to_owned(), entry.denied.concat());
        }
        qube.features.clone_from(&entry.features);
        qube.tags.extend(entry.tags.iter().cloned());
        if class != QubeClass::Remote {
            qube.tags.extend(["audiovm-dom0".to_owned(), "guivm-dom0".to_owned()]);
        }
        if entry.running || entry.paused {
            qube.power = if entry.paused { PowerState::Paused } else { PowerState::Running };
            qube.xid = Some(self.state.next_xid);
            self.state.next_xid += 1;
        }
        self.state.qubes.insert(name, qube);
        Ok(())
    }

    /// Properties that name a qube must name one of this world.
    fn check_names(&self) -> Result<(), WorldError> {
        for entry in &self.world.document.qube {
            let Some(qube) =
                QubeName::new(&entry.get_ref().name).ok().and_then(|name| self.state.qube(&name))
            else {
                continue;
            };
            for (key, value) in &qube.properties {
                let is_qube = property::kind(qube.class, key) == Some(property::Kind::Qube);
                if is_qube && !value.is_empty() {
                    self.known(value, entry.span().start)?;
                }
            }
        }
        Ok(())
    }

    fn known(&self, name: &str, at: usize) -> Result<QubeName, WorldError> {
        QubeName::new(name)
            .ok()
            .filter(|name| self.state.qube(name).is_some())
            .ok_or_else(|| self.fault(at, format!("there is no qube named {name}")))
    }

    fn pci(&mut self) -> Result<(), WorldError> {
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
                frontend: None,
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
            vendor: entry.vendor.clone(),
            product: entry.product.clone(),
        };
        if self.state.hardware.pci.insert(address, function).is_some() {
            return Err(self.fault(at, "two functions have this address"));
        }
        Ok(())
    }

    fn devices(&mut self) -> Result<(), WorldError> {
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

    fn assignments(&mut self) -> Result<(), WorldError> {
        let world = self.world;
        for entry in &world.document.assignment {
            self.assignment(entry.get_ref(), entry.span().start)?;
        }
        Ok(())
    }

    fn assignment(&mut self, entry: &AssignmentEntry, at: usize) -> Result<(), WorldError> {
        let qube = self.known(&entry.qube, at)?;
        let class = Class::new(&entry.class)
            .ok_or_else(|| self.fault(at, format!("'{}' is no device class", entry.class)))?;
        let fallback = if matches!(class, Class::Mic | Class::Pci) { "dom0" } else { USB_QUBE };
        let mode = Mode::new(&entry.mode)
            .filter(|mode| *mode != Mode::Manual)
            .ok_or_else(|| self.fault(at, "a mode is auto-attach, ask-to-attach or required"))?;
        let stored = Stored {
            class,
            backend: self.known(entry.backend.as_deref().unwrap_or(fallback), at)?,
            port: entry.port.clone(),
            device: entry.device.clone(),
            mode,
            frontend: Some(qube.clone()),
            options: options(&entry.options),
        };
        if let Some(qube) = self.state.qubes.get_mut(&qube) {
            qube.assignments.push(stored);
        }
        Ok(())
    }

    /// The world's own gadgets come first, so that they win over those of the catalogue.
    fn gadgets(&mut self) {
        let own = self.world.document.gadget.iter().map(|gadget| gadget.get_ref().clone());
        self.state.gadgets = own.chain(gadget_catalogue()).collect();
    }

    /// What the backends tell at the start is seen already: nobody hears of it as news.
    fn switched_on(mut self) -> State {
        let backends: Vec<QubeName> = self.state.qubes.keys().cloned().collect();
        for backend in backends {
            for class in [Class::Block, Class::Usb] {
                let seen = self
                    .state
                    .exposed(class, &backend)
                    .unwrap_or_default()
                    .into_iter()
                    .map(|device| (device.port, device.holder))
                    .collect::<BTreeMap<_, _>>();
                if !seen.is_empty() {
                    self.state.seen.insert((backend.clone(), class), seen);
                }
            }
        }
        self.state
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
            text(&entry.serial)
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
        format!("{model} ({})", entry.label.as_deref().unwrap_or_default())
    });
    BlockPlug {
        desc,
        size: entry.size.unwrap_or(0).to_string(),
        mode: if entry.read_only { "r" } else { "w" }.to_owned(),
        parent: entry.parent.clone().unwrap_or_default(),
        is_known: false,
    }
}

/// A gadget taken apart: backend, port and plug of each of its devices.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    pub(crate) usb: Vec<(String, String, UsbPlug)>,
    pub(crate) block: Vec<(String, String, BlockPlug)>,
}

/// The devices of a gadget, at `backend` unless an entry says where.
pub(crate) fn parts(gadget: &GadgetEntry, backend: &str) -> Parts {
    let at = |own: &Option<String>| own.clone().unwrap_or_else(|| backend.to_owned());
    let usb = gadget.usb.iter();
    let block = gadget.block.iter();
    Parts {
        usb: usb.map(|entry| (at(&entry.backend), entry.port.clone(), plug_usb(entry))).collect(),
        block: block.map(|entry| (at(&entry.backend), entry.port.clone(), plug_block(entry))).collect(),
    }
}

/// As udev writes a text that must not hold blanks.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\x5c").replace(' ', "\\x20")
}

fn options(entries: &BTreeMap<String, Scalar>) -> Options {
    entries.iter().map(|(key, value)| (key.clone(), value.to_text())).collect()
}

/// `00:14.0` → `0000:00:14.0`
fn full_address(address: &str) -> String {
    if address.matches(':').count() == 1 { format!("0000:{address}") } else { address.to_owned() }
}
