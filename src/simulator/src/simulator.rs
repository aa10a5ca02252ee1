//! The simulator as a library: load a world, serve it on a socket, play with it from the inside.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use device_core::wire::request::Request;

use crate::control;
use crate::later::settle_now;
use crate::refusal::{Protocol, to_bytes};
use crate::server::Server;
use crate::state::State;
use crate::store::{StateError, Store};
use crate::world::{self, WorldError};

/// A machine that is loaded and not yet served.
///
/// # Example
/// ```
/// # async fn example(socket: &std::path::Path) -> std::io::Result<()> {
/// let simulator = qubesd_sim::Simulator::load("laptop").map_err(std::io::Error::other)?;
/// let handle = simulator.handle();
/// let server = simulator.bind(socket)?; // from here on clients can connect
/// tokio::spawn(server.run(std::future::pending()));
/// handle.control("plug stick").map_err(std::io::Error::other)?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Simulator {
    shared: Shared,
    agent: Option<PathBuf>,
}

/// The machine, shared between connections. The lock is never held while anything waits.
#[derive(Debug, Clone)]
pub(crate) struct Shared(Arc<Mutex<State>>);

/// A hand on a running simulator from inside the same process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Handle {
    shared: Shared,
}

impl Simulator {
    /// Loads a world by its built-in name (`laptop`, `desktop`, …) or from a file.
    ///
    /// # Errors
    /// When there is no such world, or the first fault in it with its line.
    pub fn load(world: &str) -> Result<Self, WorldError> {
        let world = world::load(world)?;
        Ok(Self::of(world::state(&world)?))
    }

    /// Loads a world from TOML text; `name` stands in messages.
    ///
    /// # Errors
    /// The first fault, with its line.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, WorldError> {
        let world = world::from_toml(name, text.to_owned())?;
        Ok(Self::of(world::state(&world)?))
    }

    fn of(state: State) -> Self {
        Self { shared: Shared(Arc::new(Mutex::new(state))), agent: None }
    }

    /// Speaks as that version of the server does.
    #[must_use]
    pub fn with_protocol(self, protocol: Protocol) -> Self {
        self.shared.lock().speak(protocol);
        self
    }

    /// Plays the defects of the real server that lose data, too.
    #[must_use]
    pub fn with_quirks(self) -> Self {
        self.shared.lock().has_quirks = true;
        self
    }

    /// Asks the agent that listens on this socket when a person has to choose. Without one the answer is no.
    #[must_use]
    pub fn with_agent(mut self, socket: impl Into<PathBuf>) -> Self {
        self.agent = Some(socket.into());
        self
    }

    /// Keeps qubes, properties, features and assignments in a folder, and begins with those it holds. The protocol must
    /// be chosen before.
    ///
    /// # Errors
    /// When the folder is in use or can't be used, or its file is torn, foreign or of another world.
    pub fn with_state(self, folder: &Path) -> Result<Self, StateError> {
        let mut state = self.shared.lock();
        let store = Store::open(folder, &mut state)?;
        state.store = Some(store);
        drop(state);
        Ok(self)
    }

    /// A hand on this simulator that stays good while it is served.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle { shared: self.shared.clone() }
    }

    /// Listens on `socket` and on `socket` + `.ctl`. A socket somebody else serves is not replaced, one that was left
    /// over is. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When the sockets can't be made.
    pub fn bind(self, socket: &Path) -> io::Result<Server> {
        Server::bind(self.shared, self.agent, socket)
    }

    /// Binds and serves until `shutdown` is done, then removes the sockets.
    ///
    /// # Errors
    /// As [`Simulator::bind`], and when accepting fails for good.
    pub async fn serve(self, socket: &Path, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        self.bind(socket)?.run(shutdown).await
    }
}

impl Handle {
    /// Carries out one line of the control language, as `qubesd-sim ctl` would, and gives what it says.
    ///
    /// # Errors
    /// A sentence.
    pub fn control(&self, line: &str) -> Result<String, String> {
        self.shared.change(|state| {
            let outcome = control::run(state, line);
            let settled = settle_now(state);
            let said = outcome?;
            settled.map(|()| said).map_err(|refusal| refusal.sentence().to_owned())
        })
    }

    /// Carries out one request without a socket, and gives the bytes of its reply. Injected faults and latency do not
    /// apply, nothing takes time; questions are answered as the word `agent` said, else with no.
    #[must_use]
    pub fn request(&self, bytes: &[u8]) -> Vec<u8> {
        self.shared.change(|state| {
            let Ok(request) = Request::parse_in(bytes, state.protocol.framing()) else {
                return Vec::new();
            };
            let answer = state.call(&request);
            let settled = settle_now(state);
            to_bytes(answer.and_then(|data| settled.map(|()| data)), state.protocol)
        })
    }
}

impl Shared {
    /// The version that is spoken.
    pub(crate) fn protocol(&self) -> Protocol {
        self.lock().protocol
    }

    /// Changes the machine, then writes the events of that change.
    pub(crate) fn change<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.lock();
        let result = act(&mut state);
        state.keep();
        state.hub.flush();
        result
    }

    /// The machine. A panic elsewhere does not make it unusable: every change is complete when the lock is free.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
