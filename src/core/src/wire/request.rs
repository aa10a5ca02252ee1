//! One request: `METHOD+ARG SOURCE name DEST\0PAYLOAD`, then the half-close. R4.0 puts the same parts together otherwise.
//!
//! # Source
//! Admin API facts 1.2.

/// Longest request, header and payload together, in bytes; the server aborts the connection beyond it.
pub const REQUEST_MAX: usize = 65_536;

/// A request, not yet judged: the simulator answers for what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `admin.vm.device.usb.Available`.
    pub method: String,
    /// What stands behind the first `+`; empty = none.
    pub argument: String,
    /// Who asks, in the header's own words.
    pub source: String,
    /// The qube that is asked.
    pub destination: String,
    /// Everything behind the first NUL.
    pub payload: Vec<u8>,
}

/// How the parts of a request are put together. A server closes without a word on the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// R4.1 and newer: a header of words.
    Words,
    /// R4.0: `SOURCE\0METHOD\0DEST\0ARG\0PAYLOAD`.
    Oldest,
}

/// Why bytes are no request, or a request can't be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// More than [`REQUEST_MAX`] bytes.
    #[error("the request is longer than {REQUEST_MAX} bytes")]
    TooLong,
    /// A blank, a NUL or a byte beyond ASCII where none may be.
    #[error("the request header holds a character that it may not hold")]
    BadHeader,
    /// A part of the header is missing, or a destination is of another type.
    #[error("the request header is malformed")]
    Malformed,
}

impl Request {
    /// A call from dom0 to `destination`.
    pub fn new(
        method: impl Into<String>,
        argument: impl Into<String>,
        destination: impl Into<String>,
    ) -> Self {
        Self {
            method: method.into(),
            argument: argument.into(),
            source: "dom0".into(),
            destination: destination.into(),
            payload: Vec::new(),
        }
    }

    /// The same call with a payload.
    #[must_use]
    pub fn with_payload(mut self, payload: impl Into<Vec<u8>>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Its bytes on the socket. The `+` is always written, as the official client does.
    ///
    /// # Errors
    /// When a part holds what would tear the header, or all is too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RequestError> {
        let words = [&self.method, &self.argument, &self.source, &self.destination];
        if words.iter().any(|word| !word.bytes().all(|b| b.is_ascii_graphic())) || self.method.contains('+') {
            return Err(RequestError::BadHeader);
        }
        let header = format!("{}+{} {} name {}\0", self.method, self.argument, self.source, self.destination);
        if header.len() + self.payload.len() > REQUEST_MAX {
            return Err(RequestError::TooLong);
        }
        let mut bytes = header.into_bytes();
        bytes.extend_from_slice(&self.payload);
        Ok(bytes)
    }

    /// Its bytes in this framing. What can't be written in one can't be in the other, so that no call differs by it.
    ///
    /// # Errors
    /// As of [`Request::to_bytes`].
    pub fn to_bytes_in(&self, framing: Framing) -> Result<Vec<u8>, RequestError> {
        let bytes = self.to_bytes()?;
        if framing == Framing::Words {
            return Ok(bytes);
        }
        let Self { method, argument, source, destination, payload } = self;
        let mut bytes = format!("{source}\0{method}\0{destination}\0{argument}\0").into_bytes();
        bytes.extend_from_slice(payload);
        Ok(bytes)
    }

    /// Reads a request as a server of this framing does.
    ///
    /// # Errors
    /// As of [`Request::parse`].
    pub fn parse_in(bytes: &[u8], framing: Framing) -> Result<Self, RequestError> {
        match framing {
            Framing::Words => Self::parse(bytes),
            Framing::Oldest => Self::parse_oldest(bytes),
        }
    }

    /// Reads a request as the server of R4.1 and newer does: split at the first NUL, then at single blanks into exactly four words.
    ///
    /// # Errors
    /// Each of them makes the server close without a word.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > REQUEST_MAX {
            return Err(RequestError::TooLong);
        }
        let end = bytes.iter().position(|b| *b == 0).ok_or(RequestError::Malformed)?;
        let (header, rest) = bytes.split_at(end);
        let header =
            std::str::from_utf8(header).ok().filter(|text| text.is_ascii()).ok_or(RequestError::BadHeader)?;
        let mut words = header.splitn(4, ' ');
        let (Some(call), Some(source), Some(kind), Some(destination)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(RequestError::Malformed);
        };
        let destination = match (kind, destination) {
            ("keyword", "adminvm") => "dom0",
            ("name", name) => name,
            _ => return Err(RequestError::Malformed),
        };
        let (method, argument) = call.split_once('+').unwrap_or((call, ""));
        Ok(Self {
            method: method.into(),
            argument: argument.into(),
            source: source.into(),
            destination: destination.into(),
            payload: rest.iter().skip(1).copied().collect(),
        })
    }

    /// Four parts that each end in a NUL, then the payload, whose NULs are its own.
    fn parse_oldest(bytes: &[u8]) -> Result<Self, RequestError> {
        if bytes.len() > REQUEST_MAX {
            return Err(RequestError::TooLong);
        }
        let mut parts = bytes.splitn(5, |byte| *byte == 0);
        let mut text = || {
            let part = parts.next().ok_or(RequestError::Malformed)?;
            let is_plain = part.iter().all(u8::is_ascii_graphic);
            std::str::from_utf8(part).ok().filter(|_| is_plain).ok_or(RequestError::BadHeader)
        };
        let (source, method, destination, argument) = (text()?, text()?, text()?, text()?);
        let payload = parts.next().ok_or(RequestError::Malformed)?;
        let request = Self::new(method, argument, destination).with_payload(payload);
        Ok(Self { source: source.into(), ..request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_written_as_the_official_client_does() {
        let request = Request::new("admin.vm.device.usb.Available", "", "sys-usb");
        assert_eq!(request.to_bytes().unwrap(), b"admin.vm.device.usb.Available+ dom0 name sys-usb\0");
        assert_eq!(Request::parse(&request.to_bytes().unwrap()), Ok(request));
    }

    #[test]
    fn the_oldest_framing_ends_each_part_with_a_nul() {
        let request = Request::new("admin.vm.device.usb.Attach", "sys-usb+2-1", "work").with_payload("a=b\0");
        let bytes = request.to_bytes_in(Framing::Oldest).unwrap();
        assert_eq!(bytes, b"dom0\0admin.vm.device.usb.Attach\0work\0sys-usb+2-1\0a=b\0");
        assert_eq!(Request::parse_in(&bytes, Framing::Oldest), Ok(request));
        assert!(Request::new("m", "a b", "work").to_bytes_in(Framing::Oldest).is_err());
        let lacking = Request::parse_in(b"dom0\0admin.vm.List\0dom0\0", Framing::Oldest);
        assert_eq!(lacking, Err(RequestError::Malformed));
    }

    #[test]
    fn neither_framing_is_read_as_the_other() {
        for payload in ["", "a=b", "\0\0\0\0"] {
            let request =
                Request::new("admin.vm.device.usb.Attach", "sys-usb+2-1", "work").with_payload(payload);
            for (written, read) in [(Framing::Words, Framing::Oldest), (Framing::Oldest, Framing::Words)] {
                let bytes = request.to_bytes_in(written).unwrap();
                assert!(Request::parse_in(&bytes, read).is_err(), "{payload:?} as {read:?}");
            }
        }
    }

    #[test]
    fn a_blank_in_an_argument_is_refused_before_it_tears_the_header() {
        for bad in ["a b", "a\0b", "ä", "a\n"] {
            assert_eq!(Request::new("m", bad, "work").to_bytes(), Err(RequestError::BadHeader), "{bad:?}");
        }
    }

    #[test]
    fn a_payload_at_the_limit_passes_and_one_byte_more_does_not() {
        let header = Request::new("m", "", "work").to_bytes().unwrap().len();
        let request = |n| Request::new("m", "", "work").with_payload(vec![b'x'; n]).to_bytes();
        assert_eq!(request(REQUEST_MAX - header).map(|b| b.len()), Ok(REQUEST_MAX));
        assert_eq!(request(REQUEST_MAX - header + 1), Err(RequestError::TooLong));
    }
}
