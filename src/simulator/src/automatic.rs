//! Stored assignments at work: when a device appears, when a qube starts, and when a person has to be asked.
//!
//! Nothing here waits for the person: a [`Question`] goes to the server, the answer comes back to [`State::answer`].
//!
//! # Source
//! Admin API facts 5.1.

use device_core::assignment::{Mode, Options};
use device_core::name::QubeName;
use device_core::qube::QubeClass;

use crate::class::{Class, Exposed};
use crate::qube::Stored;
use crate::state::State;

/// Which qube shall have this device? One or several want it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) class: Class,
    pub(crate) backend: QubeName,
    pub(crate) port: String,
    pub(crate) id: String,
    pub(crate) description: String,
    /// The qubes that may be answered, with the options they would get it with.
    pub(crate) targets: Vec<(QubeName, Options)>,
    /// The run of the server, and the pass over a backend's devices, in which it came up.
    pub(crate) run: u64,
    pub(crate) pass: u64,
}

impl Question {
    /// What the agent is asked, as it travels: one JSON object.
    ///
    /// # Source
    /// Admin API facts 5.1.
    pub(crate) fn to_json(&self, icons: &[(String, String)]) -> String {
        let text = |text: &str| serde_json::Value::from(text).to_string();
        let targets: Vec<String> = self.targets.iter().map(|(name, _)| text(name.as_str())).collect();
        let default = match self.targets.as_slice() {
            [(only, _)] => only.as_str(),
            _ => "",
        };
        let icons: Vec<String> =
            icons.iter().map(|(name, icon)| format!("{}: {}", text(name), text(icon))).collect();
        format!(
            "{{\"source\": {}, \"device_name\": {}, \"argument\": {}, \"targets\": [{}], \"default_target\": {}, \
             \"icons\": {{{}}}}}",
            text(self.backend.as_str()),
            text(&self.description),
            text(&self.port),
            targets.join(", "),
            text(default),
            icons.join(", ")
        )
    }
}

impl State {
    /// A device appeared: the qubes that have it assigned get their turn.
    pub(crate) fn offer(&mut self, device: &Exposed) {
        if self.protocol.is_older() {
            // Before R4.3 a plug-in alone attaches nothing; persistent devices come with the start of their qube.
            return;
        }
        let wishes: Vec<(QubeName, Stored)> = self
            .qubes
            .values()
            .filter(|qube| qube.is_running())
            .filter_map(|qube| {
                let best = qube
                    .assignments
                    .iter()
                    .filter(|stored| stored.covers(device.class, &device.backend, &device.port, &device.id))
                    .min_by_key(|stored| stored.specificity())?;
                Some((qube.name.clone(), best.clone()))
            })
            .collect();
        match wishes.as_slice() {
            [] => {}
            [(frontend, stored)] if stored.mode != Mode::AskToAttach => {
                self.attach_silently(frontend, device, stored.options.clone());
            }
            _ => {
                let targets = wishes.into_iter().map(|(name, stored)| (name, stored.options)).collect();
                let question = self.question(device, targets);
                self.left.offer(question);
            }
        }
    }

    /// A qube started or woke: it gets what is assigned to it and free, of the classes that are meant.
    pub(crate) fn attach_assigned(&mut self, frontend: &QubeName, is_meant: impl Fn(Class) -> bool) {
        let mut wishes = self.qube(frontend).map(|qube| qube.assignments.clone()).unwrap_or_default();
        wishes.sort_by_key(Stored::specificity);
        self.desk.begin_pass();
        for stored in wishes {
            // Required disks and PCI functions are part of the boot itself.
            let is_booted =
                stored.class == Class::Pci || (stored.class == Class::Block && stored.mode == Mode::Required);
            if is_booted || !is_meant(stored.class) {
                continue;
            }
            let devices = self
                .resolve(stored.class, &stored.backend, stored.port.as_deref(), stored.device.as_deref())
                .unwrap_or_default();
            for device in devices.iter().filter(|device| device.holder.is_none()) {
                if stored.mode == Mode::AskToAttach {
                    let target = (frontend.clone(), stored.options.clone());
                    let question = self.question(device, vec![target]);
                    self.left.ask(question);
                } else {
                    self.attach_silently(frontend, device, stored.options.clone());
                }
            }
        }
    }

    /// Attaches without a pre event. What goes wrong is swallowed, as the real server does.
    fn attach_silently(&mut self, frontend: &QubeName, device: &Exposed, options: Options) {
        let holds_it = self
            .held(device.class, frontend)
            .iter()
            .any(|held| held.backend == device.backend && held.port == device.port);
        if holds_it {
            return;
        }
        let _ = self.give(frontend, device, options);
    }

    /// `device-attach` for `frontend`.
    pub(crate) fn tell_attached(&mut self, frontend: &QubeName, device: &Exposed, options: &Options) {
        self.emit(
            frontend,
            &format!("device-attach:{}", device.class.as_str()),
            &[("device", &device.text()), ("options", &options_text(options))],
        );
    }

    fn question(&self, device: &Exposed, targets: Vec<(QubeName, Options)>) -> Question {
        Question {
            class: device.class,
            backend: device.backend.clone(),
            port: device.port.clone(),
            id: device.id.clone(),
            description: device.description(),
            targets,
            run: self.desk.run(),
            pass: self.desk.pass(),
        }
    }

    /// The person answered; anything but one of the offered qubes means no.
    pub(crate) fn answer(&mut self, question: &Question, answer: Option<&str>) {
        self.reads.forget();
        let Some((frontend, options)) =
            question.targets.iter().find(|(name, _)| Some(name.as_str()) == answer)
        else {
            if self.has_quirks && question.targets.len() > 1 {
                // The real server leaves the whole pass when nobody is chosen.
                self.desk.end_pass(question.pass);
            }
            return;
        };
        let device = self
            .exposed(question.class, &question.backend)
            .unwrap_or_default()
            .into_iter()
            .find(|device| device.port == question.port && device.id == question.id);
        if let Some(device) = device {
            self.attach_silently(frontend, &device, options.clone());
        }
    }

    /// The icon of every qube, as the question carries them.
    pub(crate) fn icons(&self) -> Vec<(String, String)> {
        self.in_list_order()
            .map(|qube| {
                let name = match qube.class {
                    QubeClass::Disposable => format!("@dispvm:{}", qube.name),
                    _ => qube.name.to_string(),
                };
                (name, self.property_text(qube, "icon").unwrap_or_default())
            })
            .collect()
    }
}

/// Options as events write them: the text of a Python dictionary.
pub(crate) fn options_text(options: &Options) -> String {
    let pairs: Vec<String> = options
        .iter()
        .map(|(key, value)| {
            format!("{}: {}", crate::refusal::source_quoted(key), crate::refusal::source_quoted(value))
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}
