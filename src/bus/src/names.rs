//! Names of the contract: what the bus, the objects and the interfaces are called.

/// Well-known name of the service on the session bus.
pub const BUS: &str = "org.plugboard.Devices1";
/// Path of the object with the `ObjectManager` and the Manager; every other object is below it.
pub const ROOT: &str = "/org/plugboard/Devices1";
/// Path below which the devices are.
pub const DEVICES: &str = "/org/plugboard/Devices1/device";
/// Path below which the qubes are.
pub const QUBES: &str = "/org/plugboard/Devices1/qube";
/// Interface of the commands.
pub const MANAGER: &str = "org.plugboard.Devices1.Manager";
/// Interface of a device.
pub const DEVICE: &str = "org.plugboard.Devices1.Device";
/// Interface of a qube.
pub const QUBE: &str = "org.plugboard.Devices1.Qube";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_valid_and_belong_together() {
        assert!(zbus::names::WellKnownName::try_from(BUS).is_ok());
        for interface in [MANAGER, DEVICE, QUBE] {
            assert!(zbus::names::InterfaceName::try_from(interface).is_ok());
            assert!(interface.starts_with(BUS));
        }
        assert_eq!(ROOT, format!("/{}", BUS.replace('.', "/")));
        for path in [DEVICES, QUBES] {
            assert!(zbus::zvariant::ObjectPath::try_from(path).is_ok());
            assert!(path.starts_with(ROOT));
        }
    }
}
