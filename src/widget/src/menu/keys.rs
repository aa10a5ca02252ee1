//! What keys mean in the menu. Pure; arrows follow the direction of the script.

use gtk::gdk::{Key, ModifierType};

/// A key that the menu answers to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    Up,
    Down,
    First,
    Last,
    /// Into the sub-menu.
    Into,
    /// Out of the sub-menu.
    Out,
    /// Closes the innermost thing that is open.
    Close,
}

/// The meaning of a key; `None` = it is left to the widget that has the focus.
pub(super) fn meaning(key: Key, held: ModifierType, is_rtl: bool) -> Option<Press> {
    if held.intersects(ModifierType::CONTROL_MASK | ModifierType::ALT_MASK | ModifierType::SUPER_MASK) {
        return None;
    }
    Some(match (key, is_rtl) {
        (Key::Up | Key::KP_Up, _) => Press::Up,
        (Key::Down | Key::KP_Down, _) => Press::Down,
        (Key::Home | Key::KP_Home, _) => Press::First,
        (Key::End | Key::KP_End, _) => Press::Last,
        (Key::Right | Key::KP_Right, false) | (Key::Left | Key::KP_Left, true) => Press::Into,
        (Key::Left | Key::KP_Left, false) | (Key::Right | Key::KP_Right, true) => Press::Out,
        (Key::Escape, _) => Press::Close,
        _ => return None,
    })
}

/// The place to go to among `count` places from `at`; the ends meet. `None` when there is none to go to.
pub(super) fn step(press: Press, at: Option<usize>, count: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    match (press, at) {
        (Press::First, _) | (Press::Down, None) => Some(0),
        (Press::Last, _) | (Press::Up, None) => Some(last),
        (Press::Down, Some(at)) => Some(if at >= last { 0 } else { at + 1 }),
        (Press::Up, Some(at)) => Some(if at == 0 { last } else { at - 1 }),
        (Press::Into | Press::Out | Press::Close, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_follow_the_script_and_leave_shortcuts_alone() {
        let none = ModifierType::empty();
        assert_eq!(meaning(Key::Right, none, false), Some(Press::Into));
        assert_eq!(meaning(Key::Right, none, true), Some(Press::Out));
        assert_eq!(meaning(Key::Down, ModifierType::CONTROL_MASK, false), None);
        assert_eq!(meaning(Key::a, none, false), None, "letters filter");
    }

    #[test]
    fn the_ends_meet() {
        assert_eq!(step(Press::Down, Some(2), 3), Some(0));
        assert_eq!(step(Press::Up, Some(0), 3), Some(2));
        assert_eq!(step(Press::Up, None, 3), Some(2));
        assert_eq!(step(Press::Down, None, 0), None);
    }
}
