//! The way to the server, with a note of every change: what was done, and what was asked for and not yet answered.
//!
//! A run that is cut short (Ctrl-C, `--timeout`, a link that breaks) can so tell what is known to have happened.
//! Reads pass through without a note.

use std::sync::{Arc, Mutex, PoisonError};

use device_core::assignment::{Assignment, Attachment};
use device_core::client::{AdminClient, EventHints, Generation};
use device_core::device::DeviceInfo;
use device_core::error::Error;
use device_core::hypervisor::{Action, Hypervisor, Performed};
use device_core::interface::Interface;
use device_core::name::{DeviceClass, Port, QubeName};
use device_core::qube::Label;
use device_core::scope::{Scope, ScopeReply};

/// A client that remembers. Its clones share one memory.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: AdminClient,
    entries: Arc<Mutex<Entries>>,
}

#[derive(Debug, Default)]
struct Entries {
    done: Vec<String>,
    open: Option<String>,
}

impl Entries {
    fn done(&self) -> impl Iterator<Item = String> + '_ {
        self.done.iter().map(|done| format!("{done}."))
    }
}

impl Ledger {
    /// An empty one over this client.
    #[must_use]
    pub fn new(client: AdminClient) -> Self {
        Self { client, entries: Arc::default() }
    }

    /// The same ledger over a client that seeks no holders where backends name none.
    #[must_use]
    pub fn as_told(&self) -> Self {
        Self { client: self.client.as_told(), entries: Arc::clone(&self.entries) }
    }

    /// What is known to have happened so far, in sentences.
    #[must_use]
    pub fn known(&self) -> String {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let open = entries.open.iter().map(|open| format!("Whether {open} is not known; look again."));
        match entries.done().chain(open).collect::<Vec<_>>() {
            sentences if sentences.is_empty() => "Nothing was changed.".to_owned(),
            sentences => sentences.join(" "),
        }
    }

    /// What was done so far, in sentences; `None` = nothing.
    #[must_use]
    pub fn done(&self) -> Option<String> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let sentences: Vec<_> = entries.done().collect();
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// Strikes out the last change: a look showed that it was not made, whatever the server said.
    pub fn withdraw(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).done.pop();
    }

    /// Attaches as `assignment` says, its mode included.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn attach_as(&self, assignment: &Assignment) -> Result<(), Error> {
        let what = format!("{} was attached to {}", place(assignment), assignment.frontend);
        self.noted(what, self.client.attach_as(assignment)).await
    }

    /// Which generation the server is of, if anything told it yet.
    #[must_use]
    pub fn known_generation(&self) -> Option<Generation> {
        self.client.known_generation()
    }

    /// Why the server can't carry out `action`, as far as its generation alone tells.
    #[must_use]
    pub fn beyond_its_generation(&self, action: &Action) -> Option<Error> {
        self.client.beyond_its_generation(action)
    }

    /// What is on one port now.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn exposed_on(&self, port: &Port) -> Result<Option<DeviceInfo>, Error> {
        self.client.exposed_on(port).await
    }

    /// What `frontend` holds of this port.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn attached_on(&self, port: &Port, frontend: &QubeName) -> Result<Option<Attachment>, Error> {
        self.client.attached_on(port, frontend).await
    }

    /// Whether `frontend` holds what is on this port now.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn is_attached(&self, port: &Port, frontend: &QubeName) -> Result<bool, Error> {
        self.client.is_attached(port, frontend).await
    }

    /// The label of a qube.
    ///
    /// # Errors
    /// Trouble with the link.
    pub async fn label_of(&self, qube: &QubeName) -> Result<Option<Label>, Error> {
        self.client.label_of(qube).await
    }

    /// Whether disposables can be based on a qube; `None` = it is kept from us.
    ///
    /// # Errors
    /// Trouble with the link.
    pub async fn is_disposable_template(&self, qube: &QubeName) -> Result<Option<bool>, Error> {
        self.client.is_disposable_template(qube).await
    }

    /// What `qube` must not be given.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn denied(&self, qube: &QubeName) -> Result<Vec<Interface>, Error> {
        self.client.denied(qube).await
    }

    /// Adds to the deny list of `qube`.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn deny(&self, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        let what = format!("{} put on the deny list of {qube}", were(codes));
        self.noted(what, self.client.deny(qube, codes)).await
    }

    /// Takes from the deny list of `qube`.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn allow(&self, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        let what = format!("{} taken off the deny list of {qube}", were(codes));
        self.noted(what, self.client.allow(qube, codes)).await
    }

    /// Notes what is asked for before the call, and what came of it behind.
    async fn noted<T>(&self, what: String, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).open = Some(what);
        let outcome = call.await;
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Ok(_) => {
                let done = entries.open.take();
                entries.done.extend(done);
            }
            Err(error) if is_open(error) => {}
            Err(_) => entries.open = None,
        }
        outcome
    }
}

impl Hypervisor for Ledger {
    type Hints = EventHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        self.client.read(scope).await
    }

    fn names_holder(&self, class: &DeviceClass) -> bool {
        self.client.names_holder(class)
    }

    async fn subscribe(&self) -> Result<EventHints, Error> {
        self.client.subscribe().await
    }

    async fn perform(&self, action: &Action) -> Result<Performed, Error> {
        let outcome = self.noted(told(action), self.client.perform(action)).await;
        if let Ok(Performed::Created(name)) = &outcome {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.done.pop();
            entries.done.push(format!("{name}, a new disposable, was created"));
        }
        outcome
    }
}

/// Whether a change that failed so may have been made all the same.
#[must_use]
pub fn is_open(error: &Error) -> bool {
    error.leaves_open()
}

/// The action as something that happened.
fn told(action: &Action) -> String {
    match action {
        Action::Attach { device, frontend, .. } => format!("{} was attached to {frontend}", device.port),
        Action::Detach { device, frontend } => format!("{} was detached from {frontend}", device.port),
        Action::Assign(assignment) => {
            format!("{} was assigned to {}", place(assignment), assignment.frontend)
        }
        Action::Unassign(assignment) => {
            format!("{} was unassigned from {}", place(assignment), assignment.frontend)
        }
        Action::SetMode(assignment, mode) => {
            format!("{} was assigned to {} as {mode}", place(assignment), assignment.frontend)
        }
        Action::Mark { device, .. } => format!("{} was marked", device.port),
        Action::Start(qube) => format!("{qube} was started"),
        Action::Shutdown(qube) => format!("{qube} was asked to shut down"),
        Action::Discard(qube) => format!("{qube} was removed"),
        Action::CreateDisposable(_) => "a new disposable was created".to_owned(),
    }
}

/// Backend and port of an assignment; the device where any port is meant.
fn place(assignment: &Assignment) -> String {
    match (&assignment.port, &assignment.device) {
        (Some(port), _) => format!("{}:{port}", assignment.backend),
        (None, Some(device)) => format!("{}:*:{device}", assignment.backend),
        (None, None) => format!("{}:*", assignment.backend),
    }
}

/// The codes, as what something was done with.
fn were(codes: &[Interface]) -> String {
    let named = codes.iter().map(Interface::as_str).collect::<Vec<_>>().join(" ");
    format!("{named} {}", if codes.len() == 1 { "was" } else { "were" })
}
