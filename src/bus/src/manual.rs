//! The manual and the shapes name the same properties, with the same types.

use crate::device::DeviceProperties;
use crate::manager::ManagerProperties;
use crate::qube::QubeProperties;

/// The properties that a page of the manual describes.
fn described(page: &str) -> Vec<(&str, String)> {
    page.lines()
        .filter_map(|line| line.trim_start().strip_prefix("<property name=\""))
        .map(|line| {
            let (name, rest) = line.split_once("\" type=\"").unwrap();
            let (signature, rest) = rest.split_once('"').unwrap();
            assert!(rest.starts_with(" access=\"read\""), "{name} can be set");
            (name, signature.to_owned())
        })
        .collect()
}

#[test]
fn the_shapes_are_those_of_the_manual() {
    let pages = [
        (
            include_str!("../../../data/dbus-1/interfaces/org.plugboard.Devices1.Manager.xml"),
            ManagerProperties::signature(),
        ),
        (
            include_str!("../../../data/dbus-1/interfaces/org.plugboard.Devices1.Device.xml"),
            DeviceProperties::signature(),
        ),
        (
            include_str!("../../../data/dbus-1/interfaces/org.plugboard.Devices1.Qube.xml"),
            QubeProperties::signature(),
        ),
    ];
    for (page, signature) in pages {
        assert_eq!(described(page), signature);
    }
}
