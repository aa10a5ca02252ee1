//! Calls about qubes themselves: who is there, who runs, make and remove.
//!
//! # Source
//! Admin API facts 2.1.

use device_core::name::QubeName;
use device_core::qube::{Label, QubeClass};

use super::{Call, bad_name};
use crate::property_write::no_such_label;
use crate::qube::Qube;
use crate::refusal::{Answer, Protocol, Refusal};
use crate::state::{State, no_such_qube};

impl State {
    /// `List`, `Start`, `Create.AppVM`, …
    pub(super) fn qube_call(&mut self, call: Call<'_>, name: &str) -> Option<Answer> {
        Some(match name {
            "List" => self.list(call),
            "CurrentState" if self.protocol != Protocol::R40 => self.current_state(call),
            "Start" => self.plainly(call, Self::start),
            "Shutdown" => self.shutdown_call(call),
            "Kill" => self.plainly(call, Self::stop),
            "Pause" => self.plainly(call, |state, name| {
                state.emit(name, "domain-pre-paused", &[]);
                state.pause(name)
            }),
            "Unpause" => self.plainly(call, |state, name| {
                state.emit(name, "domain-pre-unpaused", &[]);
                state.unpause(name)
            }),
            "CreateDisposable" => self.create_disposable(call),
            "Remove" => self.remove_call(call),
            _ => return self.create(call, name.strip_prefix("Create.")?),
        })
    }

    fn list(&self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        let mut lines = String::new();
        for qube in self.in_list_order() {
            if call.destination.is_dom0() || qube.name == *call.destination {
                lines.push_str(&line(qube, self.protocol));
            }
        }
        Ok(lines.into_bytes())
    }

    fn current_state(&self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        let qube = self.known(call.destination)?;
        let is_local = qube.is_running() && qube.has_devices();
        let maximum: u64 = self.property_text(qube, "maxmem").and_then(|text| text.parse().ok()).unwrap_or(0);
        let (mem, maximum, time) =
            if is_local { (1_048_576, maximum * 1024, 1_000_000_000) } else { (0, 0, 0) };
        Ok(format!("mem={mem} mem_static_max={maximum} cputime={time} power_state={}", qube.power.as_str())
            .into_bytes())
    }

    /// A call that takes nothing and answers nothing.
    fn plainly(
        &mut self,
        call: Call<'_>,
        act: impl FnOnce(&mut Self, &QubeName) -> Result<(), Refusal>,
    ) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        act(self, call.destination)?;
        Ok(Vec::new())
    }

    fn shutdown_call(&mut self, call: Call<'_>) -> Answer {
        let (is_forced, is_awaited) = match call.argument {
            "" => (false, false),
            "wait" => (false, true),
            "force" => (true, false),
            "force+wait" => (true, true),
            _ => return Err(Refusal::protocol("unexpected argument")),
        };
        call.without_payload()?;
        self.shutdown(call.destination, is_forced)?;
        if !is_awaited {
            self.left.leave_alone();
        }
        Ok(Vec::new())
    }

    fn create_disposable(&mut self, call: Call<'_>) -> Answer {
        if !matches!(call.argument, "" | "preload") {
            return Err(Refusal::protocol("unexpected argument"));
        }
        let wants_uuid = match call.payload {
            b"" => false,
            b"uuid" if !self.protocol.is_older() => true,
            _ if self.protocol.is_older() => return Err(Refusal::protocol("unexpected payload")),
            _ => return Err(Refusal::value("Invalid payload")),
        };
        let template = if call.destination.is_dom0() {
            self.qube_property(self.known(call.source)?, "default_dispvm").ok_or(Refusal::Crash)?
        } else {
            call.destination.clone()
        };
        let qube = self.known(&template)?;
        if self.property_text(qube, "template_for_dispvms").as_deref() != Some("True") {
            return Err(Refusal::exception(
                "QubesException",
                "Refusing to create disposable out of app qube which has template_for_dispvms=False",
            ));
        }
        let label = qube.property("label").unwrap_or("red").to_owned();
        let name = self.free_disposable_name()?;
        self.add(&name, QubeClass::Disposable);
        self.set_tag(&name, &format!("created-by-{}", call.source), true);
        let made = self.known_mut(&name)?;
        for (property, text) in
            [("label", label.as_str()), ("template", template.as_str()), ("auto_cleanup", "True")]
        {
            made.properties.insert(property.to_owned(), text.to_owned());
        }
        let uuid = made.uuid.clone();
        Ok(if wants_uuid { format!("uuid:{uuid}") } else { name.to_string() }.into_bytes())
    }

    fn free_disposable_name(&mut self) -> Result<QubeName, Refusal> {
        loop {
            let name = QubeName::new(&format!("disp{}", self.next_disposable)).map_err(|_| Refusal::Crash)?;
            self.next_disposable += 1;
            if !self.qubes.contains_key(&name) {
                return Ok(name);
            }
        }
    }

    fn create(&mut self, call: Call<'_>, class: &str) -> Option<Answer> {
        let class = match QubeClass::new(class) {
            QubeClass::Admin | QubeClass::Remote | QubeClass::Other => return None,
            class => class,
        };
        Some(self.create_of(call, class))
    }

    fn create_of(&mut self, call: Call<'_>, class: QubeClass) -> Answer {
        call.only_dom0()?;
        let (name, label) = name_and_label(call.payload_text()?).ok_or(Refusal::Crash)?;
        let template = match (class, call.argument) {
            (QubeClass::Template | QubeClass::Standalone, _) => None,
            (_, "") => Some(self.default_of("template")),
            (_, template) => Some(template.to_owned()),
        };
        if let Some(template) = &template {
            QubeName::new(template)
                .ok()
                .filter(|template| self.qube(template).is_some())
                .ok_or_else(|| no_such_qube(template))?;
        }
        let checked = QubeName::new(name).map_err(|error| bad_name(name, &error))?;
        if self.qube(&checked).is_some() {
            return Err(Refusal::value(format!("VM {name} already exists")));
        }
        Label::standard_colour(label).ok_or_else(|| no_such_label(label))?;
        self.add(&checked, class);
        self.set_tag(&checked, &format!("created-by-{}", call.source), true);
        let made = self.known_mut(&checked)?;
        made.properties.insert("label".to_owned(), label.to_owned());
        if let Some(template) = template {
            made.properties.insert("template".to_owned(), template);
        }
        self.emit(&checked, "domain-create-on-disk", &[]);
        Ok(Vec::new())
    }

    fn remove_call(&mut self, call: Call<'_>) -> Answer {
        call.without_argument()?;
        call.without_payload()?;
        let name = call.destination;
        if self.known(name)?.is_running() {
            return Err(Refusal::exception(
                "QubesVMNotHaltedError",
                format!("Domain is not powered off: '{name}'"),
            ));
        }
        let used = |message: String| Refusal::exception("QubesVMInUseError", message);
        let ports: Vec<&str> = self
            .qubes
            .values()
            .flat_map(|qube| &qube.assignments)
            .filter(|stored| stored.backend == *name)
            .map(|stored| stored.port.as_deref().unwrap_or("*"))
            .collect();
        if !ports.is_empty() {
            return Err(used(format!("VM has devices assigned to other VMs: {}", ports.join(", "))));
        }
        let is_named = |qube: &&Qube| {
            ["template", "netvm", "default_dispvm", "audiovm", "guivm"]
                .iter()
                .any(|property| qube.property(property) == Some(name.as_str()))
        };
        if let Some(user) = self.qubes.values().find(is_named) {
            return Err(used(format!("Domain is in use: '{name}' (by '{}')", user.name)));
        }
        self.remove(name);
        Ok(Vec::new())
    }
}

/// From R4.3 on it carries the uuid.
fn line(qube: &Qube, protocol: Protocol) -> String {
    let known = format!("{} class={} state={}", qube.name, qube.class.as_str(), qube.power.as_str());
    match protocol {
        Protocol::R40 | Protocol::R42 => known + "\n",
        Protocol::R43 | Protocol::R44 => format!("{known} uuid={}\n", qube.uuid),
    }
}

/// `name=NAME label=LABEL` in any order, each once.
fn name_and_label(text: &str) -> Option<(&str, &str)> {
    let (mut name, mut label) = (None, None);
    for pair in text.split(' ') {
        let place = match pair.split_once('=')? {
            ("name", value) => (&mut name, value),
            ("label", value) => (&mut label, value),
            _ => return None,
        };
        if place.0.replace(place.1).is_some() {
            return None;
        }
    }
    Some((name?, label?))
}
