//! What must hold of whatever came out of a parser.

use device_core::device::DeviceInfo;
use device_core::error::Error;
use device_core::text::{DisplayText, TEXT_MAX, is_plainly_printable};
use device_core::wire::Fault;
use device_core::wire::listing::LINES_MAX;

/// Longest sentence that is one, in bytes: the longest message of a server, and some words around it.
const SENTENCE_MAX: usize = 5000;

/// A text that may be shown.
///
/// # Panics
/// If it is not.
pub fn is_harmless(text: &DisplayText) {
    assert!(text.as_str().chars().count() <= TEXT_MAX + 1, "too long: {text}");
    is_printable(text.as_str());
}

/// A text without anything that a terminal or a label would obey.
///
/// # Panics
/// If it is not.
pub fn is_printable(text: &str) {
    assert!(text.chars().all(is_plainly_printable), "not plainly printable: {text:?}");
}

/// Faults that say what is wrong, and no more of them than there can be lines.
///
/// # Panics
/// If it is not.
pub fn are_faults(faults: &[Fault]) {
    // Of each line one, and those that the whole list may have.
    assert!(faults.len() <= LINES_MAX + 2, "{} faults", faults.len());
    for fault in faults {
        assert!(!fault.what.is_empty());
        is_printable(&fault.what);
        is_harmless(&fault.line);
    }
}

/// An error as a person may read it.
///
/// # Panics
/// If it is not.
pub fn is_sentence(error: &Error) {
    let sentence = error.sentence();
    assert!(!sentence.trim().is_empty() && sentence.len() <= SENTENCE_MAX, "{sentence:?}");
    is_printable(sentence);
}

/// A device of which everything may be shown.
///
/// # Panics
/// If it is not.
pub fn is_presentable(device: &DeviceInfo) {
    let names = &device.names;
    let texts = [&names.vendor, &names.product, &names.manufacturer, &names.name, &names.serial];
    texts.into_iter().flatten().chain(device.data.values()).for_each(is_harmless);
    for key in device.data.keys() {
        assert!(key.bytes().all(|byte| byte.is_ascii_graphic()), "{key:?}");
    }
    assert!(!device.interfaces.is_empty());
    let description = device.description(&|_| None);
    assert!(description.len() < 8 * TEXT_MAX, "{description}");
    is_printable(&description);
    if let Some(title) = device.title() {
        assert!(!title.is_blank());
    }
    assert!(device.grandparent.is_none(), "no list tells it");
}
