//! USB devices: behind a USB qube, given away whole, one holder each.
//!
//! # Source
//! Admin API facts 3.8 and 5.3.

use device_core::assignment::Options;
use device_core::name::QubeName;
use device_core::qube::PowerState;

use super::{Class, Exposed, Held};
use crate::hardware::UsbPlug;
use crate::hwids;
use crate::later::Deed;
use crate::refusal::Refusal;
use crate::state::State;

/// Bytes of a service's words that a message carries.
const WORDS_MAX: usize = 4096;

/// What a backend writes of its USB devices. dom0 has no proxy service and so lists none.
pub(super) fn exposed(state: &State, backend: &QubeName) -> Result<Vec<Exposed>, Refusal> {
    if backend.is_dom0() {
        return Ok(Vec::new());
    }
    state
        .hardware
        .usb
        .iter()
        .filter(|((owner, _), plug)| owner == backend && plug.is_known)
        .map(|((_, port), plug)| read(backend, port, plug))
        .collect()
}

pub(super) fn held(state: &State, frontend: &QubeName) -> Vec<Held> {
    state
        .hardware
        .usb
        .iter()
        .filter(|((backend, _), plug)| plug.holder.as_ref() == Some(frontend) && state.is_running(backend))
        .filter_map(|((backend, port), plug)| {
            let device = read(backend, port, plug).ok()?;
            Some(Held { backend: backend.clone(), port: device.port, id: device.id, options: Options::new() })
        })
        .collect()
}

/// What is on a port, for the disks and pictures that hang on it.
pub(super) fn on_port(state: &State, backend: &QubeName, port: &str) -> Option<Exposed> {
    let plug = state.hardware.usb.get(&(backend.clone(), port.to_owned()))?;
    read(backend, port, plug).ok()
}

/// Reads a device as the server does. A code that is not hexadecimal loses the whole list of its backend.
fn read(backend: &QubeName, port: &str, plug: &UsbPlug) -> Result<Exposed, Refusal> {
    let interfaces = codes(&plug.interfaces)?;
    let fields: Vec<_> = plug.desc.split(' ').collect();
    let (ids, names, serial) = match fields.as_slice() {
        [ids, manufacturer, _model, serial] if ids.contains(':') => {
            let (vendor, product) = ids.split_once(':').unwrap_or_default();
            let serial = decoded(serial);
            let mut names = Vec::new();
            let listed = plug
                .listed
                .clone()
                .or_else(|| hwids::usb_device(vendor, product).map(|(v, p)| (v.to_owned(), p.to_owned())));
            if let Some((vendor, product)) = listed {
                names.extend([("vendor", vendor), ("product", product)]);
            }
            // The real server overwrites the name with the serial number; faces must live with that.
            names.extend([
                ("manufacturer", decoded(manufacturer)),
                ("name", serial.clone()),
                ("serial", serial.clone()),
            ]);
            (format!("{vendor}:{product}"), names, serial)
        }
        _ => ("0000:0000".to_owned(), Vec::new(), String::new()),
    };
    Ok(Exposed {
        class: Class::Usb,
        backend: backend.clone(),
        port: port.to_owned(),
        id: format!("{ids}:{serial}:{}", interfaces.concat()),
        names,
        holder: plug.holder.clone(),
        interfaces,
        parent: None,
        data: Vec::new(),
    })
}

fn codes(text: &str) -> Result<Vec<String>, Refusal> {
    let codes: Vec<String> =
        text.split(':').filter(|code| !code.is_empty()).map(|code| format!("u{code}")).collect();
    if codes.iter().any(|code| device_core::interface::Interface::new(code).is_none()) {
        return Err(Refusal::Crash);
    }
    Ok(if codes.is_empty() { vec!["?******".to_owned()] } else { codes })
}

/// Undoes udev's `\x20`, then replaces what is not plain printable ASCII.
fn decoded(text: &str) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        let c = match (c, rest.strip_prefix('x')) {
            ('\\', Some(hex)) => {
                let byte = hex.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
                rest = hex.get(hex.len().min(2)..).unwrap_or_default();
                byte.map_or('_', char::from)
            }
            ('\\', None) => match rest.chars().next() {
                Some(next) => {
                    rest = rest.get(next.len_utf8()..).unwrap_or_default();
                    next
                }
                None => '_',
            },
            (c, _) => c,
        };
        made.push(if matches!(c, ' '..='~') { c } else { '_' });
    }
    made
}

/// Refuses what can be seen before anything is done: options, and a device that somebody has.
pub(crate) fn check(device: &Exposed, options: &Options) -> Result<(), Refusal> {
    if !options.is_empty() {
        return Err(Refusal::exception("QubesException", "USB device attach does not support user options"));
    }
    device.check_free()
}

pub(super) fn attach(
    state: &mut State,
    frontend: &QubeName,
    device: &Exposed,
    options: &Options,
) -> Result<(), Refusal> {
    check(device, options)?;
    // To dom0 the real server answers success and does nothing.
    if frontend.is_dom0() || !state.is_running(frontend) {
        return Ok(());
    }
    if state.has_quirks {
        // It writes the frontend down before the deed, and leaves it there when the deed fails.
        set_seen(state, device, Some(frontend));
    }
    if matches!(state.known(frontend)?.power, PowerState::Paused | PowerState::Suspended) {
        return Err(Refusal::exception("QubesVMNotRunningError", format!("Domain '{frontend}' is paused")));
    }
    run_service(state, frontend, "Device attach failed:")?;
    set_holder(state, &device.backend, &device.port, Some(frontend));
    set_seen(state, device, Some(frontend));
    state.notice(&device.backend, Class::Usb);
    Ok(())
}

pub(super) fn detach(state: &mut State, frontend: &QubeName, held: &Held) -> Result<(), Refusal> {
    run_service(state, &held.backend, "Device detach failed:")?;
    let seen = state.seen.entry((held.backend.clone(), Class::Usb)).or_default();
    if seen.get(&held.port).is_some_and(|holder| holder.as_ref() == Some(frontend)) {
        seen.insert(held.port.clone(), None);
    }
    if state.pace.release.is_zero() {
        release(state, &held.backend, &held.port, frontend);
    } else {
        let deed = Deed::Release(held.backend.clone(), held.port.clone(), frontend.clone());
        state.left.aside(state.pace.release, deed);
    }
    Ok(())
}

/// The backend notes that the device is no longer with `frontend`: it looks once a second, after the answer to the detach.
pub(crate) fn release(state: &mut State, backend: &QubeName, port: &str, frontend: &QubeName) {
    let plug = state.hardware.usb.get(&(backend.clone(), port.to_owned()));
    if plug.is_some_and(|plug| plug.holder.as_ref() == Some(frontend)) {
        set_holder(state, backend, port, None);
    }
    state.notice(backend, Class::Usb);
}

fn set_holder(state: &mut State, backend: &QubeName, port: &str, holder: Option<&QubeName>) {
    if let Some(plug) = state.hardware.usb.get_mut(&(backend.clone(), port.to_owned())) {
        plug.holder = holder.cloned();
    }
}

fn set_seen(state: &mut State, device: &Exposed, holder: Option<&QubeName>) {
    state
        .seen
        .entry((device.backend.clone(), Class::Usb))
        .or_default()
        .insert(device.port.clone(), holder.cloned());
}

/// Runs the proxy's service inside `qube`; the control language can make the next one fail.
fn run_service(state: &mut State, qube: &QubeName, failed: &str) -> Result<(), Refusal> {
    state.emit(qube, "domain-cmd-pre-run", &[("start_guid", "False")]);
    match state.faults.service.take() {
        None => Ok(()),
        Some((127, _)) => {
            Err(Refusal::exception("USBProxyNotInstalled", "qubes-usb-proxy not installed in the VM"))
        }
        Some((_, words)) => {
            Err(Refusal::exception("QubesUSBException", format!("{failed}  {}", printable(&words))))
        }
    }
}

/// The words of a service as a message carries them: byte by byte, what is not printable becomes `_`.
fn printable(words: &str) -> String {
    words
        .bytes()
        .take(WORDS_MAX)
        .map(|byte| if matches!(byte, b' '..=b'~') { char::from(byte) } else { '_' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn udev_escapes_are_undone_and_the_rest_made_harmless() {
        for (raw, read) in [
            ("Cruzer\\x20Blade", "Cruzer Blade"),
            ("a\\xzzb", "a_b"),
            ("a\\xc3\\xa9", "a__"),
            ("\\x", "_"),
            ("\\", "_"),
            ("a\\bc", "abc"),
            ("é<b>'\"", "_<b>'\""),
        ] {
            assert_eq!(decoded(raw), read, "{raw}");
        }
    }

    #[test]
    fn a_code_that_is_no_hexadecimal_loses_the_list() {
        assert_eq!(codes(":080650:zz0101:"), Err(Refusal::Crash));
        assert_eq!(codes(""), Ok(vec!["?******".to_owned()]));
    }
}
