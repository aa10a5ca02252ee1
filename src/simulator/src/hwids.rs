//! A few lines of the hardware id lists: enough to name the devices of the recordings and of our worlds.
//!
//! A world says vendor and product of its own devices itself; this is for what is plugged by raw description.

/// Maker and model of a USB id pair, as the id list of the recorded server had them.
pub(crate) fn usb_device(vendor: &str, product: &str) -> Option<(&'static str, &'static str)> {
    Some(match (vendor, product) {
        ("0781", "5567") => ("SanDisk Corp.", "Cruzer Blade"),
        ("046d", "c31c") => ("Logitech, Inc.", "Keyboard K120"),
        ("046d", "c077") => ("Logitech, Inc.", "Mouse"),
        ("046d", "0825") => ("Logitech, Inc.", "Webcam C270"),
        ("1050", "0407") => ("Yubico.com", "Yubikey 4/5 OTP+U2F+CCID"),
        ("0b95", "1790") => ("ASIX Electronics Corp.", "AX88179 Gigabit Ethernet"),
        _ => return None,
    })
}

/// What the id list calls an interface: subclass, else class. `None` = nothing useful.
pub(crate) fn interface_label(code: &str) -> Option<&'static str> {
    Some(match code.get(..5)? {
        "u0801" => "RBC (typically Flash)",
        "u0802" => "SFF-8020i, MMC-2 (ATAPI)",
        "u0806" => "SCSI",
        "u0301" => "Boot Interface Subclass",
        "u0e01" => "Video Control",
        "u0e02" => "Video Streaming",
        "u0101" => "Control Device",
        "u0102" => "Streaming",
        "u0601" => "Still Image Capture",
        "u0701" => "Printer",
        "ue001" => "Radio Frequency",
        "p0600" => "Host bridge",
        "p0604" => "PCI bridge",
        "p0108" => "Non-Volatile memory controller",
        "p0106" => "SATA controller",
        "p0c03" => "USB controller",
        "p0403" => "Audio device",
        "p0300" => "VGA compatible controller",
        "p0200" => "Ethernet controller",
        "p0280" => "Network controller",
        other => match other.get(..3)? {
            "u01" => "Audio",
            "u02" => "Communications",
            "u03" => "Human Interface Device",
            "u08" => "Mass Storage",
            "u0b" => "Chip/SmartCard",
            "u0e" => "Video",
            "ue0" => "Wireless",
            _ => return None,
        },
    })
}
