//! Makes the running machine of a world, and refuses a world that does not fit together.
//!
//! Every fault names the line of the entry it is in.

use std::collections::BTreeMap;

use device_core::assignment::{Mode, Options};
use device_core::interface::Interface;
use device_core::name::QubeName;
use device_core::qube::{Label, PowerState, QubeClass};

use super::document::{AssignmentEntry, QubeEntry, Scalar};
use super::{World, WorldError, crowd, gadget_catalogue};
use crate::class::Class;
use crate::property;
use crate::qube::{Qube, Stored};
use crate::state::State;

/// The feature of dom0 that tells every face that this is no real machine; its value is the world's name.
pub(crate) const ANNOUNCEMENT: &str = "plugboard-simulator";

/// The backend of what does not say where it is plugged in.
pub(super) const USB_QUBE: &str = "sys-usb";

/// Most qubes, USB devices or disks that a crowd can ask for; more test the memory and nothing else.
const CROWD_MAX: usize = 10_000;

/// The machine of a world, as it is before the first call.
pub(crate) fn state(world: &World) -> Result<State, WorldError> {
    let document = &world.document;
    let name = document.name.clone().unwrap_or_else(|| world.source_name.clone());
    let mut state = State::new(name.clone());
    state.is_recorded = document.is_recorded;
    state.hardware.has_microphone = document.microphone.unwrap_or(true);
    state.hardware.has_webcam_class = document.video_companion.unwrap_or(!document.webcam.is_empty());
    state.defaults =
        document.defaults.given().map(|(key, value)| (key.to_owned(), value.get_ref().clone())).collect();
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
    let mut state = builder.state;
    state.look_around();
    Ok(state)
}

/// A machine in the making.
pub(super) struct Builder<'a> {
    pub(super) world: &'a World,
    pub(super) state: State,
}

impl Builder<'_> {
    pub(super) fn fault(&self, offset: usize, what: impl Into<String>) -> WorldError {
        self.world.fault(offset, what)
    }

    fn qubes(&mut self) -> Result<(), WorldError> {
        let world = self.world;
        for entry in &world.document.qube {
            self.qube(entry.get_ref(), entry.span().start)?;
        }
        if let Some(crowd) = &world.document.crowd {
            let counts = crowd.get_ref();
            if [counts.qubes, counts.usb, counts.block].into_iter().any(|count| count > CROWD_MAX) {
                let what = format!("a crowd has at most {CROWD_MAX} of a kind");
                return Err(self.fault(crowd.span().start, what));
            }
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
            let Some(kind) = property::kind(class, key) else {
                return Err(self.fault(at, format!("{name} can't have the property {key}")));
            };
            let text = value.to_text();
            if !kind.takes(&text) {
                return Err(self.fault(at, format!("{text:?} can't be the property {key}")));
            }
            qube.properties.insert(key.clone(), text);
        }
        let texts = entry.features.iter().flat_map(|(key, value)| [key, value]).chain(&entry.tags);
        if let Some(text) = texts.into_iter().find(|text| !text.chars().all(|c| matches!(c, ' '..='~'))) {
            return Err(self.fault(at, format!("{text:?} holds a character that no feature or tag can hold")));
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
        for (_, name) in self.world.document.defaults.given().filter(|(_, name)| !name.get_ref().is_empty()) {
            self.known(name.get_ref(), name.span().start)?;
        }
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

    pub(super) fn known(&self, name: &str, at: usize) -> Result<QubeName, WorldError> {
        QubeName::new(name)
            .ok()
            .filter(|name| self.state.qube(name).is_some())
            .ok_or_else(|| self.fault(at, format!("there is no qube named {name}")))
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
}

pub(super) fn options(entries: &BTreeMap<String, Scalar>) -> Options {
    entries.iter().map(|(key, value)| (key.clone(), value.to_text())).collect()
}
