//! The bytes of the Admin API and what they mean. No I/O happens here.
//!
//! The client and the simulator share this grammar; both are held to recorded bytes of a real server.
//! Parsers of lists return what could be read and, beside it, the faults: one bad line never hides the others.

pub mod argument;
pub mod event;
pub mod listing;
pub mod property;
pub mod reply;
pub mod request;

/// One thing in a reply that could not be read. For the log only.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {line}")]
pub struct Fault {
    /// What is wrong.
    pub what: String,
    /// The line it is in, made safe and cut.
    pub line: crate::text::DisplayText,
}

impl Fault {
    /// A fault in `line`.
    pub fn new(what: impl Into<String>, line: &str) -> Self {
        Self { what: what.into(), line: line.into() }
    }
}
