//! PCI functions: only dom0 exposes them, and a qube normally requires them from its start.
//!
//! # Source
//! Admin API facts 5.5; measured facts 15.

use std::collections::BTreeMap;

use device_core::assignment::Options;
use device_core::name::QubeName;

use super::{Class, Exposed, Held};
use crate::hardware::PciFunction;
use crate::qube::Qube;
use crate::refusal::{Protocol, Refusal};
use crate::state::State;

pub(super) fn exposed(state: &State, backend: &QubeName) -> Vec<Exposed> {
    if !backend.is_dom0() {
        return Vec::new();
    }
    let functions = state.hardware.pci.iter();
    functions.filter_map(|(address, function)| told(state, address, function)).collect()
}

/// A function as this version of the server tells it: before R4.3 by its plain address, and of the first segment only.
fn told(state: &State, address: &str, function: &PciFunction) -> Option<Exposed> {
    let device = read(address, function);
    match state.protocol {
        Protocol::R43 | Protocol::R44 => Some(device),
        Protocol::R40 | Protocol::R42 => {
            let is_first = address.starts_with("0000:");
            is_first.then(|| Exposed { port: plain_port(address), ..device })
        }
    }
}

/// One function under the port that was asked for: its path over the bridges, or its plain address.
pub(super) fn by_any_port(state: &State, port: &str) -> Result<Exposed, Refusal> {
    let (address, function) = state
        .hardware
        .pci
        .iter()
        .find(|(address, function)| function.port == port || plain_port(address) == port)
        .ok_or(Refusal::Crash)?;
    Ok(Exposed { port: port.to_owned(), ..read(address, function) })
}

fn read(address: &str, function: &PciFunction) -> Exposed {
    let code = format!("p{}", function.code);
    let names = [("vendor", &function.vendor), ("product", &function.product)];
    Exposed {
        class: Class::Pci,
        backend: QubeName::dom0(),
        port: function.port.clone(),
        id: format!("{}::{code}", function.id),
        names: names.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))).collect(),
        // Who holds it is never told here.
        holder: None,
        interfaces: vec![code],
        parent: None,
        data: vec![("sbdf", address.to_owned())],
    }
}

pub(super) fn held(state: &State, frontend: &QubeName) -> Vec<Held> {
    let addresses = state.qube(frontend).map(|qube| qube.pci.as_slice()).unwrap_or_default();
    addresses
        .iter()
        .filter_map(|address| state.hardware.pci.get_key_value(address))
        .filter_map(|(address, function)| {
            let device = told(state, address, function)?;
            Some(Held { backend: device.backend, port: device.port, id: device.id, options: Options::new() })
        })
        .collect()
}

pub(super) fn attach(state: &mut State, frontend: &QubeName, device: &Exposed) -> Result<(), Refusal> {
    if frontend.is_dom0() {
        return Err(Refusal::exception("QubesException", "Can't attach PCI device to dom0"));
    }
    let qube = state.known(frontend)?;
    if state.property_text(qube, "virt_mode").as_deref() == Some("pvh") {
        return Err(Refusal::exception("QubesException", "Can't attach PCI device to VM in pvh mode"));
    }
    let address = device
        .data
        .iter()
        .find(|(key, _)| *key == "sbdf")
        .map(|(_, address)| address.clone())
        .ok_or(Refusal::Crash)?;
    let is_taken = state.qubes.values().any(|other| other.name != *frontend && other.pci.contains(&address));
    let has_all = |qube: &Qube| reset_with(state, &address).iter().all(|other| qube.pci.contains(other));
    let is_resettable = state.qube(frontend).is_some_and(has_all);
    if std::mem::take(&mut state.faults.hypervisor) || (is_taken && !state.is_recorded) || !is_resettable {
        return Err(Refusal::Crash);
    }
    let qube = state.known_mut(frontend)?;
    if !qube.pci.contains(&address) {
        qube.pci.push(address);
    }
    Ok(())
}

/// The other functions that are reset together with one.
pub(crate) fn reset_with(state: &State, address: &str) -> Vec<String> {
    let group = state.hardware.pci.get(address).and_then(|function| function.group.as_ref());
    let others =
        state.hardware.pci.iter().filter(|(other, function)| {
            *other != address && group.is_some() && function.group.as_ref() == group
        });
    others.map(|(other, _)| other.clone()).collect()
}

/// `0000:00:14.0` → `00_14.0`; the segment is written only when it is not the first.
pub(crate) fn plain_port(address: &str) -> String {
    address.strip_prefix("0000:").unwrap_or(address).replace(':', "_")
}

/// The port of a function: the path over its bridges, each later hop's bus counted from its bridge's own.
///
/// `behind` tells the bridge of each address. `None` when the bridges go round in a ring.
pub(crate) fn port_of(address: &str, behind: &BTreeMap<String, String>) -> Option<String> {
    let mut hops = Vec::new();
    let mut at = address;
    while let Some(bridge) = behind.get(at) {
        let secondary = behind
            .iter()
            .filter(|(_, parent)| *parent == bridge)
            .filter_map(|(child, _)| bus(child))
            .min()?;
        let slot = at.rsplit(':').next()?;
        hops.push(format!("{:02x}_{slot}", bus(at)?.checked_sub(secondary)?));
        at = bridge;
        if hops.len() > behind.len() {
            return None;
        }
    }
    hops.push(plain_port(at));
    hops.reverse();
    Some(hops.join("-"))
}

fn bus(address: &str) -> Option<u32> {
    u32::from_str_radix(address.split(':').nth(1)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_paths_over_bridges() {
        let behind = BTreeMap::from([
            ("0000:02:00.0".to_owned(), "0000:00:1c.0".to_owned()),
            ("0000:04:00.1".to_owned(), "0000:02:00.0".to_owned()),
            ("0000:05:00.0".to_owned(), "0000:02:00.0".to_owned()),
        ]);
        for (address, port) in [
            ("0000:00:14.0", "00_14.0"),
            ("0001:00:14.0", "0001_00_14.0"),
            ("0000:02:00.0", "00_1c.0-00_00.0"),
            ("0000:04:00.1", "00_1c.0-00_00.0-00_00.1"),
            ("0000:05:00.0", "00_1c.0-00_00.0-01_00.0"),
        ] {
            assert_eq!(port_of(address, &behind).as_deref(), Some(port));
        }
        let ring = BTreeMap::from([("0000:01:00.0".to_owned(), "0000:01:00.0".to_owned())]);
        assert_eq!(port_of("0000:01:00.0", &ring), None);
    }
}
