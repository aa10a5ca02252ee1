//! The one error of the library: a closed kind for programs, a sentence for people.
//!
//! ARCHITECTURE.md holds the table kind ↔ D-Bus error name ↔ exit code.

use std::fmt;

use crate::name::{Port, QubeName};

/// What went wrong, as a program may act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorKind {
    /// No such qube, device, port or assignment.
    NotFound,
    /// Policy or a deny list forbids it.
    Denied,
    /// The hypervisor or one of our rules said no; the sentence says why.
    Refused,
    /// The device is in use in a way that forbids this.
    Busy,
    /// A qube that has to run does not.
    NotRunning,
    /// The device is attached already.
    AlreadyAttached,
    /// Another device is on the port than the one that was seen.
    Changed,
    /// This hypervisor or device class can't do that.
    Unsupported,
    /// The other side wrote something that is no valid reply.
    Malformed,
    /// The hypervisor's service can't be reached, or went away in the middle.
    Unreachable,
    /// No answer within the limit.
    Timeout,
    /// Our own bug.
    Internal,
}

impl ErrorKind {
    /// Every kind, for tables and tests.
    pub const ALL: [Self; 12] = [
        Self::NotFound,
        Self::Denied,
        Self::Refused,
        Self::Busy,
        Self::NotRunning,
        Self::AlreadyAttached,
        Self::Changed,
        Self::Unsupported,
        Self::Malformed,
        Self::Unreachable,
        Self::Timeout,
        Self::Internal,
    ];
}

/// What the server itself said: the class of its exception and its words, made safe for a terminal and bounded at the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// Class name, such as `QubesVMNotRunningError`.
    pub class: String,
    /// The message, without control characters.
    pub message: String,
}

impl ServerError {
    /// Whether it names its class and nothing else.
    #[must_use]
    pub fn is_wordless(&self) -> bool {
        without_source_quotes(&self.message).trim().is_empty()
    }
}

/// A failed read or command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    sentence: String,
    server: Option<Box<ServerError>>,
}

impl Error {
    /// An error of ours; `sentence` says what happened and, where it can, what to do.
    pub fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into(), server: None }
    }

    /// The error that a typed exception of the server stands for. Where it came without words, its class speaks.
    #[must_use]
    pub fn from_server(server: ServerError) -> Self {
        let kind = kind_of_class(&server.class);
        let sentence = if server.is_wordless() {
            sentence_of_class(kind, &server.class)
        } else {
            without_source_quotes(&server.message).to_owned()
        };
        Self { kind, sentence, server: Some(Box::new(server)) }
    }

    /// The server closed without a word: how R4.3 refuses, denies and crashes alike.
    #[must_use]
    pub fn empty_reply() -> Self {
        Self::new(
            ErrorKind::Refused,
            "qubesd refused without giving a reason. The system log of dom0 (journalctl) tells more.",
        )
    }

    /// Nothing is on the port where a device was seen.
    #[must_use]
    pub fn gone(port: &Port) -> Self {
        Self::new(ErrorKind::NotFound, format!("{port} is not there any more."))
    }

    /// Another device is on the port than the one that was seen; nothing has happened.
    #[must_use]
    pub fn changed(port: &Port) -> Self {
        Self::new(ErrorKind::Changed, format!("The device on {port} changed. Look again before you choose."))
    }

    /// The device on the port is attached already, and can't be attached twice.
    #[must_use]
    pub fn already_attached(port: &Port, holder: &QubeName) -> Self {
        Self::new(ErrorKind::AlreadyAttached, format!("{port} is attached to {holder} already."))
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The sentence for a person.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.sentence
    }

    /// Whether a change that failed so may have been made all the same: the reply broke off, or never came. The
    /// [empty reply](Error::empty_reply) is not among them: mostly it refuses, and only a look tells.
    #[must_use]
    pub fn leaves_open(&self) -> bool {
        self.server.is_none()
            && matches!(self.kind, ErrorKind::Unreachable | ErrorKind::Malformed | ErrorKind::Timeout)
    }

    /// The server's own words, when it gave any.
    #[must_use]
    pub fn server(&self) -> Option<&ServerError> {
        self.server.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for Error {}

/// The kind of an exception class; an unknown class is a refusal.
fn kind_of_class(class: &str) -> ErrorKind {
    match class {
        "QubesVMNotFoundError"
        | "QubesVMInvalidUUIDError"
        | "DeviceNotAssigned"
        | "DeviceNotAttached"
        | "DeviceNotFound"
        | "QubesNoSuchPropertyError"
        | "QubesFeatureNotFoundError"
        | "QubesLabelNotFoundError" => ErrorKind::NotFound,
        "PermissionDenied" | "QubesDaemonAccessError" => ErrorKind::Denied,
        "QubesVMNotRunningError" | "QubesVMNotStartedError" | "QubesVMNotPausedError" => {
            ErrorKind::NotRunning
        }
        "DeviceAlreadyAttached" => ErrorKind::AlreadyAttached,
        "QubesVMInUseError" => ErrorKind::Busy,
        "USBProxyNotInstalled" => ErrorKind::Unsupported,
        "QubesVMShutdownTimeoutError" => ErrorKind::Timeout,
        _ => ErrorKind::Refused,
    }
}

/// What an exception without words says by its class.
fn sentence_of_class(kind: ErrorKind, class: &str) -> String {
    let sentence = match kind {
        ErrorKind::NotFound => "qubesd knows no such thing",
        ErrorKind::Denied => "qubesd does not permit this",
        ErrorKind::NotRunning => "The qube is not running",
        ErrorKind::AlreadyAttached => "The device is attached already",
        ErrorKind::Busy => "It is in use",
        ErrorKind::Unsupported => "The qube lacks what is needed for this",
        ErrorKind::Timeout => "The qube took too long",
        _ => "qubesd refused without giving a reason",
    };
    format!("{sentence} ({class}).")
}

/// Takes off the one layer of quotes that some exception classes put around their message.
///
/// # Source
/// Admin API facts 2.4, quoting quirk.
fn without_source_quotes(message: &str) -> &str {
    ['\'', '"']
        .into_iter()
        .find_map(|quote| message.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_layer_of_source_quotes_comes_off() {
        let error = Error::from_server(ServerError {
            class: "DeviceAlreadyAttached".into(),
            message: "'device sys-usb:2-1 of class usb already attached to work'".into(),
        });
        assert_eq!(error.kind(), ErrorKind::AlreadyAttached);
        assert_eq!(error.sentence(), "device sys-usb:2-1 of class usb already attached to work");
    }

    #[test]
    fn an_exception_without_words_speaks_by_its_class() {
        for (class, message, sentence) in [
            ("PermissionDenied", "", "qubesd does not permit this (PermissionDenied)."),
            ("DeviceAlreadyAttached", "''", "The device is attached already (DeviceAlreadyAttached)."),
            ("QubesException", " ", "qubesd refused without giving a reason (QubesException)."),
        ] {
            let error = Error::from_server(ServerError { class: class.into(), message: message.into() });
            assert_eq!(error.sentence(), sentence);
        }
    }
}
