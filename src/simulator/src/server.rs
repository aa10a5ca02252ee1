//! The sockets: one request per connection, and the connections that listen for events.
//!
//! Bytes in, bytes out; what they mean is the business of `api`. Faults of the control language are played here.
//!
//! # Source
//! Admin API facts 1.1 to 1.7.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use device_core::name::QubeName;
use device_core::wire::request::{REQUEST_MAX, Request};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::agent;
use crate::control;
use crate::fault::Failure;
use crate::framing;
use crate::outbox::{Outbox, is_there};
use crate::refusal::{Refusal, to_bytes};
use crate::simulator::Shared;

/// Who may connect: the user and the group.
const MODE: u32 = 0o660;
/// How often a call that hangs is looked after, in case its client has gone.
const HANG_LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// A simulator that listens.
#[derive(Debug)]
pub struct Server {
    shared: Shared,
    agent: Option<Arc<Path>>,
    calls: UnixListener,
    controls: UnixListener,
    /// Removed at the end.
    _sockets: [SocketFile; 2],
    quit: Arc<Notify>,
}

#[derive(Debug)]
struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A file that somebody removed already is as good.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Server {
    pub(crate) fn bind(shared: Shared, agent: Option<PathBuf>, socket: &Path) -> io::Result<Self> {
        let control_socket = control::socket_of(socket);
        let (calls, call_file) = listen(socket)?;
        let (controls, control_file) = listen(&control_socket)?;
        Ok(Self {
            shared,
            agent: agent.map(Arc::from),
            calls,
            controls,
            _sockets: [call_file, control_file],
            quit: Arc::new(Notify::new()),
        })
    }

    /// Serves until `shutdown` is done or the control language says `quit`, then removes the sockets. Open
    /// connections end with it.
    ///
    /// # Errors
    /// When accepting fails for good.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let mut connections = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = self.quit.notified() => return Ok(()),
                accepted = self.calls.accept() => if let Some(stream) = usable(accepted)? {
                    let (shared, agent) = (self.shared.clone(), self.agent.clone());
                    connections.spawn(async move { connection(stream, &shared, agent.as_deref()).await });
                },
                accepted = self.controls.accept() => if let Some(stream) = usable(accepted)? {
                    let (shared, agent) = (self.shared.clone(), self.agent.clone());
                    let quit = Arc::clone(&self.quit);
                    connections.spawn(async move {
                        control::connection(stream, &shared, agent.as_deref(), &quit).await
                    });
                },
                Some(ended) = connections.join_next() => match ended {
                    Ok(Err(error)) => tracing::debug!(%error, "a connection ended"),
                    Ok(Ok(())) => {}
                    Err(error) => tracing::error!(%error, "a connection died"),
                },
            }
        }
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
fn listen(path: &Path) -> io::Result<(UnixListener, SocketFile)> {
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
    Ok((listener, file))
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket())
}

async fn connection(mut stream: UnixStream, shared: &Shared, agent: Option<&Path>) -> io::Result<()> {
    let mut bytes = Vec::new();
    // One byte beyond the limit is enough to see that it was passed.
    let limit = u64::try_from(REQUEST_MAX).unwrap_or(u64::MAX) + 1;
    (&mut stream).take(limit).read_to_end(&mut bytes).await?;
    let Some(request) = framing::request(&bytes, shared.protocol()) else {
        // A malformed request ends the connection without a word.
        return Ok(());
    };
    let (delay, failure) = {
        let mut state = shared.lock();
        (state.faults.delay(), state.faults.on_call(&request.method))
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    match &failure {
        None | Some(Failure::Lost | Failure::Cut(_)) => {}
        Some(Failure::Empty) => return Ok(()),
        Some(Failure::Hang) => return hang(stream).await,
        Some(Failure::Exception(class, message)) => {
            let answer = Err(Refusal::exception(class, message.clone()));
            return reply(stream, &to_bytes(answer, shared.protocol())).await;
        }
    }
    if request.method == "admin.Events" {
        return events(stream, shared, &request).await;
    }
    let answer = shared.change(|state| state.call(&request));
    agent::ask_all(shared, agent).await;
    let mut bytes = to_bytes(answer, shared.protocol());
    match failure {
        Some(Failure::Lost) => bytes.clear(),
        Some(Failure::Cut(count)) => bytes.truncate(count),
        _ => {}
    }
    reply(stream, &bytes).await
}

async fn reply(mut stream: UnixStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await
}

/// Says nothing until the client has gone.
async fn hang(stream: UnixStream) -> io::Result<()> {
    while is_there(&stream) {
        tokio::time::sleep(HANG_LOOK).await;
    }
    Ok(())
}

async fn events(stream: UnixStream, shared: &Shared, request: &Request) -> io::Result<()> {
    match listener(shared, request) {
        Ok(qube) => {
            // The first events are written without waiting, so the connection must be known to be writable.
            stream.writable().await?;
            let outbox = Arc::new(Outbox::new(stream));
            shared.change(|state| state.hub.listen(qube, Arc::clone(&outbox)));
            outbox.run().await;
            Ok(())
        }
        Err(refusal) => reply(stream, &to_bytes(Err(refusal), shared.protocol())).await,
    }
}

/// Whose events are asked for; `None` = everybody's.
fn listener(shared: &Shared, request: &Request) -> Result<Option<QubeName>, Refusal> {
    let state = shared.lock();
    state.find(&request.source)?;
    let qube = state.find(&request.destination)?;
    if !request.argument.is_empty() {
        return Err(Refusal::protocol("unexpected argument"));
    }
    if !request.payload.is_empty() {
        return Err(Refusal::protocol("unexpected payload"));
    }
    Ok(Some(qube).filter(|qube| !qube.is_dom0()))
}
