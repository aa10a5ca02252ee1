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

/// Runs the program as `name` with these words.
pub(crate) fn inside(name: &str, words: &[OsString], socket: &Path) -> Said {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let head = [name.into(), "--socket".into(), socket.into()];
    let console = Console {
        out: &mut out,
        err: &mut err,
        is_terminal: false,
        is_err_terminal: false,
        has_colour: false,
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
