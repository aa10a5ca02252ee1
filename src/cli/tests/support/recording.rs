//! The recorded runs of the real tool: what was typed, what it said, and each call it made.

use base64::Engine;
use device_core::wire::request::Request;
use serde::Deserialize;

/// One run.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Recording {
    /// The program's name.
    pub(crate) tool: String,
    /// What was typed.
    pub(crate) argv: Vec<String>,
    /// How it ended.
    pub(crate) exit: i32,
    /// What it printed.
    pub(crate) stdout: String,
    /// What it complained of.
    pub(crate) stderr: String,
    /// What it asked.
    pub(crate) calls: Vec<Call>,
}

/// One call and its reply.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Call {
    /// The method.
    pub(crate) method: String,
    /// Behind the plus sign.
    pub(crate) arg: String,
    /// The qube that was asked.
    pub(crate) dest: String,
    #[serde(deserialize_with = "bytes")]
    /// What was sent along.
    pub(crate) payload: Vec<u8>,
    /// What came back.
    #[serde(deserialize_with = "bytes")]
    pub(crate) reply: Vec<u8>,
}

impl Call {
    /// Whether it changes something.
    pub(crate) fn is_change(&self) -> bool {
        is_change(&self.method)
    }

    /// Whether it is the same call.
    pub(crate) fn is(&self, request: &Request) -> bool {
        self.method == request.method
            && self.arg == request.argument
            && self.dest == request.destination
            && self.payload == request.payload
    }
}

/// Whether a method changes something.
pub(crate) fn is_change(method: &str) -> bool {
    [".Attach", ".Detach", ".Assign", ".Unassign", ".Set.assignment"]
        .iter()
        .any(|verb| method.ends_with(verb))
}

/// Every recorded run.
pub(crate) fn all() -> Vec<Recording> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/wire/tools.jsonl");
    let text = std::fs::read_to_string(path).expect("the recording is in the repository");
    text.lines().map(|line| serde_json::from_str(line).expect("a recorded run")).collect()
}

fn bytes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    base64::engine::general_purpose::STANDARD.decode(text).map_err(serde::de::Error::custom)
}
