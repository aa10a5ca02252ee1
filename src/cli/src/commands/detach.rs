//! `detach`: one device, those that a wildcard means, or all of the class.
//!
//! The server looks at the port id only, so what the qube holds is read first: where two backends have a port of the
//! same name in it, the wrong device could go, and the call is not made.

use device_core::assignment::Attachment;
use device_core::error::Error;
use device_core::hypervisor::{Action, Hypervisor};
use device_core::name::{DeviceId, DeviceRef, Port, PortId, QubeName};
use device_core::patience::look_until;

use super::aftermath::{self, Wish};
use super::target;
use crate::device_word::DeviceWord;
use crate::failure::{Failure, is_no_such_qube};
use crate::grammar::Key;
use crate::json;
use crate::parse::Matches;
use crate::session::Session;
use crate::shown::shown;

/// Detaches; of several devices the first that can't be detached ends it.
///
/// # Errors
/// Whatever kept it from being done.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let frontend = session.errand.target(matches.operand(0).unwrap_or_default()).await?;
    match matches.operand(1) {
        None => detach_all(session, &frontend, None).await?,
        Some(word) => detach_named(session, &frontend, word).await?,
    }
    if matches.has(Key::Shutdown) {
        shut_down(session, &frontend).await?;
    }
    Ok(())
}

/// Asks the qube to shut down. Whether it was asked can't be read back.
async fn shut_down(session: &Session<'_>, frontend: &QubeName) -> Result<(), Failure> {
    let Err(error) = session.errand.client.perform(&Action::Shutdown(frontend.clone())).await else {
        return Ok(());
    };
    let failure = match aftermath::unclear(&error) {
        Some(first) => Failure::Refused(format!(
            "{first} Whether {frontend} was asked to shut down is not known; look again."
        )),
        None => error.into(),
    };
    Err(aftermath::after_others(session, failure))
}

async fn detach_named(session: &mut Session<'_>, frontend: &QubeName, word: &str) -> Result<(), Failure> {
    let word = target::device_word(session, Some(frontend), word).await?;
    if word.is_any_port() {
        return detach_all(session, frontend, Some(&word)).await;
    }
    let held = match session.attached(frontend).await {
        Ok(held) => held,
        Err(error) if is_no_such_qube(&error) => {
            return Err(session.errand.explain(frontend, error.into()).await);
        }
        // Without leave to look, the server's own check has to do.
        Err(_) => Vec::new(),
    };
    match held.iter().find(|held| is_meant(&word, held)) {
        Some(attachment) => detach(session, &attachment.device, frontend, &held).await,
        None => detach_unheld(session, frontend, &word, &held).await,
    }
}

/// Detaches everything of the class that `frontend` holds, or those of it that `word` means.
async fn detach_all(
    session: &mut Session<'_>,
    frontend: &QubeName,
    word: Option<&DeviceWord>,
) -> Result<(), Failure> {
    let held = match session.attached(frontend).await {
        Ok(held) => held,
        Err(error) => return Err(session.errand.explain(frontend, error.into()).await),
    };
    let meant: Vec<_> = held.iter().filter(|held| word.is_none_or(|word| is_meant(word, held))).collect();
    if let (Some(word), true) = (word, meant.is_empty()) {
        // Tells of a backend that does not exist.
        target::exposed(session, Some(frontend), word).await?;
        return Err(Failure::Refused(format!("{} is not attached.", typed(word))));
    }
    for attachment in meant {
        if let Err(failure) = detach(session, &attachment.device, frontend, &held).await {
            return Err(aftermath::after_others(session, failure));
        }
    }
    Ok(())
}

/// The device is not in that qube, or not under that id. The server says so itself, unless the port id alone would
/// mislead it.
async fn detach_unheld(
    session: &mut Session<'_>,
    frontend: &QubeName,
    word: &DeviceWord,
    held: &[Attachment],
) -> Result<(), Failure> {
    let exposed = target::exposed(session, Some(frontend), word).await?;
    let device = exposed.iter().find(|device| word.covers(&device.port.id, &device.id));
    if session.is_older().await
        && let (Some(backend), Ok(port)) = (word.backend(), PortId::new(&word.port))
    {
        // Such a server tells itself whether it is there.
        let port = Port::new(backend, session.class.clone(), port);
        return detach(session, &DeviceRef { port, id: DeviceId::untold() }, frontend, held).await;
    }
    let Some(device) = device else {
        let failure = Failure::Refused(format!("{} not found.", typed(word)));
        return Err(session.errand.explain(frontend, failure).await);
    };
    if held.iter().any(|held| held.device.port.id == device.port.id) {
        let text = format!("\"'{} device {} not attached to {frontend}'\"", session.class, device.port.id);
        return Err(Failure::Refused(text));
    }
    detach(session, &device.to_ref(), frontend, held).await
}

/// Detaches one device; `held` is all of the class that `frontend` holds, as far as it can be read.
///
/// # Errors
/// Whatever kept it from being done, and how it is now where that is not clear from the reply.
pub(super) async fn detach(
    session: &mut Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
    held: &[Attachment],
) -> Result<(), Failure> {
    let namesakes = held.iter().filter(|held| held.device.port.id == device.port.id);
    if namesakes.count() > 1 {
        return Err(Failure::Refused(format!(
            "Two devices called {} are attached to {frontend}, and qubesd could detach the wrong one. \
             Shut {frontend} down to detach them.",
            device.port.id
        )));
    }
    let action = Action::Detach { device: device.clone(), frontend: frontend.clone() };
    match session.errand.client.perform(&action).await {
        Ok(_) => {
            verify(session, device, frontend).await?;
            session.errand.report(|| json::detached(device, frontend))
        }
        Err(error) => Err(aftermath::failed(session, Wish::Detached(&device.port, frontend), error).await),
    }
}

/// Looks whether it is gone. A read that is refused contradicts nothing.
async fn verify(session: &Session<'_>, device: &DeviceRef, frontend: &QubeName) -> Result<(), Failure> {
    let look = || session.errand.client.attached_on(&device.port, frontend);
    let after: Result<_, Error> = look_until(look, |after| !matches!(after, Ok(Some(_)))).await;
    match after {
        Ok(Some(_)) => {
            session.errand.client.withdraw();
            Err(Failure::Refused(format!(
                "qubesd reported success, but {} is still attached to {frontend}.",
                device.port
            )))
        }
        _ => Ok(()),
    }
}

fn is_meant(word: &DeviceWord, held: &Attachment) -> bool {
    held.device.port.backend.as_str() == word.backend && word.covers(&held.device.port.id, &held.device.id)
}

/// The device as the sentences repeat it: an id that was left out is that of an unknown device.
fn typed(word: &DeviceWord) -> String {
    let id = word.device.as_deref().unwrap_or("0000:0000::?******");
    format!("{}:{}:{}", shown(&word.backend), shown(&word.port), shown(id))
}
