//! What ends a run from outside: Ctrl-C, Ctrl-\, a request to terminate, a terminal that goes away, and the limit of
//! `--timeout`.
//!
//! None of them undoes anything; each leaves a sentence on what is known to have happened.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;

use crate::failure::Failure;
use crate::ledger::Ledger;

/// Exit code after Ctrl-C, as a shell names it.
const INTERRUPTED: u8 = 130;
/// Exit code after Ctrl-\, as a shell names it. No core is dumped: it would tell nothing that the sentence does not.
const QUIT: u8 = 131;
/// Exit code after a request to terminate, as a shell names it.
const TERMINATED: u8 = 143;
/// Exit code after the terminal went away, as a shell names it.
const HUNG_UP: u8 = 129;

/// Does `work` until it is done or cut short.
///
/// # Errors
/// What `work` fails with, or the sentence of the interruption.
pub async fn bounded(
    ledger: &Ledger,
    limit: Option<Duration>,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let taken = |kind| signal(kind).ok();
    let (mut interrupt, mut quit, mut terminate) =
        (taken(SignalKind::interrupt()), taken(SignalKind::quit()), taken(SignalKind::terminate()));
    // Who starts a run with `nohup` wants it to go on.
    let mut hang_up = if ignores_hang_up() { None } else { taken(SignalKind::hangup()) };
    let cut_short = |code| Failure::CutShort { sentence: format!("Interrupted. {}", ledger.known()), code };
    tokio::select! {
        outcome = within(ledger, limit, work) => outcome,
        () = received(&mut interrupt) => Err(cut_short(INTERRUPTED)),
        () = received(&mut quit) => Err(cut_short(QUIT)),
        () = received(&mut terminate) => Err(cut_short(TERMINATED)),
        () = received(&mut hang_up) => Err(cut_short(HUNG_UP)),
    }
}

async fn within(
    ledger: &Ledger,
    limit: Option<Duration>,
    work: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    let Some(limit) = limit else { return work.await };
    timeout(limit, work).await.unwrap_or_else(|_| {
        let sentence = format!("No answer within {} s. {}", limit.as_secs_f64(), ledger.known());
        Err(Failure::CutShort { sentence, code: 1 })
    })
}

/// Whether whoever started us had us ignore that the terminal goes away.
fn ignores_hang_up() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = SignalKind::hangup().as_raw_value() - 1;
    mask >> bit & 1 == 1
}

/// A system that gives no signals leaves their default: the program just ends.
async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}
