//! A run inside the test's own process.

use std::ffi::OsString;
use std::path::Path;

use qvm_device::Console;

/// What came of it.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: u32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program as `name` with these words, into a pipe.
pub(crate) fn inside(name: &str, words: &[OsString], socket: &Path) -> Said {
    said(name, words, socket, false)
}

/// The same, on a terminal with colours.
pub(crate) fn on_terminal(name: &str, words: &str, socket: &Path) -> Said {
    let words: Vec<OsString> = words.split(' ').map(Into::into).collect();
    said(name, &words, socket, true)
}

fn said(name: &str, words: &[OsString], socket: &Path, is_terminal: bool) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let head = [name.into(), "--socket".into(), socket.into()];
    let console = Console {
        out: &mut out,
        err: &mut err,
        is_terminal,
        is_err_terminal: false,
        has_colour: is_terminal,
    };
    let code = qvm_device::run(head.into_iter().chain(words.iter().cloned()), console);
    // The only thing that an exit code tells of itself is its debug form.
    let code: String = format!("{code:?}").chars().filter(char::is_ascii_digit).collect();
    Said {
        code: code.parse().expect("an exit code"),
        stdout: String::from_utf8(out).expect("text"),
        stderr: String::from_utf8(err).expect("text"),
    }
}
