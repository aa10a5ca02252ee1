//! The part of the machine that decides on one attach: the qube, the device, and what the device is related to.
//!
//! A small mirror for one question, read now and dropped behind the answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use device_core::assignment::Options;
use device_core::device::{Device, DeviceInfo, Presence};
use device_core::machine::{Change, Machine};
use device_core::name::{DeviceClass, QubeName};
use device_core::qube::{Qube, QubeClass, QubeDetails};
use device_core::scope::{Scope, ScopeReply};

use crate::errand::foreign_kind;
use crate::failure::Failure;
use crate::session::Session;

/// Reads what decides on an attach of something that `backend` exposes to `frontend`.
///
/// # Errors
/// When it can't be read.
pub(super) async fn read(
    session: &mut Session<'_>,
    backend: &QubeName,
    frontend: &QubeName,
) -> Result<Machine, Failure> {
    let mut machine = Machine::default();
    let details = details(session, frontend).await;
    let session_class = session.class.clone();
    for qube in session.errand.qubes().await? {
        let details = (qube.name == *frontend).then(|| details.clone()).flatten();
        // No menu offers dom0, but the server gives it disks, and a command line that names it is answered by the server.
        let class = match qube.class {
            QubeClass::Admin if session_class == DeviceClass::Block => QubeClass::Other,
            class => class,
        };
        let qube = Qube { name: qube.name.clone(), class, state: qube.state, details };
        machine.apply(Change::Qube(Arc::new(qube)));
    }
    // Disks lie on USB devices, and either may be in use.
    let mut classes = vec![session.class.clone()];
    for class in [DeviceClass::Usb, DeviceClass::Block] {
        if !session.class.is_dom0_only() && class != session.class {
            classes.push(class);
        }
    }
    let scopes = classes.into_iter().map(|class| Scope::Exposed(backend.clone(), class)).collect();
    for (scope, reply) in session.errand.read_all_with_holders(scopes).await {
        match reply {
            Ok(ScopeReply::Exposed(devices)) => {
                for info in devices {
                    machine.apply(Change::Device(Arc::new(held(info))));
                }
            }
            Ok(_) => return Err(foreign_kind().into()),
            Err(error) if scope.class() == Some(&session.class) => return Err(error.into()),
            // Without leave to read the other class nothing of it can speak against the attach.
            Err(_) => {}
        }
    }
    Ok(machine)
}

/// The device in the hands of whom its backend names.
fn held(info: DeviceInfo) -> Device {
    let attachments: BTreeMap<_, _> =
        info.holder.iter().map(|holder| (holder.clone(), Options::new())).collect();
    Device { info, presence: Presence::Present, attachments, assignments: Vec::new() }
}

/// Only the deny list is needed of them; one that can't be read speaks against nothing.
async fn details(session: &Session<'_>, qube: &QubeName) -> Option<QubeDetails> {
    let denied = session.errand.client.denied(qube).await.ok()?;
    Some(QubeDetails { denied, ..QubeDetails::default() })
}
