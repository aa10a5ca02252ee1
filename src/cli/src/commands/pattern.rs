//! Which devices an assignment means: a port, a device, or one on the other, as `DEVICE`, `--port` and `--device` say.

use device_core::assignment::{Assignment, Mode, Options};
use device_core::device::DeviceInfo;
use device_core::name::{DeviceId, PortId, QubeName};

use super::target;
use crate::failure::Failure;
use crate::grammar::Key;
use crate::parse::Matches;
use crate::session::Session;

/// What is done about a port on which nothing is, when no device id was typed either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// Refused: there is nothing to take the id from.
    Refused,
    /// Taken as the unknown device, for the server to judge.
    Unknown,
}

/// An assignment without mode and options yet, and the devices it means that are there now.
pub(super) struct Pattern {
    pub(super) assignment: Assignment,
    pub(super) present: Vec<DeviceInfo>,
}

/// Reads the word and looks at its backend.
///
/// # Errors
/// When there is no such qube, backend or, if it is needed, device.
pub(super) async fn read(
    session: &mut Session<'_>,
    frontend: &QubeName,
    word: &str,
    matches: &Matches,
    absent: Absent,
) -> Result<Pattern, Failure> {
    let word = target::device_word(session, Some(frontend), word).await?;
    let exposed = target::exposed(session, Some(frontend), &word).await?;
    let on_port = exposed.iter().find(|device| !word.is_any_port() && word.covers_port(&device.port.id));
    let port = (!word.is_any_port()).then(|| PortId::new(&word.port)).transpose();
    let device = match word.device.as_deref() {
        Some("*") => Ok(None),
        Some(id) => DeviceId::new(id).map(Some),
        None if matches.has(Key::OnlyPort) => Ok(None),
        None => match (on_port, absent) {
            (Some(device), _) => Ok(Some(device.id.clone())),
            (None, Absent::Unknown) => Ok(Some(DeviceId::unknown())),
            (None, Absent::Refused) => return Err(nothing_there(session, frontend, &word).await),
        },
    };
    let (Ok(port), Ok(device), Some(backend)) = (port, device, word.backend()) else {
        return Err(nothing_there(session, frontend, &word).await);
    };
    let assignment = Assignment {
        backend,
        class: session.class.clone(),
        port: port.filter(|_| !matches.has(Key::OnlyDevice)),
        device: device.filter(|_| !matches.has(Key::OnlyPort)),
        frontend: frontend.clone(),
        mode: Mode::AutoAttach,
        options: Options::new(),
    };
    let present = exposed.into_iter().filter(|info| assignment.covers(&info.port, &info.id)).collect();
    Ok(Pattern { assignment, present })
}

async fn nothing_there(
    session: &mut Session<'_>,
    frontend: &QubeName,
    word: &crate::device_word::DeviceWord,
) -> Failure {
    let failure = Failure::Refused(target::not_exposed(session, word).await);
    session.errand.explain(frontend, failure).await
}
