//! The arguments, read after [`crate::grammar`].
//!
//! Written by hand because scripts depend on the habits of the tool that this one replaces: long options may be cut
//! short, operands and options mix freely, and each refusal is a sentence that somebody's log already searches for.
//! Nothing here knows what the words mean.

mod reader;

use crate::grammar::{Command, Key};
use crate::usage::{self, Program};
use reader::Reader;

/// A wrong command line: what to show, and in whose name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// The usage text.
    pub usage: String,
    /// Who says it, such as `qvm-usb attach`.
    pub speaker: String,
    /// What is wrong.
    pub message: String,
}

/// A command line that makes sense.
#[derive(Debug)]
pub struct Invocation {
    /// The device class, from the program's name or the command line; `None` only of a command that reaches all.
    pub class: Option<String>,
    /// The command.
    pub command: &'static Command,
    /// What was given.
    pub matches: Matches,
}

/// What the reader came to.
#[derive(Debug)]
pub enum Parsed {
    /// Carry this out.
    Run(Invocation),
    /// Show this text and end.
    Show(String),
    /// List the device classes and end.
    ListClasses(Matches),
}

/// The options and operands given.
#[derive(Debug, Default)]
pub struct Matches {
    flags: Vec<(Key, String)>,
    operands: Vec<String>,
}

impl Matches {
    /// These options and operands.
    #[must_use]
    pub fn new(flags: Vec<(Key, String)>, operands: Vec<String>) -> Self {
        Self { flags, operands }
    }

    /// Whether an option was given.
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.count(key) > 0
    }

    /// How often an option was given.
    #[must_use]
    pub fn count(&self, key: Key) -> usize {
        self.flags.iter().filter(|(known, _)| *known == key).count()
    }

    /// The values of an option, in order.
    pub fn values(&self, key: Key) -> impl Iterator<Item = &str> {
        self.flags.iter().filter(move |(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    /// All operands, in order.
    #[must_use]
    pub fn operands(&self) -> &[String] {
        &self.operands
    }

    /// One operand; empty when it was left out.
    #[must_use]
    pub fn operand(&self, place: usize) -> Option<&str> {
        self.operands.get(place).map(String::as_str)
    }
}

/// Reads `arguments`, those behind the program's name.
///
/// # Errors
/// The first thing that is wrong.
pub fn parse(program: &Program, arguments: &[String]) -> Result<Parsed, UsageError> {
    Reader::new(program, arguments).parsed()
}

/// The error of a command line whose words could be read and mean nothing: in the program's own name.
#[must_use]
pub fn usage_error(program: &Program, command: Option<&Command>, message: &str) -> UsageError {
    UsageError {
        usage: usage::usage(program, command),
        speaker: usage::speaker(program, command),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
