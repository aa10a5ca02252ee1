//! A socket between our programs and the server that writes down every call, and can be as slow as the real server.
//!
//! The real server answers one call at a time; with [`Pace::Serial`] so does this one.
//! Events are stamped before they are passed on, so whatever they lead to comes later, however busy the machine is.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use device_core::wire::event::EventReader;
use device_core::wire::request::Request;

use crate::Outcome;
use crate::desktop::PATIENCE;
use crate::programs::pause;

/// How fast calls are let through.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as the simulator is.
    Free,
    /// One after the other, each taking at least so long.
    Serial(Duration),
}

/// A call that went through.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// How many connections were made before its own; threads may read their requests in another order.
    came: usize,
    /// When all of it had been read.
    pub(crate) at: Instant,
    /// When its answer was complete; none yet for those that go on.
    pub(crate) answered: Option<Instant>,
    /// What was asked of whom.
    pub(crate) request: Request,
    /// How long the server itself took.
    pub(crate) server: Duration,
}

/// What our programs and the server said to each other.
struct Log {
    calls: Mutex<Vec<Call>>,
    events: Sender<(Instant, String)>,
    changed: Condvar,
    one_at_a_time: Mutex<()>,
}

/// The relay; its threads end with the connections.
pub(crate) struct Relay {
    log: Arc<Log>,
    events: Receiver<(Instant, String)>,
    path: PathBuf,
}

impl Relay {
    /// Listens at `path` for a server at `server`.
    pub(crate) fn open(path: PathBuf, server: &Path, pace: Pace) -> Outcome<Self> {
        let listener = UnixListener::bind(&path)?;
        let (sender, events) = channel();
        let log = Arc::new(Log {
            calls: Mutex::default(),
            events: sender,
            changed: Condvar::new(),
            one_at_a_time: Mutex::default(),
        });
        let (shared, server) = (Arc::clone(&log), server.to_owned());
        thread::spawn(move || {
            for (came, stream) in listener.incoming().map_while(Result::ok).enumerate() {
                let (log, server) = (Arc::clone(&shared), server.clone());
                // A connection that breaks is the business of its two ends.
                thread::spawn(move || connection(came, stream, &server, pace, &log).ok());
            }
        });
        Ok(Self { log, events, path })
    }

    /// Where it listens.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Everything that was called so far, in the order in which our programs called.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let mut calls = self.log.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        calls.sort_by_key(|call| call.came);
        calls
    }

    /// Forgets the events that came so far.
    pub(crate) fn forget_events(&self) {
        while self.events.try_recv().is_ok() {}
    }

    /// When the next event of this name was here.
    pub(crate) fn next_event(&self, name: &str) -> Outcome<Instant> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let (at, event) =
                self.events.recv_timeout(left).map_err(|_| format!("the server sent no event {name}"))?;
            if event == name {
                return Ok(at);
            }
        }
    }

    /// Returns once nothing was called for so long.
    pub(crate) fn settle(&self, quiet: Duration) -> Outcome<()> {
        let end = Instant::now() + PATIENCE;
        let mut calls = self.log.calls.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let before = calls.len();
            let (guard, timeout) =
                self.log.changed.wait_timeout(calls, quiet).unwrap_or_else(PoisonError::into_inner);
            calls = guard;
            let is_busy =
                calls.iter().any(|call| call.answered.is_none() && call.request.method != "admin.Events");
            if timeout.timed_out() && calls.len() == before && !is_busy {
                return Ok(());
            }
            if Instant::now() >= end {
                return Err("our programs did not stop calling the server".into());
            }
        }
    }
}

impl Log {
    fn begin(&self, came: usize, request: Request) -> usize {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(Call { came, at: Instant::now(), answered: None, request, server: Duration::ZERO });
        self.changed.notify_all();
        calls.len() - 1
    }

    fn end(&self, index: usize, server: Duration) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls[index].answered = Some(Instant::now());
        calls[index].server = server;
        self.changed.notify_all();
    }
}

fn connection(came: usize, mut client: UnixStream, server: &Path, pace: Pace, log: &Log) -> Outcome<()> {
    let mut bytes = Vec::new();
    client.read_to_end(&mut bytes)?;
    let request = Request::parse(&bytes)?;
    let goes_on = request.method == "admin.Events";
    let index = log.begin(came, request);
    if goes_on {
        return pass_on(&ask(server, &bytes)?, &client, &log.events);
    }
    let (reply, time) = match pace {
        Pace::Free => answer(server, &bytes)?,
        Pace::Serial(time) => {
            let turn = log.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
            let (reply, took) = answer(server, &bytes)?;
            pause(time.saturating_sub(took));
            drop(turn);
            (reply, took.max(time))
        }
    };
    client.write_all(&reply)?;
    log.end(index, time);
    Ok(())
}

fn ask(server: &Path, bytes: &[u8]) -> Outcome<UnixStream> {
    let mut stream = UnixStream::connect(server)?;
    stream.write_all(bytes)?;
    stream.shutdown(Shutdown::Write)?;
    Ok(stream)
}

fn answer(server: &Path, bytes: &[u8]) -> Outcome<(Vec<u8>, Duration)> {
    let started = Instant::now();
    let mut reply = Vec::new();
    ask(server, bytes)?.read_to_end(&mut reply)?;
    Ok((reply, started.elapsed()))
}

/// Events, as they come, until one of the ends is gone.
fn pass_on(mut from: &UnixStream, mut to: &UnixStream, events: &Sender<(Instant, String)>) -> Outcome<()> {
    let mut reader = EventReader::default();
    let mut chunk = [0; 4096];
    loop {
        let count = from.read(&mut chunk)?;
        let at = Instant::now();
        if count == 0 {
            return Ok(to.shutdown(Shutdown::Both)?);
        }
        to.write_all(&chunk[..count])?;
        reader.push(&chunk[..count]);
        while let Some(event) = reader.next_event()? {
            // Nobody may be interested.
            let _ = events.send((at, event.name));
        }
    }
}
