//! `attach --wait`: until the device is there and the qube runs.
//!
//! Events say when to look again, and only a read says what is; so nothing is missed and nothing is asked in vain.

use std::time::Duration;

use device_core::client::EventHints;
use device_core::error::Error;
use device_core::hypervisor::{Hints, Hypervisor};
use device_core::name::QubeName;
use device_core::scope::{Hint, Scope};

use super::target;
use crate::device_word::DeviceWord;
use crate::errand::Manner;
use crate::failure::Failure;
use crate::grammar::Key;
use crate::ledger::is_open;
use crate::parse::Matches;
use crate::seconds::seconds;
use crate::session::Session;

/// First wait before connecting again to a qubesd that went away; doubled at each failure.
const PAUSE_FIRST: Duration = Duration::from_millis(50);
/// Longest such wait.
const PAUSE_MAX: Duration = Duration::from_millis(700);

/// How long to wait; `None` = not at all.
///
/// # Errors
/// A usage error when the value is no number of seconds.
pub(super) fn limit(session: &Session<'_>, matches: &Matches) -> Result<Option<Duration>, Failure> {
    let Some(word) = matches.values(Key::Wait).last() else { return Ok(None) };
    if word.is_empty() {
        return Ok(Some(Duration::MAX));
    }
    seconds("wait", word).map(Some).map_err(|text| session.errand.usage(&text))
}

/// Waits.
///
/// # Errors
/// When there is no such backend or qube, when qubesd can't be reached from the first, and after `limit`.
pub(super) async fn until_ready(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    word: &DeviceWord,
    limit: Duration,
) -> Result<(), Failure> {
    let mut missing = String::new();
    let waited = tokio::time::timeout(limit, wait(session, frontend, word, &mut missing)).await;
    waited.unwrap_or_else(|_| {
        let text = format!("{missing} within {} s. Nothing was changed.", limit.as_secs_f64());
        Err(Failure::Refused(text))
    })
}

async fn wait(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    word: &DeviceWord,
    missing: &mut String,
) -> Result<(), Failure> {
    let mut hints = session.errand.client.subscribe().await?;
    let mut last = Look::Answered;
    loop {
        match look_on(session, frontend, word, &mut hints, missing, &mut last).await {
            Err(Failure::Server(error)) if is_open(&error) => {}
            // So a server that ends looks, but so does one that refuses: the second time in a row it does.
            Err(Failure::Server(error)) if error == Error::empty_reply() && last == Look::Answered => {
                last = Look::Silence;
            }
            outcome => return outcome,
        }
        tell(session, missing, "qubesd did not come back".to_owned());
        hints = subscribed_again(session).await?;
        session.errand.forget_qubes();
    }
}

/// What came of the last look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Answered,
    Silence,
}

/// Over one connection.
async fn look_on(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    word: &DeviceWord,
    hints: &mut EventHints,
    missing: &mut String,
    last: &mut Look,
) -> Result<(), Failure> {
    while let Some(what) = still_missing(session, frontend, word).await? {
        *last = Look::Answered;
        tell(session, missing, what);
        while !hints.next().await?.iter().any(|hint| concerns(session, frontend, word, hint)) {}
        session.errand.forget_qubes();
    }
    Ok(())
}

/// A qubesd that restarts is back within seconds; who waits for a device waits for that too.
async fn subscribed_again(session: &Session<'_>) -> Result<EventHints, Failure> {
    let mut pause = PAUSE_FIRST;
    loop {
        tokio::time::sleep(pause).await;
        match session.errand.client.subscribe().await {
            Err(error) if is_open(&error) => pause = (pause * 2).min(PAUSE_MAX),
            outcome => return Ok(outcome?),
        }
    }
}

/// What is not yet as it must be, as the beginning of a sentence.
async fn still_missing(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    word: &DeviceWord,
) -> Result<Option<String>, Failure> {
    if let Some(frontend) = frontend {
        match session.errand.find_qube(frontend.as_str()).await? {
            None => return Err(session.errand.no_such_qube(frontend.as_str())),
            Some(qube) if !qube.state.is_running() => {
                return Ok(Some(format!("{frontend} did not start")));
            }
            Some(_) => {}
        }
    }
    let exposed = target::exposed(session, frontend, word).await?;
    let is_there = exposed.iter().any(|device| word.covers(&device.port.id, &device.id));
    Ok((!is_there).then(|| format!("{} did not appear", word.shown())))
}

/// Keeps in mind what is missing, and tells who looks on.
fn tell(session: &mut Session<'_>, missing: &mut String, what: String) {
    if what == *missing {
        return;
    }
    *missing = what;
    let what = missing.as_str();
    if session.errand.console.is_err_terminal && session.errand.manner == Manner::Words {
        // Progress that can't be shown is no reason to stop.
        let _ = writeln!(session.errand.console.err, "Waiting: {what} yet. Ctrl-C ends it.");
    }
}

fn concerns(session: &Session<'_>, frontend: Option<&QubeName>, word: &DeviceWord, hint: &Hint) -> bool {
    match hint {
        Hint::Everything | Hint::Scope(Scope::Qubes) => true,
        Hint::Class(class) => *class == session.class,
        Hint::Qube(qube) => Some(qube) == frontend || qube.as_str() == word.backend,
        Hint::Scope(Scope::Exposed(backend, class)) | Hint::Lagging(Scope::Exposed(backend, class)) => {
            backend.as_str() == word.backend && *class == session.class
        }
        Hint::Scope(_) | Hint::Lagging(_) => false,
    }
}
