//! The payload of Attach and Assign, read as leniently as the official server does, with its very words when it is
//! wrong. The strict reader of the shared library has other words and is for clients.
//!
//! # Source
//! Admin API facts 3.3 and 3.4; the messages are those of the recordings.

use device_core::assignment::{Mode, Options};
use device_core::name::QubeName;

use super::target::Target;
use super::{Call, not_ascii};
use crate::class::Class;
use crate::refusal::Refusal;
use crate::state::State;

/// What a payload says beside the device argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) mode: Mode,
    pub(super) frontend: Option<QubeName>,
    pub(super) options: Options,
}

impl State {
    /// Reads the payload of a call that names `target`, which it may make more exact.
    pub(super) fn wish(&self, call: Call<'_>, class: Class, target: &mut Target) -> Result<Wish, Refusal> {
        if !call.payload.is_ascii() {
            return Err(Refusal::protocol(not_ascii(call.payload)));
        }
        let mut wish = Wish { mode: Mode::Manual, frontend: None, options: Options::new() };
        let text = call.payload_text()?;
        for (key, value) in pairs(text)? {
            match (key.as_str(), key.strip_prefix('_')) {
                (_, Some(option)) => wish.options.set(option, value),
                ("mode", _) => {
                    wish.mode = Mode::new(&value).ok_or_else(|| {
                        Refusal::protocol(format!("'{value}' is not a valid AssignmentMode"))
                    })?;
                }
                ("frontend_domain", _) => {
                    let frontend = QubeName::new(&value).ok().filter(|name| self.qube(name).is_some());
                    wish.frontend = Some(frontend.ok_or(Refusal::Crash)?);
                }
                ("backend_domain" | "port_id" | "devclass" | "device_id", _) => {
                    agree(target, class, &key, value)?;
                }
                _ => {
                    return Err(Refusal::protocol(format!(
                        "DeviceAssignment.__init__() got an unexpected keyword argument '{key}'"
                    )));
                }
            }
        }
        Ok(wish)
    }
}

/// What the payload says of the device must agree with the argument; an id is taken where the argument has none.
fn agree(target: &mut Target, class: Class, key: &str, value: String) -> Result<(), Refusal> {
    match key {
        "backend_domain" if value != target.backend.as_str() => Err(Refusal::protocol(format!(
            "Got device exposed by {value}when expected devices from {}.",
            target.backend
        ))),
        "devclass" if value != class.as_str() => {
            Err(Refusal::protocol(format!("Got {value} device when expected {}.", class.as_str())))
        }
        "port_id" if value != target.port_text() => Err(Refusal::protocol(format!(
            "Got device from port: {value} when expected port: {}.",
            target.port_text()
        ))),
        "device_id" => match &target.device {
            None => {
                target.device = Some(value).filter(|id| id != "*");
                Ok(())
            }
            Some(own) if *own == value => Ok(()),
            Some(own) => {
                Err(Refusal::protocol(format!("Unrecognized device identity '{value}' expected '{own}'")))
            }
        },
        _ => Ok(()),
    }
}

/// Cuts a payload into its pairs: the next `='` ends a key, the last quote and blank before it the value.
fn pairs(text: &str) -> Result<Vec<(String, String)>, Refusal> {
    let mut found = Vec::new();
    let text = text.trim();
    if text.is_empty() {
        return Ok(found);
    }
    let (mut key, mut rest) = text.split_once("='").unwrap_or((text, ""));
    while let Some((head, tail)) = rest.split_once("='") {
        let Some((value, next)) = head.rsplit_once("' ") else {
            break;
        };
        found.push(pair(key, value)?);
        key = next;
        rest = tail;
    }
    let mut last = rest.chars();
    last.next_back();
    found.push(pair(key, last.as_str())?);
    Ok(found)
}

fn pair(key: &str, value: &str) -> Result<(String, String), Refusal> {
    let key = key.trim();
    let is_key = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\'' | '=' | '`');
    if !key.chars().all(is_key) {
        return Err(Refusal::protocol(format!("Invalid chars in property name: {key}")));
    }
    let value = value.replace("\\'", "'");
    if !value.chars().all(|c| matches!(c, ' '..='~')) {
        return Err(Refusal::protocol(format!("Invalid chars in property value: {value}")));
    }
    Ok((key.to_owned(), value))
}

/// Adds ` key='value'` to a line, quoted as the server writes it.
///
/// # Errors
/// Text that the grammar can't carry: the real server then fails the whole reply.
pub(super) fn write_pair(line: &mut String, key: &str, value: &str) -> Result<(), Refusal> {
    if !value.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(Refusal::Crash);
    }
    for part in [" ", key, "='"] {
        line.push_str(part);
    }
    for (number, part) in value.split('\'').enumerate() {
        if number > 0 {
            line.push_str("\\'");
        }
        line.push_str(part);
    }
    line.push('\'');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        pairs(text).unwrap()
    }

    #[test]
    fn pairs_are_cut_as_the_server_cuts_them() {
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect()
        };
        assert_eq!(read(""), []);
        assert_eq!(read("a='1' b='2'"), own(&[("a", "1"), ("b", "2")]));
        assert_eq!(read("a='it\\'s' _b='x y'"), own(&[("a", "it's"), ("_b", "x y")]));
        assert_eq!(read("hello"), own(&[("hello", "")]));
        assert_eq!(read("a='1"), own(&[("a", "")]), "an unterminated value loses a character");
    }
}
