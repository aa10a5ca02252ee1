//! How a request leaves: in which framing, and how often.
//!
//! R4.1 and newer read a header of words and R4.0 another form; each closes without a word on what it can't read. So the
//! first request goes in words, and its answer settles the matter. While none did, a *read* that ended without a word is
//! asked once more in the form of R4.0. What changes something waits for a read to settle it, and leaves once: a change
//! without an answer may have been carried out.
//!
//! # Source
//! Admin API facts 1.2.

use super::events::EventHints;
use super::{AdminClient, is_about_the_link, within_read_timeout};
use crate::error::{Error, ErrorKind};
use crate::transport::Transport;
use crate::wire::reply::Reply;
use crate::wire::request::{Framing, Request};

impl AdminClient {
    /// Makes a call that may change something, once, and returns its data. The qubes are listed before it if nothing
    /// was read yet.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn call(&self, request: &Request) -> Result<Vec<u8>, Error> {
        if self.framing().is_none() {
            match self.qubes().await {
                Err(error) if is_about_the_link(&error) => return Err(error),
                // Who lists no qubes for us may do the call all the same.
                _ => {}
            }
        }
        self.call_in(request, self.framing().unwrap_or(Framing::Words)).await
    }

    /// Makes a call that only reads, within the limit that every read has.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn read_call(&self, request: Request) -> Result<Vec<u8>, Error> {
        within_read_timeout(async {
            let framing = self.framing().unwrap_or(Framing::Words);
            let outcome = self.call_in(&request, framing).await;
            if outcome == Err(Error::empty_reply()) && self.may_be_the_wrong(framing) {
                return self.call_in(&request, Framing::Oldest).await;
            }
            outcome
        })
        .await
    }

    /// Opens the stream of events.
    pub(super) async fn listen(&self) -> Result<EventHints, Error> {
        match self.listen_in(Framing::Words).await {
            Err(error) if error.kind() == ErrorKind::Unreachable && self.may_be_the_wrong(Framing::Words) => {
                self.listen_in(Framing::Oldest).await
            }
            outcome => outcome,
        }
    }

    async fn call_in(&self, request: &Request, framing: Framing) -> Result<Vec<u8>, Error> {
        tracing::trace!(
            method = request.method,
            argument = request.argument,
            destination = request.destination,
            ?framing,
            "call"
        );
        // Boxed: a change holds several calls, each with all that a process or socket needs, and would else be large.
        let bytes = Box::pin(self.transport.call(request, framing)).await?;
        if !bytes.is_empty() {
            self.memory.learn_framing(framing);
        }
        Reply::parse(&bytes)?.into_data()
    }

    async fn listen_in(&self, framing: Framing) -> Result<EventHints, Error> {
        let bytes = self.transport.open(&Request::new("admin.Events", "", "dom0"), framing).await?;
        let hints = within_read_timeout(EventHints::registered(bytes, self.memory.clone())).await?;
        self.memory.learn_framing(framing);
        Ok(hints)
    }

    /// The framing, once it is known; qrexec has its own.
    fn framing(&self) -> Option<Framing> {
        match self.transport {
            Transport::Socket(_) => self.memory.framing(),
            Transport::Qrexec => Some(Framing::Words),
        }
    }

    /// Whether what was left without an answer may not have been understood. Another read may have told meanwhile.
    fn may_be_the_wrong(&self, framing: Framing) -> bool {
        framing == Framing::Words && self.framing() != Some(Framing::Words)
    }
}
