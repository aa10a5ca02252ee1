//! What is read next: every scope the mirror wants, and whether it is fresh, stale or being read.
//!
//! Pure bookkeeping over instants that are given to it; it reads nothing and knows no hypervisor.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use crate::inventory::Urgency;
use crate::scope::Scope;

/// First wait before a scope that failed is read again; doubled at each failure.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// Longest such wait.
const RETRY_MAX: Duration = Duration::from_mins(1);

/// A scope that is read again sooner than this is restless.
const RESTLESS: Duration = Duration::from_secs(1);
/// How often in a row a restless scope is read before the others; then it waits behind them. A plug-in with all that
/// follows takes fewer. So nobody can keep the rest from being read by casting doubt on their own lists.
const RESTLESS_READS_MAX: u32 = 8;

/// How often in a row a reply counts as doubted because something was told during its read. Then it counts as any other: so
/// nobody can keep a list from being known by casting doubt on it.
const DOUBTED_MAX: u32 = 4;

/// When a scope is looked at a second time of which what is told may lag behind.
///
/// # Source
/// Admin API facts 5.3: the backend of a USB device polls once a second whether it is still in use.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Every wanted scope and its state.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    scopes: BTreeMap<Scope, Entry>,
    /// Stale and not being read, by urgency, then in the order they became stale.
    queue: BTreeSet<(Urgency, u64, Scope)>,
    /// When each retry is due.
    retries: BTreeSet<(Instant, Scope)>,
    /// When each second look is due.
    second_looks: BTreeMap<Scope, Instant>,
    /// What would make a menu untrue and is stale or being read, by how long; kept beside, as it is asked for at each event.
    unsettled: BTreeSet<(Instant, Scope)>,
    turn: u64,
}

/// Names one read: a scope can be dropped and wanted again while its old read is still under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket(u64);

/// How far what a read has brought can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// Nothing was told meanwhile, or something each time for long.
    Undoubted,
    /// Something was told while it was read; it is read again in any case.
    Doubted,
    /// Its scope was dropped or is read anew meanwhile: it is of no use.
    Outdated,
}

#[derive(Debug)]
struct Entry {
    urgency: Urgency,
    state: State,
    /// When it was last read with success.
    read_at: Option<Instant>,
    /// When a read of it ended last, however it ended.
    ended_at: Option<Instant>,
    /// How often in a row its read failed.
    failures: u32,
    /// How often in a row it was read again within [`RESTLESS`].
    restless_reads: u32,
    /// How often in a row something was told while it was read.
    doubted: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Fresh,
    /// Waiting in the queue at this place.
    Stale {
        since: Instant,
        place: (Urgency, u64),
    },
    /// `again` = something cast doubt on it while it was read: what comes may be old.
    Reading {
        since: Instant,
        again: bool,
        ticket: Ticket,
    },
    Failed {
        retry: Instant,
    },
}

impl Entry {
    fn new(urgency: Urgency) -> Self {
        let (read_at, ended_at) = (None, None);
        Self { urgency, state: State::Fresh, read_at, ended_at, failures: 0, restless_reads: 0, doubted: 0 }
    }

    /// Whether it is read so often that the others come first.
    fn is_restless(&self) -> bool {
        self.restless_reads >= RESTLESS_READS_MAX
    }

    /// A read has ended. One that failed counts as well: a list that nobody can read must not keep the others waiting.
    fn note_end(&mut self, now: Instant) {
        let is_soon = self.ended_at.is_some_and(|before| now.duration_since(before) < RESTLESS);
        self.restless_reads = if is_soon { self.restless_reads.saturating_add(1) } else { 0 };
        self.ended_at = Some(now);
    }
}

impl Schedule {
    /// A new connection: all that is wanted is stale, and what was under way is forgotten.
    pub(super) fn begin(&mut self, wanted: BTreeMap<Scope, Urgency>, now: Instant) {
        *self = Self::default();
        self.want(wanted, now);
    }

    /// Takes over what the mirror wants: new scopes are stale, those no longer wanted are dropped.
    pub(super) fn want(&mut self, wanted: BTreeMap<Scope, Urgency>, now: Instant) {
        let dropped: Vec<_> =
            self.scopes.keys().filter(|scope| !wanted.contains_key(scope)).cloned().collect();
        for scope in dropped {
            self.remove(&scope);
        }
        for (scope, urgency) in wanted {
            if !self.scopes.contains_key(&scope) {
                self.add(&scope, urgency, now);
            }
        }
    }

    /// Puts a scope in doubt if it is wanted.
    pub(super) fn doubt(&mut self, scope: &Scope, now: Instant) {
        let Some(entry) = self.scopes.get_mut(scope) else {
            return;
        };
        match &mut entry.state {
            State::Stale { .. } => {}
            State::Reading { again, .. } => *again = true,
            State::Fresh | State::Failed { .. } => {
                if let State::Failed { retry } = entry.state {
                    self.retries.remove(&(retry, scope.clone()));
                }
                self.turn += 1;
                if entry.urgency < Urgency::Row {
                    self.unsettled.insert((now, scope.clone()));
                }
                let urgency = if entry.is_restless() { Urgency::Later } else { entry.urgency };
                entry.state = State::Stale { since: now, place: (urgency, self.turn) };
                self.queue.insert((urgency, self.turn, scope.clone()));
            }
        }
    }

    /// As [`Schedule::doubt`], and wants the scope if it was not wanted yet.
    pub(super) fn doubt_or_want(&mut self, scope: &Scope, urgency: Urgency, now: Instant) {
        if self.scopes.contains_key(scope) {
            self.doubt(scope, now);
        } else {
            self.add(scope, urgency, now);
        }
    }

    /// Has a wanted scope looked at a second time in a moment, whatever comes of the first.
    pub(super) fn look_again(&mut self, scope: &Scope, now: Instant) {
        if self.scopes.contains_key(scope) {
            self.second_looks.insert(scope.clone(), now + LOOK_AGAIN_AFTER);
        }
    }

    /// Puts every wanted scope in doubt that `which` chooses.
    pub(super) fn doubt_where(&mut self, now: Instant, which: impl Fn(&Scope) -> bool) {
        let chosen: Vec<_> = self.scopes.keys().filter(|scope| which(scope)).cloned().collect();
        for scope in chosen {
            self.doubt(&scope, now);
        }
    }

    /// Puts one in `share` of the fresh scopes in doubt, those first that were read longest ago.
    pub(super) fn doubt_oldest(&mut self, share: usize, now: Instant) {
        let mut fresh: Vec<_> = self
            .scopes
            .iter()
            .filter(|(_, entry)| entry.state == State::Fresh)
            .map(|(scope, entry)| (entry.read_at, scope.clone()))
            .collect();
        fresh.sort();
        let count = fresh.len().div_ceil(share.max(1));
        for (_, scope) in fresh.into_iter().take(count) {
            self.doubt(&scope, now);
        }
    }

    /// The next scope to read; it counts as being read from now on.
    pub(super) fn start_next(&mut self) -> Option<(Scope, Ticket)> {
        let (_, turn, scope) = self.queue.pop_first()?;
        let ticket = Ticket(turn);
        let entry = self.scopes.get_mut(&scope)?;
        let since = match entry.state {
            State::Stale { since, .. } => since,
            _ => Instant::now(),
        };
        entry.state = State::Reading { since, again: false, ticket };
        Some((scope, ticket))
    }

    /// A read succeeded. What has come of it may be applied as [`Freshness`] tells.
    pub(super) fn finished(&mut self, scope: &Scope, ticket: Ticket, now: Instant) -> Freshness {
        let Some((entry, again)) = self.end_read(scope, ticket) else {
            return Freshness::Outdated;
        };
        entry.failures = 0;
        entry.note_end(now);
        entry.read_at = Some(now);
        entry.state = State::Fresh;
        entry.doubted = if again { entry.doubted.saturating_add(1) } else { 0 };
        let is_doubted = again && entry.doubted <= DOUBTED_MAX;
        if again {
            self.doubt(scope, now);
        }
        if is_doubted { Freshness::Doubted } else { Freshness::Undoubted }
    }

    /// A read failed for reasons of its own; it is tried again, ever more rarely. Where something was told while it failed
    /// again, that may have been the end of the failure: then at once and with new patience. The first failure waits
    /// in any case, because mostly the qube has just gone, as the list of qubes will tell. `false` = it is outdated.
    pub(super) fn failed(&mut self, scope: &Scope, ticket: Ticket, now: Instant) -> bool {
        let Some((entry, again)) = self.end_read(scope, ticket) else {
            return false;
        };
        entry.note_end(now);
        if again && entry.failures > 0 {
            entry.failures = 1;
            entry.state = State::Fresh;
            self.doubt(scope, now);
            return true;
        }
        let wait = RETRY_FIRST.saturating_mul(2_u32.saturating_pow(entry.failures)).min(RETRY_MAX);
        entry.failures = entry.failures.saturating_add(1);
        let retry = now + wait;
        entry.state = State::Failed { retry };
        self.retries.insert((retry, scope.clone()));
        true
    }

    /// Whether its last read failed.
    pub(super) fn has_failed(&self, scope: &Scope) -> bool {
        self.scopes.get(scope).is_some_and(|entry| entry.failures > 0)
    }

    /// The entry of this very read, and whether doubt came up meanwhile.
    fn end_read(&mut self, scope: &Scope, ended: Ticket) -> Option<(&mut Entry, bool)> {
        let entry = self.scopes.get_mut(scope)?;
        let State::Reading { since, again, ticket } = entry.state else {
            return None;
        };
        if ticket != ended {
            return None;
        }
        self.unsettled.remove(&(since, scope.clone()));
        Some((entry, again))
    }

    /// When the next retry or second look is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let retry = self.retries.first().map(|(when, _)| *when);
        retry.into_iter().chain(self.second_looks.values().copied()).min()
    }

    /// Makes stale again what is due.
    pub(super) fn wake_due(&mut self, now: Instant) {
        let retries = self.retries.iter().take_while(|(when, _)| *when <= now).map(|(_, scope)| scope);
        let looks = self.second_looks.iter().filter(|(_, when)| **when <= now).map(|(scope, _)| scope);
        let due: Vec<_> = retries.chain(looks).cloned().collect();
        self.second_looks.retain(|_, when| *when > now);
        for scope in due {
            self.doubt(&scope, now);
        }
    }

    /// Whether it was read, since the beginning, who there is.
    pub(super) fn is_founded(&self) -> bool {
        let was_read = |scope| self.scopes.get(&scope).is_some_and(|entry| entry.read_at.is_some());
        was_read(Scope::Classes) && was_read(Scope::Qubes)
    }

    /// Whether all that a menu must be true about is fresh or known to be unreadable.
    pub(super) fn is_settled(&self) -> bool {
        self.stale_since().is_none()
    }

    /// Since when the longest stale part of it is stale.
    pub(super) fn stale_since(&self) -> Option<Instant> {
        self.unsettled.first().map(|(since, _)| *since)
    }

    fn add(&mut self, scope: &Scope, urgency: Urgency, now: Instant) {
        let entry = Entry::new(urgency);
        self.scopes.insert(scope.clone(), entry);
        self.doubt(scope, now);
    }

    fn remove(&mut self, scope: &Scope) {
        let Some(Entry { state, .. }) = self.scopes.remove(scope) else { return };
        self.second_looks.remove(scope);
        match state {
            State::Fresh => {}
            State::Stale { since, place: (urgency, turn) } => {
                self.queue.remove(&(urgency, turn, scope.clone()));
                self.unsettled.remove(&(since, scope.clone()));
            }
            State::Reading { since, .. } => {
                self.unsettled.remove(&(since, scope.clone()));
            }
            State::Failed { retry } => {
                self.retries.remove(&(retry, scope.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
