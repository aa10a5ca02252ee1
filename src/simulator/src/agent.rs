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
use crate::simulator::Shared;
use crate::state::State;

/// Longest answer read, in bytes: `allow:` and a name need 37.
const ANSWER_MAX: u64 = 256;
/// Questions remembered for `asked`; older ones are forgotten.
const ASKED_MAX: usize = 64;

/// Questions that wait, and what is known of answers.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    waiting: VecDeque<Question>,
    /// What to answer to every question from here on, in place of a person.
    scripted: Option<String>,
    asked: VecDeque<String>,
}

impl Desk {
    /// A question that has to be asked.
    pub(crate) fn push(&mut self, question: Question) {
        self.waiting.push_back(question);
    }

    /// From here on this is the answer; `None` = ask a person again.
    pub(crate) fn script(&mut self, answer: Option<String>) {
        self.scripted = answer;
    }

    /// Drops the questions that nobody was asked yet.
    pub(crate) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// What was asked so far, as it travelled.
    pub(crate) fn asked(&self) -> impl Iterator<Item = &str> {
        self.asked.iter().map(String::as_str)
    }
}

/// Asks everything that waits to be asked, one after the other, and lets each answer act. An answer may raise further
/// questions.
pub(crate) async fn ask_all(shared: &Shared, agent: Option<&Path>) {
    loop {
        // The lock must be free while the person thinks.
        let asked = next(&mut shared.lock());
        let Some((question, json, scripted)) = asked else {
            return;
        };
        let answer = match (scripted, agent) {
            (Some(answer), _) => Some(answer),
            (None, Some(socket)) => ask(socket, &json).await,
            (None, None) => None,
        };
        shared.change(|state| act(state, &question, answer.as_deref()));
    }
}

/// As [`ask_all`] without a person: what is not answered in advance is answered with no.
pub(crate) fn answer_all(state: &mut State) {
    while let Some((question, _, scripted)) = next(state) {
        act(state, &question, scripted.as_deref());
    }
}

fn next(state: &mut State) -> Option<(Question, String, Option<String>)> {
    let question = state.desk.waiting.pop_front()?;
    let json = question.to_json(&state.icons());
    if state.desk.asked.len() == ASKED_MAX {
        state.desk.asked.pop_front();
    }
    state.desk.asked.push_back(json.clone());
    Some((question, json, state.desk.scripted.clone()))
}

fn act(state: &mut State, question: &Question, answer: Option<&str>) {
    let name = answer.and_then(|answer| answer.strip_prefix("allow:"));
    state.answer(question, name);
}

async fn ask(socket: &Path, json: &str) -> Option<String> {
    let mut stream = UnixStream::connect(socket).await.ok()?;
    let request = format!("device-agent.GUI dom0 name dom0\0{json}");
    stream.write_all(request.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await.ok()?;
    String::from_utf8(answer).ok()
}
