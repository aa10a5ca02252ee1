//! Looking at the machine: counts, and who has what.

use super::{Outcome, Words};
use crate::class::Class;
use crate::state::State;

/// How much there is of everything.
pub(super) fn status(state: &State) -> String {
    let running = state.qubes.values().filter(|qube| qube.is_running()).count();
    format!(
        "world={} qubes={} running={} usb={} block={} pci={} listeners={} events={}",
        state.world,
        state.qubes.len(),
        running,
        state.hardware.usb.len(),
        state.hardware.block.len(),
        state.hardware.pci.len(),
        state.hub.listeners(),
        state.hub.sent
    )
}

/// `holders [CLASS]`: `CLASS:BACKEND:PORT=QUBE …`
pub(super) fn holders(state: &State, words: &mut Words) -> Outcome {
    let wanted = if words.is_at_end() { None } else { Some(words.next("a device class")?) };
    words.end()?;
    if let Some(word) = wanted.as_ref().filter(|word| Class::new(word).is_none()) {
        return Err(format!("There is no device class {word}."));
    }
    let classes = state.classes().filter(|class| wanted.as_ref().is_none_or(|word| word == class.as_str()));
    let mut texts: Vec<String> = classes
        .flat_map(|class| {
            state.qubes.keys().flat_map(move |name| {
                let held = state.held(class, name).into_iter();
                held.map(move |held| format!("{}:{}:{}={name}", class.as_str(), held.backend, held.port))
            })
        })
        .collect();
    texts.sort_unstable();
    Ok(texts.join(" "))
}
