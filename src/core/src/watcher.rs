//! Keeps the mirror true: subscribe, then read everything; from then on read what a hint puts in doubt.
//!
//! The only owner of the [`Inventory`]. Hints and refreshes come in, changes go out, and nobody else reads scopes.
//! What is read in which order, how many at a time, and when something is read again without a hint is decided here
//! and nowhere else.

mod schedule;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::error::{Error, ErrorKind};
use crate::hypervisor::{Hints, Hypervisor};
use crate::inventory::{Inventory, Replaced, Urgency};
use crate::machine::{Change, Link};
use crate::scope::{Hint, Scope, ScopeReply};
use schedule::{Freshness, Schedule, Ticket};

/// Reads under way at a time. The server answers one after the other anyway; a few keep it from waiting for us.
const READS_AT_A_TIME: usize = 4;
/// Something may be stale this long before the faces are told.
const STALE_UNTOLD: Duration = Duration::from_secs(2);
/// First wait before connecting again; doubled at each failure.
const BACK_OFF_FIRST: Duration = Duration::from_millis(50);
/// Longest wait before connecting again: a mirror shall be whole within a second of the server's return.
const BACK_OFF_MAX: Duration = Duration::from_millis(700);
/// Longest wait after a refusal: policy does not change by asking, and a person may be told of each denied call.
const BACK_OFF_REFUSED_MAX: Duration = Duration::from_mins(1);
/// The stated reconcile: at each turn a share of all scopes is read again without any hint, to find what no event
/// ever told. Each scope is met every five minutes; on 200 qubes this takes 0.6 % of the server's time.
const RECONCILE_EVERY: Duration = Duration::from_secs(30);
/// One in so many scopes is read at a reconcile turn.
const RECONCILE_SHARE: usize = 10;

/// Doubts of others that wait for the watcher; with more it is simpler to read everything again.
const DOUBTS_WAITING: usize = 64;

/// Asks the watcher to look again. It only says where: what is there the watcher reads itself.
#[derive(Debug, Clone)]
pub struct WatcherHandle {
    refresh: Arc<Notify>,
    doubts: mpsc::Sender<Hint>,
}

impl WatcherHandle {
    /// Puts every scope in doubt, and connects at once if the link is down.
    pub fn refresh(&self) {
        self.refresh.notify_one();
    }

    /// Puts in doubt what this points at.
    pub fn doubt(&self, hint: Hint) {
        if self.doubts.try_send(hint).is_err() {
            self.refresh();
        }
    }
}

/// Watches one hypervisor.
pub struct Watcher<H> {
    hypervisor: Arc<H>,
    inventory: Inventory,
    schedule: Schedule,
    changes: mpsc::Sender<Vec<Change>>,
    refresh: Arc<Notify>,
    doubts: mpsc::Receiver<Hint>,
}

/// A read under way, and what came of it.
type Read = (Scope, Ticket, Result<ScopeReply, Error>);

/// Nobody listens any more.
struct Unheard;

/// Why a session ended.
enum Ended {
    Lost(Error),
    Unheard,
}

impl From<Unheard> for Ended {
    fn from(Unheard: Unheard) -> Self {
        Self::Unheard
    }
}

impl<H: Hypervisor> Watcher<H> {
    /// A watcher that sends each batch of changes to `changes`, in order; a full channel holds it back.
    pub fn new(hypervisor: Arc<H>, changes: mpsc::Sender<Vec<Change>>) -> (Self, WatcherHandle) {
        let refresh = Arc::new(Notify::new());
        let (sender, doubts) = mpsc::channel(DOUBTS_WAITING);
        let handle = WatcherHandle { refresh: Arc::clone(&refresh), doubts: sender };
        let (inventory, schedule) = (Inventory::default(), Schedule::default());
        (Self { hypervisor, inventory, schedule, changes, refresh, doubts }, handle)
    }

    /// Watches until nobody receives the changes any more.
    pub async fn run(mut self) {
        let mut back_off = BACK_OFF_FIRST;
        loop {
            let ended = match self.hypervisor.subscribe().await {
                Ok(hints) => self.session(hints, &mut back_off).await,
                Err(error) => Ended::Lost(error),
            };
            let Ended::Lost(error) = ended else { return };
            if self.announce(Link::Lost((&error).into())).await.is_err() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(back_off) => {}
                () = self.refresh.notified() => {}
                () = self.changes.closed() => return,
            }
            back_off = (back_off * 2).min(longest_back_off(&error));
        }
    }

    /// One connection, from subscribing to its loss.
    async fn session(&mut self, mut hints: H::Hints, back_off: &mut Duration) -> Ended {
        let mut reads: JoinSet<Read> = JoinSet::new();
        self.schedule.begin(self.inventory.wanted(), Instant::now());
        let mut reconcile = Instant::now() + RECONCILE_EVERY;
        loop {
            self.start_reads(&mut reads);
            if let Err(Unheard) = self.tell_link().await {
                return Ended::Unheard;
            }
            let wake =
                self.schedule.next_due().into_iter().chain(self.tell_stale_at()).chain([reconcile]).min();
            tokio::select! {
                hint = hints.next() => match hint {
                    Ok(hints) => hints.iter().for_each(|hint| self.doubt(hint)),
                    Err(error) => return Ended::Lost(error),
                },
                Some(done) = reads.join_next(), if !reads.is_empty() => match done {
                    Ok(read) => match self.take(read).await {
                        Ok(()) => if self.schedule.is_settled() { *back_off = BACK_OFF_FIRST },
                        Err(ended) => return ended,
                    },
                    Err(error) => tracing::error!(%error, "a read did not end properly"),
                },
                () = self.refresh.notified() => self.doubt(&Hint::Everything),
                Some(hint) = self.doubts.recv() => self.doubt(&hint),
                () = sleep_until(wake.unwrap_or(reconcile)) => {
                    let now = Instant::now();
                    if now >= reconcile {
                        self.schedule.doubt_oldest(RECONCILE_SHARE, now);
                        reconcile = now + RECONCILE_EVERY;
                    }
                    self.schedule.wake_due(now);
                },
                () = self.changes.closed() => return Ended::Unheard,
            }
        }
    }

    fn start_reads(&mut self, reads: &mut JoinSet<Read>) {
        while reads.len() < READS_AT_A_TIME {
            let Some((scope, ticket)) = self.schedule.start_next() else {
                return;
            };
            let hypervisor = Arc::clone(&self.hypervisor);
            reads.spawn(async move {
                let reply = hypervisor.read(&scope).await;
                (scope, ticket, reply)
            });
        }
    }

    async fn take(&mut self, (scope, ticket, reply): Read) -> Result<(), Ended> {
        let now = Instant::now();
        let replaced = match reply {
            Err(error) if error.kind() == ErrorKind::Unreachable => return Err(Ended::Lost(error)),
            // All else hangs on who there is.
            Err(error) if matches!(scope, Scope::Classes | Scope::Qubes) => return Err(Ended::Lost(error)),
            // Mostly the qube went away between the list and the question; if not, the next try tells.
            Err(error) if error.kind() == ErrorKind::NotFound && !self.schedule.has_failed(&scope) => {
                self.schedule.failed(&scope, ticket, now);
                self.schedule.doubt(&Scope::Qubes, now);
                return Ok(());
            }
            Ok(reply) => match self.schedule.finished(&scope, ticket, now) {
                Freshness::Outdated => return Ok(()),
                // It may be older than what it speaks against, and is being read again.
                Freshness::Doubted if self.inventory.is_against_backend(&scope, &reply) => return Ok(()),
                Freshness::Doubted | Freshness::Undoubted => self.inventory.replace(&scope, reply),
            },
            Err(error) if self.schedule.failed(&scope, ticket, now) => self.mark_unreadable(&scope, &error),
            Err(_) => return Ok(()),
        };
        let wants_anew = matches!(scope, Scope::Classes | Scope::Qubes) || !replaced.doubts.is_empty();
        if wants_anew {
            self.schedule.want(self.inventory.wanted(), now);
        }
        for doubt in replaced.doubts.iter().filter(|doubt| self.inventory.can_be_asked(doubt)) {
            self.schedule.doubt_or_want(doubt, Urgency::Row, now);
        }
        Ok(self.send(replaced.changes).await?)
    }

    fn mark_unreadable(&mut self, scope: &Scope, error: &Error) -> Replaced {
        let replaced = self.inventory.mark_unreadable(scope, error.into());
        if replaced.changes.is_empty() {
            tracing::debug!(?scope, %error, "a list still can't be read");
        } else {
            tracing::warn!(?scope, %error, "a list can't be read; trying again later");
        }
        replaced
    }

    fn doubt(&mut self, hint: &Hint) {
        let now = Instant::now();
        match hint {
            Hint::Everything => self.schedule.doubt_where(now, |_| true),
            Hint::Class(class) => self.schedule.doubt_where(now, |scope| scope.class() == Some(class)),
            Hint::Qube(qube) => {
                self.schedule.doubt_where(now, |scope| scope.qube() == Some(qube));
                // A required disk comes with the start of its qube, without an event of its own.
                let disks = Scope::Attached(qube.clone(), crate::name::DeviceClass::Block);
                if self.inventory.can_be_asked(&disks) {
                    self.schedule.doubt_or_want(&disks, Urgency::Row, now);
                }
            }
            Hint::Scope(scope) if self.inventory.can_be_asked(scope) => {
                self.schedule.doubt_or_want(scope, Urgency::Row, now);
            }
            Hint::Lagging(scope) if self.inventory.can_be_asked(scope) => {
                self.schedule.doubt_or_want(scope, Urgency::Row, now);
                self.schedule.look_again(scope, now);
            }
            Hint::Scope(_) | Hint::Lagging(_) => {}
        }
    }

    /// Whether a lost link bears again: a connection alone may still be refused everything.
    fn is_back(&self) -> bool {
        matches!(self.inventory.machine().link, Link::Lost(_)) && self.schedule.is_founded()
    }

    /// When the faces have to be told that something is stale for long.
    fn tell_stale_at(&self) -> Option<Instant> {
        let live = self.inventory.machine().link == Link::Live;
        self.schedule.stale_since().filter(|_| live).map(|since| since + STALE_UNTOLD)
    }

    async fn tell_link(&mut self) -> Result<(), Unheard> {
        if self.schedule.is_settled() {
            self.announce(Link::Live).await
        } else if self.is_back() || self.tell_stale_at().is_some_and(|when| Instant::now() >= when) {
            self.announce(Link::Resyncing).await
        } else {
            Ok(())
        }
    }

    async fn announce(&mut self, link: Link) -> Result<(), Unheard> {
        match self.inventory.set_link(link) {
            Some(change) => self.send(vec![change]).await,
            None => Ok(()),
        }
    }

    async fn send(&self, changes: Vec<Change>) -> Result<(), Unheard> {
        if changes.is_empty() {
            return Ok(());
        }
        self.changes.send(changes).await.map_err(|_| Unheard)
    }
}

fn longest_back_off(error: &Error) -> Duration {
    match error.kind() {
        ErrorKind::Unreachable | ErrorKind::Timeout | ErrorKind::Malformed => BACK_OFF_MAX,
        _ => BACK_OFF_REFUSED_MAX,
    }
}

#[cfg(test)]
mod tests;
