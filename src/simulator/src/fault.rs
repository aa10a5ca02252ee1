//! What the control language arranged to go wrong, and how long calls take.
//!
//! `server` asks here before and after each call. The state of the machine is never touched from here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

/// Faults that wait for their call, delays, and the count of calls.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    latency: Duration,
    jitter: Duration,
    /// State of a small generator: the same requests get the same jitter in every run.
    seed: u64,
    waiting: Vec<(String, Failure)>,
    /// The next service call inside a qube fails so: exit code and its words.
    pub(crate) service: Option<(i32, String)>,
    /// The next device attach in the hypervisor fails.
    pub(crate) hypervisor: bool,
    calls: BTreeMap<String, u64>,
    /// How long the server stays away, when it was asked to restart.
    pause: Option<Duration>,
    restart: Arc<Restart>,
}

/// Between whoever asks for a restart and the server that does it.
#[derive(Debug, Default)]
pub(crate) struct Restart {
    /// Told when a restart is asked for.
    pub(crate) asked: Notify,
    /// Told when the server is away, or back when it was not to stay away.
    pub(crate) done: Notify,
}

/// How a call fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Refused with this class and message; nothing is done.
    Exception(String, String),
    /// Refused with this class, a message that is a template, and its arguments; nothing is done.
    Template(String, String, Vec<String>),
    /// Closed without a byte; nothing is done.
    Empty,
    /// Never answered; nothing is done.
    Hang,
    /// Done, but closed without a byte.
    Lost,
    /// Done, but the reply ends after so many bytes.
    Cut(usize),
}

impl Faults {
    /// Every call takes this long, give or take.
    pub(crate) fn set_latency(&mut self, latency: Duration, jitter: Duration) {
        self.latency = latency;
        self.jitter = jitter;
    }

    /// How long the next call takes.
    pub(crate) fn delay(&mut self) -> Duration {
        if self.jitter.is_zero() {
            return self.latency;
        }
        // A linear congruential step is random enough to shuffle replies and needs no dependency.
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = u32::try_from(self.seed >> 40).unwrap_or(0) % 1000;
        self.latency + self.jitter * share / 1000
    }

    /// Has the server go, and come back after the pause.
    pub(crate) fn restart(&mut self, pause: Duration) {
        self.pause = Some(pause);
        self.restart.asked.notify_one();
    }

    /// The two ends of a restart.
    pub(crate) fn restarts(&self) -> Arc<Restart> {
        Arc::clone(&self.restart)
    }

    /// How long to stay away now.
    pub(crate) fn take_pause(&mut self) -> Duration {
        self.pause.take().unwrap_or_default()
    }

    /// The next call whose method holds `part` fails so.
    pub(crate) fn fail_next(&mut self, part: String, failure: Failure) {
        self.waiting.push((part, failure));
    }

    /// Counts a call, and takes the failure that waited for it.
    pub(crate) fn on_call(&mut self, method: &str) -> Option<Failure> {
        *self.calls.entry(method.to_owned()).or_default() += 1;
        let place = self.waiting.iter().position(|(part, _)| method.contains(part.as_str()))?;
        Some(self.waiting.remove(place).1)
    }

    /// Calls of each method since the start or the last reset.
    pub(crate) fn calls(&self) -> impl Iterator<Item = (&str, u64)> {
        self.calls.iter().map(|(method, count)| (method.as_str(), *count))
    }

    /// Counts from zero again.
    pub(crate) fn reset_calls(&mut self) {
        self.calls.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_waits_for_its_call_and_comes_once() {
        let mut faults = Faults::default();
        faults.fail_next("usb.Attach".into(), Failure::Empty);
        assert_eq!(faults.on_call("admin.vm.List"), None);
        assert_eq!(faults.on_call("admin.vm.device.usb.Attach"), Some(Failure::Empty));
        assert_eq!(faults.on_call("admin.vm.device.usb.Attach"), None);
        assert_eq!(
            faults.calls().collect::<Vec<_>>(),
            [("admin.vm.List", 1), ("admin.vm.device.usb.Attach", 2)]
        );
    }

    #[test]
    fn jitter_stays_within_its_bound() {
        let mut faults = Faults::default();
        faults.set_latency(Duration::from_millis(5), Duration::from_millis(10));
        for _ in 0..1000 {
            let delay = faults.delay();
            assert!((Duration::from_millis(5)..Duration::from_millis(15)).contains(&delay));
        }
    }
}
