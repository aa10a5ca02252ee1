//! Foreign bytes as one reply, as any of its lists, as one text within it, and as a stream of events.

use device_core::interface::Interface;
use device_core::mark;
use device_core::name::{DeviceClass, QubeName};
use device_core::scope::stale_after;
use device_core::wire::argument::DeviceArgument;
use device_core::wire::event::{Event, EventReader};
use device_core::wire::listing::{self, LINES_MAX, older};
use device_core::wire::property::Properties;
use device_core::wire::reply::Reply;

use crate::law;

/// Most devices with one mark.
const MARKED_MAX: usize = 1000;

/// Reads the bytes as everything that a server sends.
///
/// # Panics
/// Where a law does not hold: that is a find.
pub fn run(data: &[u8]) {
    as_reply(data);
    let list = data.strip_prefix(b"0\0").unwrap_or(data);
    for class in [DeviceClass::Usb, DeviceClass::Block, DeviceClass::Pci] {
        as_exposed(list, &class);
        as_held(list, &class);
    }
    as_other_lists(list);
    as_text(&String::from_utf8_lossy(list));
    as_events(data);
}

fn sys_usb() -> QubeName {
    "sys-usb".parse().expect("a name")
}

fn as_reply(data: &[u8]) {
    let reply = match Reply::parse(data) {
        Ok(reply) => reply,
        Err(error) => return law::is_sentence(&error),
    };
    assert_eq!(Reply::parse(&reply.to_bytes()).as_ref(), Ok(&reply));
    if let Err(error) = reply.into_data() {
        law::is_sentence(&error);
    }
}

fn as_exposed(list: &[u8], class: &DeviceClass) {
    let backend = sys_usb();
    let (devices, faults) = listing::exposed(list, &backend, class);
    let (olders, older_faults) = older::exposed(list, &backend, class);
    for (devices, faults) in [(&devices, faults), (&olders, older_faults)] {
        assert!(devices.len() <= LINES_MAX);
        assert!(devices.is_sorted_by(|one, next| one.port < next.port), "one device on each port");
        devices.iter().for_each(law::is_presentable);
        law::are_faults(&faults);
    }
    for device in devices {
        // A text that was cut or made harmless is not what the wire carried.
        if let Ok(line) = listing::write_exposed(&device) {
            let (again, faults) = listing::exposed(line.as_bytes(), &backend, class);
            assert_eq!((again, faults), (vec![device], Vec::new()), "{line}");
        }
    }
}

fn as_held(list: &[u8], class: &DeviceClass) {
    let frontend = "work".parse().expect("a name");
    let (attached, faults) = listing::attached(list, &frontend, class);
    assert!(attached.len() <= LINES_MAX);
    law::are_faults(&faults);
    let (assigned, faults) = listing::assigned(list, &frontend, class);
    law::are_faults(&faults);
    assert!(attached.len() <= assigned.len(), "what is attached could as well be assigned");
    for assignment in assigned {
        let line = listing::write_assigned(&assignment).expect("what was read can be written");
        let again = listing::assigned(line.as_bytes(), &frontend, class);
        assert_eq!(again, (vec![assignment], Vec::new()), "{line}");
    }
    let (listed, faults) = older::listed(list, &frontend, class);
    law::are_faults(&faults);
    for held in listed {
        for (key, value) in held.options.iter() {
            assert!(key.bytes().chain(value.bytes()).all(|byte| byte.is_ascii_graphic()));
        }
        let _ = older::write_options(&held.options, true);
        let _ = (held.clone().into_assignment(), held.into_attachment());
    }
}

fn as_other_lists(list: &[u8]) {
    let (qubes, faults) = listing::qubes(list);
    assert!(qubes.len() <= LINES_MAX);
    law::are_faults(&faults);
    let (classes, faults) = listing::classes(list);
    assert!(classes.is_sorted_by(|one, next| one < next));
    law::are_faults(&faults);
    let _ = (listing::is_older(list), listing::is_older_of_qubes(list));
}

fn as_text(text: &str) {
    if let Ok(properties) = Properties::parse(text) {
        let written = properties.to_string();
        assert_eq!(Properties::parse(&written).as_ref(), Ok(&properties), "{written}");
    }
    if let Some(argument) = DeviceArgument::parse(text)
        && argument.is_lossless()
    {
        assert_eq!(DeviceArgument::parse(&argument.to_string()), Some(argument));
    }
    if let Ok((_, stored)) = listing::assignment_payload(text, &sys_usb(), &DeviceClass::Usb) {
        let written = listing::write_assignment(&stored).expect("what was read can be written");
        let again = listing::assignment_payload(&written, &sys_usb(), &DeviceClass::Usb);
        assert_eq!(again, Ok((Some(stored.backend.clone()), stored)), "{written}");
    }
    assert!(Interface::split(text).count() <= text.len().div_ceil(Interface::LENGTH));
    let marked = mark::listed(text);
    assert!(marked.len() <= MARKED_MAX);
    if let Some(device) = marked.first() {
        assert!(!mark::listed(&mark::edited(text, device, false)).contains(device));
        let unmarked = mark::edited(text, device, false);
        assert!(mark::edited(&unmarked, device, true).ends_with(&mark::to_key(device)));
    }
}

/// The same events, however the stream was cut; each of them says where to look in a few words.
fn as_events(data: &[u8]) {
    let step = data.first().map_or(1, |byte| usize::from(*byte) + 1);
    let whole = events(data, data.len().max(1));
    assert_eq!(events(data, step), whole, "cut every {step} bytes");
    for event in whole.0 {
        assert!(stale_after(&event).len() <= 3);
        let mut reader = EventReader::default();
        reader.push(&event.to_bytes());
        assert_eq!(reader.next_event(), Ok(Some(event)));
    }
}

/// The events of a stream that comes in pieces of this length, and whether it ended in a fault.
fn events(data: &[u8], step: usize) -> (Vec<Event>, bool) {
    let mut reader = EventReader::default();
    let mut events = Vec::new();
    for piece in data.chunks(step) {
        reader.push(piece);
        loop {
            match reader.next_event() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                // What came before the fault counts; what follows is never read.
                Err(error) => {
                    law::is_sentence(&error);
                    return (events, true);
                }
            }
        }
    }
    (events, false)
}
