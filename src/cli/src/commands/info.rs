//! `info`: what a device says of itself.

use std::fmt::Write as _;

use device_core::assignment::Options;
use serde::Serialize;

use super::target;
use crate::errand::Manner;
use crate::failure::Failure;
use crate::hwdata;
use crate::json;
use crate::parse::Matches;
use crate::session::Session;

/// Prints description, id and whatever else the device tells. Without a device there is nothing to tell.
///
/// # Errors
/// When the device is not there.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    let Some(word) = matches.operand(0) else { return Ok(()) };
    let word = target::device_word(session, None, word).await?;
    let exposed = target::exposed(session, None, &word).await?;
    let on_port = exposed.into_iter().find(|device| word.covers_port(&device.port.id));
    let device = match on_port {
        Some(device) if !word.is_any_port() && word.covers_id(&device.id) => device,
        Some(_) => {
            let text = "this option works only for explicitly given port ID and does not support device ID";
            return Err(Failure::Argument(text.into()));
        }
        None => return Err(Failure::Argument(target::not_exposed(session, &word).await)),
    };
    if session.errand.manner == Manner::Json {
        #[derive(Serialize)]
        struct Info {
            device: json::Device,
        }
        let holder = session.holder_of(&device).await?;
        let users = holder.iter().map(|qube| json::User::new(qube, &Options::new())).collect();
        let line = json::line("device", Info { device: json::Device::new(&device, users) });
        return Ok(session.errand.console.out.write_all(line.as_bytes())?);
    }
    let mut text = device.description(&hwdata::label) + "\n";
    if device.id.is_told() {
        let _ = writeln!(text, "device ID: {}", device.id);
    }
    for (key, value) in &device.data {
        let _ = writeln!(text, "{}: {value}", key.replace('_', " "));
    }
    Ok(session.errand.console.out.write_all(text.as_bytes())?)
}
