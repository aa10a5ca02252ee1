//! A server that answers from a list written in the test: `METHOD+ARGUMENT QUBE` → replies, one after the other, the
//! last of which stays. A call can also be left hanging, and a test can wait until a call has come.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use device_core::wire::request::Request;

use super::running::DEADLINE;

/// The server; it ends with the test program. What it was not told of it answers with silence.
pub(crate) struct Script {
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    asked: Condvar,
}

#[derive(Default)]
struct State {
    replies: BTreeMap<String, VecDeque<Vec<u8>>>,
    asked: Vec<String>,
    hanging: Vec<String>,
    /// Connections that get no answer, kept open.
    kept: Vec<UnixStream>,
}

impl Script {
    /// A machine of dom0, sys-usb, sys-disk, work (all running) and vault (halted).
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("qubesd.sock")).expect("a socket");
        let shared = Arc::<Shared>::default();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &serving);
            }
        });
        let qubes = ["dom0", "sys-disk", "sys-usb", "vault", "work"].map(|name| match name {
            "vault" => format!("{name} class=AppVM state=Halted uuid=0\n"),
            _ => format!("{name} class=AppVM state=Running uuid=0\n"),
        });
        Self { folder, shared }.says("admin.vm.List+ dom0", &format!("0\0{}", qubes.concat()))
    }

    /// Answers this call so, after the answers given before.
    pub(crate) fn says(self, call: &str, reply: &str) -> Self {
        let mut state = self.shared.state.lock().unwrap();
        let replies = state.replies.entry(call.into()).or_default();
        replies.push_back(reply.into());
        drop(state);
        self
    }

    /// Never answers this call.
    pub(crate) fn hangs(self, call: &str) -> Self {
        self.shared.state.lock().unwrap().hanging.push(call.into());
        self
    }

    /// Waits until this call has come.
    #[track_caller]
    pub(crate) fn wait_for(&self, call: &str) {
        let state = self.shared.state.lock().unwrap();
        let is_missing = |state: &mut State| !state.asked.iter().any(|asked| asked == call);
        let waited = self.shared.asked.wait_timeout_while(state, DEADLINE, is_missing).unwrap();
        assert!(!waited.1.timed_out(), "{call} never came");
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("qubesd.sock")
    }

    /// The calls that change something, as they came.
    pub(crate) fn changes(&self) -> Vec<String> {
        let state = self.shared.state.lock().unwrap();
        let is_change = |call: &&String| {
            let method = call.split('+').next().unwrap_or_default();
            super::recording::is_change(method)
        };
        state.asked.iter().filter(is_change).cloned().collect()
    }
}

fn serve(mut stream: UnixStream, shared: &Shared) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("a request");
    // Silence to the first read of all may mean a server of R4.0, so it is asked in that framing: no word to that either.
    let Ok(request) = Request::parse(&bytes) else { return };
    let call = format!("{}+{} {}", request.method, request.argument, request.destination);
    let mut state = shared.state.lock().unwrap();
    let reply = match state.replies.get_mut(&call) {
        Some(replies) if replies.len() > 1 => replies.pop_front().unwrap_or_default(),
        Some(replies) => replies.front().cloned().unwrap_or_default(),
        None => Vec::new(),
    };
    state.asked.push(call.clone());
    shared.asked.notify_all();
    if state.hanging.contains(&call) {
        state.kept.push(stream);
        return;
    }
    drop(state);
    let _ = stream.write_all(&reply);
    let _ = stream.shutdown(Shutdown::Both);
}
