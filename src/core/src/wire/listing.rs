//! The lists of the Admin API, line by line: qubes, devices, assignments.
//!
//! # Source
//! Admin API facts 2.1, 2.4 and 3.3.

pub mod older;

use std::collections::BTreeMap;

use super::Fault;
use super::property::{Properties, PropertyError};
use crate::assignment::{Assignment, Attachment, Mode, Options};
use crate::device::{DeviceInfo, DeviceNames};
use crate::interface::Interface;
use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};
use crate::qube::{PowerState, QubeClass, QubeState};
use crate::text::DisplayText;

/// Most lines read of one list; a backend with more has the rest reported as one fault.
pub const LINES_MAX: usize = 4096;

/// What could be read of a list, and what could not.
pub type Listing<T> = (Vec<T>, Vec<Fault>);

/// Reads an `admin.vm.List` reply.
#[must_use]
pub fn qubes(data: &[u8]) -> Listing<QubeState> {
    each_line(data, |line| {
        let (name, rest) = line.split_once(' ').ok_or("no class")?;
        let name = QubeName::new(name).map_err(|error| error.to_string())?;
        let value = |key: &str| rest.split(' ').find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
        Ok(QubeState {
            name,
            class: QubeClass::new(value("class").unwrap_or_default()),
            state: PowerState::new(value("state").unwrap_or_default()),
        })
    })
}

/// Reads an `admin.deviceclass.List` reply, sorted.
#[must_use]
pub fn classes(data: &[u8]) -> Listing<DeviceClass> {
    let (mut classes, faults) =
        each_line(data, |line| DeviceClass::new(line).map_err(|error| error.to_string()));
    classes.sort();
    classes.dedup();
    (classes, faults)
}

/// Whether this `Available` reply is that of a server before R4.3: the heads of its lines tell a port and no id, and
/// each line ends in a description. `None` when there is nothing to tell by.
#[must_use]
pub fn is_older(data: &[u8]) -> Option<bool> {
    let has_id = |line: &[u8]| line.split(|b| *b == b' ').next().is_some_and(|head| head.contains(&b':'));
    let mut lines = data.split(|b| *b == b'\n').filter(|line| !line.is_empty()).peekable();
    lines.peek()?;
    let lines: Vec<_> = lines.take(LINES_MAX).collect();
    if lines.iter().any(|line| has_id(line)) {
        return Some(false);
    }
    let describes = |line: &&[u8]| line.windows(13).any(|part| part == b" description=");
    lines.iter().all(describes).then_some(true)
}

/// Whether this `admin.vm.List` reply is that of a server before R4.3: such a server knows no uuids. `None` when
/// there is nothing to tell by.
#[must_use]
pub fn is_older_of_qubes(data: &[u8]) -> Option<bool> {
    let first = data.split(|b| *b == b'\n').next()?;
    let has = |key: &[u8]| first.split(|b| *b == b' ').any(|word| word.starts_with(key));
    has(b"class=").then(|| !has(b"uuid="))
}

/// Reads an `Available` reply of `backend`. A line whose head is good is kept as an unknown device if its rest is
/// not: the person sees that something is plugged in there.
#[must_use]
pub fn exposed(data: &[u8], backend: &QubeName, class: &DeviceClass) -> Listing<DeviceInfo> {
    let mut bad_rests = Vec::new();
    let (devices, mut faults) = each_line(data, |line| {
        let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (port, id) = head.split_once(':').ok_or("no device id")?;
        let port = PortId::new(port).map_err(|error| error.to_string())?;
        let id = DeviceId::new(id).map_err(|error| error.to_string())?;
        let device = DeviceRef { port: Port::new(backend.clone(), class.clone(), port), id };
        Ok(device_info(&device, rest).unwrap_or_else(|what| {
            bad_rests.push(Fault::new(what, line));
            DeviceInfo::unknown(device.port, device.id)
        }))
    });
    faults.append(&mut bad_rests);
    one_on_each_port((devices, faults), backend)
}

/// The devices by port, of two on one port the first.
fn one_on_each_port(listing: Listing<DeviceInfo>, backend: &QubeName) -> Listing<DeviceInfo> {
    let (mut devices, mut faults) = listing;
    devices.sort_by(|a, b| a.port.cmp(&b.port));
    let before = devices.len();
    devices.dedup_by(|a, b| a.port == b.port);
    if devices.len() < before {
        faults.push(Fault::new("two devices on one port; the first is kept", backend.as_str()));
    }
    (devices, faults)
}

/// Reads an `Attached` reply of `frontend`.
#[must_use]
pub fn attached(data: &[u8], frontend: &QubeName, class: &DeviceClass) -> Listing<Attachment> {
    each_line(data, |line| {
        let pattern = assignment_line(line, frontend, class)?;
        let (Some(port), Some(id)) = (pattern.port, pattern.device) else {
            return Err("an attachment without port or device id".into());
        };
        Ok(Attachment {
            device: DeviceRef { port: Port::new(pattern.backend, pattern.class, port), id },
            frontend: pattern.frontend,
            mode: pattern.mode,
            options: pattern.options,
        })
    })
}

/// Reads an `Assigned` reply of `frontend`.
#[must_use]
pub fn assigned(data: &[u8], frontend: &QubeName, class: &DeviceClass) -> Listing<Assignment> {
    each_line(data, |line| assignment_line(line, frontend, class))
}

/// Reads the payload of Attach and Assign: what a server does. `None` for a port or id means `*`.
///
/// # Errors
/// Any of them makes the server close without a word.
pub fn assignment_payload(
    text: &str,
    frontend: &QubeName,
    class: &DeviceClass,
) -> Result<(Option<QubeName>, Assignment), String> {
    let properties = Properties::parse(text).map_err(|error| error.to_string())?;
    let backend =
        properties.value("backend_domain").map(QubeName::new).transpose().map_err(|e| e.to_string())?;
    let subject = backend.clone().unwrap_or_else(QubeName::dom0);
    let assignment = assignment(&properties, &subject, None, None, frontend, class)?;
    Ok((backend, assignment))
}

/// The line of an `Available` reply for `device`, without its newline.
///
/// # Errors
/// When a text holds what the wire can't carry; the real server then fails the whole reply.
pub fn write_exposed(device: &DeviceInfo) -> Result<String, PropertyError> {
    let mut properties = device_head(&device.to_ref())?;
    let DeviceNames { vendor, product, manufacturer, name, serial } = &device.names;
    let texts = [
        ("vendor", vendor),
        ("product", product),
        ("manufacturer", manufacturer),
        ("name", name),
        ("serial", serial),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            properties.push(key, text.as_str())?;
        }
    }
    if let Some(holder) = &device.holder {
        properties.push("attachment", holder.as_str())?;
    }
    properties.push("interfaces", &device.interfaces.iter().map(Interface::as_str).collect::<String>())?;
    if let Some((class, port)) = &device.parent {
        properties.push("parent_port_id", port.as_str())?;
        properties.push("parent_devclass", class.as_str())?;
    }
    for (key, value) in &device.data {
        properties.push(&format!("_{key}"), value.as_str())?;
    }
    Ok(format!("{}:{} {properties}", device.port.id, device.id))
}

/// The serialized form of an assignment or attachment, as it travels in payloads and behind a line's head.
///
/// # Errors
/// When an option holds what the wire can't carry.
pub fn write_assignment(assignment: &Assignment) -> Result<String, PropertyError> {
    let mut properties = Properties::default();
    properties.push("device_id", assignment.device.as_ref().map_or("*", DeviceId::as_str))?;
    properties.push("port_id", assignment.port.as_ref().map_or("*", PortId::as_str))?;
    properties.push("devclass", assignment.class.as_str())?;
    properties.push("backend_domain", assignment.backend.as_str())?;
    properties.push("mode", assignment.mode.as_str())?;
    properties.push("frontend_domain", assignment.frontend.as_str())?;
    for (key, value) in assignment.options.iter() {
        properties.push(&format!("_{key}"), value)?;
    }
    Ok(properties.to_string())
}

/// The line of an `Attached` or `Assigned` reply, without its newline.
///
/// # Errors
/// When an option holds what the wire can't carry.
pub fn write_assigned(assignment: &Assignment) -> Result<String, PropertyError> {
    let port = assignment.port.as_ref().map_or("*", PortId::as_str);
    let device = assignment.device.as_ref().map_or("*", DeviceId::as_str);
    Ok(format!("{}+{port}:{device} {}", assignment.backend, write_assignment(assignment)?))
}

fn device_head(device: &DeviceRef) -> Result<Properties, PropertyError> {
    let mut properties = Properties::default();
    properties.push("device_id", device.id.as_str())?;
    properties.push("port_id", device.port.id.as_str())?;
    properties.push("devclass", device.port.class.as_str())?;
    properties.push("backend_domain", device.port.backend.as_str())?;
    Ok(properties)
}

fn device_info(device: &DeviceRef, rest: &str) -> Result<DeviceInfo, String> {
    let properties = Properties::parse(rest).map_err(|error| error.to_string())?;
    let port = &device.port;
    for (key, expected) in [
        ("device_id", device.id.as_str()),
        ("port_id", port.id.as_str()),
        ("devclass", port.class.as_str()),
        ("backend_domain", port.backend.as_str()),
    ] {
        if properties.value(key).is_some_and(|value| value != expected) {
            return Err(format!("{key} is not that of the line's head"));
        }
    }
    let text = |key: &str| {
        properties.value(key).filter(|text| !matches!(*text, "" | "unknown")).map(DisplayText::from_untrusted)
    };
    let mut interfaces: Vec<_> =
        Interface::split(properties.value("interfaces").unwrap_or_default()).collect();
    if interfaces.is_empty() {
        interfaces.push(Interface::UNKNOWN);
    }
    Ok(DeviceInfo {
        port: port.clone(),
        id: device.id.clone(),
        names: DeviceNames {
            vendor: text("vendor"),
            product: text("product"),
            manufacturer: text("manufacturer"),
            name: text("name"),
            serial: text("serial"),
        },
        holder: properties
            .value("attachment")
            .map(QubeName::new)
            .transpose()
            .map_err(|error| error.to_string())?,
        interfaces,
        parent: parent(&properties),
        grandparent: None,
        data: properties
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix('_')?.to_owned(), value.into())))
            .collect::<BTreeMap<_, _>>(),
    })
}

/// A parent that can't be read is no parent: the device itself is still good.
fn parent(properties: &Properties) -> Option<(DeviceClass, PortId)> {
    let class = DeviceClass::new(properties.value("parent_devclass")?).ok()?;
    let port = PortId::new(properties.value("parent_port_id")?).ok()?;
    Some((class, port))
}

/// `BACKEND+PORT:DEVICE_ID PROPERTIES`
fn assignment_line(line: &str, frontend: &QubeName, class: &DeviceClass) -> Result<Assignment, String> {
    let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (backend, device) = head.split_once('+').ok_or("no backend")?;
    let (port, id) = device.split_once(':').ok_or("no device id")?;
    let backend = QubeName::new(backend).map_err(|error| error.to_string())?;
    let properties = Properties::parse(rest).map_err(|error| error.to_string())?;
    assignment(&properties, &backend, Some(port), Some(id), frontend, class)
}

/// An assignment out of its properties; what the head of its line says must agree with them.
fn assignment(
    properties: &Properties,
    backend: &QubeName,
    port: Option<&str>,
    id: Option<&str>,
    frontend: &QubeName,
    class: &DeviceClass,
) -> Result<Assignment, String> {
    const KNOWN: [&str; 6] =
        ["device_id", "port_id", "devclass", "backend_domain", "mode", "frontend_domain"];
    if let Some((key, _)) = properties.iter().find(|(key, _)| !key.starts_with('_') && !KNOWN.contains(key)) {
        return Err(format!("unknown property {}", DisplayText::from_untrusted(key)));
    }
    for (key, head) in [
        ("backend_domain", Some(backend.as_str())),
        ("devclass", Some(class.as_str())),
        ("port_id", port),
        ("device_id", id),
    ] {
        if let (Some(head), Some(value)) = (head, properties.value(key))
            && value != head
        {
            return Err(format!("{key} is not the expected one"));
        }
    }
    let port = port.or(properties.value("port_id")).unwrap_or("*");
    let id = id.or(properties.value("device_id")).unwrap_or("*");
    let mode = properties.value("mode").unwrap_or("manual");
    let named =
        properties.value("frontend_domain").map(QubeName::new).transpose().map_err(|e| e.to_string())?;
    Ok(Assignment {
        backend: backend.clone(),
        class: class.clone(),
        port: some_unless_any(port).map(PortId::new).transpose().map_err(|error| error.to_string())?,
        device: some_unless_any(id).map(DeviceId::new).transpose().map_err(|error| error.to_string())?,
        frontend: named.unwrap_or_else(|| frontend.clone()),
        mode: Mode::new(mode).ok_or("unknown mode")?,
        options: properties
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix('_')?, value)))
            .collect::<Options>(),
    })
}

fn some_unless_any(text: &str) -> Option<&str> {
    (text != "*").then_some(text)
}

/// Applies `read` to each line; what it refuses becomes a fault.
fn each_line<T>(data: &[u8], mut read: impl FnMut(&str) -> Result<T, String>) -> Listing<T> {
    let (mut items, mut faults) = (Vec::new(), Vec::new());
    for (count, line) in data.split(|b| *b == b'\n').filter(|line| !line.is_empty()).enumerate() {
        if count == LINES_MAX {
            faults.push(Fault::new(format!("more than {LINES_MAX} lines; the rest is left out"), ""));
            break;
        }
        match std::str::from_utf8(line) {
            Err(_) => faults.push(Fault::new("not UTF-8", &String::from_utf8_lossy(line))),
            Ok(line) => match read(line) {
                Ok(item) => items.push(item),
                Err(what) => faults.push(Fault::new(what, line)),
            },
        }
    }
    (items, faults)
}

#[cfg(test)]
mod tests;
