//! A simulator on real sockets, and clients that block with a deadline. For the tests of this crate only.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Duration;

use device_core::wire::event::{Event, EventReader};
use qubesd_sim::Simulator;
use tokio::sync::oneshot;

/// Nothing in these tests takes longer unless it is broken.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A simulator that serves on a thread of its own until it is dropped.
pub(crate) struct Served {
    folder: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub(crate) fn new(simulator: Simulator) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("qubesd.sock");
        let (stop, stopped) = oneshot::channel::<()>();
        let (ready, is_ready) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = simulator.bind(&socket).unwrap();
                ready.send(()).unwrap();
                server
                    .run(async {
                        let _ = stopped.await;
                    })
                    .await
                    .unwrap();
            });
        });
        is_ready.recv_timeout(DEADLINE).unwrap();
        Self { folder, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn world(name: &str) -> Self {
        Self::new(Simulator::load(name).unwrap())
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("qubesd.sock")
    }

    /// Sends bytes, half-closes, reads to the end.
    pub(crate) fn raw(&self, request: &[u8]) -> Vec<u8> {
        exchange(&self.socket(), request)
    }

    pub(crate) fn call(&self, method: &str, destination: &str, argument: &str, payload: &[u8]) -> Vec<u8> {
        let header = format!("{method}+{argument} dom0 name {destination}\0");
        self.raw(&[header.as_bytes(), payload].concat())
    }

    /// The data of a call that must succeed, as text.
    pub(crate) fn data(&self, method: &str, destination: &str, argument: &str, payload: &str) -> String {
        let reply = String::from_utf8(self.call(method, destination, argument, payload.as_bytes())).unwrap();
        let data = reply.strip_prefix("0\0").map(str::to_owned);
        assert!(data.is_some(), "{method} {destination} {argument}: {reply:?}");
        data.unwrap_or_default()
    }

    /// One line of the control language over its socket.
    pub(crate) fn control(&self, line: &str) -> String {
        let mut socket = self.socket().into_os_string();
        socket.push(".ctl");
        String::from_utf8(exchange(Path::new(&socket), format!("{line}\n").as_bytes())).unwrap()
    }

    /// A control that must succeed.
    pub(crate) fn play(&self, line: &str) {
        let reply = self.control(line);
        assert!(reply.starts_with("ok"), "{line}: {reply}");
    }

    /// A listener that has been greeted: from here on it hears everything.
    pub(crate) fn greeted(&self, destination: &str) -> Listener {
        let mut listener = self.listen(destination);
        assert_eq!(listener.next().name, "connection-established");
        listener
    }

    /// A listener that may not be known to the server yet.
    pub(crate) fn listen(&self, destination: &str) -> Listener {
        self.listen_with(format!("admin.Events+ dom0 name {destination}\0").as_bytes())
    }

    /// A listener that asks with these bytes.
    pub(crate) fn listen_with(&self, request: &[u8]) -> Listener {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        Listener { stream, reader: EventReader::default() }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends bytes, half-closes, reads to the end. Nothing, when nobody is there.
pub(crate) fn exchange(socket: &Path, request: &[u8]) -> Vec<u8> {
    let Ok(mut stream) = UnixStream::connect(socket) else {
        return Vec::new();
    };
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    // A server that refuses a request may close before it has read all of it.
    let _ = stream.write_all(request);
    let _ = stream.shutdown(Shutdown::Write);
    let mut reply = Vec::new();
    match stream.read_to_end(&mut reply).map_err(|error| error.kind()) {
        Ok(_) | Err(std::io::ErrorKind::ConnectionReset) => reply,
        Err(error) => unreachable!("the server did not answer: {error}"),
    }
}

/// A connection of events.
pub(crate) struct Listener {
    pub(crate) stream: UnixStream,
    reader: EventReader,
}

impl Listener {
    /// The next event; waits for it.
    pub(crate) fn next(&mut self) -> Event {
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        loop {
            if let Some(event) = self.reader.next_event().unwrap() {
                return event;
            }
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "the connection of events has ended");
            self.reader.push(bytes.get(..count).unwrap());
        }
    }

    /// Everything that is there already; the server writes events before the reply they belong to.
    pub(crate) fn drain(&mut self) -> Vec<Event> {
        self.stream.set_nonblocking(true).unwrap();
        let mut bytes = [0; 4096];
        while let Ok(count) = self.stream.read(&mut bytes) {
            if count == 0 {
                break;
            }
            self.reader.push(bytes.get(..count).unwrap());
        }
        self.stream.set_nonblocking(false).unwrap();
        std::iter::from_fn(|| self.reader.next_event().unwrap()).collect()
    }

    /// Whether the server has ended it; waits for that.
    pub(crate) fn ends(&mut self) -> bool {
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }
}
