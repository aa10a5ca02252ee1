//! The shape of a world file. `docs/worlds.md` is its manual; the two change together.
//!
//! Only reading happens here: what the entries mean together is checked by `build`.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// A whole world file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Document {
    /// The name that every face shows; the file's name when absent.
    pub(crate) name: Option<String>,
    /// One sentence for people.
    #[serde(rename = "description")]
    pub(crate) _description: Option<String>,
    /// Whether this is the machine under the recorded server (JSON worlds only).
    #[serde(skip)]
    pub(crate) is_recorded: bool,
    /// Whether the device class `mic` exists.
    pub(crate) microphone: Option<bool>,
    /// Values of global properties.
    pub(crate) defaults: Defaults,
    /// The qubes beside dom0.
    pub(crate) qube: Vec<Spanned<QubeEntry>>,
    /// USB devices that are plugged in at the start.
    pub(crate) usb: Vec<Spanned<UsbEntry>>,
    /// Disks and partitions that are there at the start.
    pub(crate) block: Vec<Spanned<BlockEntry>>,
    /// Pictures of USB cameras, for the class `webcam`.
    pub(crate) webcam: Vec<Spanned<WebcamEntry>>,
    /// Whether dom0 knows the class `webcam`; absent = when there are webcams.
    pub(crate) video_companion: Option<bool>,
    /// PCI functions of the machine.
    pub(crate) pci: Vec<Spanned<PciEntry>>,
    /// Stored assignments.
    pub(crate) assignment: Vec<Spanned<AssignmentEntry>>,
    /// Things that can be plugged in by name later.
    pub(crate) gadget: Vec<Spanned<GadgetEntry>>,
    /// Many qubes and devices by a rule.
    pub(crate) crowd: Option<Spanned<CrowdEntry>>,
}

/// `[defaults]`: names of qubes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Defaults {
    pub(crate) netvm: Option<Spanned<String>>,
    pub(crate) template: Option<Spanned<String>>,
    pub(crate) dispvm: Option<Spanned<String>>,
    pub(crate) clockvm: Option<Spanned<String>>,
    pub(crate) updatevm: Option<Spanned<String>>,
}

impl Defaults {
    /// Those that are given, by the names of their keys.
    pub(crate) fn given(&self) -> impl Iterator<Item = (&'static str, &Spanned<String>)> {
        [
            ("netvm", &self.netvm),
            ("template", &self.template),
            ("dispvm", &self.dispvm),
            ("clockvm", &self.clockvm),
            ("updatevm", &self.updatevm),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value.as_ref()?)))
    }
}

/// `[[qube]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct QubeEntry {
    pub(crate) name: String,
    pub(crate) class: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) template: Option<String>,
    pub(crate) running: bool,
    pub(crate) paused: bool,
    pub(crate) properties: BTreeMap<String, Scalar>,
    pub(crate) features: BTreeMap<String, String>,
    pub(crate) tags: Vec<String>,
    pub(crate) denied: Vec<String>,
}

/// A value that a person may write with or without quotes.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Scalar {
    /// `"text"`
    Text(String),
    /// `true`
    Bool(bool),
    /// `4000`
    Number(i64),
}

impl Scalar {
    /// The value as the wire writes it.
    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// `[[usb]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct UsbEntry {
    pub(crate) backend: Option<String>,
    pub(crate) port: String,
    /// `VVVV:PPPP`
    pub(crate) id: Option<String>,
    /// In the device's own words.
    pub(crate) manufacturer: Option<String>,
    /// In the device's own words.
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    /// `CCSSPP` each.
    pub(crate) interfaces: Vec<String>,
    /// As the id list of the server calls the maker.
    pub(crate) vendor: Option<String>,
    /// As the id list of the server calls the model.
    pub(crate) product: Option<String>,
    /// The raw description in place of `id`, `manufacturer`, `model` and `serial`.
    pub(crate) desc: Option<String>,
    /// The serial number is repeated until it has so many characters.
    pub(crate) stretch: Option<usize>,
    /// The qube that has it at the start.
    pub(crate) attached: Option<String>,
}

/// `[[block]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct BlockEntry {
    pub(crate) backend: Option<String>,
    pub(crate) port: String,
    pub(crate) model: Option<String>,
    pub(crate) label: Option<String>,
    /// Bytes.
    pub(crate) size: Option<u64>,
    pub(crate) read_only: bool,
    /// The whole disk (`sda`), or the USB interface (`2-1:1.0`) it belongs to.
    pub(crate) parent: Option<String>,
    /// The raw description in place of `model` and `label`.
    pub(crate) desc: Option<String>,
    /// The label is repeated until it has so many characters.
    pub(crate) stretch: Option<usize>,
    /// The qube that has it at the start.
    pub(crate) attached: Option<String>,
}

/// `[[webcam]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct WebcamEntry {
    pub(crate) backend: Option<String>,
    /// `video0`
    pub(crate) port: String,
    /// USB port of the camera.
    pub(crate) parent: String,
    /// `1280x720x30` each.
    pub(crate) formats: Vec<String>,
    /// The qube that sees it at the start.
    pub(crate) attached: Option<String>,
}

/// `[[pci]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PciEntry {
    /// `00:14.0`, or `0000:00:14.0`.
    pub(crate) address: String,
    /// Address of the bridge it sits behind.
    pub(crate) behind: Option<String>,
    /// `CCSSPP`
    pub(crate) class: String,
    /// `VVVV:PPPP`
    pub(crate) id: String,
    pub(crate) vendor: Option<String>,
    pub(crate) product: Option<String>,
    /// Functions of one group can only be reset together.
    pub(crate) reset_group: Option<String>,
    /// The qube that requires it, and has it while it runs.
    pub(crate) attached: Option<String>,
    /// Options of that assignment.
    pub(crate) options: BTreeMap<String, Scalar>,
}

/// `[[assignment]]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct AssignmentEntry {
    pub(crate) qube: String,
    pub(crate) class: String,
    pub(crate) backend: Option<String>,
    /// Absent = any.
    pub(crate) port: Option<String>,
    /// Absent = any.
    pub(crate) device: Option<String>,
    pub(crate) mode: String,
    pub(crate) options: BTreeMap<String, Scalar>,
}

/// `[[gadget]]`: something that is plugged in as a whole.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct GadgetEntry {
    pub(crate) name: String,
    pub(crate) usb: Vec<UsbEntry>,
    pub(crate) block: Vec<BlockEntry>,
    pub(crate) webcam: Vec<WebcamEntry>,
}

/// `[crowd]`: `crowd.rs` says by which rule.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct CrowdEntry {
    pub(crate) qubes: usize,
    pub(crate) usb: usize,
    pub(crate) block: usize,
    pub(crate) template: String,
    pub(crate) backend: Vec<String>,
}
