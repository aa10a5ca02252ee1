//! The sockets: one request per connection, and the connections that listen for events.
//!
//! Bytes in, bytes out; what they mean is the business of `api`. Only comings and goings are decided here: who is
//! accepted, when the server is away for a restart, and when it ends.
//!
//! # Source
//! Admin API facts 1.1 to 1.7.

mod connection;
mod socket;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::UnixStream;
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::control;
use crate::simulator::Shared;
use socket::{Socket, listen};

/// A simulator that listens.
#[derive(Debug)]
pub struct Server {
    shared: Shared,
    agent: Option<Arc<Path>>,
    path: PathBuf,
    /// `None` while the server is away.
    calls: Option<Socket>,
    controls: Socket,
    quit: Arc<Notify>,
}

impl Server {
    pub(crate) fn bind(shared: Shared, agent: Option<PathBuf>, socket: &Path) -> io::Result<Self> {
        Ok(Self {
            shared,
            agent: agent.map(Arc::from),
            path: socket.to_owned(),
            calls: Some(listen(socket)?),
            controls: listen(&control::socket_of(socket))?,
            quit: Arc::new(Notify::new()),
        })
    }

    /// Serves until `shutdown` is done or the control language says `quit`, then removes the sockets. Open
    /// connections end with it.
    ///
    /// # Errors
    /// When accepting fails for good.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let mut clients = JoinSet::new();
        let mut controls = JoinSet::new();
        let restarts = self.shared.lock().faults.restarts();
        let mut back_at = Instant::now();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => return Ok(()),
                () = self.quit.notified() => return Ok(()),
                () = restarts.asked.notified() => {
                    let (pause, number) = {
                        let faults = &mut self.shared.lock().faults;
                        (faults.take_pause(), faults.restarts_asked())
                    };
                    self.calls = None;
                    clients.abort_all();
                    back_at = Instant::now() + pause;
                    if pause.is_zero() {
                        self.calls = Some(listen(&self.path)?);
                    }
                    restarts.done.send_replace(number);
                }
                () = tokio::time::sleep_until(back_at), if self.calls.is_none() => {
                    self.calls = Some(listen(&self.path)?);
                }
                stream = next(self.calls.as_ref()) => if let Some(stream) = stream? {
                    let (shared, agent) = (self.shared.clone(), self.agent.clone());
                    clients.spawn(async move { connection::serve(stream, &shared, agent.as_ref()).await });
                },
                stream = self.controls.accept() => if let Some(stream) = stream? {
                    let (shared, agent) = (self.shared.clone(), self.agent.clone());
                    let quit = Arc::clone(&self.quit);
                    controls.spawn(async move {
                        control::connection(stream, &shared, agent.as_ref(), &quit).await
                    });
                },
                Some(ended) = clients.join_next() => told(&ended),
                Some(ended) = controls.join_next() => told(&ended),
            }
        }
    }
}

/// The next client; nobody while the server is away.
async fn next(socket: Option<&Socket>) -> io::Result<Option<UnixStream>> {
    match socket {
        Some(socket) => socket.accept().await,
        None => std::future::pending().await,
    }
}

fn told(ended: &Result<io::Result<()>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended"),
        Err(error) if error.is_cancelled() => {}
        Err(error) => tracing::error!(%error, "a connection died"),
    }
}
