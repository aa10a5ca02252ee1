//! One reply: data, an exception, or nothing at all.
//!
//! # Source
//! Admin API facts 1.3 and 1.4.

use crate::error::{Error, ErrorKind, ServerError};

/// Longest reply read, in bytes. A crowded backend of 1,000 devices needs 400 KB; beyond this limit the reply is
/// refused as malformed.
pub const REPLY_MAX: usize = 4 << 20;

/// Longest exception message kept, in characters; what is beyond is cut and marked with `…`. The longest that was recorded
/// has 113; of more than this nobody reads the end, and what we say behind it would be lost.
pub const MESSAGE_MAX: usize = 500;

/// What the server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Success, with its data.
    Ok(Vec<u8>),
    /// A typed exception.
    Exception(ServerError),
    /// The server closed without one byte.
    Empty,
}

impl Reply {
    /// Reads all bytes of a reply.
    ///
    /// # Errors
    /// `Malformed` when they are none of the three shapes, as after a server that died in the middle.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        match bytes {
            [] => Ok(Self::Empty),
            [b'0', 0, data @ ..] => Ok(Self::Ok(data.to_vec())),
            [b'2', 0, rest @ ..] => exception(rest),
            _ => Err(malformed()),
        }
    }

    /// The data, or the error that the reply stands for.
    ///
    /// # Errors
    /// An exception or an empty reply.
    pub fn into_data(self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Ok(data) => Ok(data),
            Self::Exception(server) => Err(Error::from_server(server)),
            Self::Empty => Err(Error::empty_reply()),
        }
    }

    /// The bytes of this reply.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ok(data) => [b"0\0".as_slice(), data].concat(),
            Self::Exception(ServerError { class, message }) => {
                format!("2\0{class}\0\0{message}\0").into_bytes()
            }
            Self::Empty => Vec::new(),
        }
    }
}

/// `TYPE\0TRACEBACK\0MESSAGE\0 {ARG\0}`. The message is never used as a format: a `%` in it is just a `%`.
fn exception(rest: &[u8]) -> Result<Reply, Error> {
    let mut fields = rest.split(|b| *b == 0);
    let (Some(class), Some(_traceback), Some(message), Some(_end)) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(malformed());
    };
    let class = std::str::from_utf8(class)
        .ok()
        .filter(|class| {
            !class.is_empty()
                && class.len() <= 128
                && class.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
        .ok_or_else(malformed)?;
    Ok(Reply::Exception(ServerError { class: class.to_owned(), message: safe_message(message) }))
}

/// The message without control characters, cut at [`MESSAGE_MAX`].
fn safe_message(message: &[u8]) -> String {
    // No character has more than four bytes: one that is cut here is behind the last one kept.
    let read = message.get(..4 * (MESSAGE_MAX + 1)).unwrap_or(message);
    let read = String::from_utf8_lossy(read);
    let mut characters = read.chars();
    let kept = characters.by_ref().take(MESSAGE_MAX).map(|c| match c {
        '\n' => ' ',
        c if crate::text::is_plainly_printable(c) => c,
        _ => '_',
    });
    let mut kept: String = kept.collect();
    if characters.next().is_some() {
        kept.push('…');
    }
    kept
}

fn malformed() -> Error {
    Error::new(ErrorKind::Malformed, "qubesd sent an invalid reply.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_shapes_are_told_apart() {
        assert_eq!(Reply::parse(b""), Ok(Reply::Empty));
        assert_eq!(Reply::parse(b"0\0"), Ok(Reply::Ok(Vec::new())));
        assert_eq!(Reply::parse(b"0\0a\0b"), Ok(Reply::Ok(b"a\0b".to_vec())));
        let exception = Reply::parse(b"2\0QubesValueError\0\0\x3100 % sure\0").unwrap();
        assert_eq!(exception.into_data().unwrap_err().sentence(), "100 % sure");
    }

    #[test]
    fn a_message_without_end_is_cut_between_two_characters() {
        for letter in ["x", "é", "键", "𐐷"] {
            let said = |count| {
                let reply = format!("2\0QubesException\0\0{}\0", letter.repeat(count));
                Reply::parse(reply.as_bytes()).unwrap().into_data().unwrap_err().sentence().to_owned()
            };
            assert_eq!(said(MESSAGE_MAX), letter.repeat(MESSAGE_MAX));
            for longer in [MESSAGE_MAX + 1, MESSAGE_MAX + 2, 100_000] {
                assert_eq!(said(longer), letter.repeat(MESSAGE_MAX) + "…");
            }
        }
    }

    #[test]
    fn a_reply_cut_in_the_header_is_malformed() {
        for cut in [
            &b"0"[..],
            b"2",
            b"2\0",
            b"2\0Qubes",
            b"2\0Q\0",
            b"2\0Q\0\0mess",
            b"1\0",
            b"x",
            b"3\0",
            b"2\0\0\0m\0",
        ] {
            assert_eq!(Reply::parse(cut).unwrap_err().kind(), ErrorKind::Malformed, "{cut:?}");
        }
    }
}
