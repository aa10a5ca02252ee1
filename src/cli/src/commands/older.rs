//! What the forms of R3 printed and did, where today's commands print and do something else.
//!
//! # Source
//! Admin API facts 6.5.

use std::collections::BTreeSet;

use device_core::assignment::Attachment;
use device_core::device::DeviceInfo;
use device_core::error::ErrorKind;
use device_core::name::{DeviceClass, QubeName};
use device_core::scope::{Scope, ScopeReply};

use super::{detach, list, target};
use crate::errand::foreign_kind;
use crate::failure::Failure;
use crate::grammar::Key;
use crate::parse::Matches;
use crate::session::Session;

/// `-l`: one line a device, a tab behind its name; of PCI devices the addresses that a qube has, as a list.
///
/// # Errors
/// When nothing could be read, or a part of it: what could be read is printed first.
pub(super) async fn list(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    if let Some(qube) = matches.operand(0) {
        let text = addresses(session, qube).await?;
        return Ok(session.errand.console.out.write_all(text.as_bytes())?);
    }
    let Lines { text, unreadable, is_known } = lines(session).await?;
    if !is_known && !unreadable.is_empty() {
        return Err(Failure::Refused(list::no_such_class(session.class.as_str())));
    }
    session.errand.console.out.write_all(text.as_bytes())?;
    list::complain(session, &unreadable)
}

/// What the backends that run expose.
#[derive(Default)]
struct Lines {
    text: String,
    unreadable: BTreeSet<QubeName>,
    /// Whether any backend had an answer.
    is_known: bool,
}

async fn lines(session: &mut Session<'_>) -> Result<Lines, Failure> {
    let running = session.errand.qubes().await?.iter().filter(|qube| qube.state.is_running());
    let scopes = running.map(|qube| Scope::Exposed(qube.name.clone(), session.class.clone())).collect();
    let mut lines = Lines::default();
    for (scope, reply) in session.errand.read_all_with_holders(scopes).await {
        let devices = match reply {
            Ok(reply) => exposed(reply)?,
            // A qube that was removed meanwhile has nothing to tell.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) if list::is_about_this_qube(&error) => {
                lines.unreadable.extend(scope.qube().cloned());
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        lines.is_known = true;
        for device in devices {
            let held = match (&device.holder, &session.class) {
                (Some(holder), DeviceClass::Block) => {
                    session.errand.client.attached_on(&device.port, holder).await.ok()
                }
                _ => None,
            };
            lines.text.push_str(&line(&device, held.flatten().as_ref()));
        }
    }
    Ok(lines)
}

fn exposed(reply: ScopeReply) -> Result<Vec<DeviceInfo>, Failure> {
    match reply {
        ScopeReply::Exposed(devices) => Ok(devices),
        _ => Err(foreign_kind().into()),
    }
}

/// `sys-usb:2-5<TAB>058f:3822 058f_USB_2.0_Camera (attached to conferences)`
fn line(device: &DeviceInfo, held: Option<&Attachment>) -> String {
    let names = &device.names;
    let words = |text: Option<&device_core::text::DisplayText>| {
        text.map(|text| text.as_str().replace(' ', "_")).unwrap_or_default()
    };
    let what = if !device.id.is_told() {
        let size = device.data.get("size").and_then(|size| size.as_str().parse().ok());
        let size = size.filter(|_| device.port.class == DeviceClass::Block);
        device.description(&|_| None) + &size.map(|size| format!(" {}", in_units(size))).unwrap_or_default()
    } else if device.port.class == DeviceClass::Block {
        format!("{} ({})", words(names.serial.as_ref()), words(names.name.as_ref()))
    } else {
        let id: Vec<_> = device.id.as_str().split(':').take(2).collect();
        let maker = names.manufacturer.as_ref().or(names.vendor.as_ref());
        let model = names.product.as_ref().or(names.name.as_ref());
        let name = [words(maker), words(model)].join("_");
        format!("{} {}", id.join(":"), name.trim_matches('_'))
    };
    let holder = match (&device.holder, held.and_then(|held| held.options.value("frontend-dev"))) {
        (Some(holder), Some(node)) => format!(" (attached to '{holder}' as '{node}')"),
        (Some(holder), None) => format!(" (attached to {holder})"),
        (None, _) => String::new(),
    };
    format!("{}\t{what}{holder}\n", device.port)
}

/// A size in bytes, in whole units; the next one only above 1024.
fn in_units(bytes: u64) -> String {
    let (mut size, mut unit) = (bytes, "B");
    for next in ["KiB", "MiB", "GiB"] {
        if size <= 1024 {
            break;
        }
        (size, unit) = (size / 1024, next);
    }
    format!("{size} {unit}")
}

/// The addresses of the PCI devices that are stored for a qube: `['00:1a.0', '00:1d.0']`.
async fn addresses(session: &mut Session<'_>, qube: &str) -> Result<String, Failure> {
    let qube = session.errand.target(qube).await?;
    let stored = match session.assigned(&qube).await {
        Ok(stored) => stored,
        Err(error) => return Err(session.errand.explain(&qube, error.into()).await),
    };
    let exposed = session.exposed(&QubeName::dom0()).await?;
    let addresses: Vec<_> = stored
        .iter()
        .filter_map(|stored| {
            let port = stored.port.as_ref()?;
            let device = exposed.iter().find(|device| device.port.id == *port);
            let address = device.and_then(|device| device.data.get("sbdf"));
            let address = address.map_or_else(|| port.as_str().replace('_', ":"), ToString::to_string);
            Some(format!("'{}'", address.strip_prefix("0000:").unwrap_or(&address)))
        })
        .collect();
    Ok(format!("[{}]\n", addresses.join(", ")))
}

/// `-d DEVICE`, from whatever qube has it, and `-d VMNAME -f NODE`.
///
/// # Errors
/// Whatever kept it from being done. A device that nobody has is only told of.
pub(super) async fn detach(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let word = matches.operand(0).unwrap_or_default();
    match matches.values(Key::Option).last() {
        Some(option) if !word.contains(':') => detach_node(session, word, option).await,
        _ => detach_device(session, word).await,
    }
}

/// The disk that the qube `word` knows as the node that `option` names.
async fn detach_node(session: &mut Session<'_>, word: &str, option: &str) -> Result<(), Failure> {
    let frontend = session.errand.target(word).await?;
    let held = session.attached(&frontend).await?;
    let node = option.strip_prefix("frontend-dev=");
    let on_node = |held: &&Attachment| node.is_some() && held.options.value("frontend-dev") == node;
    match held.iter().find(on_node) {
        Some(meant) => detach::detach(session, &meant.device, &frontend, &held).await,
        None => not_connected(session),
    }
}

async fn detach_device(session: &mut Session<'_>, word: &str) -> Result<(), Failure> {
    let word = target::device_word(session, None, word).await?;
    let device = target::present(session, None, &word).await?;
    let Some(frontend) = session.holder_of(&device).await? else { return not_connected(session) };
    // Without leave to look, the server's own check has to do.
    let held = session.attached(&frontend).await.unwrap_or_default();
    detach::detach(session, &device.to_ref(), &frontend, &held).await
}

fn not_connected(session: &mut Session<'_>) -> Result<(), Failure> {
    Ok(session.errand.console.err.write_all(b"WARNING: Device not connected to any VM\n")?)
}
