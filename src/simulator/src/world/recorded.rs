//! The JSON worlds of the recordings (`tests/wire/worlds`), so that recordings replay on what they were taken from.
//!
//! Their machine forgets what was plugged into a backend that stops, as the recorded one did, and does not announce
//! itself as a simulator.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::document::{BlockEntry, Defaults, Document, PciEntry, QubeEntry, Scalar, UsbEntry};
use super::{World, WorldError};

#[derive(Deserialize)]
struct Recorded {
    qubes: Vec<Qube>,
    block: Vec<Block>,
    usb: Vec<Usb>,
    pci: Vec<Pci>,
    #[serde(default = "yes")]
    mic: bool,
}

#[derive(Deserialize)]
struct Qube {
    name: String,
    klass: String,
    label: String,
    running: bool,
    template: Option<String>,
    #[serde(default)]
    props: BTreeMap<String, String>,
    #[serde(default)]
    features: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Block {
    backend: String,
    ident: String,
    desc: String,
    mode: String,
    size: Option<String>,
    parent: Option<String>,
}

#[derive(Deserialize)]
struct Usb {
    backend: String,
    port: String,
    desc: String,
    interfaces: String,
}

#[derive(Deserialize)]
struct Pci {
    sbdf: String,
    parent: Option<String>,
    klass: String,
    vendor: (String, String),
    product: (String, String),
    attached_to: Option<String>,
}

fn yes() -> bool {
    true
}

/// Reads a recorded world.
pub(super) fn read(source_name: &str, text: &str) -> Result<World, WorldError> {
    let recorded: Recorded = serde_json::from_str(text).map_err(|error| WorldError {
        source_name: source_name.to_owned(),
        line: Some(error.line()),
        what: error.to_string(),
    })?;
    Ok(World { source_name: source_name.to_owned(), text: String::new(), document: document(recorded) })
}

fn document(recorded: Recorded) -> Document {
    let named = |name: &str| Some(Spanned::new(0..0, name.to_owned()));
    Document {
        name: None,
        is_recorded: true,
        microphone: Some(recorded.mic),
        defaults: Defaults {
            netvm: named("sys-net"),
            template: named("fedora-41"),
            dispvm: named("default-dvm"),
            clockvm: named("sys-net"),
            updatevm: named("sys-net"),
        },
        qube: spanned(recorded.qubes, qube),
        usb: spanned(recorded.usb, usb),
        block: spanned(recorded.block, block),
        pci: spanned(recorded.pci, pci),
        ..Document::default()
    }
}

fn spanned<A, B>(entries: Vec<A>, make: impl Fn(A) -> B) -> Vec<Spanned<B>> {
    entries.into_iter().map(|entry| Spanned::new(0..0, make(entry))).collect()
}

fn qube(qube: Qube) -> QubeEntry {
    QubeEntry {
        name: qube.name,
        class: Some(qube.klass),
        label: Some(qube.label),
        template: qube.template,
        running: qube.running,
        properties: qube.props.into_iter().map(|(key, value)| (key, Scalar::Text(value))).collect(),
        features: qube.features,
        ..QubeEntry::default()
    }
}

fn usb(usb: Usb) -> UsbEntry {
    UsbEntry {
        backend: Some(usb.backend),
        port: usb.port,
        desc: Some(usb.desc),
        interfaces: usb.interfaces.split(':').filter(|code| !code.is_empty()).map(str::to_owned).collect(),
        ..UsbEntry::default()
    }
}

fn block(block: Block) -> BlockEntry {
    BlockEntry {
        backend: Some(block.backend),
        port: block.ident,
        desc: Some(block.desc),
        size: block.size.and_then(|size| size.parse().ok()),
        read_only: block.mode == "r",
        parent: block.parent,
        ..BlockEntry::default()
    }
}

fn pci(pci: Pci) -> PciEntry {
    PciEntry {
        address: pci.sbdf,
        behind: pci.parent,
        class: pci.klass,
        id: format!("{}:{}", pci.vendor.0.trim_start_matches("0x"), pci.product.0.trim_start_matches("0x")),
        vendor: Some(pci.vendor.1),
        product: Some(pci.product.1),
        attached: pci.attached_to,
        ..PciEntry::default()
    }
}
