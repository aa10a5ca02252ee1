//! The place where questions come in: a socket that is taken only when nobody else answers there.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use tokio::net::UnixStream;

/// Who may ask: this person's programs, and root, under which the management service runs.
const MODE: u32 = 0o600;

/// Why the place can't be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    /// Another agent answers there.
    #[error("another agent answers there")]
    Living,
    /// Something else is there that is not ours to remove.
    #[error("something that is no socket is there")]
    Foreign,
    /// The system does not let us.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// The place, taken; given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// Device and number of our file: what stands there later may be somebody else's.
    mark: (u64, u64),
}

/// Takes the place at `path`. A socket that was left over is replaced, one that is served never.
///
/// # Errors
/// Why not.
pub(super) async fn take(path: &Path) -> Result<(UnixListener, Place), NotTaken> {
    // Made beside the place and moved there by a hard link, which never replaces anything: so it has its mode before
    // anybody can connect, and of two agents that start at once one loses.
    let aside = beside(path);
    remove(&aside)?;
    let listener = UnixListener::bind(&aside)?;
    let moved = settle(&aside, path).await;
    remove(&aside)?;
    let mark = moved?;
    listener.set_nonblocking(true)?;
    Ok((listener, Place { path: path.to_owned(), mark }))
}

async fn settle(aside: &Path, path: &Path) -> Result<(u64, u64), NotTaken> {
    fs::set_permissions(aside, fs::Permissions::from_mode(MODE))?;
    if fs::symlink_metadata(path).is_ok() {
        clear(path).await?;
    }
    match fs::hard_link(aside, path) {
        Ok(()) => Ok(mark(&fs::symlink_metadata(path)?)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(NotTaken::Living),
        Err(error) => Err(error.into()),
    }
}

/// Removes a socket that nobody serves.
async fn clear(path: &Path) -> Result<(), NotTaken> {
    let there = fs::symlink_metadata(path)?;
    if !there.file_type().is_socket() {
        return Err(NotTaken::Foreign);
    }
    // Does not wait: of an agent that hangs nobody would ever open. Any other failure is that of somebody who is busy, or not there for us.
    let knock = UnixStream::connect(path).await;
    let is_dead = knock.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused);
    if is_dead && mark(&fs::symlink_metadata(path)?) == mark(&there) {
        Ok(remove(path)?)
    } else {
        Err(NotTaken::Living)
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    name.into()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn mark(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

impl Drop for Place {
    fn drop(&mut self) {
        if fs::symlink_metadata(&self.path).is_ok_and(|file| mark(&file) == self.mark) {
            // Left over it does no harm: the next agent replaces it.
            let _ = remove(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream as Client;

    fn folder() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("device-agent.GUI");
        (folder, path)
    }

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    }

    fn taken(path: &Path) -> Result<(UnixListener, Place), NotTaken> {
        run(take(path))
    }

    #[test]
    fn a_free_place_is_taken_for_this_person_only_and_given_back() {
        let (folder, path) = folder();
        let (listener, place) = taken(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing stays beside it");
        Client::connect(&path).unwrap();
        drop((listener, place));
        assert!(!path.exists());
    }

    #[test]
    fn a_living_agent_keeps_its_place() {
        let (_folder, path) = folder();
        let other = UnixListener::bind(&path).unwrap();
        assert!(matches!(taken(&path), Err(NotTaken::Living)));
        Client::connect(&path).unwrap();
        other.accept().unwrap();
    }

    #[test]
    fn an_agent_that_hangs_keeps_its_place_and_holds_up_nobody() {
        let (_folder, path) = folder();
        let _hangs = UnixListener::bind(&path).unwrap();
        run(async {
            // Nobody accepts: after so many the system takes no further one.
            while UnixStream::connect(&path).await.is_ok() {}
            assert!(matches!(take(&path).await, Err(NotTaken::Living)));
        });
    }

    #[test]
    fn what_was_left_over_is_replaced() {
        let (_folder, path) = folder();
        drop(UnixListener::bind(&path).unwrap());
        let (_listener, place) = taken(&path).unwrap();
        Client::connect(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let other = UnixListener::bind(&path).unwrap();
        drop(place);
        assert!(path.exists(), "what another one put there is not ours to remove");
        drop(other);
    }

    #[test]
    fn a_file_or_a_missing_folder_is_no_place() {
        let (folder, path) = folder();
        fs::write(&path, "mine").unwrap();
        assert!(matches!(taken(&path), Err(NotTaken::Foreign)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert!(matches!(taken(&folder.path().join("no/where")), Err(NotTaken::System(_))));
        assert!(matches!(taken(&folder.path().join("x".repeat(200))), Err(NotTaken::System(_))));
    }
}
