//! How a call is refused, and the bytes that say so in each version of the protocol.
//!
//! Every call ends in [`Answer`]; the server turns it into bytes here and nowhere else.
//!
//! # Source
//! Admin API facts 1.3 and 1.4.

use device_core::error::ServerError;
use device_core::wire::reply::Reply;
use device_core::wire::request::Framing;

/// Data of a successful call, or why there is none.
pub(crate) type Answer = Result<Vec<u8>, Refusal>;

/// Which real server the simulator stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Protocol {
    /// As R4.2, in the framing of R4.0 and without its latest calls.
    R40,
    /// The device calls before R4.3; protocol errors give an empty reply.
    R42,
    /// Protocol errors and denials give an empty reply.
    R43,
    /// Protocol errors and denials are typed exceptions.
    #[default]
    R44,
}

impl Protocol {
    /// The protocol of this version word.
    #[must_use]
    pub fn new(word: &str) -> Option<Self> {
        match word {
            "4.0" => Some(Self::R40),
            "4.2" => Some(Self::R42),
            "4.3" => Some(Self::R43),
            "4.4" => Some(Self::R44),
            _ => None,
        }
    }

    /// Whether a device is a port only: before R4.3.
    pub(crate) fn is_older(self) -> bool {
        matches!(self, Self::R40 | Self::R42)
    }

    /// The one framing in which it understands requests.
    pub(crate) fn framing(self) -> Framing {
        match self {
            Self::R40 => Framing::Oldest,
            Self::R42 | Self::R43 | Self::R44 => Framing::Words,
        }
    }
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A typed exception: class and message.
    Exception(String, String),
    /// The caller broke the protocol.
    Protocol(String),
    /// A policy or a deny list forbids it.
    Denied(String),
    /// The real server would die of an exception nobody caught: empty reply in every version.
    Crash,
}

impl Refusal {
    /// A typed exception.
    pub(crate) fn exception(class: &str, message: impl Into<String>) -> Self {
        Self::Exception(class.to_owned(), message.into())
    }

    /// An exception of one of the classes whose message travels in source quotes.
    pub(crate) fn quoted(class: &str, message: &str) -> Self {
        Self::exception(class, source_quoted(message))
    }

    /// A typed exception `QubesValueError`.
    pub(crate) fn value(message: impl Into<String>) -> Self {
        Self::exception("QubesValueError", message)
    }

    /// What it says to a person.
    pub(crate) fn sentence(&self) -> &str {
        match self {
            Self::Exception(_, message) | Self::Protocol(message) | Self::Denied(message) => message,
            Self::Crash => "The server would have failed without a word.",
        }
    }

    /// A breach of the protocol.
    pub(crate) fn protocol(message: impl Into<String>) -> Self {
        Self::Protocol(message.into())
    }
}

/// The bytes of an answer.
pub(crate) fn to_bytes(answer: Answer, protocol: Protocol) -> Vec<u8> {
    let exception = |class: &str, message: &str| {
        Reply::Exception(ServerError { class: class.replace('\0', ""), message: message.replace('\0', "") })
    };
    let reply = match (answer, protocol) {
        (Ok(data), _) => Reply::Ok(data),
        (Err(Refusal::Exception(class, message)), _) => exception(&class, &message),
        (Err(Refusal::Protocol(message)), Protocol::R44) => exception("ProtocolError", &message),
        (Err(Refusal::Denied(message)), Protocol::R44) => exception("PermissionDenied", &message),
        (Err(_), _) => Reply::Empty,
    };
    reply.to_bytes()
}

/// An exception whose message is a template for further arguments. The official server never sends one; the grammar has
/// it, and the official client fills it in.
pub(crate) fn templated(class: &str, message: &str, arguments: &[String]) -> Vec<u8> {
    let fields = ["2", class, "", message].into_iter().chain(arguments.iter().map(String::as_str));
    fields.flat_map(|field| [field.replace('\0', ""), "\0".to_owned()]).collect::<String>().into_bytes()
}

/// A text in the form a Python source would have it: the quoting quirk of facts 2.4.
pub(crate) fn source_quoted(text: &str) -> String {
    if text.contains('\'') && !text.contains('"') {
        format!("\"{text}\"")
    } else {
        format!("'{}'", text.replace('\'', "\\'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denials_are_silent_before_4_4_and_typed_from_then_on() {
        let denied = || Err(Refusal::Denied("no".into()));
        assert_eq!(to_bytes(denied(), Protocol::R43), b"");
        assert_eq!(to_bytes(denied(), Protocol::R44), b"2\0PermissionDenied\0\0no\0");
        assert_eq!(to_bytes(Err(Refusal::Crash), Protocol::R44), b"");
    }

    #[test]
    fn texts_are_quoted_as_a_source_would() {
        assert_eq!(source_quoted("a b"), "'a b'");
        assert_eq!(source_quoted("it's"), "\"it's\"");
        assert_eq!(source_quoted("\"it's\""), "'\"it\\'s\"'");
    }
}
