//! Bytes as a hostile or dying server would send them, through every parser of foreign bytes.
//!
//! The samples are recorded ones, then cut, doubled, overwritten and mixed: most of it stays plausible, which is
//! where parsers break. What must hold: no panic, bounded results, and no text that is not display text.

use base64::Engine as _;
use device_core::device::DeviceInfo;
use device_core::name::{DeviceClass, QubeName};
use device_core::text::TEXT_MAX;
use device_core::wire::argument::DeviceArgument;
use device_core::wire::event::EventReader;
use device_core::wire::listing;
use device_core::wire::property::Properties;
use device_core::wire::reply::Reply;
use device_core::wire::request::Request;
use proptest::prelude::*;
use std::sync::LazyLock;

#[path = "../../src/simulator/tests/laws/spoil.rs"]
mod spoil;

/// Every distinct base64 text of the recordings: requests, payloads, replies and event frames.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut samples = Vec::new();
    for file in ["calls.jsonl", "events.jsonl"] {
        let text = std::fs::read_to_string(format!("{}/wire/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        for word in text.split('"').filter(|word| word.len() > 7) {
            samples.extend(base64::engine::general_purpose::STANDARD.decode(word));
        }
    }
    samples.extend(OLDER.map(|sample| sample.as_bytes().to_vec()));
    samples.sort();
    samples.dedup();
    assert!(samples.len() > 300);
    samples
});

/// Lists of a server before R4.3, of which there is no recording.
const OLDER: [&str; 3] = [
    "0\0sda device_node=/dev/sda mode=w size=8036285952 description=DataTraveler_2.0 (LABEL)\n",
    "0\x0000_1a.0 bus=00 device=1a function=0 description=USB controller: Intel Corporation X\n",
    "0\0sys-usb+sda read-only=no frontend-dev=xvdi persistent=no\n",
];

/// Longest sample after it was spoiled: more lines than any list may have.
const LENGTH_MAX: usize = 1 << 18;

fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    spoil::spoiled(&SAMPLES, LENGTH_MAX)
}

fn assert_harmless(device: &DeviceInfo) {
    let names = &device.names;
    let texts = [&names.vendor, &names.product, &names.manufacturer, &names.name, &names.serial];
    for text in texts.into_iter().flatten().chain(device.data.values()) {
        assert!(text.as_str().chars().count() <= TEXT_MAX + 1);
        assert!(
            !text
                .as_str()
                .chars()
                .any(|c| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'))
        );
    }
    assert!(device.data.keys().all(|key| key.bytes().all(|b| b.is_ascii_graphic())));
    assert!(!device.interfaces.is_empty());
    assert!(device.description(&|_| None).len() < 8 * TEXT_MAX);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_parser_panic_or_grow(bytes in spoiled()) {
        let qube = QubeName::new("sys-usb").unwrap();
        if let Ok(Reply::Exception(server)) = Reply::parse(&bytes) {
            prop_assert!(!server.message.chars().any(char::is_control));
        }
        let _ = Request::parse(&bytes);
        for class in [DeviceClass::Usb, DeviceClass::Block] {
            let data = bytes.strip_prefix(b"0\0").unwrap_or(&bytes);
            let (devices, _) = listing::exposed(data, &qube, &class);
            prop_assert!(devices.len() <= listing::LINES_MAX);
            devices.iter().for_each(assert_harmless);
            let (devices, _) = listing::older::exposed(data, &qube, &class);
            prop_assert!(devices.len() <= listing::LINES_MAX);
            devices.iter().for_each(assert_harmless);
            let (held, _) = listing::older::listed(data, &qube, &class);
            for (key, value) in held.iter().flat_map(|held| held.options.iter()) {
                prop_assert!(key.bytes().chain(value.bytes()).all(|b| b.is_ascii_graphic()));
            }
            let _ = (listing::is_older(data), listing::is_older_of_qubes(data));
            let _ = (listing::attached(data, &qube, &class), listing::assigned(data, &qube, &class));
            let _ = (listing::qubes(data), listing::classes(data));
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = (Properties::parse(&text), DeviceArgument::parse(&text));
        let _ = listing::assignment_payload(&text, &qube, &DeviceClass::Usb);
    }

    #[test]
    fn an_event_stream_gives_the_same_events_however_it_is_cut(bytes in spoiled(), step in 1..97_usize) {
        let read = |step: usize| {
            let mut reader = EventReader::default();
            let mut events = Vec::new();
            for piece in bytes.chunks(step) {
                reader.push(piece);
                loop {
                    match reader.next_event() {
                        Ok(Some(event)) => events.push(event),
                        Ok(None) => break,
                        // What came before the fault counts; what follows is never read.
                        Err(_) => return events,
                    }
                }
            }
            events
        };
        prop_assert_eq!(read(step), read(bytes.len().max(1)));
    }
}
