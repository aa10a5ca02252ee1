//! How a run can fail, and what is said then.
//!
//! Exit code 2 is a wrong command line, 129 to 131 and 143 a signal, 1 everything else. One sentence each, on the error
//! stream.

use device_core::error::{Error, ErrorKind};

use crate::parse::UsageError;

/// Why a run ends without having done what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The command line is wrong: usage, and exit 2.
    Usage(Box<UsageError>),
    /// An argument means nothing here: `PROG: error: …`.
    Argument(String),
    /// The server or the link refused: `Error: …`.
    Server(Error),
    /// We refuse: `Error: …`.
    Refused(String),
    /// Cut short from outside: `Error: …` and this code.
    CutShort {
        /// What is known to have happened.
        sentence: String,
        /// The exit code.
        code: u8,
    },
    /// The answer is no, and was printed.
    No,
    /// Nobody reads what we write any more.
    Unread,
    /// What we write finds no room, as on a full disk: `Error: …`.
    Unwritten(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::Usage(Box::new(error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // A reader that has seen enough, such as `head`, is no failure that needs words.
            std::io::ErrorKind::BrokenPipe => Self::Unread,
            _ => Self::Unwritten(format!("The results can't be written: {error}.")),
        }
    }
}

impl Failure {
    /// What goes to the error stream.
    #[must_use]
    pub fn text(&self, program: &str) -> String {
        match self {
            Self::Usage(error) => format!("{}{}: error: {}\n", error.usage, error.speaker, error.message),
            Self::Argument(message) => format!("{program}: error: {message}\n"),
            Self::Server(error) => format!("Error: {}\n", server_words(error)),
            Self::Refused(message) | Self::Unwritten(message) | Self::CutShort { sentence: message, .. } => {
                format!("Error: {message}\n")
            }
            Self::No | Self::Unread => String::new(),
        }
    }

    /// The exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::CutShort { code, .. } => *code,
            _ => 1,
        }
    }
}

/// Whether the server keeps this from us, or does not know of it: it says so with silence or by these names.
#[must_use]
pub fn is_no_access(error: &Error) -> bool {
    *error == Error::empty_reply()
        || error.kind() == ErrorKind::Denied
        || error.server().is_some_and(|server| server.class == "ProtocolError")
}

/// Whether the qube that was asked does not exist.
#[must_use]
pub fn is_no_such_qube(error: &Error) -> bool {
    error.server().is_some_and(|server| server.class == "QubesVMNotFoundError")
}

/// The server's words as scripts know them.
///
/// # Source
/// Admin API facts 2.4, quoting quirk: these classes are look-up errors of the field's language, which prints
/// them in source form. Somebody's script searches for exactly that.
pub(crate) fn server_words(error: &Error) -> String {
    match error.server() {
        Some(server) if server.is_wordless() => error.sentence().to_owned(),
        Some(server)
            if matches!(
                server.class.as_str(),
                "DeviceAlreadyAttached"
                    | "DeviceAlreadyAssigned"
                    | "DeviceNotAssigned"
                    | "DeviceNotAttached"
                    | "DeviceNotFound"
            ) =>
        {
            source_form(&server.message)
        }
        Some(server) => server.message.clone(),
        None => error.sentence().to_owned(),
    }
}

/// The text as a string literal: in single quotes, or in double ones when only those spare an escape.
fn source_form(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\");
    if text.contains('\'') && !text.contains('"') {
        format!("\"{escaped}\"")
    } else {
        format!("'{}'", escaped.replace('\'', "\\'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use device_core::error::ServerError;

    fn said(class: &str, message: &str) -> String {
        Failure::Server(Error::from_server(ServerError { class: class.into(), message: message.into() }))
            .text("qvm-usb")
    }

    #[test]
    fn look_up_errors_keep_the_quotes_that_scripts_know() {
        assert_eq!(
            said("DeviceNotAssigned", "'usb device 2-1 not attached to work'"),
            "Error: \"'usb device 2-1 not attached to work'\"\n"
        );
        assert_eq!(said("DeviceNotFound", "a 'b' \"c\""), "Error: 'a \\'b\\' \"c\"'\n");
    }

    #[test]
    fn an_exception_without_words_is_no_empty_line() {
        assert_eq!(said("PermissionDenied", ""), "Error: qubesd does not permit this (PermissionDenied).\n");
        assert_eq!(said("DeviceNotFound", "''"), "Error: qubesd knows no such thing (DeviceNotFound).\n");
    }

    #[test]
    fn a_percent_sign_is_just_a_percent_sign() {
        assert_eq!(said("QubesValueError", "100 %s sure %d"), "Error: 100 %s sure %d\n");
    }
}
