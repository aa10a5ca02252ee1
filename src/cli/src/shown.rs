//! What a person typed, said back to them: safe for a terminal and not longer than they can read.

use device_core::text::DisplayText;

/// The text as an error sentence may repeat it.
#[must_use]
pub fn shown(text: &str) -> DisplayText {
    DisplayText::from_untrusted(text)
}

/// The sentence with a full stop, so that another one can follow; servers leave theirs open.
#[must_use]
pub fn ended(sentence: &str) -> String {
    match sentence.chars().last() {
        Some('.' | '!' | '?' | '…') => sentence.to_owned(),
        _ => format!("{sentence}."),
    }
}
