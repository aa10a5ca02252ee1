//! The deny list of a qube: interface codes it must not be given.
//!
//! # Source
//! Admin API facts 2.4 and 3.6.

use device_core::interface::Interface;

use super::Call;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

impl State {
    /// `admin.vm.device.denied.*`
    pub(super) fn denied_call(&mut self, call: Call<'_>, verb: &str) -> Option<Answer> {
        Some(match verb {
            "List" => self.denied_list(call),
            "Add" => self.denied_add(call),
            "Remove" => self.denied_remove(call),
            _ => return None,
        })
    }

    fn denied_codes(&self, call: Call<'_>) -> Result<Vec<String>, Refusal> {
        let qube = self.known(call.destination)?;
        Ok(self
            .property_text(qube, "devices_denied")
            .map(|text| Interface::split(&text).map(|code| code.to_string()).collect())
            .unwrap_or_default())
    }

    fn denied_list(&self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        Ok(self.denied_codes(call)?.join("\n").into_bytes())
    }

    /// Sets the property even when nothing is new, as the real server does.
    fn denied_add(&mut self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        let mut codes = self.denied_codes(call)?;
        codes.extend(codes_of(call.payload)?);
        self.set_property(call.destination, "devices_denied", &codes.concat())?;
        Ok(Vec::new())
    }

    fn denied_remove(&mut self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        let before = self.denied_codes(call)?;
        let after: Vec<String> = if call.payload == b"all" {
            Vec::new()
        } else {
            let gone = codes_of(call.payload)?;
            before.iter().filter(|code| !gone.contains(code)).cloned().collect()
        };
        if after != before {
            self.set_property(call.destination, "devices_denied", &after.concat())?;
        }
        Ok(Vec::new())
    }
}

fn codes_of(payload: &[u8]) -> Result<Vec<String>, Refusal> {
    let text = std::str::from_utf8(payload)
        .ok()
        .filter(|text| text.is_ascii())
        .ok_or_else(|| Refusal::protocol("Device interface contains non-ASCII characters"))?;
    if text.len() % Interface::LENGTH != 0 {
        return Err(Refusal::value(format!(
            "Invalid length of interfaces='{text}' (is {}, expected multiple of {})",
            text.len(),
            Interface::LENGTH
        )));
    }
    let mut codes: Vec<String> = text
        .as_bytes()
        .chunks(Interface::LENGTH)
        .map(|code| String::from_utf8_lossy(code).into_owned())
        .collect();
    let count = codes.len();
    codes.sort_unstable();
    codes.dedup();
    if codes.len() < count {
        return Err(Refusal::protocol("Duplicated device interfaces in payload."));
    }
    Ok(codes)
}
