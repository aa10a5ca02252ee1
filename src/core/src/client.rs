//! The Admin API as typed calls: one method per kind of call, no cache, and no state but what the server was found
//! to be and whose turn it is to edit a list of marks.
//!
//! The only implementation of [`Hypervisor`] so far. Faults in a reply are logged and left out; they never fail the
//! rest of it.

mod changes;
mod denied;
mod details;
mod devices;
mod events;
mod framing;
mod generation;
mod older;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::assignment::{Assignment, Mode};
use crate::error::{Error, ErrorKind};
use crate::hypervisor::{Action, Hypervisor, Performed};
use crate::mark;
use crate::name::{DeviceClass, QubeName};
use crate::scope::{Scope, ScopeReply};
use crate::transport::Transport;
use crate::wire::listing::{self, Listing};
use crate::wire::request::Request;

pub use events::EventHints;
pub use generation::Generation;
use generation::Memory;

/// How long a read may take. The slowest honest one (a crowded machine under load) takes seconds; beyond this the
/// scope counts as unreadable and is tried again later.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// The feature of dom0 by which our simulator makes itself known; its value is the name of its world.
pub const SIMULATOR_FEATURE: &str = "plugboard-simulator";

/// A client of one Admin API.
#[derive(Debug, Clone)]
pub struct AdminClient {
    transport: Transport,
    memory: Memory,
    /// Held while a list of marks is read and written again.
    marking: Arc<Mutex<()>>,
    /// Whether holders are sought where no backend names them.
    seeks_holders: bool,
}

impl AdminClient {
    /// A client over this transport. Connects at each call.
    #[must_use]
    pub fn new(transport: Transport) -> Self {
        Self { transport, memory: Memory::default(), marking: Arc::default(), seeks_holders: true }
    }

    /// The same client, for whom a device has a holder only if its backend names one: on an older server that saves a
    /// call to every qube that runs, for each backend.
    #[must_use]
    pub fn as_told(&self) -> Self {
        Self { seeks_holders: false, ..self.clone() }
    }

    /// The way this client goes.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The world's name if the other side is a simulator.
    ///
    /// # Errors
    /// Only when the other side can't be reached; a refusal means "no simulator".
    pub async fn simulated_world(&self) -> Result<Option<String>, Error> {
        let dom0 = QubeName::dom0();
        match self.read_call(Request::new("admin.vm.feature.Get", SIMULATOR_FEATURE, dom0.as_str())).await {
            Ok(world) => Ok(Some(text(&world))),
            Err(error) if matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Timeout) => Err(error),
            Err(_) => Ok(None),
        }
    }

    async fn list<T>(
        &self,
        request: Request,
        parse: impl FnOnce(&[u8]) -> Listing<T>,
    ) -> Result<Vec<T>, Error> {
        let method = request.method.clone();
        let data = self.read_call(request).await?;
        // Each line ends in a newline: a reply without the last one was cut off on its way.
        if data.last().is_some_and(|last| *last != b'\n') {
            return Err(Error::new(ErrorKind::Malformed, "The reply of qubesd was cut off."));
        }
        let (items, faults) = parse(&data);
        // One line, however many there are: a backend that writes rubbish must not fill the log.
        if let Some(first) = faults.first() {
            tracing::warn!(method, parts = faults.len(), %first, "left out parts of a reply");
        }
        Ok(items)
    }
}

impl Hypervisor for AdminClient {
    type Hints = EventHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        Ok(match scope {
            Scope::Classes => {
                let request = Request::new("admin.deviceclass.List", "", "dom0");
                ScopeReply::Classes(self.list(request, listing::classes).await?)
            }
            Scope::Qubes => ScopeReply::Qubes(self.qubes().await?),
            Scope::Exposed(qube, class) => ScopeReply::Exposed(self.exposed(qube, class).await?),
            Scope::Attached(qube, class) => ScopeReply::Attached(self.attached(qube, class).await?),
            Scope::Assigned(qube, class) => ScopeReply::Assigned(self.assigned(qube, class).await?),
            Scope::Details(qube) => ScopeReply::Details(self.details(qube).await?),
            Scope::Marked(qube, mark) => ScopeReply::Marked(mark::listed(
                &self.feature(qube, mark.feature()).await?.unwrap_or_default(),
            )),
        })
    }

    fn names_holder(&self, class: &DeviceClass) -> bool {
        class.names_holder() && self.memory.generation() != Some(Generation::Older)
    }

    async fn subscribe(&self) -> Result<EventHints, Error> {
        // Another server may be there than before.
        self.memory.forget();
        self.listen().await
    }

    async fn perform(&self, action: &Action) -> Result<Performed, Error> {
        match action {
            Action::Attach { device, frontend, options } => {
                self.attach_as(&Assignment::exactly(device, frontend, Mode::Manual, options.clone())).await?;
            }
            Action::Detach { device, frontend } => self.detach(device, frontend).await?,
            Action::Assign(assignment) => self.assign(assignment).await?,
            Action::Unassign(assignment) => self.unassign(assignment).await?,
            Action::SetMode(assignment, mode) => self.set_mode(assignment, *mode).await?,
            Action::Start(qube) => self.plain_call("admin.vm.Start", qube).await?,
            Action::Mark { device, mark, is_set } => Box::pin(self.set_mark(device, *mark, *is_set)).await?,
            Action::Shutdown(qube) => self.plain_call("admin.vm.Shutdown", qube).await?,
            Action::Discard(qube) => self.discard(qube).await?,
            Action::CreateDisposable(template) => {
                let request = Request::new("admin.vm.CreateDisposable", "", template.as_str());
                let name = self.call(&request).await?;
                let name = QubeName::new(text(&name).trim()).map_err(|error| {
                    Error::new(
                        ErrorKind::Malformed,
                        format!("qubesd named the new disposable badly: {error}."),
                    )
                })?;
                return Ok(Performed::Created(name));
            }
        }
        Ok(Performed::Done)
    }
}

impl AdminClient {
    async fn plain_call(&self, method: &str, qube: &QubeName) -> Result<(), Error> {
        self.call(&Request::new(method, "", qube.as_str())).await.map(drop)
    }

    /// Ends a disposable at once. One that runs is removed by the server after the kill, one that never ran by us.
    async fn discard(&self, qube: &QubeName) -> Result<(), Error> {
        match self.plain_call("admin.vm.Kill", qube).await {
            Err(error) if error.kind() == ErrorKind::NotRunning => {
                self.plain_call("admin.vm.Remove", qube).await
            }
            outcome => outcome,
        }
    }
}

async fn within_read_timeout<T>(read: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(READ_TIMEOUT, read).await.unwrap_or_else(|_| {
        let sentence = format!("qubesd did not answer within {} s.", READ_TIMEOUT.as_secs());
        Err(Error::new(ErrorKind::Timeout, sentence))
    })
}

/// Whether a call was refused as one is that the server does not know, or that a policy keeps from us.
fn is_refusal_without_words(error: &Error) -> bool {
    *error == Error::empty_reply()
        || error.kind() == ErrorKind::Denied
        || error.server().is_some_and(|server| server.class == "ProtocolError")
}

fn is_about_the_link(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::Timeout)
}

/// A refusal to tell one value means that there is none for us; trouble with the link stays trouble.
fn absent_unless_link(reply: Result<Vec<u8>, Error>) -> Result<Option<Vec<u8>>, Error> {
    match reply {
        Ok(data) => Ok(Some(data)),
        Err(error) if is_about_the_link(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

#[cfg(test)]
mod tests;
