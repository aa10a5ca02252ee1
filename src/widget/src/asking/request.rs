//! The question as it travels, and the answer: bytes only, no I/O.
//!
//! # Source
//! Admin API facts 5.1 (qubes-core-qrexec and desktop-linux-manager 4.3).

use device_core::name::{NameError, PortId, QubeName};
use device_core::text::DisplayText;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Longest request taken, in bytes. The icons of a thousand qubes are 60 kB; a longer one is answered with no.
pub(super) const REQUEST_MAX: usize = 256 * 1024;
/// Most qubes that one question may offer: more than run on any machine. A question with more is answered with no.
pub(super) const TARGETS_MAX: usize = 128;
/// Name of the service in the header.
const SERVICE: &str = "device-agent.GUI";

/// What is asked: may what is on this port be attached, and to which of these qubes?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The qube that exposes it.
    pub(super) backend: QubeName,
    /// Where it is plugged in there.
    pub(super) port: PortId,
    /// What the device says of itself.
    pub(super) own_words: DisplayText,
    /// The qubes that may be answered; at least one, none twice, neither dom0 nor the backend.
    pub(super) targets: Vec<QubeName>,
}

/// Why a request is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    /// More than [`REQUEST_MAX`] bytes.
    #[error("it is longer than {REQUEST_MAX} bytes")]
    TooLong,
    /// The line before the zero byte is not that of this service.
    #[error("its header is not that of {SERVICE}")]
    Header,
    /// Somebody else than dom0 asks.
    #[error("it does not come from dom0")]
    Stranger,
    /// No JSON object of this shape.
    #[error("it is no JSON object of a question")]
    Shape,
    /// A qube or port that can't be called so.
    #[error("{0}")]
    Name(#[from] NameError),
    /// Device text that no correct writer sends.
    #[error("the device's words hold characters that the wire does not carry")]
    Words,
    /// No qube that it could be given to.
    #[error("it offers no qube that takes devices")]
    NoTarget,
    /// More than [`TARGETS_MAX`] qubes.
    #[error("it offers more than {TARGETS_MAX} qubes")]
    TooManyTargets,
}

/// The object as it travels. What is not known is passed over; what is there twice is refused.
#[derive(Deserialize)]
struct Object {
    source: String,
    device_name: String,
    argument: String,
    targets: Vec<String>,
    // Never a default here: only the person chooses. It is read so that a wrong shape is refused.
    #[serde(rename = "default_target")]
    _default_target: String,
    // The mirror knows the labels.
    #[serde(rename = "icons", default)]
    _icons: Option<IgnoredAny>,
}

/// The bytes of a request on the socket: header, zero byte, JSON.
///
/// # Errors
/// What is wrong with them; the answer is no then.
pub(super) fn read(bytes: &[u8]) -> Result<Question, Malformed> {
    if bytes.len() > REQUEST_MAX {
        return Err(Malformed::TooLong);
    }
    let end = bytes.iter().position(|byte| *byte == 0).ok_or(Malformed::Header)?;
    let (header, rest) = bytes.split_at_checked(end).ok_or(Malformed::Header)?;
    check_header(std::str::from_utf8(header).map_err(|_| Malformed::Header)?)?;
    question(rest.get(1..).unwrap_or_default())
}

/// `device-agent.GUI dom0 name dom0` in dom0; in another qube qrexec leaves the last two words out.
fn check_header(header: &str) -> Result<(), Malformed> {
    let words: Vec<&str> = header.split(' ').collect();
    let (service, source) = match words.as_slice() {
        [service, source] | [service, source, "name" | "keyword", _] => (*service, *source),
        _ => return Err(Malformed::Header),
    };
    if service.strip_suffix('+').unwrap_or(service) != SERVICE {
        return Err(Malformed::Header);
    }
    if source == "dom0" { Ok(()) } else { Err(Malformed::Stranger) }
}

/// The JSON alone, as it comes through qrexec.
fn question(json: &[u8]) -> Result<Question, Malformed> {
    let object: Object = serde_json::from_slice(json).map_err(|_| Malformed::Shape)?;
    let backend = QubeName::new(&object.source)?;
    let port = PortId::new(&object.argument)?;
    if !object.device_name.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Err(Malformed::Words);
    }
    if object.targets.len() > TARGETS_MAX {
        return Err(Malformed::TooManyTargets);
    }
    let mut targets = Vec::with_capacity(object.targets.len());
    for target in &object.targets {
        let target = QubeName::new(target)?;
        if !target.is_dom0() && target != backend && !targets.contains(&target) {
            targets.push(target);
        }
    }
    if targets.is_empty() {
        return Err(Malformed::NoTarget);
    }
    Ok(Question { backend, port, own_words: DisplayText::from_untrusted(&object.device_name), targets })
}

/// The header that [`read`] takes, for who hands a question on.
pub(super) fn header() -> String {
    format!("{SERVICE} dom0 name dom0\0")
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Attach it to this qube.
    Allow(QubeName),
    /// Attach it nowhere.
    Deny,
}

impl Reply {
    /// As it travels: no line end, nothing else.
    pub(super) fn to_text(&self) -> String {
        match self {
            Self::Allow(qube) => format!("allow:{qube}"),
            Self::Deny => "deny".to_owned(),
        }
    }

    /// Reads an answer; what is not exactly a yes is a no.
    pub(super) fn new(text: &str) -> Self {
        let qube = text.strip_prefix("allow:").and_then(|name| QubeName::new(name).ok());
        qube.map_or(Self::Deny, Self::Allow)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::testing::name;
    use proptest::prelude::*;

    /// As qubesd asks about a stick.
    pub(in super::super) const REQUEST: &str = concat!(
        "device-agent.GUI dom0 name dom0\0",
        r#"{"source": "sys-usb", "device_name": "USB_Storage: SanDisk Corp. Cruzer Blade", "argument": "2-1", "#,
        r#""targets": ["work", "personal"], "default_target": "", "#,
        r#""icons": {"work": "appvm-blue", "@dispvm:disp1": "dispvm-red"}}"#
    );

    fn with(before: &str, after: &str) -> Result<Question, Malformed> {
        assert!(REQUEST.contains(before), "{before}");
        read(REQUEST.replace(before, after).as_bytes())
    }

    #[test]
    fn a_question_is_read_whole() {
        let question = read(REQUEST.as_bytes()).unwrap();
        assert_eq!((question.backend, question.port.as_str()), (name("sys-usb"), "2-1"));
        assert_eq!(question.own_words.as_str(), "USB_Storage: SanDisk Corp. Cruzer Blade");
        assert_eq!(question.targets, [name("work"), name("personal")]);
    }

    #[test]
    fn both_spellings_of_the_header_are_known() {
        for header in ["device-agent.GUI+ dom0 keyword adminvm\0", "device-agent.GUI dom0\0"] {
            assert!(with("device-agent.GUI dom0 name dom0\0", header).is_ok(), "{header}");
        }
        for (header, fault) in [
            ("device-agent.GUI work name dom0\0", Malformed::Stranger),
            ("device-agent.GUI+x dom0 name dom0\0", Malformed::Header),
            ("device-agent.GUI dom0 uuid dom0\0", Malformed::Header),
            ("device-agent.GUI dom0 name dom0 x\0", Malformed::Header),
            ("policy.Ask dom0 name dom0\0", Malformed::Header),
            ("", Malformed::Header),
        ] {
            assert_eq!(with("device-agent.GUI dom0 name dom0\0", header), Err(fault), "{header}");
        }
    }

    #[test]
    fn what_is_not_exactly_a_question_is_refused() {
        for (before, after, fault) in [
            ("\"2-1\"", "\"2-1 x\"", None),
            ("\"2-1\"", "\"*\"", None),
            ("\"sys-usb\"", "\"../sys\"", None),
            ("\"personal\"", "\"per sonal\"", None),
            ("Cruzer", "Cru\\nzer", Some(Malformed::Words)),
            ("Cruzer", "Cru\u{202e}zer", Some(Malformed::Words)),
            ("\"work\", \"personal\"", "\"dom0\", \"sys-usb\"", Some(Malformed::NoTarget)),
            ("\"work\", \"personal\"", "", Some(Malformed::NoTarget)),
            ("\"default_target\": \"\", ", "", Some(Malformed::Shape)),
            ("\"default_target\": \"\"", "\"default_target\": 1", Some(Malformed::Shape)),
            ("\"argument\"", "\"source\": \"work\", \"argument\"", Some(Malformed::Shape)),
            ("}}", "}} {}", Some(Malformed::Shape)),
            ("}}", "}", Some(Malformed::Shape)),
        ] {
            let refused = with(before, after).expect_err(after);
            assert!(fault.is_none_or(|fault| fault == refused), "{after}: {refused}");
        }
        let many = vec!["\"q\""; TARGETS_MAX + 1].join(",");
        assert_eq!(with("\"work\", \"personal\"", &many), Err(Malformed::TooManyTargets));
        assert_eq!(read(&vec![b'a'; REQUEST_MAX + 1]), Err(Malformed::TooLong));
    }

    #[test]
    fn dom0_the_backend_and_doubles_are_not_offered() {
        let question = with("\"work\", \"personal\"", "\"dom0\", \"work\", \"sys-usb\", \"work\"").unwrap();
        assert_eq!(question.targets, [name("work")]);
        assert!(
            with(", \"icons\": {\"work\": \"appvm-blue\", \"@dispvm:disp1\": \"dispvm-red\"}", "").is_ok()
        );
        assert!(with("\"icons\"", "\"later\": [[{}]], \"icons\"").is_ok(), "unknown fields are passed over");
    }

    #[test]
    fn only_a_clear_yes_is_a_yes() {
        assert_eq!(Reply::new("allow:work"), Reply::Allow(name("work")));
        assert_eq!(Reply::new("allow:work").to_text(), "allow:work");
        for no in ["", "deny", "allow", "allow:", "allow:work\n", "allow: work", "Allow:work", " allow:work"]
        {
            assert_eq!(Reply::new(no).to_text(), "deny", "{no:?}");
        }
    }

    proptest! {
        #[test]
        fn spoiled_bytes_never_gain_a_target(
            places in prop::collection::vec((0..REQUEST.len(), any::<u8>()), 0..6),
            cut in 0..=REQUEST.len(),
        ) {
            let mut bytes = REQUEST.as_bytes().to_vec();
            for (place, byte) in places {
                bytes[place] = byte;
            }
            bytes.truncate(cut);
            if let Ok(question) = read(&bytes) {
                prop_assert!((1..=2).contains(&question.targets.len()));
                prop_assert!(question.targets.iter().all(|target| !target.is_dom0() && *target != question.backend));
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert!(read(&bytes).is_err());
            let _ = read(&[header().as_bytes(), &bytes].concat());
        }

        #[test]
        fn deep_nesting_is_refused(depth in 0..3000_usize, open in prop::sample::select(vec!["[", "{\"a\":"])) {
            let deep = format!("\"icons\": {}{{", open.repeat(depth));
            let is_refused = with("\"icons\": {", &deep).is_err();
            prop_assert_eq!(is_refused, depth > 0);
        }
    }
}
