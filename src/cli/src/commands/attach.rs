//! `attach`: one device into one qube, checked before and after.
//!
//! Three calls: what is there now, the attach with the full id of exactly that, and a look at the port. The list of
//! qubes is read only to say what a refusal means.

use device_core::assignment::{Assignment, Mode, Options};
use device_core::hypervisor::{Action, Hypervisor};
use device_core::name::{DeviceClass, DeviceRef, QubeName};

use super::aftermath::{self, Wish};
use super::target;
use crate::failure::Failure;
use crate::grammar::Key;
use crate::parse::Matches;
use crate::session::Session;
use crate::shown::shown;

/// Attaches.
///
/// # Errors
/// Whatever kept it from being done, or made it another device than the one that was named.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let options = options(matches)?;
    let frontend = session.errand.target(matches.operand(0).unwrap_or_default()).await?;
    let word = target::device_word(session, Some(&frontend), matches.operand(1).unwrap_or_default()).await?;
    let device = target::present(session, Some(&frontend), &word).await?.to_ref();
    if matches.has(Key::Persistent) {
        return attach_and_require(session, &device, &frontend, options).await;
    }
    if session.class == DeviceClass::Pci {
        let text = "PCI devices cannot be attached manually, did you mean `qvm-pci assign --required ...`";
        return Err(session.errand.explain(&frontend, Failure::Refused(text.into())).await);
    }
    attach(session, &device, &frontend, options, Mode::Manual).await
}

/// The options of an attachment, as `-o` and `--ro` give them.
///
/// # Errors
/// When one of them is no option.
pub(super) fn options(matches: &Matches) -> Result<Options, Failure> {
    let mut options = Options::new();
    let mut old_word = None;
    for text in matches.values(Key::Option) {
        let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or_else(|| {
            Failure::Argument(format!("an option must be KEY=VALUE, got '{}'", shown(text)))
        })?;
        match key {
            "ro" => old_word = Some(value),
            _ => options.set(key, value),
        }
    }
    if let Some(value) = old_word {
        options.set("read-only", read_only(value)?);
    }
    if matches.has(Key::ReadOnly) {
        options.set("read-only", "yes");
    }
    Ok(options)
}

fn read_only(value: &str) -> Result<&'static str, Failure> {
    match value.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" => Ok("yes"),
        "no" | "false" | "0" => Ok("no"),
        _ => Err(Failure::Refused(format!("Unknown `read-only` option value: {}", shown(value)))),
    }
}

async fn attach(
    session: &mut Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: Options,
    mode: Mode,
) -> Result<(), Failure> {
    let assignment = Assignment {
        backend: device.port.backend.clone(),
        class: device.port.class.clone(),
        port: Some(device.port.id.clone()),
        device: Some(device.id.clone()),
        frontend: frontend.clone(),
        mode,
        options,
    };
    match session.errand.client.attach_as(&assignment).await {
        Ok(()) => verify(session, device, frontend).await,
        Err(error) => Err(aftermath::failed(session, Wish::Attached(&device.port, frontend), error).await),
    }
}

/// `--persistent`: attached now, and required from the next start on. That attaching fails is no failure: the qube
/// may be off. Assigning is checked first as far as it can be, so that a sure refusal leaves nothing attached.
async fn attach_and_require(
    session: &mut Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: Options,
) -> Result<(), Failure> {
    if !matches!(session.class, DeviceClass::Pci | DeviceClass::Block) {
        let text = "Only pci and block devices can be assigned as required.";
        return Err(session.errand.explain(frontend, Failure::Refused(text.into())).await);
    }
    let assignment = Assignment {
        backend: device.port.backend.clone(),
        class: device.port.class.clone(),
        port: Some(device.port.id.clone()),
        device: Some(device.id.clone()),
        frontend: frontend.clone(),
        mode: Mode::Required,
        options: options.clone(),
    };
    // The real server takes a PCI device only at the start of a qube.
    let is_attached = session.class != DeviceClass::Pci
        && attach(session, device, frontend, options, Mode::Required).await.is_ok();
    let Err(error) = session.errand.client.perform(&Action::Assign(assignment.clone())).await else {
        return Ok(());
    };
    if is_attached {
        let action = Action::Detach { device: device.clone(), frontend: frontend.clone() };
        if let Err(second) = session.errand.client.perform(&action).await {
            return Err(Failure::Refused(format!(
                "{} The device stays attached to {frontend}: {}",
                error.sentence(),
                second.sentence()
            )));
        }
    }
    Err(aftermath::failed(session, Wish::Assigned(&assignment), error).await)
}

/// Looks at the port again. Another device there than the one that was named is taken out again.
///
/// Two reads must agree before we contradict the server: the backend tells who holds the port, the holder tells what
/// it holds. A read that is refused contradicts nothing.
async fn verify(session: &Session<'_>, device: &DeviceRef, frontend: &QubeName) -> Result<(), Failure> {
    if !device.port.class.is_dom0_only()
        && let Ok(Some(present)) = session.exposed_on(&device.port).await
        && present.holder.as_ref() == Some(frontend)
    {
        if present.id == device.id {
            return Ok(());
        }
        let wrong = Action::Detach { device: present.to_ref(), frontend: frontend.clone() };
        let text = target::changed(device);
        return Err(Failure::Refused(match session.errand.client.perform(&wrong).await {
            Ok(_) => text,
            Err(error) => format!(
                "{text} The wrong one is attached to {frontend} and could not be detached: {}",
                error.sentence()
            ),
        }));
    }
    match session.attached_on(&device.port, frontend).await {
        Ok(None) => Err(Failure::Refused(format!(
            "qubesd reported success, but {} is not attached to {frontend}.",
            device.port
        ))),
        Ok(Some(_)) | Err(_) => Ok(()),
    }
}
