//! The system's own window for rules of automatic attachment: Qubes brings one, and the menu only opens it.

use std::env;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

/// Its name on R4.2 and later, and the word for its page on device attachments.
///
/// # Source
/// Admin API facts 7.5.
const PROGRAM: &str = "qubes-global-config";
const PAGE: [&str; 2] = ["-o", "attachments"];

/// Whether it is installed here; a GUI qube mostly has none.
pub(crate) fn is_installed() -> bool {
    program().is_some()
}

/// Opens it. It stays open when this program ends.
///
/// # Errors
/// Why it can't be started.
pub(crate) fn open() -> io::Result<()> {
    let program = program().ok_or(io::ErrorKind::NotFound)?;
    let nothing = Stdio::null;
    let started =
        Command::new(program).args(PAGE).stdin(nothing()).stdout(nothing()).stderr(nothing()).spawn();
    let mut window = started?;
    // Somebody has to take note of its end, or it would be kept as a zombie.
    thread::Builder::new().name("configuration".into()).spawn(move || window.wait())?;
    Ok(())
}

fn program() -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    let is_program = |path: &PathBuf| {
        path.is_absolute()
            && path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&folders).map(|folder| folder.join(PROGRAM)).find(is_program)
}
