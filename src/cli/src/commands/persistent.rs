//! `attach --persistent`: attached now, and required from the next start on.

use device_core::assignment::{Assignment, Mode, Options};
use device_core::hypervisor::{Action, Hypervisor};
use device_core::name::{DeviceClass, DeviceRef, QubeName};

use super::aftermath::{self, Wish};
use super::exact;
use crate::failure::Failure;
use crate::json;
use crate::session::Session;
use crate::shown::ended;

/// Attaches and assigns. That attaching fails is no failure: the qube
/// may be off. A server before R4.3 does both in one. Assigning is checked first as far as it can be, so that a sure refusal leaves nothing attached.
///
/// # Errors
/// When it could not be assigned: then it is not attached either, or the sentence says so.
pub(super) async fn attach(
    session: &mut Session<'_>,
    device: &DeviceRef,
    frontend: &QubeName,
    options: Options,
) -> Result<(), Failure> {
    if session.is_older().await {
        let assignment = Assignment::exactly(device, frontend, Mode::Required, options);
        exact::attach(session, device, &assignment).await?;
        return session.errand.report(|| json::change("attach", &assignment));
    }
    if !matches!(session.class, DeviceClass::Pci | DeviceClass::Block) {
        let text = "Only pci and block devices can be assigned as required.";
        return Err(session.errand.explain(frontend, Failure::Refused(text.into())).await);
    }
    let assignment = Assignment::exactly(device, frontend, Mode::Required, options);
    // The real server takes a PCI device only at the start of a qube.
    let is_attached =
        session.class != DeviceClass::Pci && exact::attach(session, device, &assignment).await.is_ok();
    let Err(error) = session.errand.client.perform(&Action::Assign(assignment.clone())).await else {
        if is_attached {
            session.errand.report(|| json::change("attach", &assignment))?;
        }
        return session.errand.report(|| json::change("assign", &assignment));
    };
    if is_attached {
        let action = Action::Detach { device: device.clone(), frontend: frontend.clone() };
        if let Err(second) = session.errand.client.perform(&action).await {
            return Err(Failure::Refused(format!(
                "{} The device stays attached to {frontend}: {}",
                ended(error.sentence()),
                ended(second.sentence())
            )));
        }
    }
    Err(aftermath::failed(session, Wish::Assigned(&assignment), error).await)
}
