//! The control language: one line of words per request, on the socket beside the main one.
//!
//! The manual is `docs/simulator.md`. Everything here is for people and tests; no word of it is part of Qubes OS.

mod devices;
mod faults;
mod look;
mod power;
mod reenumerate;
mod words;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use device_core::name::QubeName;
use device_core::wire::request::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Notify;

use crate::later::{Waits, settle};
use crate::refusal::Refusal;
use crate::simulator::Shared;
use crate::state::State;

pub(crate) use words::Words;

/// Longest line taken, in bytes.
const LINE_MAX: u64 = 65_536;

/// Most events a second of a flood; a connection takes half of it.
const FLOOD_MAX: u32 = 1_000_000;
/// Longest flood, in seconds.
const FLOOD_SECONDS_MAX: u32 = 600;

/// What a command says, or the sentence why not.
pub(crate) type Outcome = Result<String, String>;

/// The control socket beside a main one.
pub(crate) fn socket_of(socket: &Path) -> PathBuf {
    let mut name = socket.as_os_str().to_owned();
    name.push(".ctl");
    PathBuf::from(name)
}

/// Serves one control connection: a line in, `ok …` or `error …` out, closed.
pub(crate) async fn connection(
    mut stream: UnixStream,
    shared: &Shared,
    agent: Option<&Arc<Path>>,
    quit: &Notify,
) -> io::Result<()> {
    let line = read_line(&mut stream).await?;
    let outcome = match flood_of(&line) {
        Some(Ok((count, seconds))) => {
            flood(shared, count, seconds).await;
            Ok(format!("{} events", u64::from(count) * u64::from(seconds)))
        }
        Some(Err(error)) => Err(error),
        None => played(shared, agent, &line).await,
    };
    let is_quit = outcome.is_ok() && line.trim() == "quit";
    let text = match outcome {
        Ok(text) if text.is_empty() => "ok\n".to_owned(),
        Ok(text) => format!("ok {text}\n"),
        Err(text) => format!("error {text}\n"),
    };
    let written = stream.write_all(text.as_bytes()).await;
    if is_quit {
        quit.notify_one();
    }
    written?;
    stream.shutdown().await
}

/// Carries out one line, and waits for what it began.
async fn played(shared: &Shared, agent: Option<&Arc<Path>>, line: &str) -> Outcome {
    let (outcome, left, restart) = shared.change(|state| {
        let before = state.faults.restarts_asked();
        let outcome = run(state, line);
        let last = state.faults.restarts_asked();
        let restart = (last > before).then(|| (last, state.faults.restarts()));
        (outcome, state.left.take(), restart)
    });
    let settled = settle(shared, agent, left, Waits::ForAll).await;
    if let Some((number, restarts)) = restart {
        // The sender can't go while it is held here.
        let _ = restarts.done.subscribe().wait_for(|done| *done >= number).await;
    }
    let said = outcome?;
    settled.map(|()| said).map_err(|refusal| refusal.sentence().to_owned())
}

/// Reads up to the first newline or the end.
async fn read_line(stream: &mut UnixStream) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut reader = stream.take(LINE_MAX);
    let mut piece = [0; 1024];
    loop {
        let count = reader.read(&mut piece).await?;
        bytes.extend_from_slice(piece.get(..count).unwrap_or_default());
        if count == 0 || bytes.contains(&b'\n') {
            break;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Carries out one line.
pub(crate) fn run(state: &mut State, line: &str) -> Outcome {
    state.reads.forget();
    let mut words = Words::new(line)?;
    let command = words.next("a command")?;
    match command.as_str() {
        "plug" => devices::plug(state, &mut words),
        "unplug" => devices::unplug(state, &mut words),
        "swap" => devices::swap(state, &mut words),
        "re-enumerate" => reenumerate::run(state, &mut words),
        "start" | "stop" | "kill" | "shutdown" | "pause" | "unpause" | "suspend" | "resume" | "rename" => {
            power::run(state, &command, &mut words)
        }
        "call" => call(state, &mut words),
        "restart" => restart(state, &mut words),
        "agent" => agent_answer(state, &mut words),
        "asked" => words.end().map(|()| state.desk.asked().collect::<Vec<_>>().join("\n")),
        "status" => words.end().map(|()| look::status(state)),
        "holders" => look::holders(state, &mut words),
        "quit" => words.end().map(|()| String::new()),
        _ => faults::run(state, &command, &mut words),
    }
}

/// `call METHOD[+ARGUMENT] QUBE [PAYLOAD]`: a call from dom0, as another tool would make it.
fn call(state: &mut State, words: &mut Words) -> Outcome {
    let call = words.next("a method")?;
    let (method, argument) = call.split_once('+').unwrap_or((&call, ""));
    let destination = words.next("a qube")?;
    let request = Request::new(method, argument, destination).with_payload(words.rest().into_bytes());
    let data = state.call(&request).map_err(|refusal| sentence(&refusal))?;
    Ok(String::from_utf8_lossy(&data).trim_end().to_owned())
}

/// `restart [MS]`: the server goes, and comes back after a while. The sockets are the server's business; the reply comes
/// when it is away, or back when no time was given.
fn restart(state: &mut State, words: &mut Words) -> Outcome {
    let pause = if words.is_at_end() { 0 } else { words.number("milliseconds")? };
    words.end()?;
    state.restart(Duration::from_millis(u64::min(pause, faults::LATENCY_MAX)));
    Ok(String::new())
}

/// `agent allow:QUBE|deny|ask`
fn agent_answer(state: &mut State, words: &mut Words) -> Outcome {
    let answer = words.next("allow:QUBE, deny or ask")?;
    words.end()?;
    state.desk.script(Some(answer).filter(|answer| answer != "ask"));
    Ok(String::new())
}

/// The qube of that name.
fn qube(state: &State, name: &str) -> Result<QubeName, String> {
    QubeName::new(name)
        .ok()
        .filter(|name| state.qube(name).is_some())
        .ok_or_else(|| format!("There is no qube named {name}."))
}

fn sentence(refusal: &Refusal) -> String {
    refusal.sentence().to_owned()
}

/// `flood N [SECONDS]`: the only command that sends events over a time of its own.
fn flood_of(line: &str) -> Option<Result<(u32, u32), String>> {
    let mut words = Words::new(line).ok()?;
    if words.next("a command").ok()? != "flood" {
        return None;
    }
    let mut numbers = || -> Result<(u32, u32), String> {
        let count = words.number("events per second")?;
        let seconds = if words.is_at_end() { 1 } else { words.number("seconds")? };
        words.end()?;
        if count > FLOOD_MAX || seconds > FLOOD_SECONDS_MAX {
            return Err(format!(
                "A flood has at most {FLOOD_MAX} events a second and lasts {FLOOD_SECONDS_MAX} seconds."
            ));
        }
        Ok((count, seconds))
    };
    Some(numbers())
}

/// Sends events that mean nothing, evenly over the time.
async fn flood(shared: &Shared, per_second: u32, seconds: u32) {
    const TICKS: u32 = 100;
    let mut ticks = tokio::time::interval(std::time::Duration::from_secs(1) / TICKS);
    for tick in 0..TICKS.saturating_mul(seconds) {
        ticks.tick().await;
        let share = |tick: u32| u64::from(per_second) * u64::from(tick) / u64::from(TICKS);
        shared.change(|state| {
            let backend =
                state.hardware.usb.keys().next().map_or_else(QubeName::dom0, |(backend, _)| backend.clone());
            for _ in share(tick)..share(tick + 1) {
                state.emit(&backend, "device-list-change:usb", &[]);
            }
        });
    }
}
