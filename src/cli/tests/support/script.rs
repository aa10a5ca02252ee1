//! A server that answers from a list written in the test: `METHOD+ARGUMENT QUBE` → replies, one after the other, the
//! last of which stays.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use device_core::wire::request::Request;

/// The server; it ends with the test program. What it was not told of it answers with silence.
pub(crate) struct Script {
    folder: tempfile::TempDir,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    replies: BTreeMap<String, VecDeque<Vec<u8>>>,
    asked: Vec<String>,
}

impl Script {
    /// A machine of dom0, sys-usb, sys-disk, work (all running) and vault (halted).
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("qubesd.sock")).expect("a socket");
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &shared);
            }
        });
        let qubes = ["dom0", "sys-disk", "sys-usb", "vault", "work"].map(|name| match name {
            "vault" => format!("{name} class=AppVM state=Halted\n"),
            _ => format!("{name} class=AppVM state=Running\n"),
        });
        Self { folder, state }.says("admin.vm.List+ dom0", &format!("0\0{}", qubes.concat()))
    }

    /// Answers this call so, after the answers given before.
    pub(crate) fn says(self, call: &str, reply: &str) -> Self {
        let mut state = self.state.lock().unwrap();
        let replies = state.replies.entry(call.into()).or_default();
        replies.push_back(reply.into());
        drop(state);
        self
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("qubesd.sock")
    }

    /// The calls that change something, as they came.
    pub(crate) fn changes(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let is_change = |call: &&String| {
            let method = call.split('+').next().unwrap_or_default();
            super::recording::is_change(method)
        };
        state.asked.iter().filter(is_change).cloned().collect()
    }
}

fn serve(mut stream: UnixStream, state: &Mutex<State>) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("a request");
    let request = Request::parse(&bytes).expect("a request");
    let call = format!("{}+{} {}", request.method, request.argument, request.destination);
    let mut state = state.lock().unwrap();
    let reply = match state.replies.get_mut(&call) {
        Some(replies) if replies.len() > 1 => replies.pop_front().unwrap_or_default(),
        Some(replies) => replies.front().cloned().unwrap_or_default(),
        None => Vec::new(),
    };
    state.asked.push(call);
    drop(state);
    let _ = stream.write_all(&reply);
    let _ = stream.shutdown(Shutdown::Both);
}
