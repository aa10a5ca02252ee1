//! A simulated machine behind a socket, in the test's own process.

use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use qubesd_sim::{Handle, Protocol, Simulator};
use tokio::sync::oneshot;

use super::Run;
use super::running::DEADLINE;

/// The machine; it ends with the test.
pub(crate) struct Machine {
    folder: tempfile::TempDir,
    world: String,
    protocol: Protocol,
    served: Option<Served>,
}

struct Served {
    handle: Handle,
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Machine {
    /// The laptop of the built-in worlds.
    pub(crate) fn laptop() -> Self {
        Self::of("laptop")
    }

    /// A built-in world.
    pub(crate) fn of(world: &str) -> Self {
        Self::speaking(world, Protocol::R44)
    }

    /// A built-in world behind a server of this time.
    pub(crate) fn speaking(world: &str, protocol: Protocol) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let served = Some(serve(world, protocol, &folder.path().join("qubesd.sock")));
        Self { folder, world: world.into(), protocol, served }
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("qubesd.sock")
    }

    /// Says a line of the control language, and gives what it answers.
    #[track_caller]
    pub(crate) fn told(&self, line: &str) -> String {
        let served = self.served.as_ref().expect("it is served");
        served.handle.control(line).unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    /// The same, for a chain of set-up lines.
    #[track_caller]
    pub(crate) fn with(self, line: &str) -> Self {
        self.told(line);
        self
    }

    /// Waits until its status is as wished.
    #[track_caller]
    pub(crate) fn until(&self, is_so: impl Fn(&str) -> bool) {
        let since = std::time::Instant::now();
        while !is_so(&self.told("status")) {
            assert!(since.elapsed() < DEADLINE, "{}", self.told("status"));
            std::thread::yield_now();
        }
    }

    /// A command line against it.
    pub(crate) fn run(&self, name: &str, arguments: &str) -> Run {
        Run::of(name, arguments).on(&self.socket())
    }

    /// qubesd goes away; the machine forgets what was plugged in.
    pub(crate) fn down(&mut self) {
        let served = self.served.take().expect("it is served");
        let _ = served.end.send(());
        served.thread.join().expect("it ended");
    }

    /// qubesd is back.
    pub(crate) fn up(&mut self) {
        self.served = Some(serve(&self.world, self.protocol, &self.socket()));
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.served.is_some() {
            self.down();
        }
    }
}

fn serve(world: &str, protocol: Protocol, socket: &Path) -> Served {
    let simulator = Simulator::load(world).expect("a world").with_protocol(protocol);
    let handle = simulator.handle();
    let (end, ended) = oneshot::channel();
    let (ready, is_ready) = channel();
    let socket = socket.to_owned();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let server = simulator.bind(&socket).expect("a socket");
            ready.send(()).expect("somebody waits");
            let ended = async { drop(ended.await) };
            server.run(ended).await.expect("it served");
        });
    });
    is_ready.recv().expect("it came up");
    Served { handle, end, thread }
}
