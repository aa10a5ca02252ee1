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
    /// What has the focus is meant.
    Choose,
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
        // What the menu key opens elsewhere is here the sub-menu, in every script.
        (Key::Right | Key::KP_Right, false) | (Key::Left | Key::KP_Left, true) | (Key::Menu, _) => {
            Press::Into
        }
        (Key::F10, _) if held.contains(ModifierType::SHIFT_MASK) => Press::Into,
        (Key::Left | Key::KP_Left, false) | (Key::Right | Key::KP_Right, true) => Press::Out,
        (Key::Escape, _) => Press::Close,
        (Key::Return | Key::KP_Enter | Key::ISO_Enter | Key::space | Key::KP_Space, _) => Press::Choose,
        _ => return None,
    })
}

/// The place to go to from `at`, among entries of which some can be used; the ends meet. `None` when there is none to go
/// to. An entry that can't be used may still be where the person was: they go on from there to the next one.
pub(super) fn step(press: Press, at: Option<usize>, usable: &[bool]) -> Option<usize> {
    let mut places = (0..usable.len()).filter(|place| usable.get(*place) == Some(&true));
    let (first, last) = (places.clone().next(), places.clone().next_back());
    match press {
        Press::First => first,
        Press::Last => last,
        Press::Down => places.find(|place| at.is_some_and(|at| *place > at)).or(first),
        Press::Up => places.rfind(|place| at.is_some_and(|at| *place < at)).or(last),
        Press::Into | Press::Out | Press::Close | Press::Choose => None,
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
    fn the_menu_key_opens_the_sub_menu_in_every_script() {
        let (none, shift) = (ModifierType::empty(), ModifierType::SHIFT_MASK);
        for is_rtl in [false, true] {
            assert_eq!(meaning(Key::Menu, none, is_rtl), Some(Press::Into));
            assert_eq!(meaning(Key::F10, shift, is_rtl), Some(Press::Into));
            assert_eq!(meaning(Key::F10, none, is_rtl), None);
            assert_eq!(meaning(Key::F10, shift | ModifierType::CONTROL_MASK, is_rtl), None);
        }
    }

    #[test]
    fn the_ends_meet() {
        let all = [true; 3];
        assert_eq!(step(Press::Down, Some(2), &all), Some(0));
        assert_eq!(step(Press::Down, Some(0), &all), Some(1));
        assert_eq!(step(Press::Up, Some(0), &all), Some(2));
        assert_eq!(step(Press::Up, Some(2), &all), Some(1));
        assert_eq!(step(Press::Down, None, &all), Some(0));
        assert_eq!(step(Press::Up, None, &all), Some(2));
        assert_eq!(step(Press::Down, None, &[]), None);
    }

    #[test]
    fn from_an_entry_that_can_not_be_used_any_more_the_nearest_one_follows() {
        let usable = [false, true, false, false, true, false];
        assert_eq!(step(Press::Down, Some(2), &usable), Some(4));
        assert_eq!(step(Press::Up, Some(2), &usable), Some(1));
        assert_eq!(step(Press::Down, Some(5), &usable), Some(1));
        assert_eq!(step(Press::Up, Some(0), &usable), Some(4));
        assert_eq!((step(Press::First, None, &usable), step(Press::Last, None, &usable)), (Some(1), Some(4)));
        assert_eq!(step(Press::Down, Some(0), &[false; 2]), None);
    }

    #[test]
    fn enter_and_space_choose() {
        for key in [Key::Return, Key::KP_Enter, Key::space] {
            assert_eq!(meaning(key, ModifierType::empty(), false), Some(Press::Choose));
        }
        assert_eq!(meaning(Key::Return, ModifierType::ALT_MASK, false), None);
        assert_eq!(step(Press::Choose, Some(0), &[true]), None);
    }
}
