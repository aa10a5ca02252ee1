//! What is stored on the server for qubes, read as `export` writes it.

use std::collections::BTreeMap;

use device_core::error::{Error, ErrorKind};
use device_core::hypervisor::Hypervisor;
use device_core::name::{DeviceClass, QubeName};
use device_core::scope::{Scope, ScopeReply};

use crate::document::Shelf;
use crate::errand::{Errand, foreign_kind};
use crate::failure::{Failure, is_no_access};

/// Whether deny lists are read as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denials {
    /// They are; a server without them has none to read.
    Read,
    /// They are not.
    Left,
}

/// What is stored for these qubes of these classes.
///
/// # Errors
/// When any of it can't be read: half of it would look like the whole.
pub async fn read(
    errand: &Errand<'_>,
    qubes: &[QubeName],
    classes: &[DeviceClass],
    denials: Denials,
) -> Result<BTreeMap<QubeName, Shelf>, Failure> {
    let mut shelves: BTreeMap<_, _> = qubes.iter().map(|qube| (qube.clone(), Shelf::default())).collect();
    let pairs = qubes.iter().flat_map(|qube| classes.iter().map(move |class| (qube.clone(), class.clone())));
    let scopes = pairs.map(|(qube, class)| Scope::Assigned(qube, class)).collect();
    for (scope, reply) in errand.read_all(scopes).await {
        let stored = match reply {
            Ok(ScopeReply::Assigned(stored)) => stored,
            Ok(_) => return Err(foreign_kind().into()),
            Err(error) => return Err(unreadable(&scope, &error)),
        };
        if let Some(shelf) = scope.qube().and_then(|qube| shelves.get_mut(qube)) {
            shelf.assignments.extend(stored);
        }
    }
    if denials == Denials::Read {
        for (qube, shelf) in &mut shelves {
            shelf.denied = match errand.client.denied(qube).await {
                Ok(codes) => Some(codes.into_iter().collect()),
                // A server from before deny lists, or a policy that keeps them from us.
                Err(error) if is_no_access(&error) || error.kind() == ErrorKind::Unsupported => None,
                Err(error) => return Err(error.into()),
            };
        }
    }
    for shelf in shelves.values_mut() {
        shelf.assignments.sort();
    }
    Ok(shelves)
}

/// The classes of the server, or the one that was named.
///
/// # Errors
/// When they can't be read.
pub async fn classes(errand: &Errand<'_>, only: Option<&DeviceClass>) -> Result<Vec<DeviceClass>, Failure> {
    if let Some(class) = only {
        return Ok(vec![class.clone()]);
    }
    match errand.client.read(&Scope::Classes).await? {
        ScopeReply::Classes(classes) => Ok(classes),
        _ => Err(foreign_kind().into()),
    }
}

fn unreadable(scope: &Scope, error: &Error) -> Failure {
    let qube = scope.qube().map(QubeName::as_str).unwrap_or_default();
    let class = scope.class().map(DeviceClass::as_str).unwrap_or_default();
    Failure::Refused(format!("The {class} assignments of {qube} can't be read: {}", error.sentence()))
}
