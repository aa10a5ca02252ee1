//! `explain`: would this attach work, and if not, which rule, holder or deny entry is in the way.

use device_core::assignment::Attachment;
use device_core::device::Device;
use device_core::interface::Interface;
use device_core::machine::Machine;
use device_core::name::{DeviceClass, QubeName};
use device_core::rules::{self, Refusal};
use serde::Serialize;

use super::options::{self, options};
use super::{surroundings, target};
use crate::errand::Manner;
use crate::failure::Failure;
use crate::hwdata;
use crate::json;
use crate::kind;
use crate::parse::Matches;
use crate::session::Session;

/// Prints the verdict, then what there is to know.
///
/// # Errors
/// [`Failure::No`] when the attach would not work; otherwise whatever kept the question from being answered.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let options = options(&session.class, matches)?;
    let frontend = session.errand.target(matches.operand(0).unwrap_or_default()).await?;
    let word = target::device_word(session, Some(&frontend), matches.operand(1).unwrap_or_default()).await?;
    let port = target::present(session, Some(&frontend), &word).await?.port;
    if session.errand.find_qube(frontend.as_str()).await?.is_none() {
        return Err(session.errand.no_such_qube(frontend.as_str()));
    }
    let machine = surroundings::read(session, &port.backend, &frontend).await?;
    let Some(device) = machine.devices.get(&port) else {
        return Err(Failure::Argument(target::not_exposed(session, &word).await));
    };
    let held = match session.class {
        DeviceClass::Mic => session.attached(&frontend).await.unwrap_or_default(),
        _ => Vec::new(),
    };
    let program = session.errand.program.beside(session.class.as_str());
    let mut against = reasons(&machine, device, &frontend, &held, &program);
    against.extend(options::against(&session.class, &options));
    let mut further = further(session, device, &frontend).await;
    if options::is_only_readable(&device.info) {
        let told = if options::ask_for_writing(&options) { &mut against } else { &mut further };
        told.push(format!("{port} can be attached only read-only."));
    }
    say(session, device, &frontend, &against, &further)?;
    if against.is_empty() { Ok(()) } else { Err(Failure::No) }
}

/// Everything that speaks against it.
fn reasons(
    machine: &Machine,
    device: &Device,
    frontend: &QubeName,
    held: &[Attachment],
    program: &str,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let port = device.port();
    match rules::may_attach(machine, device, frontend) {
        // Told below, entry by entry.
        Ok(()) | Err(Refusal::DenyList(_)) => {}
        Err(refusal) => reasons.push(refusal.to_string()),
    }
    let qube = machine.qubes.get(frontend).and_then(|qube| qube.details.as_ref());
    for denied in qube.iter().flat_map(|details| &details.denied) {
        for code in device.info.interfaces.iter().filter(|code| code.matches(denied)) {
            reasons.push(denial(frontend, *denied, *code));
        }
    }
    if held.iter().any(|held| held.device.port == *port) {
        reasons.push(format!("The device is attached to {frontend} already."));
    }
    for holder in device.attachments.keys().filter(|holder| *holder != frontend) {
        reasons.push(format!(
            "{port} is attached to {holder}. `{program} move {frontend} {port}` takes it from there."
        ));
    }
    reasons
}

fn denial(frontend: &QubeName, denied: Interface, code: Interface) -> String {
    format!(
        "The deny list of {frontend} has {denied} ({}), and the device exposes {code} ({}).",
        kind::name(&denied),
        code.category()
    )
}

/// What is worth knowing either way: stored assignments that mean the device.
async fn further(session: &Session<'_>, device: &Device, frontend: &QubeName) -> Vec<String> {
    let stored = session.assigned(frontend).await.unwrap_or_default();
    let means = stored.iter().filter(|stored| stored.covers(device.port(), &device.info.id));
    means
        .map(|stored| {
            let mode = stored.mode;
            format!("{} is assigned to {frontend} ({mode}), whatever its deny list says.", device.port())
        })
        .collect()
}

fn say(
    session: &mut Session<'_>,
    device: &Device,
    frontend: &QubeName,
    against: &[String],
    further: &[String],
) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Verdict<'a> {
        may_attach: bool,
        qube: &'a str,
        device: json::Device,
        against: &'a [String],
        further: &'a [String],
    }
    let out = &mut session.errand.console.out;
    if session.errand.manner == Manner::Json {
        let users = device.attachments.iter().map(|(qube, options)| json::User::new(qube, options));
        let verdict = Verdict {
            may_attach: against.is_empty(),
            qube: frontend.as_str(),
            device: json::Device::new(&device.info, users.collect()),
            against,
            further,
        };
        return Ok(out.write_all(json::line("verdict", verdict).as_bytes())?);
    }
    let (verdict, port) = (if against.is_empty() { "Yes" } else { "No" }, device.port());
    let can = if against.is_empty() { "can" } else { "can't" };
    writeln!(out, "{verdict}: {port} {can} be attached to {frontend} now.")?;
    writeln!(out, "  {}", device.info.description(&hwdata::label))?;
    for sentence in against.iter().chain(further) {
        writeln!(out, "  {sentence}")?;
    }
    Ok(())
}
