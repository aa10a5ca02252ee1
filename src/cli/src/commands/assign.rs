//! `assign`: store that a device belongs to a qube, and tell what that does and doesn't do now.

use device_core::assignment::{Assignment, Mode};
use device_core::hypervisor::Hypervisor;
use device_core::interface::Interface;
use device_core::name::{DeviceClass, QubeName};
use device_core::rules::storing;

use super::aftermath;
use super::options::options;
use super::pattern::{self, Absent, Pattern};
use crate::errand::Manner;
use crate::failure::Failure;
use crate::grammar::Key;
use crate::json;
use crate::parse::Matches;
use crate::session::Session;

/// Assigns.
///
/// # Errors
/// Whatever kept it from being done.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let options = options(&session.class, matches)?;
    let frontend = session.errand.target(matches.operand(0).unwrap_or_default()).await?;
    let word = matches.operand(1).unwrap_or_default();
    let Pattern { mut assignment, present } =
        pattern::read(session, &frontend, word, matches, Absent::Refused).await?;
    assignment.mode = mode(matches);
    assignment.options = options;
    let against = storing::against_mode(&session.class, assignment.mode);
    if let Some(text) = against.or_else(|| storing::against_id(&assignment))
        && !session.is_older().await
    {
        return Err(session.errand.explain(&frontend, Failure::Refused(text)).await);
    }
    if let Err((_, failure)) = aftermath::assign(session, &assignment).await {
        return Err(failure);
    }
    session.errand.report(|| json::change("assign", &assignment))?;
    let pattern = Pattern { assignment, present };
    match session.errand.manner {
        Manner::Words => {
            warn_of_deny_list(session, &pattern).await?;
            hint_at_attach(session, &pattern).await
        }
        Manner::Quiet | Manner::Json => Ok(()),
    }
}

fn mode(matches: &Matches) -> Mode {
    match (matches.has(Key::Required), matches.has(Key::Ask)) {
        (true, _) => Mode::Required,
        (_, true) => Mode::AskToAttach,
        _ => Mode::AutoAttach,
    }
}

async fn warn_of_deny_list(session: &mut Session<'_>, pattern: &Pattern) -> Result<(), Failure> {
    let codes: Vec<&Interface> = pattern.present.iter().flat_map(|device| &device.interfaces).collect();
    // A server without deny lists, or one that keeps them from us, denies nothing that we could tell.
    let denied = session.errand.client.denied(&pattern.assignment.frontend).await.unwrap_or_default();
    if denied.iter().any(|denied| codes.iter().any(|code| code.matches(denied))) {
        write!(
            session.errand.console.out,
            "Warning: The assigned device is on the denied list.\n{:11}Auto-attach will work, \
             but make sure that the assignment is correct.\n",
            ""
        )?;
    }
    Ok(())
}

async fn hint_at_attach(session: &mut Session<'_>, pattern: &Pattern) -> Result<(), Failure> {
    let Assignment { frontend, class, options, .. } = &pattern.assignment;
    if *class == DeviceClass::Pci || !is_running(session, frontend).await? {
        return Ok(());
    }
    let held = if session.errand.client.names_holder(class) {
        Vec::new()
    } else {
        session.attached(frontend).await.unwrap_or_default()
    };
    let is_attached = |device: &device_core::device::DeviceInfo| {
        device.holder.as_ref() == Some(frontend) || held.iter().any(|held| held.device.port == device.port)
    };
    let options: Vec<_> = options.iter().map(|(key, value)| format!("-o {key}={value} ")).collect();
    let program = session.errand.program.beside(class.as_str());
    let lines: Vec<_> = pattern
        .present
        .iter()
        .filter(|device| !is_attached(device))
        .map(|device| format!("\t{program} attach {}{frontend} {}\n", options.concat(), device.port))
        .collect();
    if !lines.is_empty() {
        let text = format!("Assigned. To attach you can now restart domain or run: \n{}", lines.concat());
        session.errand.console.out.write_all(text.as_bytes())?;
    }
    Ok(())
}

async fn is_running(session: &mut Session<'_>, qube: &QubeName) -> Result<bool, Failure> {
    let qube = session.errand.find_qube(qube.as_str()).await?;
    Ok(qube.is_some_and(|qube| qube.state.is_running()))
}
