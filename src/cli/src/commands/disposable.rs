//! `attach --dispvm`: a new disposable, started, with the device in it. On failure it is removed again.

use device_core::assignment::{Assignment, Mode};
use device_core::command;
use device_core::name::{DeviceClass, QubeName};

use super::exact::not_by_hand;
use super::options::options;
use super::{target, wait};
use crate::errand::Manner;
use crate::failure::Failure;
use crate::grammar::Key;
use crate::json;
use crate::parse::Matches;
use crate::session::Session;

/// Creates, starts, attaches, and prints the new name.
///
/// # Errors
/// Whatever kept it from being done; then no disposable is left, or the sentence names it.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let options = options(&session.class, matches)?;
    let template = template(session, matches).await?;
    let word = target::device_word(session, None, matches.operand(0).unwrap_or_default()).await?;
    if let Some(limit) = wait::limit(session, matches)? {
        wait::until_ready(session, None, &word, limit).await?;
    }
    let device = target::present(session, None, &word).await?.to_ref();
    if session.class == DeviceClass::Pci {
        return Err(not_by_hand());
    }
    let client = session.errand.client.clone();
    let qube = command::attach_to_new_disposable(&client, None, &device, &template, &options).await?;
    if session.errand.manner != Manner::Json {
        writeln!(session.errand.console.out, "{qube}")?;
    }
    let assignment = Assignment::exactly(&device, &qube, Mode::Manual, options);
    session.errand.report(|| json::change("attach", &assignment))
}

/// The template; dom0 stands for the system's default.
async fn template(session: &mut Session<'_>, matches: &Matches) -> Result<QubeName, Failure> {
    match matches.values(Key::Disposable).last() {
        None | Some("") => Ok(QubeName::dom0()),
        Some(word) => {
            let found = session.errand.qubes_named(word).await?;
            let first = found.into_iter().next();
            Ok(first.ok_or_else(|| session.errand.no_such_qube(word))?.name)
        }
    }
}
