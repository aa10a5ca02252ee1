//! The payload of an attach of R4.0 to R4.2: `opt=val opt=val persistent=True`, in blanks.
//!
//! # Source
//! Admin API facts 2.5.

use device_core::assignment::Options;

use crate::api::Call;
use crate::property::boolean;
use crate::refusal::Refusal;

/// What an attach asks for beside the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) is_persistent: bool,
    pub(super) options: Options,
}

/// Reads the payload. What holds another character than these versions take fails without a word.
pub(super) fn read(call: Call<'_>) -> Result<Wish, Refusal> {
    let mut wish = Wish { is_persistent: false, options: Options::new() };
    for word in call.payload_text()?.split(' ').filter(|word| !word.is_empty()) {
        let (key, value) = word.split_once('=').ok_or_else(bad)?;
        if key.is_empty() || !key.chars().all(is_plain) {
            return Err(bad());
        }
        if !value.chars().all(|c| is_plain(c) || matches!(c, ',' | '+' | ':')) {
            return Err(bad());
        }
        if key == "persistent" {
            wish.is_persistent = boolean(value).map_err(|_| bad())?;
        } else {
            wish.options.set(key, value);
        }
    }
    Ok(wish)
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

fn bad() -> Refusal {
    Refusal::protocol("invalid options")
}
