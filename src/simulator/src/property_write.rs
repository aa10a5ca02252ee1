//! Setting and resetting properties: which texts are taken, and the events that tell of it.
//!
//! # Source
//! Admin API facts 2.2 and 4.3; the order of events is that of the recordings.

use device_core::interface::Interface;
use device_core::name::QubeName;
use device_core::qube::Label;

use crate::property::{ANNOUNCEMENT, Kind, boolean, kind};
use crate::refusal::Refusal;
use crate::state::{State, no_such_qube};

/// Properties that follow from something else and can't be set.
const READ_ONLY: &[&str] = &[
    "name",
    "klass",
    "icon",
    "uuid",
    "qid",
    "xid",
    "start_time",
    "stubdom_xid",
    "stubdom_uuid",
    "updateable",
    "gateway",
    "gateway6",
    "visible_gateway",
    "visible_gateway6",
    "visible_ip",
    "visible_ip6",
    "visible_netmask",
    "dispid",
    ANNOUNCEMENT,
];

const BAD_DENY_LIST: &str = "Interface code list should be in the form chhhhhhchhhhhh...,where c is one of \"b\", \
                             \"u\", \"m\", \"p\", \"*\" and h is a hexdigit or \"*\".";

impl State {
    /// Sets a property from the text of a payload.
    pub(crate) fn set_property(
        &mut self,
        name: &QubeName,
        property: &str,
        text: &str,
    ) -> Result<(), Refusal> {
        let qube = self.known(name)?;
        let kind = kind(qube.class, property).ok_or_else(|| no_such_property(property, name))?;
        if READ_ONLY.contains(&property) {
            return Err(Refusal::Crash);
        }
        let text = self.checked(name, property, kind, text)?;
        let old = self.shown(name, property);
        let new = shown(kind, &text);
        let mut pairs = vec![("name", property), ("newvalue", new.as_str())];
        pairs.extend(old.as_deref().map(|old| ("oldvalue", old)));
        self.emit(name, &format!("property-pre-set:{property}"), &pairs);
        self.known_mut(name)?.properties.insert(property.to_owned(), text);
        self.follow(name, property, old.as_deref());
        if matches!(property, "label" | "template_for_dispvms") {
            self.emit(name, "property-reset:icon", &[("name", "icon")]);
        }
        self.emit(name, &format!("property-set:{property}"), &pairs);
        Ok(())
    }

    /// Gives a property its default back. One that has it already is left alone.
    pub(crate) fn reset_property(&mut self, name: &QubeName, property: &str) -> Result<(), Refusal> {
        let qube = self.known(name)?;
        if kind(qube.class, property).is_none() {
            return Err(no_such_property(property, name));
        }
        if READ_ONLY.contains(&property) || matches!(property, "label" | "template") {
            return Err(Refusal::Crash);
        }
        if qube.property(property).is_none() {
            return Ok(());
        }
        let old = self.shown(name, property);
        let mut pairs = vec![("name", property)];
        pairs.extend(old.as_deref().map(|old| ("oldvalue", old)));
        self.emit(name, &format!("property-pre-reset:{property}"), &pairs);
        self.emit(name, &format!("property-pre-del:{property}"), &pairs);
        self.known_mut(name)?.properties.remove(property);
        self.follow(name, property, old.as_deref());
        self.emit(name, &format!("property-reset:{property}"), &pairs);
        self.emit(name, &format!("property-del:{property}"), &pairs);
        Ok(())
    }

    /// Tags that name the audio and the screen qube follow their properties.
    fn follow(&mut self, name: &QubeName, property: &str, old: Option<&str>) {
        if !matches!(property, "audiovm" | "guivm") {
            return;
        }
        let new = self.shown(name, property);
        for (value, is_new) in [(old, false), (new.as_deref(), true)] {
            let Some(value) = value.filter(|value| *value != "None") else {
                continue;
            };
            self.set_tag(name, &format!("{property}-{value}"), is_new);
        }
    }

    /// Adds or takes a tag, and says so.
    pub(crate) fn set_tag(&mut self, name: &QubeName, tag: &str, is_set: bool) {
        let Some(qube) = self.qubes.get_mut(name) else {
            return;
        };
        let (has_changed, word) = if is_set {
            (qube.tags.insert(tag.to_owned()), "add")
        } else {
            (qube.tags.remove(tag), "delete")
        };
        if has_changed {
            self.emit(name, &format!("domain-tag-{word}:{tag}"), &[("tag", tag)]);
        }
    }

    /// The value as events write it.
    fn shown(&self, name: &QubeName, property: &str) -> Option<String> {
        let value = self.property(self.qube(name)?, property)?;
        Some(shown(value.kind, &value.text))
    }

    fn checked(&self, name: &QubeName, property: &str, kind: Kind, text: &str) -> Result<String, Refusal> {
        match (property, kind) {
            ("virt_mode", _) => self.checked_virt_mode(name, text),
            ("devices_denied", _) => checked_deny_list(text),
            (_, Kind::Boolean) => Ok(if boolean(text)? { "True" } else { "False" }.to_owned()),
            (_, Kind::Number) => text
                .parse::<i64>()
                .map(|number| number.to_string())
                .map_err(|_| bad_value(format!("Invalid literal for int property: '{text}'"))),
            (_, Kind::Qube) if text.is_empty() => Ok(String::new()),
            (_, Kind::Qube) => QubeName::new(text)
                .ok()
                .filter(|other| self.qube(other).is_some())
                .map(|other| other.to_string())
                .ok_or_else(|| no_such_qube(text)),
            (_, Kind::Label) => {
                Label::standard_colour(text).map(|_| text.to_owned()).ok_or_else(|| no_such_label(text))
            }
            (_, Kind::Text) => Ok(text.to_owned()),
        }
    }

    fn checked_virt_mode(&self, name: &QubeName, text: &str) -> Result<String, Refusal> {
        let mode = text.to_ascii_lowercase();
        if !matches!(mode.as_str(), "hvm" | "pv" | "pvh") {
            return Err(bad_value("Invalid virtualization mode, supported values: hvm, pv, pvh".to_owned()));
        }
        if mode == "pvh" && self.known(name)?.has_pci_assigned() {
            return Err(bad_value("pvh mode can't be set if pci devices are assigned".to_owned()));
        }
        Ok(mode)
    }
}

/// Codes sorted and without repetition, as they are stored.
fn checked_deny_list(text: &str) -> Result<String, Refusal> {
    let mut codes: Vec<&str> = Vec::new();
    for piece in text.as_bytes().chunks(Interface::LENGTH) {
        let code = std::str::from_utf8(piece)
            .ok()
            .filter(|code| code.len() == Interface::LENGTH && !code.starts_with('?'))
            .filter(|code| Interface::new(code).is_some())
            .ok_or_else(|| bad_value(BAD_DENY_LIST.to_owned()))?;
        codes.push(code);
    }
    codes.sort_unstable();
    codes.dedup();
    Ok(codes.concat())
}

fn shown(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Qube if text.is_empty() => "None".to_owned(),
        _ => text.to_owned(),
    }
}

fn bad_value(message: String) -> Refusal {
    Refusal::exception("QubesPropertyValueError", message)
}

/// The exception for a property that a qube does not have.
pub(crate) fn no_such_property(property: &str, name: &QubeName) -> Refusal {
    Refusal::exception("QubesNoSuchPropertyError", format!("Invalid property '{property}' of {name}"))
}

/// The exception for a label that there is not.
pub(crate) fn no_such_label(name: &str) -> Refusal {
    Refusal::exception("QubesLabelNotFoundError", format!("Label does not exist: {name}"))
}
