//! `unassign`: drop one stored assignment, or all of the class. What is attached stays attached, and is told.

use device_core::assignment::{Assignment, Attachment};
use device_core::hypervisor::{Action, Hypervisor};
use device_core::name::QubeName;

use super::aftermath::{self, Wish};
use super::pattern::{self, Absent};
use crate::errand::Manner;
use crate::failure::Failure;
use crate::json;
use crate::parse::Matches;
use crate::session::Session;

/// Unassigns; of several assignments the first that can't be dropped ends it.
///
/// # Errors
/// Whatever kept it from being done.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let frontend = session.errand.target(matches.operand(0).unwrap_or_default()).await?;
    let Some(word) = matches.operand(1) else {
        return unassign_all(session, &frontend).await;
    };
    let pattern = pattern::read(session, &frontend, word, matches, Absent::Unknown).await?;
    unassign(session, &pattern.assignment, &mut None).await
}

async fn unassign_all(session: &mut Session<'_>, frontend: &QubeName) -> Result<(), Failure> {
    let stored = match session.assigned(frontend).await {
        Ok(stored) => stored,
        Err(error) => return Err(session.errand.explain(frontend, error.into()).await),
    };
    let mut held = None;
    for assignment in &stored {
        if let Err(failure) = unassign(session, assignment, &mut held).await {
            return Err(aftermath::after_others(session, failure));
        }
    }
    Ok(())
}

/// Drops one; `held` is what the qube holds, read once when it is first needed.
async fn unassign(
    session: &mut Session<'_>,
    assignment: &Assignment,
    held: &mut Option<Vec<Attachment>>,
) -> Result<(), Failure> {
    let frontend = &assignment.frontend;
    if let Err(error) = session.errand.client.perform(&Action::Unassign(assignment.clone())).await {
        return Err(aftermath::failed(session, Wish::Unassigned(assignment), error).await);
    }
    session.errand.report(|| json::change("unassign", assignment))?;
    if session.errand.manner != Manner::Words {
        return Ok(());
    }
    if held.is_none() {
        *held = Some(session.attached(frontend).await.unwrap_or_default());
    }
    let held = held.as_deref().unwrap_or_default();
    let still = held.iter().filter(|held| assignment.covers(&held.device.port, &held.device.id));
    let program = session.errand.program.beside(session.class.as_str());
    let lines: Vec<_> =
        still.map(|held| format!("\t{program} detach {frontend} {}\n", held.device.port)).collect();
    if !lines.is_empty() {
        // The blank before the first line is part of what scripts have always seen.
        let text = format!("Unassigned. To detach you can now restart domain or run: \n {}", lines.concat());
        session.errand.console.out.write_all(text.as_bytes())?;
    }
    Ok(())
}
