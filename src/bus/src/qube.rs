//! A qube on the bus: its properties as they travel, made of a [`Qube`] and back.
//!
//! The way back checks everything. A label's name comes back as harmless text.

use std::collections::BTreeSet;

use device_core::interface::Interface;
use device_core::mark::{DeviceMarks, Mark, from_key, to_key};
use device_core::name::{DeviceRef, QubeName};
use device_core::qube::{Label, PowerState, Qube, QubeClass, QubeDetails};
use device_core::text::DisplayText;

use crate::property::{ShapeError, properties};

/// Largest colour, `0xRRGGBB`.
const COLOUR_MAX: u32 = 0x00ff_ffff;

properties! {
    /// The properties of `org.plugboard.Devices1.Qube`; the manual tells what each means.
    #[expect(missing_docs, reason = "the manual, data/dbus-1/interfaces, describes each")]
    QubeProperties {
        name: String = "Name",
        class: String = "Class",
        state: String = "State",
        running: bool = "Running",
        label: String = "Label",
        label_colour: u32 = "LabelColour",
        internal: bool = "Internal",
        disposable_template: bool = "DisposableTemplate",
        auto_cleanup: bool = "AutoCleanup",
        denied: Vec<String> = "Denied",
        hides_children: Vec<String> = "HidesChildren",
        with_microphone: Vec<String> = "WithMicrophone",
        details_known: bool = "DetailsKnown",
    }
}

impl QubeProperties {
    /// The properties of `qube`.
    #[must_use]
    pub fn new(qube: &Qube) -> Self {
        let known = Self {
            name: qube.name.to_string(),
            class: qube.class.as_str().to_owned(),
            state: qube.state.as_str().to_owned(),
            running: qube.is_running(),
            ..Self::default()
        };
        let Some(details) = &qube.details else {
            return known;
        };
        let (label, label_colour) =
            details.label.as_ref().map(|label| (label_name(&label.name), label.colour)).unwrap_or_default();
        Self {
            label,
            label_colour,
            internal: details.is_internal,
            disposable_template: details.is_disposable_template,
            auto_cleanup: details.is_auto_cleanup,
            denied: details.denied.iter().map(ToString::to_string).collect(),
            hides_children: keys(details.marks.of(Mark::HideChildren)),
            with_microphone: keys(details.marks.of(Mark::WithMicrophone)),
            details_known: true,
            ..known
        }
    }

    /// The qube that these properties tell of, checked.
    ///
    /// # Errors
    /// The first property that holds what it may not hold.
    pub fn to_qube(&self) -> Result<Qube, ShapeError> {
        Ok(Qube {
            name: QubeName::new(&self.name).map_err(|why| ShapeError::value("Name", &why))?,
            class: QubeClass::new(&self.class),
            state: PowerState::new(&self.state),
            details: self.details_known.then(|| self.to_details()).transpose()?,
        })
    }

    fn to_details(&self) -> Result<QubeDetails, ShapeError> {
        if self.label_colour > COLOUR_MAX {
            return Err(ShapeError::value("LabelColour", &"more than 0xffffff"));
        }
        let denied = self
            .denied
            .iter()
            .map(|code| Interface::new(code).ok_or_else(|| ShapeError::value("Denied", &"no interface code")))
            .collect::<Result<_, _>>()?;
        let mut marks = DeviceMarks::default();
        marks.replace(Mark::HideChildren, marked("HidesChildren", &self.hides_children)?);
        marks.replace(Mark::WithMicrophone, marked("WithMicrophone", &self.with_microphone)?);
        Ok(QubeDetails {
            label: (!self.label.is_empty())
                .then(|| Label { name: label_name(&self.label), colour: self.label_colour }),
            is_internal: self.internal,
            is_disposable_template: self.disposable_template,
            is_auto_cleanup: self.auto_cleanup,
            denied,
            marks,
        })
    }
}

fn keys(devices: &BTreeSet<DeviceRef>) -> Vec<String> {
    devices.iter().map(to_key).collect()
}

fn marked(property: &'static str, keys: &[String]) -> Result<BTreeSet<DeviceRef>, ShapeError> {
    let device =
        |key: &String| from_key(key).ok_or_else(|| ShapeError::value(property, &"no key of a device"));
    keys.iter().map(device).collect()
}

fn label_name(untrusted: &str) -> String {
    DisplayText::from_untrusted(untrusted).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> QubeProperties {
        QubeProperties::new(&Qube {
            name: QubeName::new("work").unwrap(),
            class: QubeClass::App,
            state: PowerState::Running,
            details: Some(QubeDetails::default()),
        })
    }

    proptest::proptest! {
        #[test]
        fn a_qube_comes_back_as_it_was(qube in crate::sample::qube()) {
            proptest::prop_assert_eq!(QubeProperties::new(&qube).to_qube(), Ok(qube));
        }
    }

    #[test]
    fn what_no_qube_can_be_is_refused() {
        let spoil: [fn(&mut QubeProperties); 4] = [
            |properties| properties.hides_children.push("usb:sys-usb".into()),
            |properties| properties.name = "dom 0".into(),
            |properties| properties.label_colour = 0x0100_0000,
            |properties| properties.denied.push("usb".into()),
        ];
        for spoil in spoil {
            let mut properties = known();
            spoil(&mut properties);
            assert!(properties.to_qube().is_err(), "{properties:?}");
        }
    }
}
