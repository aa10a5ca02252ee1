//! A server that answers as the real one did in one recorded run.
//!
//! Changes must come as they were recorded, in that order. Reads that were recorded get their reply; others get the
//! reply that follows from the recorded ones: who was seen to hold a device holds it, and who was seen to lose it
//! held it before.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use device_core::assignment::{Assignment, Attachment};
use device_core::interface::Interface;
use device_core::name::{DeviceClass, DeviceRef, Port, QubeName};
use device_core::wire::argument::DeviceArgument;
use device_core::wire::listing;
use device_core::wire::request::Request;

use super::recording::{Call, is_change};

/// The server; it ends with the test program.
pub(crate) struct Replay {
    folder: tempfile::TempDir,
    state: Arc<Mutex<State>>,
}

struct State {
    calls: Vec<Call>,
    changes_expected: Vec<Call>,
    surprises: Vec<String>,
    asked: usize,
    held: Vec<Attachment>,
}

impl Replay {
    /// Starts it over the calls of a run.
    pub(crate) fn of(calls: &[Call]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("qubesd.sock")).expect("a socket");
        let state = Arc::new(Mutex::new(State::new(calls)));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &shared);
            }
        });
        Self { folder, state }
    }

    /// Leaves out changes that the run need not make.
    pub(crate) fn without_changes(self) -> Self {
        self.state.lock().unwrap().changes_expected.clear();
        self
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        Path::new(self.folder.path()).join("qubesd.sock")
    }

    /// How many calls came.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// Changes that were not recorded, and recorded ones that never came.
    pub(crate) fn surprises(&self) -> Vec<String> {
        let state = self.state.lock().unwrap();
        let missing = state
            .changes_expected
            .iter()
            .map(|call| format!("missing: {} {} on {}", call.method, call.arg, call.dest));
        state.surprises.iter().cloned().chain(missing).collect()
    }
}

fn serve(mut stream: UnixStream, state: &Mutex<State>) {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("a request");
    let reply = match Request::parse(&bytes) {
        Ok(request) => state.lock().unwrap().answer(&request),
        Err(_) => Vec::new(),
    };
    let _ = stream.write_all(&reply);
    let _ = stream.shutdown(Shutdown::Both);
}

impl State {
    fn new(calls: &[Call]) -> Self {
        let mut held: Vec<Attachment> = Vec::new();
        for call in calls {
            let Some((class, verb)) = class_and_verb(&call.method) else {
                continue;
            };
            let data = call.reply.strip_prefix(b"0\0").unwrap_or_default();
            match verb {
                "Attached" => {
                    for seen in listing::attached(data, &name(&call.dest), &class).0 {
                        // It tells the options too, which a backend does not.
                        held.retain(|held| !is_same(held, &seen));
                        held.push(seen);
                    }
                }
                "Available" => {
                    for info in listing::exposed(data, &name(&call.dest), &class).0 {
                        let seen = info.holder.clone().map(|holder| attachment(info.to_ref(), holder));
                        held.extend(seen.filter(|seen| !held.iter().any(|held| is_same(held, seen))));
                    }
                }
                "Detach" if call.reply.starts_with(b"0\0") => {
                    let seen = device(&class, &call.arg).map(|device| attachment(device, name(&call.dest)));
                    held.extend(seen.filter(|seen| !held.iter().any(|held| is_same(held, seen))));
                }
                _ => {}
            }
        }
        Self {
            calls: calls.to_vec(),
            changes_expected: calls.iter().filter(|call| call.is_change()).cloned().collect(),
            surprises: Vec::new(),
            asked: 0,
            held,
        }
    }

    fn answer(&mut self, request: &Request) -> Vec<u8> {
        self.asked += 1;
        if request.method.starts_with("admin.vm.") && !self.exists(&request.destination) {
            let message = format!("2\0QubesVMNotFoundError\0\0No such domain: '{}'\0", request.destination);
            return message.into_bytes();
        }
        if is_change(&request.method) {
            return self.change(request);
        }
        match class_and_verb(&request.method) {
            Some((class, "Available")) => self.available(request, &class),
            Some((class, "Attached")) => self.attached(request, &class),
            _ if request.method == "admin.vm.device.denied.List" => self.denied(request),
            verb => match (self.calls.iter().find(|call| call.is(request)), verb) {
                (Some(call), _) => call.reply.clone(),
                (None, Some((_, "Assigned"))) => b"0\0".to_vec(),
                (None, _) => Vec::new(),
            },
        }
    }

    fn change(&mut self, request: &Request) -> Vec<u8> {
        if !self.changes_expected.first().is_some_and(|call| call.is(request)) {
            self.surprises.push(format!(
                "{} {} on {} {}",
                request.method,
                request.argument,
                request.destination,
                String::from_utf8_lossy(&request.payload)
            ));
            return Vec::new();
        }
        let call = self.changes_expected.remove(0);
        if call.reply.starts_with(b"0\0")
            && let Some((class, verb)) = class_and_verb(&call.method)
            && let Some(device) = device(&class, &call.arg)
        {
            let frontend = name(&call.dest);
            self.held.retain(|held| held.device != device || held.frontend != frontend);
            if verb == "Attach" {
                self.held.push(attachment(device, frontend));
            }
        }
        call.reply
    }

    fn available(&self, request: &Request, class: &DeviceClass) -> Vec<u8> {
        let backend = name(&request.destination);
        let recorded =
            self.calls.iter().find(|call| call.method == request.method && call.dest == request.destination);
        let data = recorded.map_or(&b""[..], |call| call.reply.strip_prefix(b"0\0").unwrap_or_default());
        let mut reply = b"0\0".to_vec();
        for mut info in listing::exposed(data, &backend, class).0 {
            if !request.argument.is_empty() && request.argument != info.port.id.as_str() {
                continue;
            }
            if !class.is_dom0_only() {
                let holder = self.held.iter().find(|held| held.device == info.to_ref());
                info.holder = holder.map(|held| held.frontend.clone());
            }
            reply.extend(listing::write_exposed(&info).expect("it was read").into_bytes());
            reply.push(b'\n');
        }
        reply
    }

    fn attached(&self, request: &Request, class: &DeviceClass) -> Vec<u8> {
        let mut reply = b"0\0".to_vec();
        for held in &self.held {
            let port = &held.device.port;
            let asked = format!("{}+{}", port.backend, port.id);
            let is_asked = request.argument.is_empty() || request.argument == asked;
            if is_asked && port.class == *class && held.frontend.as_str() == request.destination {
                let line = listing::write_assigned(&assignment(held)).expect("it was read");
                reply.extend(line.into_bytes());
                reply.push(b'\n');
            }
        }
        reply
    }

    /// The deny list, as the recorded properties of the qube name it.
    fn denied(&self, request: &Request) -> Vec<u8> {
        let is_recorded =
            |call: &&Call| call.method == "admin.vm.property.GetAll" && call.dest == request.destination;
        let Some(call) = self.calls.iter().find(is_recorded) else { return Vec::new() };
        let properties = String::from_utf8_lossy(&call.reply);
        let denied = properties.lines().find_map(|line| line.strip_prefix("devices_denied "));
        let codes = denied.and_then(|line| line.rsplit(' ').next()).unwrap_or_default();
        let codes: Vec<_> = Interface::split(codes).map(|code| code.to_string()).collect();
        format!("0\0{}", codes.join("\n")).into_bytes()
    }

    /// Whether the recorded list of qubes, if there is one, names it.
    fn exists(&self, qube: &str) -> bool {
        let list = self.calls.iter().find(|call| call.method == "admin.vm.List");
        list.is_none_or(|call| {
            let (qubes, _) = listing::qubes(call.reply.strip_prefix(b"0\0").unwrap_or_default());
            qubes.iter().any(|known| known.name.as_str() == qube)
        })
    }
}

fn class_and_verb(method: &str) -> Option<(DeviceClass, &str)> {
    let (class, verb) = method.strip_prefix("admin.vm.device.")?.split_once('.')?;
    Some((DeviceClass::new(class).ok()?, verb))
}

fn name(text: &str) -> QubeName {
    QubeName::new(text).expect("a qube of the recording")
}

fn device(class: &DeviceClass, argument: &str) -> Option<DeviceRef> {
    let argument = DeviceArgument::parse(argument)?;
    let port = Port::new(name(&argument.backend?), class.clone(), argument.port?.parse().ok()?);
    Some(DeviceRef { port, id: argument.device?.parse().ok()? })
}

fn is_same(a: &Attachment, b: &Attachment) -> bool {
    a.device == b.device && a.frontend == b.frontend
}

fn attachment(device: DeviceRef, frontend: QubeName) -> Attachment {
    Attachment {
        device,
        frontend,
        mode: device_core::assignment::Mode::Manual,
        options: device_core::assignment::Options::new(),
    }
}

fn assignment(held: &Attachment) -> Assignment {
    Assignment {
        backend: held.device.port.backend.clone(),
        class: held.device.port.class.clone(),
        port: Some(held.device.port.id.clone()),
        device: Some(held.device.id.clone()),
        frontend: held.frontend.clone(),
        mode: held.mode,
        options: held.options.clone(),
    }
}
