//! When the service is called again that is not there. Pure; no bus, no clock of its own.
//!
//! Where systemd starts it again by itself, none of this is ever needed: the bus tells that it is back.

use std::time::{Duration, Instant};

use super::turn::Job;

/// The service is called again at most this often: one that ends at once must not be started in circles. Doubled at
/// each pause up to [`PAUSE_MAX`], until its tree could be read.
const PAUSE_MIN: Duration = Duration::from_secs(10);
/// Longest such pause: somebody who has mended the service has it back within it.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// Calls the service back, ever more rarely.
#[derive(Debug)]
pub(super) struct Revival {
    called: Option<Instant>,
    pause: Duration,
    due: Option<(Instant, Call)>,
}

/// What brings it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Having the bus start it.
    Start,
    /// Listening: so far not even that worked.
    Listen,
}

impl Default for Revival {
    fn default() -> Self {
        Self { called: None, pause: PAUSE_MIN, due: None }
    }
}

impl Revival {
    /// When the next call is due; `None` = the service is there or is being called.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.map(|(moment, _)| moment)
    }

    /// The service has gone: it is called now, or where that was done a moment ago, after the pause.
    pub(super) fn gone(&mut self, now: Instant) -> Option<Job> {
        if !matches!(self.due, Some((_, Call::Start))) {
            let due = self.called.map_or(now, |called| called + self.pause);
            self.due = Some((due, Call::Start));
            if due > now {
                self.lengthen();
            }
        }
        self.take_due(now)
    }

    /// A call has failed; this is the next one, after the pause.
    pub(super) fn failed(&mut self, next: Call, now: Instant) {
        self.due = Some((now + self.pause, next));
        self.lengthen();
    }

    /// The service is there; there is nothing to call.
    pub(super) fn came(&mut self) {
        self.due = None;
    }

    /// It is not only there, it works.
    pub(super) fn works(&mut self) {
        self.pause = PAUSE_MIN;
    }

    /// The call that is due by now, once.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Job> {
        let (_, call) = self.due.take_if(|(moment, _)| *moment <= now)?;
        Some(match call {
            Call::Listen => Job::Listen,
            Call::Start => {
                self.called = Some(now);
                Job::StartService
            }
        })
    }

    fn lengthen(&mut self) {
        self.pause = (self.pause * 2).min(PAUSE_MAX);
    }
}
