//! Enter is a yes only where the person went, and only as long as the card is as it was then. Pure.
//!
//! [`super::patience`] gives them the time to read; this keeps apart what they chose and what the toolkit chose for them.

use std::cell::Cell;

use super::QuestionId;

/// One qube of one question, by its place among those that are offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) question: QuestionId,
    pub(super) place: usize,
}

/// Remembers where the person went last, with keys or pointer.
#[derive(Debug, Default)]
pub(super) struct Steps(Cell<Option<Spot>>);

impl Steps {
    /// The person went there; `None` = to something that is no yes.
    pub(super) fn went(&self, to: Option<Spot>) {
        self.0.set(to);
    }

    /// Something else is said in the card of this question.
    pub(super) fn changed(&self, question: QuestionId) {
        if self.0.get().is_some_and(|spot| spot.question == question) {
            self.0.set(None);
        }
    }

    /// Whether the person went there, and the card is as it was then.
    pub(super) fn lead_to(&self, spot: Spot) -> bool {
        self.0.get() == Some(spot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Spot = Spot { question: QuestionId(1), place: 0 };

    #[test]
    fn only_where_the_person_went_counts() {
        let steps = Steps::default();
        assert!(!steps.lead_to(FIRST), "nobody went anywhere");
        steps.went(Some(FIRST));
        assert!(steps.lead_to(FIRST));
        assert!(!steps.lead_to(Spot { place: 1, ..FIRST }), "another qube");
        assert!(!steps.lead_to(Spot { question: QuestionId(2), ..FIRST }), "another question");
        steps.went(None);
        assert!(!steps.lead_to(FIRST), "they went away");
    }

    #[test]
    fn a_change_of_the_card_takes_it_back() {
        let steps = Steps::default();
        steps.went(Some(FIRST));
        steps.changed(QuestionId(2));
        assert!(steps.lead_to(FIRST), "another card");
        steps.changed(FIRST.question);
        assert!(!steps.lead_to(FIRST));
    }
}
