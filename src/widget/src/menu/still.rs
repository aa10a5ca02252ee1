//! Has the hand moved the pointer since the menu came under it? Pure.
//!
//! GTK tells a row that comes under a resting pointer that it was entered, as if the hand had gone there.

use super::aim::{Point, STEP};

/// What is known of the hand.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Still {
    /// It has moved the pointer.
    #[default]
    Moved,
    /// It rests; nobody knows yet where.
    Somewhere,
    /// It rests here.
    At(Point),
}

impl Still {
    /// It rests, here if anybody knows.
    pub(super) fn resting(at: Option<Point>) -> Self {
        at.map_or(Self::Somewhere, Self::At)
    }

    /// Tells whether the pointer has been moved: once it has, it stays so. `is` tells where it is now.
    pub(super) fn is_moved(&mut self, is: impl FnOnce() -> Option<Point>) -> bool {
        *self = match *self {
            Self::Moved => Self::Moved,
            Self::Somewhere => Self::resting(is()),
            Self::At(at) => match is() {
                Some(is) if (is.0 - at.0).hypot(is.1 - at.1) >= STEP => Self::Moved,
                _ => Self::At(at),
            },
        };
        matches!(self, Self::Moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_under_a_hand_that_rests_was_not_entered() {
        let mut still = Still::resting(Some((200.0, 40.0)));
        assert!(!still.is_moved(|| Some((200.0, 40.0))));
        assert!(!still.is_moved(|| Some((201.0, 41.0))), "a tremble is no movement");
        assert!(!still.is_moved(|| None));
        assert!(still.is_moved(|| Some((203.0, 40.0))));
        assert!(still.is_moved(|| Some((200.0, 40.0))), "it has moved, and came back");
    }

    #[test]
    fn where_it_rests_may_be_told_later() {
        let mut still = Still::resting(None);
        assert!(!still.is_moved(|| None));
        assert!(!still.is_moved(|| Some((200.0, 40.0))));
        assert!(still.is_moved(|| Some((200.0, 48.0))));
    }

    #[test]
    fn unless_something_came_under_it_each_row_was_entered() {
        assert!(Still::default().is_moved(|| None));
    }
}
