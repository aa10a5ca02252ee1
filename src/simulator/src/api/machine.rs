//! Calls about the whole machine: device classes, labels, global properties.
//!
//! # Source
//! Admin API facts 2.2 and 2.4.

use device_core::qube::Label;

use super::Call;
use crate::class::Class;
use crate::property_write::no_such_label;
use crate::refusal::{Answer, Refusal};
use crate::state::State;

/// The labels every system has, in the order of their numbers, from 1.
const LABELS: [&str; 8] = ["red", "orange", "yellow", "green", "gray", "blue", "purple", "black"];

impl State {
    /// `deviceclass.…`, `label.…`, `property.…`
    pub(super) fn machine_call(&mut self, call: Call<'_>, name: &str) -> Option<Answer> {
        Some(match name {
            "deviceclass.List" => self.device_classes(call),
            "label.List" => label_list(call),
            "label.Get" => label(call).map(|(_, colour)| format!("{colour:#08x}").into_bytes()),
            "label.Index" => label(call).map(|(index, _)| index.to_string().into_bytes()),
            "property.List" => self.global_list(call),
            "property.Get" => self.global_get(call),
            "property.GetAll" => self.global_all(call),
            _ => return None,
        })
    }

    fn device_classes(&self, call: Call<'_>) -> Answer {
        call.only_dom0()?;
        call.without_argument()?;
        call.without_payload()?;
        let lines: Vec<&str> = self.classes().map(Class::as_str).collect();
        Ok(format!("{}\n", lines.join("\n")).into_bytes())
    }

    fn global_list(&self, call: Call<'_>) -> Answer {
        call.only_dom0()?;
        call.without_argument()?;
        call.without_payload()?;
        let names = self.global_properties().into_iter().map(|(name, ..)| format!("{name}\n"));
        Ok(names.collect::<String>().into_bytes())
    }

    fn global_get(&self, call: Call<'_>) -> Answer {
        call.only_dom0()?;
        let wanted = call.wanted_argument()?;
        call.without_payload()?;
        self.global_properties()
            .into_iter()
            .find(|(name, ..)| *name == wanted)
            .map(|(_, is_default, kind, text)| line(is_default, kind, &text).into_bytes())
            .ok_or_else(|| {
                Refusal::exception(
                    "QubesNoSuchPropertyError",
                    format!("Invalid property '{wanted}' of Qubes"),
                )
            })
    }

    fn global_all(&self, call: Call<'_>) -> Answer {
        call.only_dom0()?;
        call.without_argument()?;
        call.without_payload()?;
        let lines = self
            .global_properties()
            .into_iter()
            .map(|(name, is_default, kind, text)| format!("{name} {}\n", line(is_default, kind, &text)));
        Ok(lines.collect::<String>().into_bytes())
    }

    /// Name, whether it is the default, type, value.
    fn global_properties(&self) -> Vec<(&'static str, bool, &'static str, String)> {
        let constant = |text: &str| text.to_owned();
        vec![
            ("check_updates_vm", true, "bool", constant("True")),
            ("clockvm", false, "vm", self.default_of("clockvm")),
            ("default_audiovm", true, "vm", constant("dom0")),
            ("default_dispvm", false, "vm", self.default_of("dispvm")),
            ("default_guivm", true, "vm", constant("dom0")),
            ("default_kernel", false, "str", constant("6.6.0-1.qubes")),
            ("default_netvm", false, "vm", self.default_of("netvm")),
            ("default_pool", false, "str", constant("varlibqubes")),
            ("default_pool_kernel", false, "str", constant("linux-kernel")),
            ("default_pool_private", true, "str", constant("varlibqubes")),
            ("default_pool_root", true, "str", constant("varlibqubes")),
            ("default_pool_volatile", true, "str", constant("varlibqubes")),
            ("default_qrexec_timeout", true, "int", constant("60")),
            ("default_shutdown_timeout", true, "int", constant("60")),
            ("default_template", false, "vm", self.default_of("template")),
            ("management_dispvm", true, "vm", String::new()),
            ("maxmem", true, "int", constant("32768")),
            ("no_cpus", true, "int", constant("16")),
            ("stats_interval", true, "int", constant("3")),
            ("updatevm", false, "vm", self.default_of("updatevm")),
        ]
    }
}

fn line(is_default: bool, kind: &str, text: &str) -> String {
    let is_default = if is_default { "True" } else { "False" };
    format!("default={is_default} type={kind} {text}")
}

fn label_list(call: Call<'_>) -> Answer {
    call.only_dom0()?;
    call.without_argument()?;
    call.without_payload()?;
    Ok(format!("{}\n", LABELS.join("\n")).into_bytes())
}

/// Number and colour of the label that is asked for.
fn label(call: Call<'_>) -> Result<(usize, u32), Refusal> {
    call.only_dom0()?;
    let name = call.wanted_argument()?;
    call.without_payload()?;
    let index = LABELS.iter().position(|label| *label == name);
    match (index, Label::standard_colour(name)) {
        (Some(index), Some(colour)) => Ok((index + 1, colour)),
        _ => Err(no_such_label(name)),
    }
}
