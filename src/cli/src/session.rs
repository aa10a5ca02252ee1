//! One run against one Admin API: the client, the class, and where the words go.
//!
//! Reads go through here so that the list of qubes is asked for at most once, and only when it is needed: an attach
//! whose names are all good never asks.

use std::io::Write;

use device_core::assignment::{Assignment, Attachment};
use device_core::client::AdminClient;
use device_core::device::DeviceInfo;
use device_core::error::{Error, ErrorKind};
use device_core::hypervisor::Hypervisor;
use device_core::name::{DeviceClass, Port, QubeName};
use device_core::qube::QubeState;
use device_core::scope::{Scope, ScopeReply};
use device_core::wire::listing;
use device_core::wire::request::Request;
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::glob;
use crate::parse::usage_error;
use crate::shown::shown;
use crate::usage::Program;

/// How many reads are on their way at once. The server does one thing at a time; more would only wait there, one
/// less would leave it idle while we read a reply.
const READS_AT_ONCE: usize = 4;

/// Where the words go.
pub struct Console<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Complaints and progress.
    pub err: &'a mut dyn Write,
    /// Whether a person looks at the results.
    pub is_terminal: bool,
}

/// A run.
pub struct Session<'a> {
    /// The way to the server.
    pub client: AdminClient,
    /// The class that the command line names.
    pub class: DeviceClass,
    /// The name we were called by.
    pub program: Program,
    /// Whether hints are unwanted.
    pub is_quiet: bool,
    /// Where the words go.
    pub console: Console<'a>,
    qubes: Option<Vec<QubeState>>,
}

impl<'a> Session<'a> {
    /// A run that has read nothing yet.
    #[must_use]
    pub fn new(
        client: AdminClient,
        class: DeviceClass,
        program: Program,
        is_quiet: bool,
        console: Console<'a>,
    ) -> Self {
        Self { client, class, program, is_quiet, console, qubes: None }
    }

    /// Every qube, in the server's order of names.
    pub async fn qubes(&mut self) -> Result<&[QubeState], Failure> {
        if self.qubes.is_none() {
            let ScopeReply::Qubes(mut qubes) = self.client.read(&Scope::Qubes).await? else {
                return Err(foreign_reply());
            };
            qubes.sort_by(|a, b| a.name.cmp(&b.name));
            self.qubes = Some(qubes);
        }
        Ok(self.qubes.as_deref().unwrap_or_default())
    }

    /// The qube of this name, if there is one.
    pub async fn find_qube(&mut self, name: &str) -> Result<Option<QubeState>, Failure> {
        let qubes = self.qubes().await?;
        Ok(qubes.iter().find(|qube| qube.name.as_str() == name).cloned())
    }

    /// Every qube that `word` means: one by name, or any number by wildcard.
    ///
    /// # Errors
    /// A usage error for a name that no qube has.
    pub async fn qubes_named(&mut self, word: &str) -> Result<Vec<QubeState>, Failure> {
        if glob::is_pattern(word) {
            let qubes = self.qubes().await?;
            let found = qubes.iter().filter(|qube| glob::matches(word, qube.name.as_str()));
            return Ok(found.cloned().collect());
        }
        match self.find_qube(word).await? {
            Some(qube) => Ok(vec![qube]),
            None => Err(self.no_such_qube(word)),
        }
    }

    /// The one qube that a command works on: the first that `word` means.
    ///
    /// A plain name is not looked up: the server refuses it if it must, and [`Session::explain`] tells why.
    pub async fn target(&mut self, word: &str) -> Result<QubeName, Failure> {
        if !glob::is_pattern(word)
            && let Ok(name) = QubeName::new(word)
        {
            return Ok(name);
        }
        let found = self.qubes_named(word).await?;
        let first = found.into_iter().next();
        Ok(first.ok_or_else(|| self.no_such_qube(word))?.name)
    }

    /// The sentence for a qube that does not exist.
    #[must_use]
    pub fn no_such_qube(&self, word: &str) -> Failure {
        self.usage(&format!("no such domain: '{}'", shown(word)))
    }

    /// A usage error in the program's own name.
    #[must_use]
    pub fn usage(&self, message: &str) -> Failure {
        usage_error(&self.program, None, message).into()
    }

    /// What a refused call really means: the qube that is worked on may not exist, which counts before all else.
    pub async fn explain(&mut self, qube: &QubeName, failure: Failure) -> Failure {
        match self.find_qube(qube.as_str()).await {
            Ok(None) => self.no_such_qube(qube.as_str()),
            Ok(Some(_)) => failure,
            Err(unreachable) => unreachable,
        }
    }

    /// What `backend` exposes of the class.
    pub async fn exposed(&self, backend: &QubeName) -> Result<Vec<DeviceInfo>, Error> {
        let scope = Scope::Exposed(backend.clone(), self.class.clone());
        match self.client.read(&scope).await? {
            ScopeReply::Exposed(devices) => Ok(devices),
            _ => Err(foreign_kind()),
        }
    }

    /// What is on one port now.
    pub async fn exposed_on(&self, port: &Port) -> Result<Option<DeviceInfo>, Error> {
        let method = format!("admin.vm.device.{}.Available", port.class);
        let request = Request::new(method, port.id.as_str(), port.backend.as_str());
        let data = self.client.call(&request).await?;
        let (devices, _) = listing::exposed(&data, &port.backend, &port.class);
        Ok(devices.into_iter().find(|device| device.port == *port))
    }

    /// What `frontend` holds of the class.
    pub async fn attached(&self, frontend: &QubeName) -> Result<Vec<Attachment>, Error> {
        let scope = Scope::Attached(frontend.clone(), self.class.clone());
        match self.client.read(&scope).await? {
            ScopeReply::Attached(attachments) => Ok(attachments),
            _ => Err(foreign_kind()),
        }
    }

    /// Whether `frontend` holds what is on this port now.
    pub async fn attached_on(&self, port: &Port, frontend: &QubeName) -> Result<Option<Attachment>, Error> {
        let method = format!("admin.vm.device.{}.Attached", port.class);
        let argument = format!("{}+{}", port.backend, port.id);
        let data = self.client.call(&Request::new(method, argument, frontend.as_str())).await?;
        let (attachments, _) = listing::attached(&data, frontend, &port.class);
        Ok(attachments.into_iter().find(|found| found.device.port == *port))
    }

    /// What is stored for `frontend`.
    pub async fn assigned(&self, frontend: &QubeName) -> Result<Vec<Assignment>, Error> {
        let scope = Scope::Assigned(frontend.clone(), self.class.clone());
        match self.client.read(&scope).await? {
            ScopeReply::Assigned(assignments) => Ok(assignments),
            _ => Err(foreign_kind()),
        }
    }

    /// Reads many scopes, a few at a time; the replies come in the order of the scopes.
    pub async fn read_all(&self, scopes: Vec<Scope>) -> Vec<(Scope, Result<ScopeReply, Error>)> {
        let mut replies: Vec<_> = scopes.iter().map(|_| None).collect();
        let mut waiting = scopes.iter().cloned().enumerate();
        let mut reading = JoinSet::new();
        loop {
            while reading.len() < READS_AT_ONCE
                && let Some((place, scope)) = waiting.next()
            {
                let client = self.client.clone();
                reading.spawn(async move { (place, client.read(&scope).await) });
            }
            match reading.join_next().await {
                Some(Ok((place, reply))) => {
                    if let Some(slot) = replies.get_mut(place) {
                        *slot = Some(reply);
                    }
                }
                Some(Err(_)) => {}
                None => break,
            }
        }
        let lost = || Error::new(ErrorKind::Internal, "A read ended without a reply.");
        scopes
            .into_iter()
            .zip(replies)
            .map(|(scope, reply)| (scope, reply.unwrap_or_else(|| Err(lost()))))
            .collect()
    }
}

fn foreign_kind() -> Error {
    Error::new(ErrorKind::Internal, "A reply of another kind than its scope was given.")
}

fn foreign_reply() -> Failure {
    foreign_kind().into()
}
