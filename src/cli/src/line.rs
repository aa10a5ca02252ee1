//! The whole command line, read: what it asks for, before a server is asked for anything.
//!
//! Three readers stand behind it: what packages and shells ask for, the forms of R3, and today's grammar. Nothing here
//! opens a socket or a file, so that anything at all can be thrown at it.

use std::ffi::OsString;

use crate::failure::Failure;
use crate::generate;
use crate::older::{self, Hint, Older};
use crate::parse::{self, Invocation, Matches, Parsed};
use crate::shown::shown;
use crate::usage::Program;

/// The word by which the completions of a shell ask what fits.
const COMPLETE: &str = "--complete";

/// What a line asks for.
#[derive(Debug)]
pub enum Line {
    /// To print this text.
    Print(String),
    /// To offer what fits behind these words.
    Complete(Vec<String>),
    /// To list the device classes.
    ListClasses(Matches),
    /// To carry out a command.
    Run {
        /// Which one, with its options and operands.
        invocation: Invocation,
        /// Today's form, of a line in an older one.
        hint: Option<Hint>,
    },
}

/// Reads the arguments behind the program's name.
///
/// # Errors
/// What is wrong with them: the first thing, and nothing was done.
pub fn read(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> Result<Line, Failure> {
    let arguments = texts(program, arguments)?;
    match arguments.split_first() {
        Some((first, words)) if first == generate::FLAG => return Ok(Line::Print(generate::text(words)?)),
        Some((first, words)) if first == COMPLETE => return Ok(Line::Complete(words.to_vec())),
        _ => {}
    }
    if let Some(older) = older::read(program, &arguments) {
        let Older { invocation, hint } = older?;
        return Ok(Line::Run { invocation, hint: Some(hint) });
    }
    Ok(match parse::parse(program, &arguments)? {
        Parsed::Show(text) => Line::Print(text),
        Parsed::ListClasses(matches) => Line::ListClasses(matches),
        Parsed::Run(invocation) => Line::Run { invocation, hint: None },
    })
}

fn texts(program: &Program, arguments: impl IntoIterator<Item = OsString>) -> Result<Vec<String>, Failure> {
    arguments
        .into_iter()
        .map(|argument| {
            argument.into_string().map_err(|bad| {
                let text = format!("argument is no text: '{}'", shown(&bad.to_string_lossy()));
                parse::usage_error(program, None, &text).into()
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(program: &str, words: &[&str]) -> Result<Line, Failure> {
        read(&Program::of_path(program), words.iter().map(OsString::from))
    }

    #[test]
    fn each_reader_gets_its_lines() {
        assert!(
            matches!(line("qvm-usb", &["--complete", "a", "b"]), Ok(Line::Complete(words)) if words == ["a", "b"])
        );
        assert!(matches!(line("qvm-usb", &["--generate", "fish"]), Ok(Line::Print(_))));
        assert!(matches!(line("qvm-usb", &["--version"]), Ok(Line::Print(_))));
        assert!(matches!(line("qvm-usb", &["--list-classes"]), Ok(Line::ListClasses(_))));
        assert!(matches!(line("qvm-usb", &["-l"]), Ok(Line::Run { hint: Some(_), .. })));
        assert!(matches!(line("qvm-usb", &["list"]), Ok(Line::Run { hint: None, .. })));
        assert!(matches!(line("qvm-usb", &["--generate", "toast"]), Err(Failure::Argument(_))));
        assert!(matches!(line("qvm-usb", &["-a", "work"]), Err(Failure::Usage(_))));
    }
}
