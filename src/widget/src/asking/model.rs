//! What the window and the notification show of the questions. Pure.
//!
//! First the place, which no device can choose; then the qubes that are offered, each with the rule that leads there;
//! the device's own words stand last, cut, and never as markup.

use device_core::assignment::{Assignment, Mode};
use device_core::device::Device;
use device_core::name::QubeName;
use device_core::rules::may_attach;

use super::desk::on_place;
use super::request::Question;
use super::{Asked, Identity, QuestionId, Refused, Waiting, Why};
use crate::menu::device_row::chip;
use crate::menu::risk::Risks;
use crate::menu::rows::Chip;
use crate::notify::{Button, Notice};
use crate::reason;
use crate::scene::Scene;
use crate::strings;

/// Longest part of the device's own words that is shown, in characters; the tooltip has all that was kept.
const WORDS_SHOWN: usize = 72;

/// All that the window shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct View {
    pub(super) title: String,
    pub(super) cards: Vec<Card>,
    /// Text of the button that answers all with no; only where there are several.
    pub(super) decline_all: Option<String>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub(super) id: QuestionId,
    /// The qube that exposes the device.
    pub(super) backend: Chip,
    /// `sys-usb:2-1`.
    pub(super) place: String,
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// It waits for its answer.
    Open(Open),
    /// It was answered with no, for this reason.
    Refused(String),
}

/// A question that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Open {
    /// What is asked.
    pub(super) lead: String,
    pub(super) choices: Vec<Choice>,
    /// Why nothing can be chosen now.
    pub(super) hold: Option<String>,
    /// What the device calls itself; what is shown, and in full.
    pub(super) words: Option<(String, String)>,
    /// Name of the button that attaches it nowhere, for a screen reader.
    pub(super) decline_spoken: String,
    /// What an answer is about.
    pub(super) seen: Identity,
}

/// A qube that may be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) qube: Chip,
    /// The rule that leads there, or why it can't be.
    pub(super) note: String,
    /// What could go wrong, where that is more than usual.
    pub(super) risk: Option<String>,
    pub(super) spoken: String,
    pub(super) is_open: bool,
}

/// What to show; no card = no window.
pub(super) fn view(asked: &Asked, scene: &Scene) -> View {
    let refused = asked.refused.iter().map(|refused| refused_card(refused, scene));
    let waiting = asked.waiting.iter().map(|waiting| open_card(waiting, scene));
    let mut cards: Vec<Card> = waiting.chain(refused).collect();
    // What was refused keeps its place: nothing moves under the pointer.
    cards.sort_by_key(|card| card.id);
    View {
        title: strings::asking_title(),
        cards,
        decline_all: (asked.count() > 1).then(strings::decline_all),
    }
}

fn open_card(waiting: &Waiting, scene: &Scene) -> Card {
    let Waiting { id, question, seen, chosen } = waiting;
    let place = format!("{}:{}", question.backend, question.port);
    let devices: Vec<&Device> = on_place(&scene.machine, question).collect();
    let hold = hold(seen, scene);
    let is_held = hold.is_some() || chosen.is_some();
    let choice = |qube: &QubeName| choice(qube, question, &place, &devices, is_held, scene);
    let lead = match (chosen, question.targets.as_slice()) {
        (Some(_), _) => strings::looking_again(),
        (None, [only]) => strings::ask_one(only.as_str()),
        (None, _) => strings::ask_which(),
    };
    let words = (!question.own_words.is_blank())
        .then(|| (cut(question.own_words.as_str()), question.own_words.as_str().to_owned()));
    let body = Open {
        lead,
        choices: question.targets.iter().map(choice).collect(),
        words: words.map(|(short, full)| (strings::own_words(&short), full)),
        decline_spoken: strings::say_decline(&place),
        seen: seen.clone(),
        hold,
    };
    Card { id: *id, backend: chip(&scene.machine, &question.backend), place, body: Body::Open(body) }
}

/// Nothing is given away unseen, or while what is seen may be outdated.
fn hold(seen: &Identity, scene: &Scene) -> Option<String> {
    if !scene.is_live() {
        Some(strings::hold_unsure())
    } else if seen.is_empty() {
        Some(strings::hold_unseen())
    } else {
        None
    }
}

fn choice(
    qube: &QubeName,
    question: &Question,
    place: &str,
    devices: &[&Device],
    is_held: bool,
    scene: &Scene,
) -> Choice {
    let refusal = devices.iter().find_map(|device| may_attach(&scene.machine, device, qube).err());
    let note = match &refusal {
        Some(refusal) => reason::refused(refusal),
        None => rule(qube, question, place, devices),
    };
    let risk = devices.iter().find_map(|device| Risks::of(&scene.machine, device).sentence(qube));
    let spoken = [Some(strings::say_allow(place, qube.as_str()) + "."), Some(note.clone()), risk.clone()];
    Choice {
        qube: chip(&scene.machine, qube),
        spoken: spoken.into_iter().flatten().collect::<Vec<_>>().join(" "),
        note,
        risk,
        is_open: refusal.is_none() && !is_held,
    }
}

/// The stored assignment by which the device is offered to this qube: the most specific one, as the server takes it.
fn rule(qube: &QubeName, question: &Question, place: &str, devices: &[&Device]) -> String {
    let assignments = devices.iter().flat_map(|device| &device.assignments);
    let best = assignments
        .filter(|assignment| assignment.frontend == *qube && assignment.mode != Mode::Manual)
        .min_by_key(|assignment| (assignment.port.is_none(), assignment.device.is_none()));
    let Some(best) = best else {
        return strings::rule_unknown();
    };
    let what = subject(best, question, place);
    match best.mode {
        Mode::AskToAttach | Mode::Manual => strings::rule_ask(&what),
        Mode::AutoAttach => strings::rule_automatic(&what),
        Mode::Required => strings::rule_required(&what),
    }
}

fn subject(rule: &Assignment, question: &Question, place: &str) -> String {
    match (&rule.port, &rule.device) {
        (Some(_), Some(_)) => strings::rule_this_here(place),
        (Some(_), None) => strings::rule_any_here(place),
        (None, Some(_)) => strings::rule_this_anywhere(question.backend.as_str()),
        (None, None) => strings::rule_any(rule.class.as_str(), question.backend.as_str()),
    }
}

fn refused_card(refused: &Refused, scene: &Scene) -> Card {
    let place = format!("{}:{}", refused.backend, refused.port);
    let sentence = sentence(refused, &place);
    Card {
        id: refused.id,
        backend: chip(&scene.machine, &refused.backend),
        place,
        body: Body::Refused(sentence),
    }
}

fn sentence(refused: &Refused, place: &str) -> String {
    match &refused.why {
        Why::Changed => strings::refused_changed(place),
        Why::Gone => strings::refused_gone(place),
        Why::Unchecked => strings::refused_unchecked(place),
        Why::NotTo(qube, reason) => strings::attach_failed(qube.as_str(), reason),
    }
}

/// Cut in the middle: the end of a long name tells as much as its beginning.
fn cut(words: &str) -> String {
    let count = words.chars().count();
    if count <= WORDS_SHOWN {
        return words.to_owned();
    }
    let half = WORDS_SHOWN / 2;
    let (begin, end) = (words.chars().take(half), words.chars().skip(count - half));
    begin.chain(['…']).chain(end).collect()
}

/// The notification that points at the window; `None` = there is nothing to say. No word of a device is in it.
pub(super) fn notice(asked: &Asked) -> Option<Notice> {
    let place = |waiting: &Waiting| format!("{}:{}", waiting.question.backend, waiting.question.port);
    let (summary, body, is_urgent) = match (asked.waiting.as_slice(), asked.refused.last()) {
        ([only], _) => {
            let body = match only.question.targets.as_slice() {
                [qube] => strings::ask_one(qube.as_str()),
                _ => strings::ask_which(),
            };
            (strings::asks(&place(only)), body, true)
        }
        ([], None) => return None,
        ([], Some(refused)) => {
            let place = format!("{}:{}", refused.backend, refused.port);
            (strings::not_attached_at(&place), sentence(refused, &place), false)
        }
        (several, _) => {
            let places: Vec<String> = several.iter().map(place).collect();
            (strings::questions_wait(several.len()), places.join(", "), true)
        }
    };
    let icon = "plugboard-attention-symbolic";
    let buttons = if is_urgent { vec![Button::Answer] } else { Vec::new() };
    Some(Notice { summary, body, icon, buttons, is_urgent, is_important: true })
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
