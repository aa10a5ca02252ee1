//! What `--json` prints: one object a line, each with the version of this schema and its kind.
//!
//! `docs/cli.md` is the manual of the schema. Fields may be added to it; none goes or changes its meaning without
//! another [`VERSION`].

use std::collections::BTreeMap;

use device_core::assignment::{Assignment, Options};
use device_core::device::DeviceInfo;
use device_core::interface::Interface;
use device_core::name::{DeviceRef, QubeName};
use serde::{Serialize, Serializer};

use crate::difference::Step;
use crate::hwdata;

/// Version of the schema.
pub const VERSION: u32 = 1;

/// One line.
#[derive(Debug, Serialize)]
struct Line<'a, T> {
    version: u32,
    kind: &'a str,
    #[serde(flatten)]
    body: T,
}

/// The body as a line of this kind, with its newline.
#[must_use]
pub fn line(kind: &str, body: impl Serialize) -> String {
    // Only a map with keys that are no texts could fail, and there is none.
    let text = serde_json::to_string(&Line { version: VERSION, kind, body }).unwrap_or_default();
    text + "\n"
}

/// A device.
#[derive(Debug, Serialize)]
pub struct Device {
    class: String,
    backend: String,
    port: String,
    id: String,
    description: String,
    category: &'static str,
    interfaces: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    names: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<Parent>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    data: BTreeMap<String, String>,
    attached: Vec<User>,
}

#[derive(Debug, Serialize)]
struct Parent {
    class: String,
    port: String,
}

/// A qube that has a device.
#[derive(Debug, Serialize)]
pub struct User {
    qube: String,
    options: Pairs,
}

impl User {
    /// This qube, with these options as far as they were read.
    #[must_use]
    pub fn new(qube: &QubeName, options: &Options) -> Self {
        Self { qube: qube.to_string(), options: Pairs(options.clone()) }
    }
}

impl Device {
    /// The device, in the hands of these.
    #[must_use]
    pub fn new(info: &DeviceInfo, attached: Vec<User>) -> Self {
        let names = &info.names;
        let names = [
            ("vendor", &names.vendor),
            ("product", &names.product),
            ("manufacturer", &names.manufacturer),
            ("name", &names.name),
            ("serial", &names.serial),
        ];
        let parent = info.parent.as_ref();
        Self {
            class: info.port.class.to_string(),
            backend: info.port.backend.to_string(),
            port: info.port.id.to_string(),
            id: info.id.to_string(),
            description: info.description(&hwdata::label),
            category: info.category().as_str(),
            interfaces: info.interfaces.iter().map(Interface::to_string).collect(),
            names: names
                .into_iter()
                .filter_map(|(key, text)| Some((key, text.as_ref()?.to_string())))
                .collect(),
            parent: parent.map(|(class, port)| Parent { class: class.to_string(), port: port.to_string() }),
            data: info.data.iter().map(|(key, value)| (key.clone(), value.to_string())).collect(),
            attached,
        }
    }
}

/// A stored assignment; no port or id means any.
#[derive(Debug, Serialize)]
pub struct Stored {
    class: String,
    backend: String,
    port: Option<String>,
    id: Option<String>,
    qube: String,
    mode: &'static str,
    options: Pairs,
}

impl From<&Assignment> for Stored {
    fn from(assignment: &Assignment) -> Self {
        Self {
            class: assignment.class.to_string(),
            backend: assignment.backend.to_string(),
            port: assignment.port.as_ref().map(ToString::to_string),
            id: assignment.device.as_ref().map(ToString::to_string),
            qube: assignment.frontend.to_string(),
            mode: assignment.mode.as_str(),
            options: Pairs(assignment.options.clone()),
        }
    }
}

/// A change that was made, as the line to print.
#[must_use]
pub fn change(change: &'static str, assignment: &Assignment) -> String {
    #[derive(Serialize)]
    struct Change {
        change: &'static str,
        #[serde(flatten)]
        stored: Stored,
    }
    line("change", Change { change, stored: assignment.into() })
}

/// What would be changed for one qube, as the line to print.
#[must_use]
pub fn difference(qube: &QubeName, steps: &[Step]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "kebab-case", tag = "change")]
    enum Change {
        Deny { codes: Vec<String> },
        Allow { codes: Vec<String> },
        Assign(Stored),
        Unassign(Stored),
        SetMode(Stored),
    }
    #[derive(Serialize)]
    struct Difference<'a> {
        qube: &'a str,
        changes: Vec<Change>,
    }
    let texts = |codes: &[Interface]| codes.iter().map(Interface::to_string).collect();
    let change = |step: &Step| match step {
        Step::Deny(codes) => Change::Deny { codes: texts(codes) },
        Step::Allow(codes) => Change::Allow { codes: texts(codes) },
        Step::Assign(new) => Change::Assign(new.into()),
        Step::Unassign(old) => Change::Unassign(old.into()),
        Step::SetMode(old, mode) => Change::SetMode(Stored { mode: mode.as_str(), ..Stored::from(old) }),
    };
    let changes = steps.iter().map(change).collect();
    line("difference", Difference { qube: qube.as_str(), changes })
}

/// A device that left a qube, as the line to print.
#[must_use]
pub fn detached(device: &DeviceRef, qube: &QubeName) -> String {
    #[derive(Serialize)]
    struct Detached<'a> {
        change: &'static str,
        class: &'a str,
        backend: &'a str,
        port: &'a str,
        id: &'a str,
        qube: &'a str,
    }
    let body = Detached {
        change: "detach",
        class: device.port.class.as_str(),
        backend: device.port.backend.as_str(),
        port: device.port.id.as_str(),
        id: device.id.as_str(),
        qube: qube.as_str(),
    };
    line("change", body)
}

/// Options in the server's order.
#[derive(Debug)]
struct Pairs(Options);

impl Serialize for Pairs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}
