//! What outlives the simulator, in one file of a folder: qubes with their properties, deny lists, features, tags and
//! assignments. Hardware, power and attachments are those of the world at each start.
//!
//! A change is on the disk before its reply is written. The file is replaced whole: written beside, flushed, renamed,
//! and the folder flushed, so that whoever cuts the power finds the old state or the new one. A file that is torn or
//! foreign is refused and left as it is.

mod apply;
mod record;

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::qube::Qube;
use crate::state::State;

/// The state, in its folder.
const FILE: &str = "state.jsonl";
/// Where the next state is written.
const NEXT: &str = "state.jsonl.next";
/// Held by whoever uses the folder.
const LOCK: &str = "lock";
/// Longest file read, in bytes; a thousand qubes with many assignments need one of them. A longer file is foreign.
const FILE_MAX: u64 = 64 << 20;

/// Why a folder of state can't be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file is torn, foreign, or of another world.
    #[error("{}:{line}: {what}", file.display())]
    Refused {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// Another simulator uses the folder.
    #[error("{} is used by another simulator", .0.display())]
    InUse(PathBuf),
    /// The system refused.
    #[error("{}: {error}", path.display())]
    Io {
        /// What was to be read or written.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// A fault in a file, before it is known which one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StateFault {
    line: usize,
    what: String,
}

impl StateFault {
    fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}

/// Keeps the state of a machine in its folder.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    /// What the file holds.
    kept: String,
    /// How many changes the machine had seen when that was written.
    changes: u64,
    /// Held, and with it the folder, until the end.
    _lock: File,
}

/// Whether a qube is gone after a restart of the machine: disposables are.
fn ends_with_the_machine(qube: &Qube) -> bool {
    qube.property("auto_cleanup") == Some("True")
}

impl Store {
    /// Takes a folder, made if need be, and puts what it holds over `state`.
    ///
    /// # Errors
    /// When the folder is in use or can't be used, and when its file is refused; the file is then as it was.
    pub(crate) fn open(folder: &Path, state: &mut State) -> Result<Self, StateError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |error| StateError::Io { path, error }
        };
        fs::create_dir_all(folder).map_err(io(folder))?;
        let lock = File::create(folder.join(LOCK)).map_err(io(folder))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(StateError::InUse(folder.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(io(folder)(error)),
        }
        let file = folder.join(FILE);
        if let Some(text) = read(&file)? {
            record::read(&text)
                .and_then(|records| apply::apply(state, &records))
                .map_err(|fault| StateError::Refused { file, line: fault.line, what: fault.what })?;
        }
        let mut store = Self { folder: folder.to_owned(), kept: String::new(), changes: 0, _lock: lock };
        store.keep(state).map_err(io(folder))?;
        Ok(store)
    }

    /// Writes the state when something that lasts has changed.
    ///
    /// # Errors
    /// What the system said; the old file is then still whole.
    pub(crate) fn keep(&mut self, state: &State) -> io::Result<()> {
        if self.changes == state.changes && !self.kept.is_empty() {
            return Ok(());
        }
        let text = record::write(state)?;
        if text != self.kept {
            replace(&self.folder, &text)?;
            self.kept = text;
        }
        self.changes = state.changes;
        Ok(())
    }
}

/// The whole file; `None` when there is none yet.
fn read(path: &Path) -> Result<Option<String>, StateError> {
    let io = |error| StateError::Io { path: path.to_owned(), error };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let mut bytes = Vec::new();
    file.take(FILE_MAX + 1).read_to_end(&mut bytes).map_err(io)?;
    let refused =
        |line, what: &str| Err(StateError::Refused { file: path.to_owned(), line, what: what.to_owned() });
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > FILE_MAX {
        return refused(1, "the file is longer than any state");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let lines = error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count();
            refused(lines + 1, "this is no text")
        }
    }
}

/// Replaces the file at once.
fn replace(folder: &Path, text: &str) -> io::Result<()> {
    let next = folder.join(NEXT);
    let mut file = File::create(&next)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&next, folder.join(FILE))?;
    File::open(folder)?.sync_all()
}
