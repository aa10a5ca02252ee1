//! The words that fit at the cursor, asked of the server where it takes one: `VALUE`, a tab, what it is.
//!
//! A shell waits for this, so it ends within [`PATIENCE`], and without a word when anything is wrong.

use std::fmt::Write as _;
use std::time::Duration;

use device_core::device::DeviceInfo;
use device_core::hypervisor::Hypervisor;
use device_core::name::{DeviceClass, QubeName};
use device_core::qube::{QubeClass, QubeState};
use device_core::scope::{Scope, ScopeReply};

use crate::complete::{Kind, Wanted, flags};
use crate::errand::Errand;
use crate::grammar::{COMMANDS, Meaning, Reach, Verb};
use crate::hwdata;
use crate::kind;

/// How long a person waits for a completion before it is in their way.
const PATIENCE: Duration = Duration::from_secs(2);

/// The line that tells a shell to offer files.
const FILES: &str = ":files";

/// A word, and what it is.
type Offer = (String, String);

/// Every word that fits, as lines.
pub async fn lines(errand: &mut Errand<'_>, wanted: &Wanted) -> String {
    let offers = tokio::time::timeout(PATIENCE, offers(errand, wanted)).await.unwrap_or_default();
    let mut text = String::new();
    for (word, about) in offers {
        if word == FILES {
            text.push_str(FILES);
            text.push('\n');
        } else if word.starts_with(&wanted.typed) {
            let _ = writeln!(text, "{}{word}\t{about}", wanted.lead);
        }
    }
    text
}

async fn offers(errand: &mut Errand<'_>, wanted: &Wanted) -> Vec<Offer> {
    match wanted.kind {
        Kind::Nothing => Vec::new(),
        Kind::Flag => flags(wanted.verb)
            .flat_map(|flag| flag.names.iter().map(|name| (format!("--{name}"), flag.about.to_owned())))
            .collect(),
        Kind::Class => classes(errand).await,
        Kind::Command => COMMANDS
            .iter()
            .map(|command| (command.main_name().to_owned(), command.about.to_owned()))
            .collect(),
        Kind::Meaning(meaning) => meant(errand, wanted, meaning).await,
    }
}

async fn meant(errand: &mut Errand<'_>, wanted: &Wanted, meaning: Meaning) -> Vec<Offer> {
    let fixed = |words: &[(&str, &str)]| {
        words.iter().map(|(word, about)| ((*word).to_owned(), (*about).to_owned())).collect()
    };
    match meaning {
        Meaning::Qube => qubes(errand).await,
        Meaning::Template => templates(errand, &wanted.typed).await,
        Meaning::Device => devices(errand, wanted).await.unwrap_or_default(),
        Meaning::Option => match wanted.class.as_deref() {
            Some("block") => fixed(&[
                ("frontend-dev=", "Device node in the qube"),
                ("read-only=yes", "Attach read-only"),
                ("devtype=cdrom", "Attach as a CD"),
            ]),
            Some("pci") => fixed(&[
                ("no-strict-reset=true", "Without a reset; a security risk"),
                ("permissive=true", "With full access to its configuration; a security risk"),
            ]),
            _ => Vec::new(),
        },
        Meaning::DenyVerb => fixed(&[
            ("list", "Print the deny list"),
            ("add", "Add kinds of devices"),
            ("remove", "Take kinds of devices away"),
        ]),
        Meaning::Kind => kind::categories()
            .map(|category| {
                let codes: Vec<_> = category.patterns().map(|code| code.to_string()).collect();
                (category.as_str().to_owned(), codes.join(" "))
            })
            .collect(),
        Meaning::File => vec![(FILES.to_owned(), String::new())],
        Meaning::Number => Vec::new(),
    }
}

async fn classes(errand: &Errand<'_>) -> Vec<Offer> {
    let known = match errand.client.read(&Scope::Classes).await {
        Ok(ScopeReply::Classes(classes)) => classes,
        _ => vec![DeviceClass::Block, DeviceClass::Mic, DeviceClass::Pci, DeviceClass::Usb],
    };
    let classes = known.iter().map(|class| (class.to_string(), format!("{class} devices")));
    let commands = COMMANDS.iter().filter(|command| command.reach == Reach::AllClasses);
    classes
        .chain(commands.map(|command| (command.main_name().to_owned(), command.about.to_owned())))
        .collect()
}

async fn qubes(errand: &mut Errand<'_>) -> Vec<Offer> {
    let qubes = errand.qubes().await.unwrap_or_default();
    qubes.iter().filter(|qube| !qube.name.is_dom0()).map(offer_of_qube).collect()
}

/// The qubes that disposables can be based on: one call for each that can be one and begins as typed. One whose property
/// is kept from us may be one.
async fn templates(errand: &mut Errand<'_>, typed: &str) -> Vec<Offer> {
    let client = errand.client.clone();
    let mut offers = Vec::new();
    for qube in errand.qubes().await.unwrap_or_default() {
        let is_possible = matches!(qube.class, QubeClass::App | QubeClass::Standalone | QubeClass::Other);
        if is_possible
            && qube.name.as_str().starts_with(typed)
            && let Ok(None | Some(true)) = client.is_disposable_template(&qube.name).await
        {
            offers.push(offer_of_qube(qube));
        }
    }
    offers
}

fn offer_of_qube(qube: &QubeState) -> Offer {
    (qube.name.to_string(), format!("{}, {}", qube.class.as_str(), qube.state.as_str().to_lowercase()))
}

/// What the command can mean: what the qube holds or is assigned where one leaves it, else what is there.
async fn devices(errand: &mut Errand<'_>, wanted: &Wanted) -> Option<Vec<Offer>> {
    let class = DeviceClass::new(wanted.class.as_deref()?).ok()?;
    let qube = || QubeName::new(wanted.operands.first()?).ok();
    let reply = match wanted.verb {
        Some(Verb::Detach) => errand.client.read(&Scope::Attached(qube()?, class)).await.ok()?,
        Some(Verb::Unassign) => errand.client.read(&Scope::Assigned(qube()?, class)).await.ok()?,
        _ => return exposed(errand, &class).await,
    };
    Some(match reply {
        ScopeReply::Attached(held) => {
            held.iter().map(|held| (held.device.port.to_string(), held.device.id.to_string())).collect()
        }
        ScopeReply::Assigned(stored) => stored
            .iter()
            .map(|stored| {
                let port = stored.port.as_ref().map_or("*", |port| port.as_str());
                let device = stored.device.as_ref().map_or("*", |device| device.as_str());
                (format!("{}:{port}:{device}", stored.backend), stored.mode.to_string())
            })
            .collect(),
        _ => Vec::new(),
    })
}

async fn exposed(errand: &mut Errand<'_>, class: &DeviceClass) -> Option<Vec<Offer>> {
    let running = errand.qubes().await.ok()?.iter().filter(|qube| qube.state.is_running());
    let backends = running.filter(|qube| !class.is_dom0_only() || qube.name.is_dom0());
    let scopes = backends.map(|qube| Scope::Exposed(qube.name.clone(), class.clone())).collect();
    let mut offers = Vec::new();
    for (_, reply) in errand.read_all(scopes).await {
        if let Ok(ScopeReply::Exposed(devices)) = reply {
            offers.extend(devices.iter().map(offer));
        }
    }
    Some(offers)
}

fn offer(device: &DeviceInfo) -> Offer {
    (device.port.to_string(), device.description(&hwdata::label))
}
