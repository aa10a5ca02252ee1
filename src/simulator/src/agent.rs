//! Asking a person: the `device-agent.GUI` socket, or an answer that the control language gave in advance.
//!
//! A question goes out, one answer comes back; everything that is not a clear yes is a no.
//!
//! # Source
//! Admin API facts 5.1.

use std::collections::VecDeque;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::automatic::Question;
use crate::later::Left;
use crate::simulator::Shared;
use crate::state::State;

/// Longest answer read, in bytes: `allow:` and a name need 37.
const ANSWER_MAX: u64 = 256;
/// Questions remembered for `asked`; older ones are forgotten.
const ASKED_MAX: usize = 64;

/// What is known of questions and answers.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// What to answer to every question from here on, in place of a person.
    scripted: Option<String>,
    asked: VecDeque<String>,
    /// Which run of the server this is; questions of an earlier one are forgotten.
    run: u64,
    /// The pass over a backend's devices that is made now, and the last one that a no has ended.
    pass: u64,
    ended: Option<u64>,
}

impl Desk {
    /// The run of the server in which a question comes up.
    pub(crate) fn run(&self) -> u64 {
        self.run
    }

    /// The pass in which a question comes up.
    pub(crate) fn pass(&self) -> u64 {
        self.pass
    }

    /// Another pass over a backend's devices, or over what a qube wants at its start, begins.
    pub(crate) fn begin_pass(&mut self) {
        self.pass += 1;
    }

    /// Nothing more of that pass is asked.
    pub(crate) fn end_pass(&mut self, pass: u64) {
        self.ended = Some(pass);
    }

    /// From here on this is the answer; `None` = ask a person again.
    pub(crate) fn script(&mut self, answer: Option<String>) {
        self.scripted = answer;
    }

    /// Drops the questions that are not answered yet.
    pub(crate) fn forget(&mut self) {
        self.run += 1;
    }

    /// What was asked so far, as it travelled.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }
}

/// Asks one question and lets the answer act; gives what that left to be done, which may be further questions. The lock
/// is free while the person thinks.
pub(crate) async fn ask(shared: &Shared, agent: Option<&Path>, question: &Question) -> Left {
    let Some((json, scripted)) = put(&mut shared.lock(), question) else {
        return Left::default();
    };
    let answer = match (scripted, agent) {
        (Some(answer), _) => Some(answer),
        (None, Some(socket)) => said(socket, &json).await,
        (None, None) => None,
    };
    shared.change(|state| {
        act(state, question, answer.as_deref());
        state.left.take()
    })
}

/// As [`ask`] without a person: what is not answered in advance is answered with no.
pub(crate) fn answer_unasked(state: &mut State, question: &Question) {
    if let Some((_, scripted)) = put(state, question) {
        act(state, question, scripted.as_deref());
    }
}

/// Writes down that a question is asked; gives it as it travels, and the answer that was given in advance. `None` for a
/// question that the server forgot, with its restart or over a no.
fn put(state: &mut State, question: &Question) -> Option<(String, Option<String>)> {
    if question.run != state.desk.run || state.desk.ended == Some(question.pass) {
        return None;
    }
    let json = question.to_json(&state.icons());
    if state.desk.asked.len() == ASKED_MAX {
        state.desk.asked.pop_front();
    }
    state.desk.asked.push_back(json.clone());
    Some((json, state.desk.scripted.clone()))
}

fn act(state: &mut State, question: &Question, answer: Option<&str>) {
    if question.run == state.desk.run {
        let name = answer.and_then(|answer| answer.strip_prefix("allow:"));
        state.answer(question, name);
    }
}

async fn said(socket: &Path, json: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    let request = format!("device-agent.GUI dom0 name dom0\0{json}");
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await.ok()?;
    String::from_utf8(answer).ok()
}
