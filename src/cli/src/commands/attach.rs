//! `attach`: one device into one qube, checked before and after.
//!
//! Three calls: what is there now, the attach with the full id of exactly that, and a look at the port. The list of
//! qubes is read only to say what a refusal means.

use device_core::assignment::{Assignment, Mode};
use device_core::name::DeviceClass;

use super::exact::{attach, not_by_hand};
use super::options::options;
use super::{disposable, persistent, target, wait};
use crate::failure::Failure;
use crate::grammar::Key;
use crate::json;
use crate::parse::Matches;
use crate::session::Session;

/// Attaches.
///
/// # Errors
/// Whatever kept it from being done, or made it another device than the one that was named.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    if matches.has(Key::Disposable) {
        return disposable::run(session, matches).await;
    }
    let options = options(&session.class, matches)?;
    let frontend = session.errand.target(matches.operand(0).unwrap_or_default()).await?;
    let word = target::device_word(session, Some(&frontend), matches.operand(1).unwrap_or_default()).await?;
    if let Some(limit) = wait::limit(session, matches)? {
        wait::until_ready(session, Some(&frontend), &word, limit).await?;
    }
    let device = target::present(session, Some(&frontend), &word).await?.to_ref();
    if matches.has(Key::Persistent) {
        if session.class == DeviceClass::Pci && !session.is_older().await {
            let program = session.errand.program.beside("pci");
            session.errand.hint(&format!("{program} assign --required {frontend} {}", device.port));
        }
        return persistent::attach(session, &device, &frontend, options).await;
    }
    // Before R4.3 a PCI device was plugged into a qube that runs; the server says whether it can.
    if session.class == DeviceClass::Pci && !session.is_older().await {
        return Err(session.errand.explain(&frontend, not_by_hand()).await);
    }
    let assignment = Assignment::exactly(&device, &frontend, Mode::Manual, options);
    attach(session, &device, &assignment).await?;
    session.errand.report(|| json::change("attach", &assignment))
}
