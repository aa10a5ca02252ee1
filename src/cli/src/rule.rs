//! What no server checks and nobody should store.

use device_core::assignment::Mode;
use device_core::name::DeviceClass;

/// Why a device of this class must not be assigned in this mode.
///
/// # Source
/// Admin API facts 6.3, client rules.
#[must_use]
pub fn against(class: &DeviceClass, mode: Mode) -> Option<String> {
    match (class, mode) {
        (DeviceClass::Pci | DeviceClass::Block, Mode::Required) => None,
        (_, Mode::Required) => Some("Only pci and block devices can be assigned as required.".into()),
        (DeviceClass::Pci, _) => Some("PCI devices cannot be assigned as not required.".into()),
        (DeviceClass::Usb | DeviceClass::Block | DeviceClass::Mic, _) => None,
        (DeviceClass::Extension(class), _) => {
            Some(format!("{class} devices cannot be assigned to be automatically attached."))
        }
    }
}
