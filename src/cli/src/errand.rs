//! One run of the program: the way to the server, who there is, and where the words go.
//!
//! The list of qubes is asked for at most once, and only when it is needed: an attach whose names are all good never
//! asks.

use std::io::Write;

use device_core::client::Generation;
use device_core::error::{Error, ErrorKind};
use device_core::hypervisor::Hypervisor;
use device_core::name::QubeName;
use device_core::qube::QubeState;
use device_core::scope::{Scope, ScopeReply};
use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::glob;
use crate::grammar::Key;
use crate::ledger::Ledger;
use crate::older::Hint;
use crate::parse::{Matches, usage_error};
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
    /// Whether a person looks at the complaints.
    pub is_err_terminal: bool,
    /// Whether colours are welcome among the results.
    pub has_colour: bool,
}

/// How results are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// In words, with hints.
    Words,
    /// In words, without hints.
    Quiet,
    /// As JSON.
    Json,
}

impl Manner {
    /// The one that these options ask for.
    #[must_use]
    pub fn of(matches: &Matches) -> Self {
        match (matches.has(Key::Json), matches.has(Key::Quiet)) {
            (true, _) => Self::Json,
            (_, true) => Self::Quiet,
            _ => Self::Words,
        }
    }
}

/// A run.
pub struct Errand<'a> {
    /// The way to the server.
    pub client: Ledger,
    /// The name we were called by.
    pub program: Program,
    /// How results are told.
    pub manner: Manner,
    /// Where the words go.
    pub console: Console<'a>,
    qubes: Option<Vec<QubeState>>,
    /// Today's form of the line, up to its device.
    today: Option<String>,
}

impl<'a> Errand<'a> {
    /// A run that has read nothing yet.
    #[must_use]
    pub fn new(client: Ledger, program: Program, manner: Manner, console: Console<'a>) -> Self {
        Self { client, program, manner, console, qubes: None, today: None }
    }

    /// Names today's form of what was typed, unless that is unwanted.
    pub fn hint(&mut self, today: &str) {
        if self.manner != Manner::Quiet {
            // A hint that can't be shown is no reason to stop.
            let _ = writeln!(self.console.err, "Today's form: {}", shown(today));
        }
    }

    /// Names today's form of a line in an older one, or keeps it until its device is found.
    pub fn hint_at_line(&mut self, hint: Hint) {
        match hint {
            Hint::Whole(line) => self.hint(&line),
            Hint::UpToDevice(line) => self.today = Some(line),
        }
    }

    /// Names today's form of a device, with that of the line before it, if there is one.
    pub fn hint_at_device(&mut self, device: &str) {
        let line = self.today.take().map(|line| line + " ").unwrap_or_default();
        self.hint(&(line + device));
    }

    /// Tells of a change as JSON, if that is asked for; in words it is told by saying nothing.
    pub fn report(&mut self, line: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.manner == Manner::Json {
            self.console.out.write_all(line().as_bytes())?;
            self.console.out.flush()?;
        }
        Ok(())
    }

    /// Every qube, in the server's order of names.
    pub async fn qubes(&mut self) -> Result<&[QubeState], Failure> {
        if self.qubes.is_none() {
            let ScopeReply::Qubes(mut qubes) = self.client.read(&Scope::Qubes).await? else {
                return Err(foreign_kind().into());
            };
            qubes.sort_by(|a, b| a.name.cmp(&b.name));
            self.qubes = Some(qubes);
        }
        Ok(self.qubes.as_deref().unwrap_or_default())
    }

    /// Whether something told that the server is older than R4.3.
    #[must_use]
    pub fn is_known_as_older(&self) -> bool {
        self.client.known_generation() == Some(Generation::Older)
    }

    /// Forgets who there is: it may have changed.
    pub fn forget_qubes(&mut self) {
        self.qubes = None;
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
    /// A plain name is not looked up: the server refuses it if it must, and [`Errand::explain`] tells why.
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

    /// Reads many scopes, a few at a time; the replies come in the order of the scopes. Holders are those that backends
    /// name.
    pub async fn read_all(&self, scopes: Vec<Scope>) -> Vec<(Scope, Result<ScopeReply, Error>)> {
        Self::read_each(&self.client.as_told(), scopes).await
    }

    /// The same, with the holders of every device, whatever it costs to know them.
    pub async fn read_all_with_holders(&self, scopes: Vec<Scope>) -> Vec<(Scope, Result<ScopeReply, Error>)> {
        Self::read_each(&self.client, scopes).await
    }

    async fn read_each(client: &Ledger, scopes: Vec<Scope>) -> Vec<(Scope, Result<ScopeReply, Error>)> {
        let mut replies: Vec<_> = scopes.iter().map(|_| None).collect();
        let mut waiting = scopes.iter().cloned().enumerate();
        let mut reading = JoinSet::new();
        loop {
            while reading.len() < READS_AT_ONCE
                && let Some((place, scope)) = waiting.next()
            {
                let client = client.clone();
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

/// Our own fault: a scope was answered with the reply of another.
pub(crate) fn foreign_kind() -> Error {
    Error::new(ErrorKind::Internal, "A reply of another kind than its scope was given.")
}
