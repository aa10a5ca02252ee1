//! What a person typed, said back to them: safe for a terminal and not longer than they can read.

use device_core::text::DisplayText;
pub use device_core::text::ended;

/// The text as an error sentence may repeat it.
#[must_use]
pub fn shown(text: &str) -> DisplayText {
    DisplayText::from_untrusted(text)
}
