//! The steps from what is stored to what shall be: a pure function, in both directions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use device_core::assignment::{Assignment, Mode};
use device_core::interface::Interface;

use crate::document::{Shelf, is_same_place};
use crate::kind;

/// One change of what is stored for a qube.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take these from the deny list.
    Allow(Vec<Interface>),
    /// Add these to the deny list.
    Deny(Vec<Interface>),
    /// Drop this assignment.
    Unassign(Assignment),
    /// Store this assignment.
    Assign(Assignment),
    /// Change the mode of this assignment.
    SetMode(Assignment, Mode),
}

/// The steps that make `wanted` of `now`. What is dropped goes first, so that its place is free.
#[must_use]
pub fn steps(now: &Shelf, wanted: &Shelf) -> Vec<Step> {
    let mut steps = Vec::new();
    if let Some(wanted) = &wanted.denied {
        let empty = BTreeSet::new();
        let now = now.denied.as_ref().unwrap_or(&empty);
        let gone: Vec<_> = now.difference(wanted).copied().collect();
        let new: Vec<_> = wanted.difference(now).copied().collect();
        steps.extend((!gone.is_empty()).then_some(Step::Allow(gone)));
        steps.extend((!new.is_empty()).then_some(Step::Deny(new)));
    }
    let mut later = Vec::new();
    for old in &now.assignments {
        match wanted.assignments.iter().find(|new| is_same_place(old, new)) {
            None => steps.push(Step::Unassign(old.clone())),
            Some(new) if options(old) != options(new) => {
                steps.push(Step::Unassign(old.clone()));
                later.push(Step::Assign(new.clone()));
            }
            Some(new) if old.mode != new.mode => later.push(Step::SetMode(old.clone(), new.mode)),
            Some(_) => {}
        }
    }
    let new = wanted.assignments.iter();
    let new = new.filter(|new| !now.assignments.iter().any(|old| is_same_place(old, new)));
    steps.extend(later);
    steps.extend(new.cloned().map(Step::Assign));
    steps
}

/// The order of options means nothing.
fn options(assignment: &Assignment) -> BTreeMap<&str, &str> {
    assignment.options.iter().collect()
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(codes) => denials(f, '-', codes),
            Self::Deny(codes) => denials(f, '+', codes),
            Self::Unassign(assignment) => stored(f, '-', assignment, assignment.mode),
            Self::Assign(assignment) => stored(f, '+', assignment, assignment.mode),
            Self::SetMode(assignment, mode) => stored(f, '~', assignment, *mode),
        }
    }
}

fn denials(f: &mut fmt::Formatter<'_>, sign: char, codes: &[Interface]) -> fmt::Result {
    codes.iter().try_for_each(|code| writeln!(f, "  {sign} deny {code} ({})", kind::name(code)))
}

fn stored(f: &mut fmt::Formatter<'_>, sign: char, assignment: &Assignment, mode: Mode) -> fmt::Result {
    let Assignment { class, backend, port, device, options, .. } = assignment;
    let port = port.as_ref().map_or("*", |port| port.as_str());
    let device = device.as_ref().map_or("*", |device| device.as_str());
    write!(f, "  {sign} {class} {backend}:{port}:{device} {mode}")?;
    options.iter().try_for_each(|(key, value)| write!(f, " {key}={value}"))?;
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use device_core::assignment::Options;
    use device_core::name::{DeviceClass, PortId, QubeName};
    use proptest::prelude::*;

    fn assignment(port: &str, mode: Mode, value: &str) -> Assignment {
        Assignment {
            backend: QubeName::new("sys-usb").unwrap(),
            class: DeviceClass::Usb,
            port: Some(PortId::new(port).unwrap()),
            device: None,
            frontend: QubeName::new("work").unwrap(),
            mode,
            options: Options::from_iter([("a", value)]),
        }
    }

    /// What a server makes of the steps; it refuses what the real one refuses.
    fn applied(mut shelf: Shelf, steps: &[Step]) -> Shelf {
        for step in steps {
            let denied = shelf.denied.get_or_insert_default();
            match step {
                Step::Allow(codes) => denied.retain(|code| !codes.contains(code)),
                Step::Deny(codes) => denied.extend(codes),
                Step::Unassign(old) => shelf.assignments.retain(|known| !is_same_place(known, old)),
                Step::Assign(new) => {
                    assert!(!shelf.assignments.iter().any(|known| is_same_place(known, new)), "stored twice");
                    shelf.assignments.push(new.clone());
                }
                Step::SetMode(old, mode) => {
                    let known = shelf.assignments.iter_mut().find(|known| is_same_place(known, old));
                    known.unwrap().mode = *mode;
                }
            }
        }
        shelf.assignments.sort();
        shelf
    }

    fn shelf() -> impl Strategy<Value = Shelf> {
        let mode = prop::sample::select(vec![Mode::AutoAttach, Mode::AskToAttach]);
        let entries = prop::collection::btree_map("[1-4]", (mode, "[xy]"), 0..4);
        let codes = prop::collection::btree_set("u0[1-4]", 0..3);
        (entries, codes).prop_map(|(entries, codes)| Shelf {
            denied: Some(codes.iter().map(|code| Interface::new(code).unwrap()).collect()),
            assignments: entries.iter().map(|(port, (mode, value))| assignment(port, *mode, value)).collect(),
        })
    }

    proptest! {
        #[test]
        fn the_steps_lead_there_and_back_and_then_there_are_none(before in shelf(), wanted in shelf()) {
            let there = applied(before.clone(), &steps(&before, &wanted));
            prop_assert_eq!(&there, &applied(wanted.clone(), &[]));
            prop_assert_eq!(steps(&there, &wanted), []);
            let back = applied(there.clone(), &steps(&there, &before));
            prop_assert_eq!(back, applied(before, &[]));
        }
    }

    #[test]
    fn a_deny_list_that_is_not_spoken_of_stays() {
        let now = Shelf { denied: Some([Interface::UNKNOWN].into()), ..Shelf::default() };
        assert_eq!(steps(&now, &Shelf::default()), []);
    }

    #[test]
    fn each_step_is_one_line_that_a_person_can_read() {
        let step = Step::SetMode(assignment("2-1", Mode::AutoAttach, "x"), Mode::AskToAttach);
        assert_eq!(step.to_string(), "  ~ usb sys-usb:2-1:* ask-to-attach a=x\n");
        let step = Step::Deny(vec![Interface::new("u08").unwrap()]);
        assert_eq!(step.to_string(), "  + deny u08**** (USB_Storage)\n");
    }
}
