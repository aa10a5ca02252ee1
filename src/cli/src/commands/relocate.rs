//! `move`: out of the qube where it is, into another. If that fails it is put back, and the sentence says so.

use device_core::assignment::{Assignment, Attachment, Mode, Options};
use device_core::command;
use device_core::command::aftermath::Aftermath;
use device_core::error::Error;
use device_core::name::{DeviceClass, DeviceRef, QubeName};
use device_core::scope::{Scope, ScopeReply};

use super::exact::not_by_hand;
use super::options::options;
use super::{surroundings, target};
use crate::failure::Failure;
use crate::json;
use crate::parse::Matches;
use crate::session::Session;
use crate::shown::ended;

/// Moves; a device that is nowhere is simply attached.
///
/// # Errors
/// Whatever kept it from being done, with the place where the device is now.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let options = options(&session.class, matches)?;
    let frontend = session.errand.target(matches.operand(0).unwrap_or_default()).await?;
    let word = target::device_word(session, Some(&frontend), matches.operand(1).unwrap_or_default()).await?;
    let device = target::present(session, Some(&frontend), &word).await?.to_ref();
    if session.class == DeviceClass::Pci {
        return Err(session.errand.explain(&frontend, not_by_hand()).await);
    }
    if session.errand.find_qube(frontend.as_str()).await?.is_none() {
        return Err(session.errand.no_such_qube(frontend.as_str()));
    }
    if session.class.is_shareable() {
        move_shared(session, &device, &frontend, &options).await?;
    } else {
        let machine = surroundings::read(session, &device.port.backend, &frontend).await?;
        let client = session.errand.client.clone();
        command::move_to(&client, Some(&machine), &device, &frontend, &options).await?;
    }
    let assignment = Assignment::exactly(&device, &frontend, Mode::Manual, options);
    session.errand.report(|| json::change("move", &assignment))
}

/// What several qubes can have at once: its backend names no holder, so every qube that runs is asked.
async fn move_shared(
    session: &mut Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: &Options,
) -> Result<(), Failure> {
    let before = holders(session, device).await?;
    let client = session.errand.client.clone();
    let [from] = before.as_slice() else {
        return match before.len() {
            0 => Ok(command::attach(&client, None, device, frontend, options).await?),
            _ => Err(Failure::Refused(several(device, &before))),
        };
    };
    command::detach(&client, device, &from.frontend).await?;
    let Err(error) = command::attach(&client, None, device, frontend, options).await else {
        return Ok(());
    };
    let back = command::attach(&client, None, device, &from.frontend, &from.options).await;
    Err(Failure::Refused(put_back(&error, &from.frontend, back)))
}

async fn holders(session: &mut Session<'_>, device: &DeviceRef) -> Result<Vec<Attachment>, Failure> {
    let running = session.errand.qubes().await?.iter().filter(|qube| qube.state.is_running());
    let scopes = running.map(|qube| Scope::Attached(qube.name.clone(), device.port.class.clone())).collect();
    let mut holders = Vec::new();
    for (_, reply) in session.errand.read_all(scopes).await {
        if let Ok(ScopeReply::Attached(held)) = reply {
            holders.extend(held.into_iter().filter(|held| held.device == *device));
        }
    }
    Ok(holders)
}

fn several(device: &DeviceRef, holders: &[Attachment]) -> String {
    let names: Vec<_> = holders.iter().map(|held| held.frontend.as_str()).collect();
    format!(
        "{} is attached to {}. Detach it from the qubes that should not keep it.",
        device.port,
        names.join(", ")
    )
}

fn put_back(error: &Error, from: &QubeName, back: Result<(), Error>) -> String {
    let back = match back {
        Ok(()) => Aftermath::BackIn(from.clone()).to_string(),
        Err(second) => format!("It could not be put back into {from} either: {}", ended(second.sentence())),
    };
    format!("{} {back}", ended(error.sentence()))
}
