//! The files of our sockets: made, taken over when left behind, removed at the end.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};

/// Who may connect: the user and the group.
const MODE: u32 = 0o660;
/// How long to wait for file descriptors to come free before the next connection is accepted.
const BREATH: Duration = Duration::from_millis(10);

/// A listening socket and its file, which goes with it.
#[derive(Debug)]
pub(super) struct Socket {
    listener: UnixListener,
    _file: SocketFile,
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A file that somebody removed already is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Socket {
    /// The next client. `None` = try again.
    pub(super) async fn accept(&self) -> io::Result<Option<UnixStream>> {
        let accepted = self.listener.accept().await;
        if accepted.is_err() {
            tokio::time::sleep(BREATH).await;
        }
        usable(accepted)
    }
}

/// A connection that was accepted. Running out of file descriptors passes; it does not end the server.
fn usable(
    accepted: io::Result<(UnixStream, tokio::net::unix::SocketAddr)>,
) -> io::Result<Option<UnixStream>> {
    match accepted {
        Ok((stream, _)) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted | io::ErrorKind::OutOfMemory
            ) || error.raw_os_error() == Some(24) =>
        {
            tracing::warn!(%error, "could not accept a connection");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Makes a socket. One that is served by somebody is left alone; one that nobody serves any more is replaced.
pub(super) fn listen(path: &Path) -> io::Result<Socket> {
    if path.exists() {
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                format!("{} is served by another program", path.display()),
            ));
        }
        if !is_socket(path) {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!("{} is there and is no socket", path.display()),
            ));
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let file = SocketFile(path.to_owned());
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
    Ok(Socket { listener, _file: file })
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket())
}
