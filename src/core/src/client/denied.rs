//! The deny list of a qube: kinds of devices that must not be attached to it by hand.
//!
//! # Source
//! Admin API facts 2.4 and 5.8.

use super::AdminClient;
use super::generation::Generation;
use super::older::unsupported;
use crate::error::{Error, ErrorKind};
use crate::interface::Interface;
use crate::name::QubeName;
use crate::wire::request::Request;

impl AdminClient {
    /// What `qube` must not be given.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way; `Unsupported` on a server older than R4.3, which has no such list;
    /// `Malformed` when something in the list is no code.
    pub async fn denied(&self, qube: &QubeName) -> Result<Vec<Interface>, Error> {
        self.must_have_deny_lists()?;
        let request = Request::new("admin.vm.device.denied.List", "", qube.as_str());
        let reply = self.read_call(request).await;
        if self.is_for_older(&reply).await {
            return Err(unsupported("deny lists"));
        }
        codes(&reply?)
    }

    /// Adds to the deny list of `qube`; what is on it already stays.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn deny(&self, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        self.denied_call("Add", qube, codes).await
    }

    /// Takes from the deny list of `qube`; what is not on it is ignored.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn allow(&self, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        self.denied_call("Remove", qube, codes).await
    }

    fn must_have_deny_lists(&self) -> Result<(), Error> {
        match self.memory.generation() {
            Some(Generation::Older) => Err(unsupported("deny lists")),
            _ => Ok(()),
        }
    }

    async fn denied_call(&self, verb: &str, qube: &QubeName, codes: &[Interface]) -> Result<(), Error> {
        self.must_have_deny_lists()?;
        let payload: String = codes.iter().map(Interface::as_str).collect();
        let method = format!("admin.vm.device.denied.{verb}");
        self.call(&Request::new(method, "", qube.as_str()).with_payload(payload)).await.map(drop)
    }
}

/// Codes of [`Interface::LENGTH`] characters, one or more to a line.
fn codes(data: &[u8]) -> Result<Vec<Interface>, Error> {
    let pieces = data.split(|byte| *byte == b'\n').flat_map(|line| line.chunks(Interface::LENGTH));
    let code = |piece: &[u8]| {
        let whole = std::str::from_utf8(piece).ok().filter(|piece| piece.len() == Interface::LENGTH);
        whole.and_then(Interface::new)
    };
    // What can't be read may stand for anything: no list at all is better than one that tells less than there is.
    pieces.map(code).collect::<Option<_>>().ok_or_else(|| {
        Error::new(ErrorKind::Malformed, "qubesd sent a deny list in which something is no code.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deny_list_with_something_else_in_it_is_refused() {
        let read = |data: &[u8]| codes(data).map_err(|error| error.kind());
        let known = ["u03****", "p02****"].map(|code| Interface::new(code).unwrap());
        assert_eq!(read(b"u03****\np02****\n"), Ok(known.to_vec()));
        assert_eq!(read(b"u03****p02****"), Ok(known.to_vec()));
        assert_eq!(read(b""), Ok(Vec::new()));
        for foreign in [&b"\xff\xfe\n\x80"[..], b"u03****\nu03", b"u03****\nunknown\n", b"u03****\0"] {
            assert_eq!(read(foreign), Err(ErrorKind::Malformed), "{foreign:?}");
        }
    }
}
