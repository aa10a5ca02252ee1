//! Random devices and qubes for laws, in the form that survives the bus: texts are not empty, options are sorted,
//! nobody fills in the holder twice.
//!
//! For tests only, here and in the service (feature `sample`).

#![expect(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "the names are written here and valid; no product contains this file"
)]

use std::collections::BTreeMap;

use device_core::assignment::{Assignment, Mode, Options};
use device_core::device::{Device, DeviceInfo, DeviceNames, Presence};
use device_core::interface::Interface;
use device_core::mark::{DeviceMarks, Mark, from_key};
use device_core::name::{DeviceClass, DeviceId, Port, PortId, QubeName};
use device_core::qube::{Label, PowerState, Qube, QubeClass, QubeDetails};
use device_core::text::DisplayText;
use proptest::prelude::*;
use proptest::{collection, option, sample};

/// Any device on one of a few ports.
pub fn device() -> impl Strategy<Value = Device> {
    let presence = any::<bool>().prop_map(|yes| if yes { Presence::Present } else { Presence::Removed });
    (info(), presence, attachments(), assignments()).prop_map(|(info, presence, attachments, assignments)| {
        let assignments = assignments
            .into_iter()
            .map(|assignment| Assignment {
                backend: info.port.backend.clone(),
                class: info.port.class.clone(),
                ..assignment
            })
            .collect();
        Device { info, presence, attachments, assignments }
    })
}

/// Any state of one of a few qubes.
pub fn qube() -> impl Strategy<Value = Qube> {
    let class = sample::select(vec![QubeClass::App, QubeClass::Admin, QubeClass::Other]);
    let state = sample::select(vec![PowerState::Running, PowerState::Halted, PowerState::Unknown]);
    (qube_name(), class, state, option::of(details())).prop_map(|(name, class, state, details)| Qube {
        name,
        class,
        state,
        details,
    })
}

/// One of a few ports.
pub fn port() -> impl Strategy<Value = Port> {
    (qube_name(), class(), port_id()).prop_map(|(backend, class, id)| Port::new(backend, class, id))
}

/// One of a few qubes.
pub fn qube_name() -> impl Strategy<Value = QubeName> {
    sample::select(vec!["dom0", "sys-usb", "work", "a.b_c"]).prop_map(|name| QubeName::new(name).unwrap())
}

fn info() -> impl Strategy<Value = DeviceInfo> {
    let interfaces = collection::vec(
        sample::select(vec!["u080650", "u030101", "?******", "b******"])
            .prop_map(|code| Interface::new(code).unwrap()),
        1..3,
    );
    let data = collection::btree_map("[a-z]{1,4}", text(), 0..3);
    let above = || option::of((class(), port_id()));
    (port(), device_id(), names(), interfaces, above(), above(), data).prop_map(
        |(port, id, names, interfaces, parent, grandparent, data)| DeviceInfo {
            names,
            interfaces,
            parent,
            grandparent,
            data,
            ..DeviceInfo::unknown(port, id)
        },
    )
}

fn details() -> impl Strategy<Value = QubeDetails> {
    let label = option::of(("[a-z]{1,6}", 0..0x0100_0000_u32));
    let denied = collection::vec(sample::select(vec!["u03****", "*******"]), 0..3);
    (label, any::<[bool; 3]>(), denied, marks()).prop_map(
        |(label, [internal, template, cleanup], denied, marks)| QubeDetails {
            label: label.map(|(name, colour)| Label { name, colour }),
            is_internal: internal,
            is_disposable_template: template,
            is_auto_cleanup: cleanup,
            denied: denied.into_iter().map(|code| Interface::new(code).unwrap()).collect(),
            marks,
        },
    )
}

fn marks() -> impl Strategy<Value = DeviceMarks> {
    let device = sample::select(vec!["usb:sys-usb:2-1:1:2:u080650", "block:sys-usb:sda:1:2::b******"]);
    let devices = || collection::btree_set(device.clone().prop_map(|key| from_key(key).unwrap()), 0..3);
    (devices(), devices()).prop_map(|(hiding, joined)| {
        let mut marks = DeviceMarks::default();
        marks.replace(Mark::HideChildren, hiding);
        marks.replace(Mark::WithMicrophone, joined);
        marks
    })
}

fn names() -> impl Strategy<Value = DeviceNames> {
    let told = || option::of(text().prop_filter("told", |text| !text.as_str().is_empty()));
    (told(), told(), told(), told(), told()).prop_map(|(vendor, product, manufacturer, name, serial)| {
        DeviceNames { vendor, product, manufacturer, name, serial }
    })
}

fn text() -> impl Strategy<Value = DisplayText> {
    any::<String>().prop_map(|untrusted| DisplayText::from_untrusted(&untrusted))
}

fn class() -> impl Strategy<Value = DeviceClass> {
    sample::select(vec!["block", "usb", "web-cam"]).prop_map(|class| DeviceClass::new(class).unwrap())
}

fn port_id() -> impl Strategy<Value = PortId> {
    sample::select(vec!["sda", "2-1", "2-1.4", "00_14.0"]).prop_map(|id| PortId::new(id).unwrap())
}

fn device_id() -> impl Strategy<Value = DeviceId> {
    let ids = ["0781:5567:4C53:u080650", "0781:5567:4C53:u080650:1.0:1", "0000:0000::?******:1"];
    sample::select(ids.to_vec()).prop_map(|id| DeviceId::new(id).unwrap())
}

fn attachments() -> impl Strategy<Value = BTreeMap<QubeName, Options>> {
    collection::btree_map(qube_name(), options(), 0..3)
}

fn assignments() -> impl Strategy<Value = Vec<Assignment>> {
    let mode = sample::select(vec![Mode::AutoAttach, Mode::AskToAttach, Mode::Required]);
    let one = (option::of(port_id()), option::of(device_id()), qube_name(), mode, options());
    let one = one.prop_map(|(port, device, frontend, mode, options)| Assignment {
        backend: QubeName::dom0(),
        class: DeviceClass::Block,
        port,
        device,
        frontend,
        mode,
        options,
    });
    collection::vec(one, 0..3)
}

fn options() -> impl Strategy<Value = Options> {
    collection::btree_map("[a-z-]{1,9}", "[ -~]{0,9}", 0..3).prop_map(|words| words.into_iter().collect())
}
