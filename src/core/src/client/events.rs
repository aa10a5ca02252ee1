//! The events connection, read as hints: an event is asked where it points to and then forgotten.

use super::generation::{Generation, Memory};
use crate::error::{Error, ErrorKind};
use crate::hypervisor::Hints;
use crate::scope::{Hint, Scope, stale_after};
use crate::text::DisplayText;
use crate::transport::EventBytes;
use crate::wire::event::{Event, EventReader};

/// The events connection, read as hints.
pub struct EventHints {
    bytes: EventBytes,
    reader: EventReader,
    memory: Memory,
}

impl EventHints {
    /// Waits until the server registered us. Its first event says so; what is read before could already be old.
    pub(super) async fn registered(bytes: EventBytes, memory: Memory) -> Result<Self, Error> {
        let mut stream = Self { bytes, reader: EventReader::default(), memory };
        while stream.reader.next_event()?.is_none() {
            if let Err(error) = stream.read_more().await {
                if stream.bytes.was_refused().await {
                    return Err(Error::new(ErrorKind::Denied, "A policy forbids listening to qubesd."));
                }
                return Err(error);
            }
        }
        Ok(stream)
    }

    /// On an older server what is stored is among what is attached, and no event of its own tells of it.
    fn hints_of(&self, event: &Event) -> Vec<Hint> {
        let mut hints = stale_after(event);
        if self.memory.generation() == Some(Generation::Older) {
            let stored = hints.iter().filter_map(|hint| match hint {
                Hint::Scope(Scope::Attached(qube, class)) => {
                    Some(Hint::Scope(Scope::Assigned(qube.clone(), class.clone())))
                }
                _ => None,
            });
            let stored: Vec<_> = stored.collect();
            hints.extend(stored);
        }
        hints
    }

    async fn read_more(&mut self) -> Result<(), Error> {
        let mut chunk = [0; 4096];
        let count = self.bytes.read(&mut chunk).await.map_err(|error| connection_lost(&error))?;
        let read = chunk.get(..count).filter(|read| !read.is_empty());
        self.reader.push(read.ok_or_else(|| connection_lost(&"qubesd closed it"))?);
        Ok(())
    }
}

impl Hints for EventHints {
    /// Cancel-safe: bytes that were read are kept in the reader.
    async fn next(&mut self) -> Result<Vec<Hint>, Error> {
        loop {
            let mut hints = Vec::new();
            while let Some(event) = self.reader.next_event()? {
                let (subject, name) = (DisplayText::from(&*event.subject), DisplayText::from(&*event.name));
                tracing::trace!(%subject, %name, "event");
                for hint in self.hints_of(&event) {
                    if !hints.contains(&hint) {
                        hints.push(hint);
                    }
                }
            }
            if !hints.is_empty() {
                return Ok(hints);
            }
            self.read_more().await?;
        }
    }
}

fn connection_lost(reason: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Unreachable, format!("The connection to qubesd was lost: {reason}."))
}
