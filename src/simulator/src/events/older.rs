//! Device events as R4.0 to R4.2 sent them: devices are named by port alone, and assignments are unknown.
//!
//! # Source
//! Admin API facts 2.5 and 4.2.

/// What becomes of an event.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Older {
    /// It is the same in every version.
    Same,
    /// These versions know no such event.
    Unknown,
    /// It carries these pairs instead.
    Pairs(Vec<(String, String)>),
}

/// The older form of an event.
pub(crate) fn older(name: &str, pairs: &[(&str, &str)]) -> Older {
    let Some((kind, _class)) = name.strip_prefix("device-").and_then(|rest| rest.split_once(':')) else {
        return if name.ends_with(":devices_denied") { Older::Unknown } else { Older::Same };
    };
    match kind {
        "list-change" => Older::Same,
        "attach" | "pre-attach" | "detach" | "pre-detach" => {
            Older::Pairs(pairs.iter().map(|pair| older_pair(*pair)).collect())
        }
        _ => Older::Unknown,
    }
}

/// `device=BACKEND:PORT:ID` and `port=BACKEND:PORT` both become `device=BACKEND:PORT`.
fn older_pair((key, value): (&str, &str)) -> (String, String) {
    match key {
        "device" | "port" => {
            let end = value.match_indices(':').nth(1).map_or(value.len(), |(at, _)| at);
            ("device".to_owned(), value.get(..end).unwrap_or(value).to_owned())
        }
        _ => (key.to_owned(), value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_named_by_its_port_alone() {
        let own = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            older("device-attach:usb", &[("device", "sys-usb:2-1:0781:5567::u080650"), ("options", "{}")]),
            Older::Pairs(vec![own("device", "sys-usb:2-1"), own("options", "{}")])
        );
        assert_eq!(
            older("device-detach:block", &[("port", "sys-usb:sda")]),
            Older::Pairs(vec![own("device", "sys-usb:sda")])
        );
        assert_eq!(older("device-added:usb", &[("device", "sys-usb:2-1:x")]), Older::Unknown);
        assert_eq!(older("domain-start", &[]), Older::Same);
    }
}
