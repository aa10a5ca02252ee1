//! PCI addresses as people type them: `00:1a.0`, `0000:00:1a.0`, `00_1a.0`, with or without `dom0:`.

/// The address in full, `0000:00:1a.0`; `None` = the word is none, or is a port in today's form.
#[must_use]
pub fn in_full(word: &str) -> Option<String> {
    let bare = word.strip_prefix("dom0:");
    let address = bare.unwrap_or(word);
    // With its backend and an underscore it is the port itself.
    if bare.is_some() && address.contains('_') {
        return None;
    }
    let (rest, function) = address.rsplit_once('.')?;
    let parts: Vec<&str> = rest.split([':', '_']).collect();
    let (segment, bus, device) = match parts.as_slice() {
        [bus, device] => ("0000", *bus, *device),
        [segment, bus, device] => (*segment, *bus, *device),
        _ => return None,
    };
    let is = |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is(segment, 4) && is(bus, 2) && is(device, 2) && is(function, 1))
        .then(|| format!("{segment}:{bus}:{device}.{function}").to_ascii_lowercase())
}

/// The port id that a device of this address has unless it is behind a bridge.
#[must_use]
pub fn plain_port(address: &str) -> String {
    address.strip_prefix("0000:").unwrap_or(address).replace(':', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_people_type_are_one_address() {
        for word in ["00:1a.0", "0000:00:1a.0", "00_1a.0", "dom0:00:1a.0", "dom0:0000:00:1A.0"] {
            assert_eq!(in_full(word).as_deref(), Some("0000:00:1a.0"), "{word}");
        }
        for word in ["dom0:00_1a.0", "sys-usb:2-1.4", "dom0:mic", "00:1a", "x:1a.0", "", "00_1c.0-00_00.0"] {
            assert_eq!(in_full(word), None, "{word}");
        }
        assert_eq!(plain_port("0000:00:1a.0"), "00_1a.0");
        assert_eq!(plain_port("0001:00:1a.0"), "0001_00_1a.0");
    }
}
