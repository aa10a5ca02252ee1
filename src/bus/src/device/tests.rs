//! A device comes back as it was, and what can be no device is refused.

use device_core::assignment::Options;
use proptest::prelude::*;

use std::collections::BTreeMap;

use super::*;
use crate::property::Incoming;
use crate::sample;

fn arrived(properties: &DeviceProperties) -> Incoming {
    properties
        .to_outgoing()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.try_into().unwrap()))
        .collect()
}

proptest! {
    #[test]
    fn a_device_comes_back_as_it_was(device in sample::device(), plugged_in in any::<u64>()) {
        let sent = DeviceProperties::new(&device, PluggedIn(plugged_in));
        let read = DeviceProperties::from_incoming(arrived(&sent)).unwrap();
        prop_assert_eq!(&read, &sent);
        prop_assert_eq!(read.to_device(), Ok((device, PluggedIn(plugged_in))));
    }
}

fn stick() -> DeviceProperties {
    let port = Port::new(QubeName::new("sys-usb").unwrap(), DeviceClass::Usb, PortId::new("2-1").unwrap());
    let mut info = DeviceInfo::unknown(port, DeviceId::new("0781:5567::u080650").unwrap());
    info.interfaces = vec![Interface::new("u080650").unwrap()];
    info.names.product = Some("Cruzer Blade".into());
    let device = Device {
        info,
        presence: Presence::Present,
        attachments: BTreeMap::from([(QubeName::new("work").unwrap(), Options::new())]),
        assignments: Vec::new(),
    };
    DeviceProperties::new(&device, PluggedIn::BEFORE)
}

#[test]
fn title_and_description_are_made_for_those_who_have_no_core() {
    let stick = stick();
    assert_eq!(stick.title, "Cruzer Blade");
    assert_eq!(stick.description, "USB_Storage: unknown vendor Cruzer Blade");
    assert_eq!(stick.categories, ["USB_Storage"]);
}

#[test]
fn what_no_device_can_be_is_refused_by_the_name_of_its_property() {
    type Spoil = fn(&mut DeviceProperties);
    let spoils: [(&str, Spoil); 11] = [
        ("Class", |device| device.class = "u sb".into()),
        ("Backend", |device| device.backend = "../dom0".into()),
        ("Port", |device| device.port = "2/1".into()),
        ("Id", |device| device.id.clear()),
        ("ParentClass", |device| device.parent_port = "2-1".into()),
        ("ParentPort", |device| device.parent_class = "usb".into()),
        ("GrandparentClass", |device| device.grandparent_port = "2-1".into()),
        ("GrandparentPort", |device| device.grandparent_class = "usb".into()),
        ("Data", |device| drop(device.data.insert("a b".into(), "1".into()))),
        ("Attachments", |device| drop(device.attachments.insert("a b".into(), Words::new()))),
        ("Assignments", |device| {
            let any = || "*".to_owned();
            device.assignments.push((any(), any(), "work".into(), "always".into(), Words::new()));
        }),
    ];
    for (name, spoil) in spoils {
        let mut properties = stick();
        spoil(&mut properties);
        assert!(
            matches!(properties.to_device(), Err(ShapeError::Value(found, _)) if found == name),
            "{name}"
        );
    }
}

#[test]
fn text_from_the_bus_is_made_harmless_again() {
    let mut properties = stick();
    properties.product = "a\u{202e}\n".into();
    properties.interfaces = vec!["<b>".into()];
    let (device, _) = properties.to_device().unwrap();
    assert_eq!(device.info.names.product.as_ref().map(DisplayText::as_str), Some("a__"));
    assert_eq!(device.info.interfaces, [Interface::UNKNOWN]);
}

#[test]
fn a_time_comes_back_to_the_microsecond() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
    assert_eq!(PluggedIn::at(time).time(), Some(time));
    assert_eq!(PluggedIn::BEFORE.time(), None);
}
