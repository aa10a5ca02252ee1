//! Finding the one device that a command means.

use device_core::device::DeviceInfo;
use device_core::error::ErrorKind;
use device_core::name::{DeviceClass, DeviceRef, QubeName};

use crate::device_word::DeviceWord;
use crate::failure::Failure;
use crate::pci_address;
use crate::session::Session;
use crate::shown::shown;

/// Reads `word`; what is wrong with it counts less than a qube that does not exist.
///
/// # Errors
/// A usage error.
pub(super) async fn device_word(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    word: &str,
) -> Result<DeviceWord, Failure> {
    let port = match pci_address::in_full(word).filter(|_| session.class == DeviceClass::Pci) {
        Some(address) => Some(port_of(session, &address).await),
        None => None,
    };
    match DeviceWord::new(port.as_deref().unwrap_or(word)) {
        Ok(word) => Ok(word),
        Err(sentence) => {
            let sentence = if session.is_older().await { older_form(word) } else { sentence };
            let failure = session.errand.usage(&sentence);
            Err(explained(session, frontend, failure).await)
        }
    }
}

/// Today's name of the PCI device at this address: behind a bridge it is not the address. Told as a hint.
async fn port_of(session: &mut Session<'_>, address: &str) -> String {
    let exposed = session.exposed(&QubeName::dom0()).await.unwrap_or_default();
    let is_there =
        |device: &&DeviceInfo| device.data.get("sbdf").is_some_and(|found| found.as_str() == address);
    let port = exposed.iter().find(is_there).map(|device| device.port.id.to_string());
    let word = format!("dom0:{}", port.unwrap_or_else(|| pci_address::plain_port(address)));
    session.errand.hint_at_device(&word);
    word
}

/// The devices of the backend that `word` names.
///
/// # Errors
/// When there is no such backend, or it can't be read.
pub(super) async fn exposed(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    word: &DeviceWord,
) -> Result<Vec<DeviceInfo>, Failure> {
    let failure = match word.backend() {
        None => no_such_backend(session, word).await,
        Some(backend) => match session.exposed(&backend).await {
            Ok(devices) => return Ok(devices),
            Err(error) if error.kind() == ErrorKind::Unreachable => return Err(error.into()),
            Err(error) => match session.errand.find_qube(backend.as_str()).await? {
                None => no_such_backend(session, word).await,
                Some(_) => error.into(),
            },
        },
    };
    Err(explained(session, frontend, failure).await)
}

/// Exactly one present device, as `word` names it.
///
/// # Errors
/// When it is not there, with the sentence for it.
pub(super) async fn present(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    word: &DeviceWord,
) -> Result<DeviceInfo, Failure> {
    let devices = exposed(session, frontend, word).await?;
    // A wildcard names no port, so no device is on it.
    let found =
        devices.into_iter().find(|device| !word.is_any_port() && word.covers(&device.port.id, &device.id));
    if let Some(device) = found {
        return Ok(device);
    }
    let failure = Failure::Argument(not_exposed(session, word).await);
    Err(explained(session, frontend, failure).await)
}

async fn no_such_backend(session: &mut Session<'_>, word: &DeviceWord) -> Failure {
    Failure::Argument(if session.is_older().await {
        format!("no backend vm '{}'", shown(&word.backend))
    } else {
        "no such backend vm!".to_owned()
    })
}

/// The sentence of a server before R4.3 for a word that is no device.
fn older_form(word: &str) -> String {
    format!("expected a backend vm & device id combination like foo:bar got {}", shown(word))
}

/// The sentence for a device that is not there.
pub(super) async fn not_exposed(session: &mut Session<'_>, word: &DeviceWord) -> String {
    if session.is_older().await {
        return format!(
            "backend vm '{}' doesn't expose device '{}'",
            shown(&word.backend),
            shown(&word.port)
        );
    }
    format!(
        "backend vm {} doesn't expose {} device '{}'",
        shown(&word.backend),
        session.class,
        shown(&word.port)
    )
}

/// Another device is there than the one that was seen.
pub(super) fn changed(device: &DeviceRef) -> String {
    format!("The device on {} changed meanwhile. Look again before you choose.", device.port)
}

/// A qube that does not exist counts before everything else that is wrong.
pub(super) async fn explained(
    session: &mut Session<'_>,
    frontend: Option<&QubeName>,
    failure: Failure,
) -> Failure {
    match frontend {
        Some(frontend) => session.errand.explain(frontend, failure).await,
        None => failure,
    }
}
