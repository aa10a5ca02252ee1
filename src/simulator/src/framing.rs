//! How a request is cut into its parts: the framing of R4.1 and newer, that of R4.0 for protocol 4.0, both for 4.2.
//!
//! # Source
//! Admin API facts 1.2.

use device_core::wire::request::{REQUEST_MAX, Request};

use crate::refusal::Protocol;

/// Reads a request. `None` = the server closes without a word.
pub(crate) fn request(bytes: &[u8], protocol: Protocol) -> Option<Request> {
    match protocol {
        Protocol::R40 => oldest(bytes).filter(|_| is_oldest(bytes)),
        Protocol::R42 if is_oldest(bytes) => oldest(bytes),
        _ => Request::parse(bytes).ok(),
    }
}

/// In the newer framing a blank comes before the first NUL.
fn is_oldest(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| matches!(byte, b' ' | 0)) == Some(&0)
}

/// `SOURCE\0METHOD\0DEST\0ARG\0PAYLOAD`
fn oldest(bytes: &[u8]) -> Option<Request> {
    if bytes.len() > REQUEST_MAX {
        return None;
    }
    let mut fields = bytes.splitn(5, |byte| *byte == 0);
    let mut text = || {
        let field = std::str::from_utf8(fields.next()?).ok()?;
        field.is_ascii().then(|| field.to_owned())
    };
    let (source, method, destination, argument) = (text()?, text()?, text()?, text()?);
    let payload = fields.next()?.to_vec();
    Some(Request { method, argument, source, destination, payload })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_framing_of_4_0_is_told_apart_by_its_first_nul() {
        let bytes = b"dom0\0admin.vm.device.block.Attach\0work\0sys-usb+sda\0read-only=yes\0";
        let request = request(bytes, Protocol::R42).unwrap();
        assert_eq!(request.method, "admin.vm.device.block.Attach");
        assert_eq!((request.source.as_str(), request.destination.as_str()), ("dom0", "work"));
        assert_eq!(request.argument, "sys-usb+sda");
        assert_eq!(request.payload, b"read-only=yes\0");
        assert!(super::request(bytes, Protocol::R40).is_some());
        assert_eq!(super::request(b"admin.vm.List+ dom0 name dom0\0", Protocol::R40), None);
        assert_eq!(super::request(bytes, Protocol::R43), None);
        assert!(super::request(b"admin.vm.List+ dom0 name dom0\0", Protocol::R42).is_some());
        assert_eq!(super::request(b"dom0\0admin.vm.List\0dom0\0", Protocol::R42), None, "a part is missing");
    }
}
