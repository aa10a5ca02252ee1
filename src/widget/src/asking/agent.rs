//! The task of the agent: joins connections, mirror and person, and tells the faces what is asked.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use device_core::error::Error;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::desk::{Desk, Step};
use super::request::Reply;
use super::serve::{Input, serve};
use super::socket::{self, NotTaken, Place};
use super::{Asked, QuestionId, Said, model};
use crate::door::MenuDoor;
use crate::link::Checker;
use crate::notify::{Effect, Notice, Tag};
use crate::scene::Scene;

/// Inputs of connections that wait; who asks waits with them.
const INPUTS: usize = 16;

/// The agent's own side.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(super) asked: watch::Sender<Arc<Asked>>,
    pub(super) said: mpsc::UnboundedReceiver<Said>,
}

/// Whom the agent tells.
pub(crate) struct Ears {
    /// The mirror.
    pub(crate) scenes: watch::Receiver<Arc<Scene>>,
    /// Who looks once more before a yes goes out.
    pub(crate) checker: Checker,
    /// The thread of the windows.
    pub(crate) door: MenuDoor,
    /// The carrier of notifications.
    pub(crate) notices: mpsc::Sender<Effect>,
}

/// Answers the questions that come in at `path`, until the session ends. Where that place can't be taken it says so
/// once and asks nothing.
pub(crate) async fn run(agent: Agent, path: &Path, ears: Ears) {
    match open(path).await {
        Ok((listener, place)) => {
            tracing::info!(path = %path.display(), "questions of ask-to-attach are asked here");
            serve_at(agent, listener, ears).await;
            drop(place);
        }
        Err(fault) => {
            tracing::info!(path = %path.display(), %fault, "questions of ask-to-attach are not asked here");
        }
    }
}

async fn open(path: &Path) -> Result<(UnixListener, Place), NotTaken> {
    let (listener, place) = socket::take(path).await?;
    Ok((UnixListener::from_std(listener)?, place))
}

pub(super) async fn serve_at(agent: Agent, listener: UnixListener, ears: Ears) {
    let (inputs, mut came) = mpsc::channel(INPUTS);
    let serving = serve(listener, inputs);
    tokio::pin!(serving);
    let Agent { asked, mut said } = agent;
    let mut clerk = Clerk {
        desk: Desk::default(),
        answers: BTreeMap::new(),
        checks: JoinSet::new(),
        asked,
        ears,
        told: None,
    };
    loop {
        let wake_at = clerk.desk.wake_at();
        let steps = tokio::select! {
            () = &mut serving => return,
            Some(input) = came.recv() => clerk.take(input),
            Some(said) = said.recv() => clerk.hear(said),
            Some(Ok((id, outcome))) = clerk.checks.join_next() => clerk.checked(id, outcome),
            seen = clerk.ears.scenes.changed() => match seen {
                Ok(()) => clerk.look(),
                Err(_) => return,
            },
            () = sleep_until(wake_at) => clerk.look(),
        };
        clerk.settle(steps);
    }
}

async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// The desk, and who waits at it.
struct Clerk {
    desk: Desk,
    answers: BTreeMap<QuestionId, oneshot::Sender<Reply>>,
    /// Looks that are under way; at most one for each question that waits.
    checks: JoinSet<(QuestionId, Result<(), Error>)>,
    asked: watch::Sender<Arc<Asked>>,
    ears: Ears,
    /// The notification that stands on the screen.
    told: Option<Notice>,
}

impl Clerk {
    fn scene(&self) -> Arc<Scene> {
        self.ears.scenes.borrow().clone()
    }

    fn take(&mut self, input: Input) -> Vec<Step> {
        match input {
            Input::Asked(id, question, answer) => {
                tracing::info!(
                    backend = %question.backend, port = %question.port, words = %question.own_words,
                    "a device is asked about"
                );
                self.answers.insert(id, answer);
                self.desk.ask(id, question, &self.scene(), Instant::now())
            }
            Input::Left(id) => {
                tracing::info!("who asked about a device does not wait for the answer any more");
                self.answers.remove(&id);
                self.desk.leave(id);
                Vec::new()
            }
        }
    }

    fn hear(&mut self, said: Said) -> Vec<Step> {
        self.desk.take(said, &self.scene(), Instant::now())
    }

    fn look(&mut self) -> Vec<Step> {
        self.desk.look(&self.scene(), Instant::now())
    }

    fn checked(&mut self, id: QuestionId, outcome: Result<(), Error>) -> Vec<Step> {
        if let Err(error) = &outcome {
            tracing::info!(%error, "the last look at a device speaks against the answer");
        }
        self.desk.checked(id, outcome, &self.scene(), Instant::now())
    }

    /// Sends the answers off, has looked where that is to be done, and tells what is left.
    fn settle(&mut self, steps: Vec<Step>) {
        for step in steps {
            match step {
                Step::Reply(id, reply) => self.reply(id, reply),
                Step::Check(id, qube, devices) => {
                    let check = self.ears.checker.clone().check(devices, qube);
                    self.checks.spawn(async move { (id, check.await) });
                }
            }
        }
        let now = Arc::new(self.desk.asked());
        if *self.asked.borrow() != now {
            self.asked.send_replace(now.clone());
            self.ears.door.asked();
        }
        self.notify(&now);
    }

    fn reply(&mut self, id: QuestionId, reply: Reply) {
        tracing::info!(reply = reply.to_text(), "a question is answered");
        if let Some(answer) = self.answers.remove(&id) {
            // Whoever does not wait any more needs no answer.
            let _ = answer.send(reply);
        }
    }

    /// Keeps the notification true. Who wants none has none: window and icon hold the question.
    fn notify(&mut self, asked: &Asked) {
        let notices = self.scene().preferences.notices;
        let notice = model::notice(asked).filter(|notice| notice.is_wanted(notices));
        if notice == self.told {
            return;
        }
        let effect = match &notice {
            Some(notice) => Effect::Show(Tag::Asking, notice.clone()),
            None => Effect::Close(Tag::Asking),
        };
        if self.ears.notices.try_send(effect).is_ok() {
            self.told = notice;
        } else {
            tracing::warn!("a notification has to wait: the daemon does not keep up");
        }
    }
}
