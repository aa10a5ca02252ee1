//! Commands: checked at commit, carried out, verified after.
//!
//! Each names the device that the person saw. Right before the call the device is read again; another id on the
//! port refuses. After the reply it is read once more; what is not as wished is undone and told.
//! The mirror is not touched here: it learns of the outcome as of any other change.

pub mod aftermath;
mod checks;
mod outcome;
pub mod settled;

use crate::assignment::Options;
use crate::error::{Error, ErrorKind};
use crate::hypervisor::{Action, Hypervisor, Performed};
use crate::machine::Machine;
use crate::mark::Mark;
use crate::name::{DeviceRef, QubeName};
use crate::patience::look_until;
use crate::text::ended;
use aftermath::Aftermath;
use checks::{
    Astray, Since, ask_rules, attached_exactly, find_attachment, look_attached, read_exposed, read_free,
    recognised, swapped, with_disposable,
};
use outcome::{disposables, is_unclear, perhaps_created, unknown, unread, with_sentence, without_effect};

/// Looks afresh whether `device` is the one that was seen, is free, and may go to `frontend`: all that [`attach`] looks at
/// before its call. For whoever has somebody else attach it, right before they say so.
///
/// # Errors
/// `NotFound` when nothing is on the port, `Changed` when another device is, `AlreadyAttached`, a
/// [`crate::rules::Refusal`] where there is a `machine` to ask them of, or why the port can't be read.
pub async fn check<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<(), Error> {
    look_before(hypervisor, machine, device, frontend, Since::Seen).await.map(drop)
}

/// As [`check`]; tells what the device is called now.
async fn look_before<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    frontend: &QubeName,
    since: Since,
) -> Result<DeviceRef, Error> {
    let (exposed, device) = read_free(hypervisor, device, since).await?;
    if let Some(machine) = machine {
        ask_rules(machine, exposed, &device, frontend, None)?;
    }
    Ok(device)
}

/// Attaches `device` to `frontend`.
///
/// With a `machine` the [`crate::rules`] are asked as well; a caller that mirrors nothing leaves them to the hypervisor.
///
/// # Errors
/// `Changed` when another device is on the port, `AlreadyAttached`, a [`crate::rules::Refusal`], or what the hypervisor answers.
pub async fn attach<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: &Options,
) -> Result<(), Error> {
    attach_since(Since::Seen, hypervisor, machine, device, frontend, options).await
}

async fn attach_since<H: Hypervisor>(
    since: Since,
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: &Options,
) -> Result<(), Error> {
    let device = &look_before(hypervisor, machine, device, frontend, since).await?;
    let action =
        Action::Attach { device: device.clone(), frontend: frontend.clone(), options: options.clone() };
    let done = hypervisor.perform(&action).await.map(drop);
    if let Err(error) = &done
        && !is_unclear(error)
    {
        return match swapped(hypervisor, device).await {
            Some(changed) => Err(changed),
            None => done,
        };
    }
    let look = || look_attached(hypervisor, device, frontend);
    let found = match &done {
        Ok(()) => look_until(look, |found| !matches!(found, Err(Astray::Absent))).await,
        Err(_) => look().await,
    };
    let Err(astray) = found else {
        return Ok(());
    };
    Err(match (astray, done) {
        (Astray::Taken(error), _) => error,
        (Astray::Absent, Ok(())) => {
            let text = format!("qubesd reported success, but {} is not attached to {frontend}.", device.port);
            Error::new(ErrorKind::Refused, text)
        }
        (Astray::Absent, Err(error)) => {
            without_effect(error, &format!("{} is not attached to {frontend} now.", device.port))
        }
        (Astray::Unread(error), Ok(())) => unread(device, &error),
        (Astray::Unread(_), Err(error)) => unknown(&error),
    })
}

/// Detaches `device` from `frontend`.
///
/// # Errors
/// `NotFound` when it is not attached there, `Changed` when another device is, `Busy` when two devices of one port
/// name are in that qube (the hypervisor might take the wrong one), or what the hypervisor answers.
pub async fn detach<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    frontend: &QubeName,
) -> Result<(), Error> {
    let device = &attached_exactly(hypervisor, device, frontend).await?.device;
    let action = Action::Detach { device: device.clone(), frontend: frontend.clone() };
    let done = hypervisor.perform(&action).await.map(drop);
    if done.as_ref().is_err_and(|error| !is_unclear(error)) {
        return done;
    }
    let look = || find_attachment(hypervisor, device, frontend);
    let found = match &done {
        Ok(()) => look_until(look, |found| !matches!(found, Ok(Some(_)))).await,
        Err(_) => look().await,
    };
    Err(match (found, done) {
        (Ok(None), _) => return Ok(()),
        (Ok(Some(_)), Ok(())) => {
            let text =
                format!("qubesd reported success, but {} is still attached to {frontend}.", device.port);
            Error::new(ErrorKind::Busy, text)
        }
        (Ok(Some(_)), Err(error)) => {
            without_effect(error, &format!("{} is still attached to {frontend}.", device.port))
        }
        (Err(error), Ok(())) => unread(device, &error),
        (Err(_), Err(error)) => unknown(&error),
    })
}

/// Moves `device` from where it is to `frontend`: detach, then attach; if that fails, it is put back.
///
/// # Errors
/// As [`attach`] and [`detach`]; after a failed attach the sentence tells where the device is now.
/// `Unsupported` for what several qubes can have at once: it would stay where it was to leave.
pub async fn move_to<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: &Options,
) -> Result<(), Error> {
    refuse_shareable(device)?;
    let exposed = read_exposed(hypervisor, device).await?;
    let Some(holder) = recognised(hypervisor, &exposed, device, Since::Seen).await?.holder else {
        return attach(hypervisor, machine, device, frontend, options).await;
    };
    if holder == *frontend {
        return Err(Error::already_attached(&device.port, &holder));
    }
    if let Some(machine) = machine {
        ask_rules(machine, exposed, device, frontend, Some(&holder))?;
    }
    let before = attached_exactly(hypervisor, device, &holder).await?;
    detach(hypervisor, device, &holder).await?;
    let again = Since::Detached;
    let Err(error) = attach_since(again, hypervisor, machine, device, frontend, options).await else {
        return Ok(());
    };
    let outcome = match attach_since(again, hypervisor, None, device, &holder, &before.options).await {
        Ok(()) => Aftermath::BackIn(holder).to_string(),
        Err(second) => format!("It was not put back into {holder}: {}", ended(second.sentence())),
    };
    Err(with_sentence(&error, &outcome))
}

/// What several qubes can have at once does not leave one by going to another.
fn refuse_shareable(device: &DeviceRef) -> Result<(), Error> {
    if device.port.class.is_shareable() {
        let text = "Several qubes can have this device. Detach it where it should not stay, then attach it.";
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    Ok(())
}

/// Attaches `device` to a new disposable based on `template`, and names it.
///
/// # Errors
/// As [`attach`]; on any failure the disposable is removed again. Where it is not clear whether one was created, the
/// sentence names what came meanwhile.
pub async fn attach_to_new_disposable<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    template: &QubeName,
    options: &Options,
) -> Result<QubeName, Error> {
    // Found out before anything is made: a device that can't go leaves no disposable behind.
    read_free(hypervisor, device, Since::Seen).await?;
    in_new_disposable(hypervisor, template, async |disposable| {
        let machine = machine.map(|machine| with_disposable(machine, disposable));
        attach(hypervisor, machine.as_ref(), device, disposable, options).await
    })
    .await
}

/// Moves `device` from where it is to a new disposable based on `template`, and names it. It leaves its qube once the
/// disposable runs, not before.
///
/// # Errors
/// As [`move_to`] and [`attach_to_new_disposable`].
pub async fn move_to_new_disposable<H: Hypervisor>(
    hypervisor: &H,
    machine: Option<&Machine>,
    device: &DeviceRef,
    template: &QubeName,
    options: &Options,
) -> Result<QubeName, Error> {
    refuse_shareable(device)?;
    recognised(hypervisor, &read_exposed(hypervisor, device).await?, device, Since::Seen).await?;
    in_new_disposable(hypervisor, template, async |disposable| {
        let machine = machine.map(|machine| with_disposable(machine, disposable));
        move_to(hypervisor, machine.as_ref(), device, disposable, options).await
    })
    .await
}

/// Makes a disposable, starts it, and has it given something; where that fails it is removed again.
async fn in_new_disposable<H: Hypervisor>(
    hypervisor: &H,
    template: &QubeName,
    give: impl AsyncFnOnce(&QubeName) -> Result<(), Error>,
) -> Result<QubeName, Error> {
    let before = disposables(hypervisor).await;
    let disposable = match hypervisor.perform(&Action::CreateDisposable(template.clone())).await {
        Ok(Performed::Created(disposable)) => disposable,
        Ok(Performed::Done) => {
            return Err(Error::new(ErrorKind::Internal, "A disposable was created without a name."));
        }
        Err(error) if is_unclear(&error) => return Err(perhaps_created(hypervisor, before, error).await),
        Err(error) => return Err(error),
    };
    let placed = async {
        perform(hypervisor, &Action::Start(disposable.clone())).await?;
        give(&disposable).await
    };
    match placed.await {
        Ok(()) => Ok(disposable),
        Err(error) => {
            let outcome = match hypervisor.perform(&Action::Discard(disposable.clone())).await {
                Ok(_) => Aftermath::DisposableRemoved(disposable).to_string(),
                Err(second) => {
                    let why = ended(second.sentence());
                    format!("The new disposable {disposable} could not be removed: {why}")
                }
            };
            Err(with_sentence(&error, &outcome))
        }
    }
}

/// Puts a mark on a device, or takes it away. The device need not be there: the mark lies with its backend.
///
/// # Errors
/// What the hypervisor answers.
pub async fn mark<H: Hypervisor>(
    hypervisor: &H,
    device: &DeviceRef,
    mark: Mark,
    is_set: bool,
) -> Result<(), Error> {
    perform(hypervisor, &Action::Mark { device: device.clone(), mark, is_set }).await
}

/// Carries out an action. A link that breaks meanwhile leaves the outcome open, and the sentence says so.
async fn perform<H: Hypervisor>(hypervisor: &H, action: &Action) -> Result<(), Error> {
    let done = hypervisor.perform(action).await.map(drop);
    done.map_err(|error| if error.leaves_open() { unknown(&error) } else { error })
}

#[cfg(test)]
mod tests;
