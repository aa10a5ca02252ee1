//! `admin.vm.property.*`
//!
//! # Source
//! Admin API facts 2.2.

use super::Call;
use crate::property::{ANNOUNCEMENT, Value, names};
use crate::property_write::no_such_property;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

impl State {
    /// A call about a qube's properties.
    pub(super) fn property_call(&mut self, call: Call<'_>, verb: &str) -> Option<Answer> {
        Some(match verb {
            "Get" => self.property_get(call),
            "GetAll" => self.property_all(call),
            "GetDefault" => self.property_default(call),
            "List" => self.property_list(call),
            "Set" => self.property_set(call),
            "Reset" => self.property_reset(call),
            _ => return None,
        })
    }

    /// Whether this server has a property: deny lists came with R4.3, and a recorded one does not say that it is
    /// simulated.
    fn is_here(&self, name: &str) -> bool {
        match name {
            "devices_denied" => !self.protocol.is_older(),
            ANNOUNCEMENT => !self.is_recorded,
            _ => true,
        }
    }

    /// The property that is named; only its name is checked.
    fn named<'a>(&self, call: Call<'a>) -> Result<&'a str, Refusal> {
        call.wanted_argument()?;
        if self.is_here(call.argument) {
            Ok(call.argument)
        } else {
            Err(no_such_property(call.argument, call.destination))
        }
    }

    fn asked(&self, call: Call<'_>) -> Result<Value, Refusal> {
        let name = self.named(call)?;
        call.without_payload()?;
        self.property(self.known(call.destination)?, name)
            .ok_or_else(|| no_such_property(name, call.destination))
    }

    fn property_get(&self, call: Call<'_>) -> Answer {
        self.asked(call).map(|value| line(&value).into_bytes())
    }

    fn property_all(&self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        let qube = self.known(call.destination)?;
        let known = names(qube.class).filter(|name| self.is_here(name));
        let lines = known.filter_map(|name| Some((name, self.property(qube, name)?))).map(|(name, value)| {
            let line = line(&value).replace('\\', "\\\\").replace('\n', "\\n");
            format!("{name} {line}\n")
        });
        Ok(lines.collect::<String>().into_bytes())
    }

    fn property_default(&self, call: Call<'_>) -> Answer {
        let value = self.asked(call)?;
        let text = self.default_text(self.known(call.destination)?, call.argument);
        Ok(format!("type={} {text}", value.kind.as_str()).into_bytes())
    }

    fn property_list(&self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        let known = names(self.known(call.destination)?.class).filter(|name| self.is_here(name));
        let names = known.map(|name| format!("{name}\n"));
        Ok(names.collect::<String>().into_bytes())
    }

    fn property_set(&mut self, call: Call<'_>) -> Answer {
        let name = self.named(call)?;
        let text = call.payload_text()?;
        self.set_property(call.destination, name, text)?;
        Ok(Vec::new())
    }

    fn property_reset(&mut self, call: Call<'_>) -> Answer {
        let name = self.named(call)?;
        call.without_payload()?;
        self.reset_property(call.destination, name)?;
        Ok(Vec::new())
    }
}

fn line(value: &Value) -> String {
    let is_default = if value.is_default { "True" } else { "False" };
    format!("default={is_default} type={} {}", value.kind.as_str(), value.text)
}
