//! Ask-to-attach: the agent that puts the questions of the machine's management service before the person.
//!
//! ```text
//!  device-agent.GUI ── serve ──▶ request ──▶ desk ──▶ Asked ──┬─▶ model ──▶ window, card   (main thread, GTK)
//!   (or `--ask`: relay)  ▲                    │               └─▶ tray, notification       (session thread)
//!                        └────── Reply ◀──────┘◀── Said ◀── the person
//!                                              └──▶ a look through the link, afresh, before a yes goes out
//! ```
//!
//! [`request`], [`desk`], [`model`], [`patience`], [`steps`] and [`keys`] are pure. Whatever is not a clear yes of the person to exactly
//! what they saw is a no: a request that can't be read, an agent that ends, a device that is another one by now.

use std::sync::Arc;

use device_core::name::{DeviceRef, PortId, QubeName};
use tokio::sync::{mpsc, watch};

use request::Question;

mod agent;
mod card;
mod desk;
mod keys;
mod model;
mod patience;
pub(crate) mod relay;
mod request;
mod room;
mod serve;
mod socket;
mod steps;
#[cfg(test)]
mod tests;
pub(crate) mod window;

pub(crate) use agent::{Agent, Ears, run};

/// Where the management service of dom0 looks for the agent.
///
/// # Source
/// Admin API facts 5.1 (desktop-linux-manager 4.3).
pub(crate) const SOCKET: &str = "/var/run/qubes/device-agent.GUI";

/// Names one question for as long as the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct QuestionId(u64);

/// The devices on the place that is asked about: as a rule one. The question names no class, so each may have one.
pub(crate) type Identity = Vec<DeviceRef>;

/// A question that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    id: QuestionId,
    question: Question,
    /// What the mirror shows there; empty until it shows anything.
    seen: Identity,
    /// The qube that the person chose; it is looked once more before that goes out.
    chosen: Option<QubeName>,
}

/// Why a question was answered with no although the person did not say so.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// Another device is there by now.
    Changed,
    /// None is there any more.
    Gone,
    /// It could not be looked once more.
    Unchecked,
    /// It can't go to the qube that the person chose, for this reason.
    NotTo(QubeName, String),
}

/// A question that ended so; shown until the person has taken note of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    id: QuestionId,
    backend: QubeName,
    port: PortId,
    why: Why,
}

/// All there is to show; oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Asked {
    waiting: Vec<Waiting>,
    refused: Vec<Refused>,
}

impl Asked {
    /// Questions that wait for the person.
    pub(crate) fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Whether there is nothing to show.
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.refused.is_empty()
    }
}

/// What the person says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Attach it to this qube; what was to be seen on the place then.
    Attach(QuestionId, QubeName, Identity),
    /// Attach it nowhere.
    Decline(QuestionId),
    /// They have read that it was refused.
    TakenNote(QuestionId),
    /// Whatever is asked now: no.
    DeclineAll,
}

/// The side of the person: what is asked, and where their answers go. A clone is the same side.
#[derive(Debug, Clone)]
pub(crate) struct Counter {
    pub(crate) asked: watch::Receiver<Arc<Asked>>,
    said: mpsc::UnboundedSender<Said>,
}

impl Counter {
    /// Hands an answer over.
    pub(crate) fn say(&self, said: Said) {
        // Without an agent nothing is asked, so nobody waits for an answer.
        let _ = self.said.send(said);
    }
}

/// Both sides of a new agent, which asks nothing yet.
pub(crate) fn agent() -> (Agent, Counter) {
    let (asked, seen) = watch::channel(Arc::default());
    let (said, answers) = mpsc::unbounded_channel();
    (Agent { asked, said: answers }, Counter { asked: seen, said })
}
