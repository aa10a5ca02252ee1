//! Event frames: `1\0SUBJECT\0EVENT\0{KEY\0VALUE\0}\0`, one after the other, for ever.
//!
//! # Source
//! Admin API facts 1.7.

use std::collections::VecDeque;

use crate::error::{Error, ErrorKind};

/// Longest frame taken, in bytes; real ones stay below 2 KB. A longer one ends the connection, which is opened anew.
pub const FRAME_MAX: usize = 256 << 10;

/// One event, its texts unjudged: it says where to look and is never applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The qube it is about; empty for the whole machine.
    pub subject: String,
    /// Such as `device-attach:usb`.
    pub name: String,
    /// Its keys and values, in order.
    pub pairs: Vec<(String, String)>,
}

impl Event {
    /// The value of `key`.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Its frame.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("1\0{}\0{}\0", self.subject, self.name).into_bytes();
        for (key, value) in &self.pairs {
            bytes.extend_from_slice(format!("{key}\0{value}\0").as_bytes());
        }
        bytes.push(0);
        bytes
    }
}

/// Cuts a stream of bytes into events; keeps what is not yet complete.
#[derive(Debug, Default)]
pub struct EventReader {
    buffer: VecDeque<u8>,
    /// How far the buffer was searched, and the fields found so far: no byte is looked at twice.
    scanned: usize,
    fields: Vec<std::ops::Range<usize>>,
    start: usize,
}

impl EventReader {
    /// Takes bytes as they came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next complete event, if there is one.
    ///
    /// # Errors
    /// `Malformed` when the stream is no event stream or a frame passes [`FRAME_MAX`]; the connection is then of no
    /// more use. An exception in place of events is given as that exception.
    pub fn next_event(&mut self) -> Result<Option<Event>, Error> {
        let buffer = self.buffer.make_contiguous();
        while let Some(length) = buffer.get(self.scanned..).and_then(|rest| rest.iter().position(|b| *b == 0))
        {
            let field = self.start..self.scanned + length;
            self.scanned = field.end + 1;
            let ends_frame = self.fields.len() >= 3 && self.fields.len() % 2 == 1 && field.is_empty();
            self.fields.push(field);
            self.start = self.scanned;
            if let Some(first) = self.fields.first()
                && buffer.get(first.clone()) != Some(b"1")
            {
                return Err(foreign(buffer));
            }
            if ends_frame {
                let event = frame(buffer, &self.fields);
                self.buffer.drain(..self.scanned);
                self.scanned = 0;
                self.start = 0;
                self.fields.clear();
                return event.map(Some);
            }
        }
        self.scanned = buffer.len();
        if buffer.len() > FRAME_MAX {
            return Err(Error::new(ErrorKind::Malformed, "qubesd sent an event that is too long."));
        }
        Ok(None)
    }
}

fn frame(buffer: &[u8], fields: &[std::ops::Range<usize>]) -> Result<Event, Error> {
    let mut texts = fields.iter().skip(1).map(|range| {
        let bytes = buffer.get(range.clone()).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    });
    let (Some(subject), Some(name)) = (texts.next(), texts.next()) else {
        return Err(Error::new(ErrorKind::Internal, "An event frame lost its fields."));
    };
    let mut pairs = Vec::with_capacity(fields.len() / 2);
    while let (Some(key), Some(value)) = (texts.next(), texts.next()) {
        pairs.push((key, value));
    }
    Ok(Event { subject, name, pairs })
}

/// What stands where events should: a refusal, or garbage.
fn foreign(buffer: &[u8]) -> Error {
    match super::reply::Reply::parse(buffer).map(super::reply::Reply::into_data) {
        Ok(Err(error)) => error,
        _ => Error::new(ErrorKind::Malformed, "qubesd sent something that is no event."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Event {
        Event {
            subject: "work".into(),
            name: "device-attach:usb".into(),
            pairs: vec![("device".into(), "sys-usb:2-1:x".into()), ("options".into(), String::new())],
        }
    }

    #[test]
    fn frames_survive_being_cut_anywhere() {
        let bytes = [sample().to_bytes(), b"1\0\0connection-established\0\0".to_vec()].concat();
        for step in 1..bytes.len() {
            let mut reader = EventReader::default();
            let mut events = Vec::new();
            for piece in bytes.chunks(step) {
                reader.push(piece);
                while let Some(event) = reader.next_event().unwrap() {
                    events.push(event);
                }
            }
            assert_eq!(events.len(), 2, "cut every {step} bytes");
            assert_eq!(events.first(), Some(&sample()));
            assert_eq!(events.get(1).map(|e| e.name.as_str()), Some("connection-established"));
        }
    }

    #[test]
    fn a_stream_that_is_no_event_stream_is_refused() {
        let mut reader = EventReader::default();
        reader.push(b"0\0hello\0");
        assert_eq!(reader.next_event().unwrap_err().kind(), ErrorKind::Malformed);
        let mut reader = EventReader::default();
        reader.push(b"2\0PermissionDenied\0\0no\0");
        assert_eq!(reader.next_event().unwrap_err().kind(), ErrorKind::Denied);
    }

    #[test]
    fn an_endless_frame_is_refused_at_the_limit() {
        let mut reader = EventReader::default();
        reader.push(b"1\0");
        let mut pushed = 0;
        let error = loop {
            reader.push(&[b'x'; 4096]);
            pushed += 4096;
            match reader.next_event() {
                Ok(None) => assert!(pushed <= FRAME_MAX + 8192),
                Ok(Some(_)) => panic!("no event is in there"),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::Malformed);
    }
}
