//! One call in, one answer out: who is asked, which call it is, and what it does to the machine.
//!
//! [`State::call`] is the only door. It never waits and never panics, whatever the request holds.
//!
//! # Source
//! Admin API facts 1.5 and 2.

mod assignment;
mod denied;
mod device;
mod feature;
mod machine;
mod older;
mod payload;
mod property;
mod qube;
mod target;

use device_core::name::{NameError, QubeName};
use device_core::wire::request::Request;

use crate::class::Class;
use crate::reads::Reads;
use crate::refusal::{Answer, Refusal};
use crate::state::{State, no_such_qube};

/// A request whose source and destination exist.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) argument: &'a str,
    pub(crate) source: &'a QubeName,
    pub(crate) destination: &'a QubeName,
    pub(crate) payload: &'a [u8],
}

impl Call<'_> {
    /// Refuses an argument where none is wanted.
    fn without_argument(&self) -> Result<(), Refusal> {
        if self.argument.is_empty() { Ok(()) } else { Err(Refusal::protocol("unexpected argument")) }
    }

    /// Refuses a missing argument.
    fn wanted_argument(&self) -> Result<&str, Refusal> {
        if self.argument.is_empty() {
            Err(Refusal::protocol("expected an argument"))
        } else {
            Ok(self.argument)
        }
    }

    /// Refuses a payload where none is wanted.
    fn without_payload(&self) -> Result<(), Refusal> {
        if self.payload.is_empty() { Ok(()) } else { Err(Refusal::protocol("unexpected payload")) }
    }

    /// The payload as ASCII text.
    fn payload_text(&self) -> Result<&str, Refusal> {
        std::str::from_utf8(self.payload)
            .ok()
            .filter(|text| text.is_ascii())
            .ok_or_else(|| Refusal::protocol(not_ascii(self.payload)))
    }

    /// Refuses every destination but dom0.
    fn only_dom0(&self) -> Result<(), Refusal> {
        if self.destination.is_dom0() {
            Ok(())
        } else {
            Err(Refusal::protocol("expected destination to be AdminVM"))
        }
    }
}

/// What Python says to bytes beyond ASCII.
fn not_ascii(bytes: &[u8]) -> String {
    let place = bytes.iter().position(|byte| !byte.is_ascii()).unwrap_or(0);
    let byte = bytes.get(place).copied().unwrap_or(0);
    format!("'ascii' codec can't decode byte 0x{byte:02x} in position {place}: ordinal not in range(128)")
}

impl State {
    /// Carries out a request.
    pub(crate) fn call(&mut self, request: &Request) -> Answer {
        let source = self.find(&request.source)?;
        let destination = self.find(&request.destination)?;
        let call = Call {
            method: &request.method,
            argument: &request.argument,
            source: &source,
            destination: &destination,
            payload: &request.payload,
        };
        let Some(key) = Reads::key(call) else {
            self.reads.forget();
            return self.route(call);
        };
        if let Some(data) = self.reads.find(&key) {
            return Ok(data);
        }
        let data = self.route(call)?;
        self.reads.keep(key, &data);
        Ok(data)
    }

    /// The qube that a header names, by name or uuid.
    pub(crate) fn find(&self, text: &str) -> Result<QubeName, Refusal> {
        if let Some(uuid) = text.strip_prefix("uuid:").filter(|_| !self.protocol.is_older()) {
            if !is_uuid(uuid) {
                return Err(Refusal::exception(
                    "QubesVMInvalidUUIDError",
                    format!("VM UUID is not valid: '{uuid}'"),
                ));
            }
            return self
                .qubes
                .values()
                .find(|qube| qube.uuid == uuid)
                .map(|qube| qube.name.clone())
                .ok_or_else(|| no_such_qube(text));
        }
        let name = QubeName::new(text).map_err(|error| bad_name(text, &error))?;
        self.known(&name).map(|qube| qube.name.clone())
    }

    fn route(&mut self, call: Call<'_>) -> Answer {
        let unknown = || Refusal::protocol(format!("no such method: '{}'", call.method));
        let Some(name) = call.method.strip_prefix("admin.") else {
            return Err(unknown());
        };
        match name.split_once('.') {
            Some(("deviceclass" | "label" | "property", _)) => self.machine_call(call, name),
            Some(("vm", name)) => match name.split_once('.') {
                Some(("device", rest)) => self.device_call(call, rest),
                Some(("property", verb)) => self.property_call(call, verb),
                Some(("feature", verb)) => self.feature_call(call, verb),
                Some(("tag", verb)) => self.tag_call(call, verb),
                _ => self.qube_call(call, name),
            },
            _ => None,
        }
        .unwrap_or_else(|| Err(unknown()))
    }

    /// `CLASS.VERB`, or a call of the deny list.
    fn device_call(&mut self, call: Call<'_>, rest: &str) -> Option<Answer> {
        let (class, verb) = rest.split_once('.')?;
        let is_older = self.protocol.is_older();
        if class == "denied" && !is_older {
            return self.denied_call(call, verb);
        }
        let class = Class::new(class).filter(|class| self.classes().any(|known| known == *class))?;
        if is_older {
            return self.older_device_call(call, class, verb);
        }
        Some(match verb {
            "Available" => self.available(call, class),
            "Attached" => self.attached(call, class),
            "Assigned" => self.assigned(call, class),
            "Attach" => self.attach_call(call, class),
            "Detach" => self.detach_call(call, class),
            "Assign" => self.assign(call, class),
            "Unassign" => self.unassign(call, class),
            "Set.assignment" => self.set_assignment(call, class),
            _ => return None,
        })
    }
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.concat().bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The exception for a text that can't be a qube's name.
pub(crate) fn bad_name(text: &str, error: &NameError) -> Refusal {
    Refusal::value(match (error, text) {
        (NameError::TooLong(..), _) => "VM name must be shorter than 32 characters",
        (NameError::BadStart(_), _) => "VM name cannot start with hyphen, underscore, dot or numbers",
        (NameError::Reserved(_), "Domain-0") => "VM name cannot be 'Domain-0'",
        (NameError::Reserved(_), "none" | "default") => "VM name cannot be 'none' nor 'default'",
        (NameError::Reserved(_), _) => "VM name cannot end with -dm",
        _ => "VM name contains illegal characters",
    })
}
