//! What is physically there: USB devices and disks in the qubes that own the controllers, PCI functions of the
//! machine.
//!
//! The texts are kept as a backend writes them into its QubesDB; the device classes read them as the real server
//! does, hostile ones included.

use std::collections::BTreeMap;

use device_core::name::QubeName;

/// Everything that is plugged in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hardware {
    /// By backend and port (`2-1.4`).
    pub(crate) usb: BTreeMap<(QubeName, String), UsbPlug>,
    /// By backend and port (`sda1`).
    pub(crate) block: BTreeMap<(QubeName, String), BlockPlug>,
    /// By backend and port (`video0`).
    pub(crate) webcam: BTreeMap<(QubeName, String), WebcamPlug>,
    /// By address (`0000:00:14.0`).
    pub(crate) pci: BTreeMap<String, PciFunction>,
    pub(crate) has_microphone: bool,
    /// Whether the extension of the class `webcam` is installed in dom0.
    pub(crate) has_webcam_class: bool,
}

/// A USB device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UsbPlug {
    /// `VVVV:PPPP MANUFACTURER PRODUCT SERIAL`
    pub(crate) desc: String,
    /// `:080650:030101:`
    pub(crate) interfaces: String,
    /// Maker and model as the id list calls them, when the world says so.
    pub(crate) listed: Option<(String, String)>,
    /// Who has it now.
    pub(crate) holder: Option<QubeName>,
    /// Whether the backend has told of it since it started.
    pub(crate) is_known: bool,
}

/// A disk or partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockPlug {
    /// `MODEL (LABEL)`
    pub(crate) desc: String,
    /// Bytes, in decimal.
    pub(crate) size: String,
    /// `w` or `r`
    pub(crate) mode: String,
    /// Disk (`sda`), USB interface (`2-1:1.0`), controller, or empty.
    pub(crate) parent: String,
    /// Whether the backend has told of it since it started.
    pub(crate) is_known: bool,
}

/// The picture of a USB camera.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebcamPlug {
    /// USB port of the camera.
    pub(crate) parent: String,
    /// `WIDTHxHEIGHTxFPS` each.
    pub(crate) formats: Vec<String>,
    /// Who sees it now.
    pub(crate) viewer: Option<Viewer>,
    /// Whether the backend has told of it since it started.
    pub(crate) is_known: bool,
}

/// Who sees the picture of a webcam, and in which format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Viewer {
    pub(crate) qube: QubeName,
    /// `None` = what the camera likes.
    pub(crate) format: Option<String>,
}

/// A PCI function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PciFunction {
    /// Path over the bridges: `00_1c.0-00_00.0`.
    pub(crate) port: String,
    /// `0xVVVV:0xPPPP`
    pub(crate) id: String,
    /// `CCSSPP`
    pub(crate) code: String,
    /// Functions of one group can only be reset together.
    pub(crate) group: Option<String>,
    pub(crate) vendor: Option<String>,
    pub(crate) product: Option<String>,
}

impl BlockPlug {
    /// The USB port it hangs on, when its parent is a USB interface.
    pub(crate) fn usb_parent(&self) -> Option<&str> {
        self.parent.split_once(':').map(|(port, _)| port)
    }
}
