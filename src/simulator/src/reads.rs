//! Replies of calls that only read, kept until anything may have changed: a client that lists and lists must not be what
//! is measured.
//!
//! `State::call` asks here first and clears everything with each call that could change something; the control language
//! and an agent's answer clear, too. Nothing in here decides what a reply is.

use std::collections::BTreeMap;

use crate::api::Call;

/// Most bytes kept; when more come, all is forgotten. A thousand devices need a quarter of it.
const BYTES_MAX: usize = 4 << 20;

/// Verbs of calls that change nothing.
const READING: [&str; 6] = [".List", ".Available", ".Attached", ".Assigned", ".Get", ".GetAll"];

/// Data of successful reads, by what was asked.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    kept: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl Reads {
    /// Under what the reply of a call is kept; `None` for calls that may change something.
    pub(crate) fn key(call: Call<'_>) -> Option<String> {
        let is_reading = READING.iter().any(|verb| call.method.ends_with(verb));
        let is_plain = is_reading && call.payload.is_empty();
        is_plain.then(|| [call.method, "+", call.argument, " ", call.destination.as_str()].concat())
    }

    /// The reply that is kept under this key.
    pub(crate) fn find(&self, key: &str) -> Option<Vec<u8>> {
        self.kept.get(key).cloned()
    }

    /// Keeps a reply.
    pub(crate) fn keep(&mut self, key: String, data: &[u8]) {
        let size = key.len() + data.len();
        if self.bytes + size > BYTES_MAX {
            self.forget();
        }
        if size <= BYTES_MAX {
            self.bytes += size;
            self.kept.insert(key, data.to_vec());
        }
    }

    /// Something may have changed.
    pub(crate) fn forget(&mut self) {
        self.kept.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let mut reads = Reads::default();
        let data = vec![b'x'; BYTES_MAX / 3];
        for number in 0..10 {
            reads.keep(number.to_string(), &data);
            assert!(reads.bytes <= BYTES_MAX && reads.kept.len() <= 2);
        }
        assert_eq!(reads.find("9").as_deref(), Some(data.as_slice()));
        reads.keep("huge".to_owned(), &vec![0; BYTES_MAX + 1]);
        assert_eq!(reads.find("huge"), None);
    }
}
