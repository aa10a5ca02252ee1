//! The simulator in the same process: `plugboardd --simulate[=WORLD]`.
//!
//! It serves on a socket in a folder of its own that only this user can enter, and the rest of the service talks to it
//! as to any other: nothing else knows that it is here. Packages are built without this file.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use device_core::transport::Transport;
use qubesd_sim::Simulator;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::obstacle::Obstacle;

#[cfg(test)]
mod tests;

/// Who may enter the folder of the socket: this user.
const PRIVATE: u32 = 0o700;

/// A simulator that is served by this process.
pub(crate) struct Simulation {
    folder: PathBuf,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<io::Result<()>>,
}

impl Simulation {
    /// Loads a world and serves it. From here on clients can connect.
    ///
    /// # Errors
    /// When there is no such world, or no place for its socket.
    pub(crate) fn begin(world: &str) -> Result<Self, Obstacle> {
        let simulator = Simulator::load(world).map_err(|error| Obstacle::new(error.to_string()))?;
        let folder = private_folder().map_err(no_socket)?;
        let server = match simulator.bind(&socket_in(&folder)) {
            Ok(server) => server,
            Err(error) => {
                remove(&folder);
                return Err(no_socket(error));
            }
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        tracing::warn!(
            "nothing is real: simulating {world}; qubesd-sim ctl --socket {} plug stick",
            socket_in(&folder).display()
        );
        Ok(Self { folder, stop, serving })
    }

    /// The way to it.
    pub(crate) fn transport(&self) -> Transport {
        Transport::socket(socket_in(&self.folder))
    }

    /// Stops serving and removes socket and folder.
    pub(crate) async fn end(self) {
        let _ = self.stop.send(());
        if let Ok(Err(error)) = self.serving.await {
            tracing::warn!(%error, "the simulator ended badly");
        }
        remove(&self.folder);
    }
}

fn socket_in(folder: &Path) -> PathBuf {
    folder.join("qubesd.sock")
}

/// A new folder below the user's runtime folder. One that is there already, of whomever, is left alone.
fn private_folder() -> io::Result<PathBuf> {
    let parent = std::env::var_os("XDG_RUNTIME_DIR").map_or_else(std::env::temp_dir, PathBuf::from);
    let mut turns = 0..u32::from(u8::MAX);
    loop {
        let turn = turns.next().ok_or(io::ErrorKind::AlreadyExists)?;
        let folder = parent.join(format!("plugboardd-{}-{turn}", std::process::id()));
        match DirBuilder::new().mode(PRIVATE).create(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => return made.map(|()| folder),
        }
    }
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir(folder) {
        tracing::warn!(%error, "could not remove {}", folder.display());
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives it by value")]
fn no_socket(error: io::Error) -> Obstacle {
    Obstacle::new(format!("There is no place for the simulator's socket: {error}."))
}
