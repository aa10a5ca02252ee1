//! Changes on a server before R4.3: to store is to attach for good, and only a port can be named.
//!
//! # Source
//! Admin API facts 2.5.

use super::AdminClient;
use super::generation::Generation;
use crate::assignment::{Assignment, Mode, Options};
use crate::error::{Error, ErrorKind};
use crate::hypervisor::Action;
use crate::name::{DeviceId, Port, QubeName};
use crate::wire::listing::older;
use crate::wire::request::Request;

impl AdminClient {
    /// Why the server can't carry out `action`, as far as its generation alone tells. Asks nothing.
    #[must_use]
    pub fn beyond_its_generation(&self, action: &Action) -> Option<Error> {
        if self.memory.generation() != Some(Generation::Older) {
            return None;
        }
        match action {
            Action::Attach { options, .. } => payload(options, false).err(),
            Action::Assign(assignment) => {
                stored_port(assignment).and_then(|_| payload(&assignment.options, true)).err()
            }
            Action::Unassign(assignment) => exact_port(assignment).err(),
            Action::SetMode(_, mode) => mode_of(*mode).err(),
            Action::Detach { .. }
            | Action::Mark { .. }
            | Action::Start(_)
            | Action::Shutdown(_)
            | Action::Discard(_)
            | Action::CreateDisposable(_) => None,
        }
    }

    /// Attaches, and stores it if it is `Required`.
    pub(super) async fn older_attach(&self, assignment: &Assignment) -> Result<(), Error> {
        let port = exact_port(assignment)?;
        let is_persistent = match assignment.mode {
            Mode::Manual => false,
            mode => mode_of(mode).map(|()| true)?,
        };
        let payload = payload(&assignment.options, is_persistent)?;
        self.older_call("Attach", &port, &assignment.frontend, &payload).await
    }

    pub(super) async fn older_detach(&self, port: &Port, frontend: &QubeName) -> Result<(), Error> {
        self.older_call("Detach", port, frontend, "").await
    }

    /// Stores what is on a port: of a qube that runs only what is attached, as storing must attach nothing.
    pub(super) async fn older_assign(&self, assignment: &Assignment) -> Result<(), Error> {
        let port = stored_port(assignment)?;
        let payload = payload(&assignment.options, true)?;
        let frontend = &assignment.frontend;
        if self.is_stored(&port, frontend).await? {
            let text = format!("{} device {port} is assigned to {frontend} already.", port.class);
            return Err(Error::new(ErrorKind::Refused, text));
        }
        match self.older_call("Set.persistent", &port, frontend, "True").await {
            Err(error) if is_not_started(&error) => {
                self.older_call("Attach", &port, frontend, &payload).await
            }
            Err(error) if error.server().is_some_and(|server| server.class == "QubesValueError") => {
                Err(Error::new(
                    ErrorKind::Unsupported,
                    format!(
                        "This version of Qubes OS can't assign a device to a qube that runs without attaching it. \
                         Attach it persistently, or shut {frontend} down first."
                    ),
                ))
            }
            outcome => outcome,
        }
    }

    /// Makes an attachment last no longer; of a qube that is off it goes as a whole.
    pub(super) async fn older_unassign(&self, assignment: &Assignment) -> Result<(), Error> {
        let port = exact_port(assignment)?;
        let frontend = &assignment.frontend;
        if !self.is_stored(&port, frontend).await? {
            let text = format!("{} device {port} is not assigned to {frontend}.", port.class);
            return Err(Error::new(ErrorKind::NotFound, text));
        }
        match self.older_call("Set.persistent", &port, frontend, "False").await {
            Err(error) if is_not_started(&error) => self.older_call("Detach", &port, frontend, "").await,
            outcome => outcome,
        }
    }

    /// The one mode that there is needs no change.
    pub(super) fn older_set_mode(mode: Mode) -> Result<(), Error> {
        mode_of(mode)
    }

    async fn is_stored(&self, port: &Port, frontend: &QubeName) -> Result<bool, Error> {
        let held = self.attached_on(port, frontend).await?;
        Ok(held.is_some_and(|held| held.mode == Mode::Required))
    }

    async fn older_call(
        &self,
        verb: &str,
        port: &Port,
        frontend: &QubeName,
        payload: &str,
    ) -> Result<(), Error> {
        let method = format!("admin.vm.device.{}.{verb}", port.class);
        let argument = format!("{}+{}", port.backend, port.id);
        let request = Request::new(method, argument, frontend.as_str()).with_payload(payload);
        self.call(&request).await.map(drop)
    }
}

/// The refusal of what came with R4.3.
pub(super) fn unsupported(what: &str) -> Error {
    let text = format!("This version of Qubes OS knows no {what}. Nothing was changed.");
    Error::new(ErrorKind::Unsupported, text)
}

/// A device by its id can't be told from another one on its port.
fn exact_port(assignment: &Assignment) -> Result<Port, Error> {
    let is_named = |id: &DeviceId| id.is_told() && *id != DeviceId::unknown();
    if assignment.device.as_ref().is_some_and(is_named) {
        return Err(unsupported("device ids"));
    }
    let Some(port) = assignment.port.clone() else {
        return Err(unsupported("assignment to any port"));
    };
    Ok(Port::new(assignment.backend.clone(), assignment.class.clone(), port))
}

fn stored_port(assignment: &Assignment) -> Result<Port, Error> {
    mode_of(assignment.mode)?;
    exact_port(assignment)
}

fn mode_of(mode: Mode) -> Result<(), Error> {
    match mode {
        Mode::Required => Ok(()),
        Mode::AskToAttach => Err(unsupported("assignment that asks")),
        Mode::AutoAttach | Mode::Manual => Err(unsupported("assignment but a required one")),
    }
}

fn payload(options: &Options, is_persistent: bool) -> Result<String, Error> {
    older::write_options(options, is_persistent).map_err(|key| {
        let text =
            format!("This version of Qubes OS can't take the option '{key}' as it is. Nothing was changed.");
        Error::new(ErrorKind::Refused, text)
    })
}

fn is_not_started(error: &Error) -> bool {
    error.server().is_some_and(|server| server.class == "QubesVMNotStartedError")
}
