//! What the control language arranged to go wrong.
//!
//! `server` asks here before and after each call. The state of the machine is never touched from here.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// Most faults that wait for their call; more are a mistake in a loop.
const WAITING_MAX: usize = 1024;
/// Most methods that are counted one by one; the API has fewer. Calls of any other that a client invents are counted
/// together.
const METHODS_MAX: usize = 256;
/// The name under which they are.
const OTHERS: &str = "others";

/// Faults that wait for their call, and the count of calls.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    waiting: Vec<(String, Failure)>,
    /// The next service call inside a qube fails so: exit code and its words.
    pub(crate) service: Option<(i32, String)>,
    /// The next device attach in the hypervisor fails.
    pub(crate) hypervisor: bool,
    calls: BTreeMap<String, u64>,
    /// How long the server stays away, when it was asked to restart.
    pause: Duration,
    /// How many restarts were asked for.
    asked: u64,
    restart: Arc<Restart>,
}

/// Between whoever asks for a restart and the server that does it.
#[derive(Debug, Default)]
pub(crate) struct Restart {
    /// Told when a restart is asked for.
    pub(crate) asked: Notify,
    /// The last of the restarts for which the server is away, or back when it was not to stay away.
    pub(crate) done: watch::Sender<u64>,
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
    /// Has the server go, and come back after the pause.
    pub(crate) fn restart(&mut self, pause: Duration) {
        self.pause = pause;
        self.asked += 1;
        self.restart.asked.notify_one();
    }

    /// The two ends of a restart.
    pub(crate) fn restarts(&self) -> Arc<Restart> {
        Arc::clone(&self.restart)
    }

    /// How many restarts were asked for so far, which is also the number of the last of them.
    pub(crate) fn restarts_asked(&self) -> u64 {
        self.asked
    }

    /// How long to stay away now.
    pub(crate) fn take_pause(&mut self) -> Duration {
        std::mem::take(&mut self.pause)
    }

    /// The next call whose method's name holds the words of `part` fails so. `false` = too many wait already.
    pub(crate) fn fail_next(&mut self, part: String, failure: Failure) -> bool {
        let has_room = self.waiting.len() < WAITING_MAX;
        if has_room {
            self.waiting.push((part, failure));
        }
        has_room
    }

    /// Counts a call, and takes the failure that waited for it.
    pub(crate) fn on_call(&mut self, method: &str) -> Option<Failure> {
        let is_counted = self.calls.len() < METHODS_MAX || self.calls.contains_key(method);
        *self.calls.entry(if is_counted { method } else { OTHERS }.to_owned()).or_default() += 1;
        let place = self.waiting.iter().position(|(part, _)| holds_words(method, part))?;
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

/// Whether the words of `part`, which stand between points, are among those of the method: `block.Attach` is none of
/// `admin.vm.device.block.Attached`.
pub(crate) fn holds_words(method: &str, part: &str) -> bool {
    format!(".{method}.").contains(&format!(".{part}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_waits_for_its_call_and_comes_once() {
        let mut faults = Faults::default();
        faults.fail_next("usb.Attach".into(), Failure::Empty);
        assert_eq!(faults.on_call("admin.vm.List"), None);
        assert_eq!(faults.on_call("admin.vm.device.usb.Attached"), None, "a word is a whole one");
        assert_eq!(faults.on_call("admin.vm.device.usb.Attach"), Some(Failure::Empty));
        assert_eq!(faults.on_call("admin.vm.device.usb.Attach"), None);
        assert_eq!(
            faults.calls().collect::<Vec<_>>(),
            [("admin.vm.List", 1), ("admin.vm.device.usb.Attach", 2), ("admin.vm.device.usb.Attached", 1)]
        );
    }

    #[test]
    fn what_clients_invent_is_counted_together() {
        let mut faults = Faults::default();
        for number in 0..2 * METHODS_MAX {
            faults.on_call(&format!("admin.nonsense.{number}"));
        }
        let counts: Vec<_> = faults.calls().collect();
        assert_eq!(counts.len(), METHODS_MAX + 1);
        assert_eq!(counts.iter().map(|(_, count)| count).sum::<u64>(), 512);
        assert!(counts.contains(&(OTHERS, 256)));
    }

    #[test]
    fn faults_that_wait_are_bounded() {
        let mut faults = Faults::default();
        assert!((0..WAITING_MAX).all(|_| faults.fail_next("List".to_owned(), Failure::Empty)));
        assert!(!faults.fail_next("List".to_owned(), Failure::Empty));
    }
}
