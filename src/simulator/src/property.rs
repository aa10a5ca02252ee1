//! Properties of qubes and of the machine: which there are, of which type, and what they are when nobody set them.
//!
//! A value that is set is kept as text in the qube; everything else is computed here on each read.
//!
//! # Source
//! Admin API facts 2.2; the tables are those of the recordings.

use device_core::name::QubeName;
use device_core::qube::{Label, QubeClass};

use crate::qube::Qube;
use crate::refusal::Refusal;
use crate::state::State;

/// Type of a property as the wire names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A number; empty = missing.
    Number,
    /// `True` or `False`.
    Boolean,
    /// A qube, or empty for none.
    Qube,
    /// A label.
    Label,
}

impl Kind {
    /// Whether a stored text can be such a value. Whether the qube it names is there is not asked.
    pub(crate) fn takes(self, text: &str) -> bool {
        match self {
            Self::Text => text.chars().all(|c| c == '\n' || matches!(c, ' '..='~')),
            Self::Number => text.parse::<i64>().is_ok(),
            Self::Boolean => matches!(text, "True" | "False"),
            Self::Qube => text.is_empty() || QubeName::new(text).is_ok(),
            Self::Label => Label::standard_colour(text).is_some(),
        }
    }

    /// The wire name.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "str",
            Self::Number => "int",
            Self::Boolean => "bool",
            Self::Qube => "vm",
            Self::Label => "label",
        }
    }
}

/// A property as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) is_default: bool,
    pub(crate) kind: Kind,
    pub(crate) text: String,
}

/// Letters of the classes that have a property: Admin, Template, App, Standalone, Disposable, Remote.
fn letter(class: QubeClass) -> char {
    match class {
        QubeClass::Admin => '0',
        QubeClass::Template => 'T',
        QubeClass::App => 'A',
        QubeClass::Standalone => 'S',
        QubeClass::Disposable => 'D',
        QubeClass::Remote | QubeClass::Other => 'R',
    }
}

/// Name, type, classes; in the order of the recorded list.
const TABLE: &[(&str, Kind, &str)] = &[
    ("auto_cleanup", Kind::Boolean, "D"),
    ("autostart", Kind::Boolean, "TASD"),
    ("backup_timestamp", Kind::Number, "TASD"),
    ("debug", Kind::Boolean, "TASD"),
    ("default_user", Kind::Text, "TASD"),
    ("devices_denied", Kind::Text, "0TASD"),
    ("dispid", Kind::Number, "D"),
    ("dns", Kind::Text, "TASD"),
    ("gateway", Kind::Text, "TASD"),
    ("gateway6", Kind::Text, "TASD"),
    ("icon", Kind::Text, "0TASDR"),
    ("include_in_backups", Kind::Boolean, "0TASDR"),
    ("installed_by_rpm", Kind::Boolean, "TASD"),
    ("ip", Kind::Text, "TASD"),
    ("ip6", Kind::Text, "TASD"),
    ("is_preload", Kind::Boolean, "D"),
    ("kernel", Kind::Text, "TASD"),
    ("keyboard_layout", Kind::Text, "0TASD"),
    ("klass", Kind::Text, "0TASDR"),
    ("label", Kind::Label, "0TASDR"),
    ("mac", Kind::Text, "TASD"),
    ("maxmem", Kind::Number, "0TASD"),
    ("memory", Kind::Number, "TASD"),
    ("name", Kind::Text, "0TASDR"),
    ("provides_network", Kind::Boolean, "TASD"),
    ("qid", Kind::Number, "0TASDR"),
    ("qrexec_timeout", Kind::Number, "TASD"),
    ("remote_name", Kind::Text, "R"),
    ("shutdown_timeout", Kind::Number, "TASD"),
    ("start_time", Kind::Text, "TASD"),
    ("stubdom_mem", Kind::Number, "TASD"),
    ("stubdom_uuid", Kind::Text, "TASD"),
    ("stubdom_xid", Kind::Number, "TASD"),
    ("template_for_dispvms", Kind::Boolean, "AS"),
    ("transport_rpc", Kind::Text, "R"),
    ("updateable", Kind::Boolean, "0TASD"),
    ("uuid", Kind::Text, "0TASDR"),
    ("vcpus", Kind::Number, "TASD"),
    ("virt_mode", Kind::Text, "TASD"),
    ("visible_gateway", Kind::Text, "TASD"),
    ("visible_gateway6", Kind::Text, "TASD"),
    ("visible_ip", Kind::Text, "TASD"),
    ("visible_ip6", Kind::Text, "TASD"),
    ("visible_netmask", Kind::Text, "TASD"),
    ("xid", Kind::Number, "TASD"),
    ("appvm_default_bootmode", Kind::Text, "T"),
    ("audiovm", Kind::Qube, "TASD"),
    ("bootmode", Kind::Text, "TASD"),
    ("default_dispvm", Kind::Qube, "0TASD"),
    ("guivm", Kind::Qube, "TASD"),
    ("kernelopts", Kind::Text, "TASD"),
    ("management_dispvm", Kind::Qube, "TASD"),
    ("netvm", Kind::Qube, "TASD"),
    ("relayvm", Kind::Qube, "R"),
    ("template", Kind::Qube, "AD"),
    (ANNOUNCEMENT, Kind::Text, "0"),
];

/// The property of dom0 that tells everybody that this is no real machine; its value is the world's name. A recorded
/// machine does not have it.
pub(crate) const ANNOUNCEMENT: &str = "plugboard_simulator";

/// The properties that a qube of this class has.
pub(crate) fn names(class: QubeClass) -> impl Iterator<Item = &'static str> {
    let letter = letter(class);
    TABLE.iter().filter(move |(_, _, classes)| classes.contains(letter)).map(|(name, _, _)| *name)
}

/// The type of a property, when qubes of this class have it.
pub(crate) fn kind(class: QubeClass, name: &str) -> Option<Kind> {
    let letter = letter(class);
    TABLE
        .iter()
        .find(|(known, _, classes)| *known == name && classes.contains(letter))
        .map(|(_, kind, _)| *kind)
}

/// A word that means yes or no.
pub(crate) fn boolean(word: &str) -> Result<bool, Refusal> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "on" => Ok(true),
        "no" | "false" | "0" | "off" => Ok(false),
        _ => Err(Refusal::value(format!("Invalid literal for boolean property: '{word}'"))),
    }
}

impl State {
    /// A property of a qube. `None` when its class has none of that name.
    pub(crate) fn property(&self, qube: &Qube, name: &str) -> Option<Value> {
        let kind = kind(qube.class, name)?;
        let fixed = match name {
            "name" => Some(qube.name.to_string()),
            "qid" => Some(qube.qid.to_string()),
            "uuid" => Some(qube.uuid.clone()),
            _ => None,
        };
        if let Some(text) = fixed {
            return Some(Value { is_default: qube.name.is_dom0(), kind, text });
        }
        Some(match qube.property(name) {
            Some(text) => Value { is_default: false, kind, text: text.to_owned() },
            None => Value { is_default: name != "dispid", kind, text: self.default_text(qube, name) },
        })
    }

    /// The text of a property; `None` when there is no such property.
    pub(crate) fn property_text(&self, qube: &Qube, name: &str) -> Option<String> {
        self.property(qube, name).map(|value| value.text)
    }

    /// The qube that a property names, if it names one.
    pub(crate) fn qube_property(&self, qube: &Qube, name: &str) -> Option<QubeName> {
        QubeName::new(&self.property_text(qube, name)?).ok()
    }

    /// What a property is when nobody set it.
    pub(crate) fn default_text(&self, qube: &Qube, name: &str) -> String {
        match name {
            "klass" => qube.class.as_str().to_owned(),
            "icon" => self.icon(qube),
            "xid" => qube.xid.map_or_else(|| "-1".to_owned(), |xid| xid.to_string()),
            "start_time" if qube.is_running() => "1700000000.0".to_owned(),
            "dispid" => (1000 + qube.qid).to_string(),
            "label" => "red".to_owned(),
            "virt_mode" => self.virt_mode(qube),
            "maxmem" => maxmem(qube).to_owned(),
            "kernelopts" => kernel_options(qube).to_owned(),
            "updateable" => {
                truth(matches!(qube.class, QubeClass::Admin | QubeClass::Template | QubeClass::Standalone))
            }
            ANNOUNCEMENT => self.world.clone(),
            "include_in_backups" => truth(qube.class != QubeClass::Remote),
            "netvm" if qube.class == QubeClass::Template => String::new(),
            "netvm" => self.default_of("netvm"),
            "default_dispvm" => self.default_of("dispvm"),
            "audiovm" | "guivm" => "dom0".to_owned(),
            "ip" | "visible_ip" | "dns" | "visible_gateway" | "visible_netmask" => {
                self.network_text(qube, name)
            }
            _ => constant(name).to_owned(),
        }
    }

    /// A name out of the world's defaults; empty when it has none.
    pub(crate) fn default_of(&self, name: &str) -> String {
        self.defaults.get(name).cloned().unwrap_or_default()
    }

    fn icon(&self, qube: &Qube) -> String {
        let label = qube.property("label").unwrap_or("red");
        let is_template = qube.class == QubeClass::Template
            || (self.property(qube, "template_for_dispvms")).is_some_and(|value| value.text == "True");
        let kind = match qube.class {
            QubeClass::Admin => return "adminvm-black".to_owned(),
            _ if is_template => "templatevm",
            _ if qube.has_feature("servicevm") => "servicevm",
            QubeClass::Disposable => "dispvm",
            QubeClass::Standalone => "standalonevm",
            QubeClass::Remote => "remotevm",
            _ => "appvm",
        };
        format!("{kind}-{label}")
    }

    fn virt_mode(&self, qube: &Qube) -> String {
        if qube.has_pci_assigned() {
            return "hvm".to_owned();
        }
        let template = qube
            .property("template")
            .and_then(|name| QubeName::new(name).ok())
            .and_then(|name| self.qube(&name));
        // A ring of templates can't be made by any call, but a world file could hold one.
        template
            .filter(|template| template.class != QubeClass::Disposable && template.name != qube.name)
            .and_then(|template| template.property("virt_mode"))
            .unwrap_or("pvh")
            .to_owned()
    }

    fn network_text(&self, qube: &Qube, name: &str) -> String {
        let Some(network) = self.qube_property(qube, "netvm").and_then(|network| self.qube(&network)) else {
            return String::new();
        };
        match name {
            "dns" => "10.139.1.1 10.139.1.2".to_owned(),
            "visible_gateway" => address(network.qid),
            "visible_netmask" => "255.255.255.255".to_owned(),
            _ => address(qube.qid),
        }
    }
}

fn maxmem(qube: &Qube) -> &'static str {
    match qube.class {
        QubeClass::Admin => "4096",
        _ if qube.has_pci_assigned() || qube.property("kernel") == Some("") => "0",
        _ => "4000",
    }
}

fn kernel_options(qube: &Qube) -> &'static str {
    if qube.has_pci_assigned() || qube.property("kernel") == Some("") { "" } else { "swiotlb=2048" }
}

fn address(qid: u32) -> String {
    format!("10.137.{}.{}", qid / 256, qid % 256)
}

fn truth(is_true: bool) -> String {
    if is_true { "True" } else { "False" }.to_owned()
}

/// Defaults that are the same for every qube.
fn constant(name: &str) -> &'static str {
    match name {
        "autostart"
        | "debug"
        | "installed_by_rpm"
        | "provides_network"
        | "is_preload"
        | "auto_cleanup"
        | "template_for_dispvms" => "False",
        "default_user" => "user",
        "kernel" => "6.6.0-1.qubes",
        "keyboard_layout" => "us++",
        "mac" => "00:16:3e:5e:6c:00",
        "memory" => "400",
        "qrexec_timeout" | "shutdown_timeout" => "60",
        "stubdom_xid" => "-1",
        "vcpus" => "2",
        "appvm_default_bootmode" | "bootmode" => "default",
        _ => "",
    }
}
