//! Renaming a qube, the way the tools do it: a new qube like the old one, all references turned over, the old one removed.
//!
//! The server itself can't rename. Who listens sees one qube come and another go.

use device_core::name::QubeName;

use crate::automatic::options_text;
use crate::property::{Kind, kind};
use crate::qube::Stored;
use crate::refusal::Refusal;
use crate::state::State;

impl State {
    /// Gives a halted qube another name.
    pub(crate) fn rename(&mut self, old: &QubeName, new: &QubeName) -> Result<(), Refusal> {
        let qube = self.known(old)?;
        if old.is_dom0() || qube.is_running() {
            return Err(Refusal::exception(
                "QubesVMNotHaltedError",
                format!("Domain is not powered off: '{old}'"),
            ));
        }
        if self.qube(new).is_some() {
            return Err(Refusal::value(format!("VM {new} already exists")));
        }
        let from = qube.clone();
        self.add(new, from.class);
        let made = self.known_mut(new)?;
        made.properties = from.properties;
        made.features = from.features;
        made.tags = from.tags;
        made.assignments = from.assignments;
        for stored in &mut made.assignments {
            stored.frontend = stored.frontend.take().map(|_| new.clone());
        }
        self.move_hardware(old, new);
        self.turn_properties(old, new)?;
        self.turn_assignments(old, new);
        self.remove(old);
        Ok(())
    }

    /// What is plugged into the old one is plugged into the new one.
    fn move_hardware(&mut self, old: &QubeName, new: &QubeName) {
        turn_keys(&mut self.hardware.usb, old, new);
        turn_keys(&mut self.hardware.block, old, new);
        turn_keys(&mut self.hardware.webcam, old, new);
        for value in self.defaults.values_mut().filter(|value| *value == old.as_str()) {
            *value = new.to_string();
        }
    }

    fn turn_properties(&mut self, old: &QubeName, new: &QubeName) -> Result<(), Refusal> {
        let mut found = Vec::new();
        for qube in self.qubes.values().filter(|qube| qube.name != *old) {
            for (key, value) in &qube.properties {
                if value == old.as_str() && kind(qube.class, key) == Some(Kind::Qube) {
                    found.push((qube.name.clone(), key.clone()));
                }
            }
        }
        found.into_iter().try_for_each(|(name, key)| self.set_property(&name, &key, new.as_str()))
    }

    /// Assignments of devices that the old one exposes.
    fn turn_assignments(&mut self, old: &QubeName, new: &QubeName) {
        let mut turned: Vec<(QubeName, Stored)> = Vec::new();
        for qube in self.qubes.values_mut() {
            for stored in qube.assignments.iter_mut().filter(|stored| stored.backend == *old) {
                turned.push((qube.name.clone(), stored.clone()));
                stored.backend = new.clone();
            }
        }
        for (frontend, before) in turned {
            let word = before.class.as_str();
            let after = Stored { backend: new.clone(), ..before.clone() };
            let options = options_text(&after.options);
            self.emit(&frontend, &format!("device-unassign:{word}"), &[("device", &before.text())]);
            self.emit(
                &frontend,
                &format!("device-assign:{word}"),
                &[("device", &after.text()), ("options", &options)],
            );
        }
    }
}

fn turn_keys<V>(
    plugs: &mut std::collections::BTreeMap<(QubeName, String), V>,
    old: &QubeName,
    new: &QubeName,
) {
    let turned: Vec<_> = plugs.extract_if(.., |(owner, _), _| owner == old).collect();
    plugs.extend(turned.into_iter().map(|((_, port), plug)| ((new.clone(), port), plug)));
}
