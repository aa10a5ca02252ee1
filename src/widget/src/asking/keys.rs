//! What keys mean in the window of questions. Pure.

use gtk::DirectionType;
use gtk::gdk::{Key, ModifierType};

/// The meaning of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// Goes on to what is next in this direction.
    Go(DirectionType),
    /// What has the focus is meant.
    Choose,
    /// "Don't attach".
    WayOut,
    /// It is left to GTK.
    Other,
}

/// What a key means.
pub(super) fn meaning(key: Key, held: ModifierType) -> Press {
    if held.intersects(ModifierType::CONTROL_MASK | ModifierType::ALT_MASK | ModifierType::SUPER_MASK) {
        // Shortcuts are not ours; an Enter is one with whatever beside it.
        return if is_enter(key) { Press::Choose } else { Press::Other };
    }
    match key {
        Key::Escape => Press::WayOut,
        Key::Tab | Key::KP_Tab if held.contains(ModifierType::SHIFT_MASK) => {
            Press::Go(DirectionType::TabBackward)
        }
        Key::Tab | Key::KP_Tab => Press::Go(DirectionType::TabForward),
        Key::ISO_Left_Tab => Press::Go(DirectionType::TabBackward),
        Key::Up | Key::KP_Up => Press::Go(DirectionType::Up),
        Key::Down | Key::KP_Down => Press::Go(DirectionType::Down),
        Key::Left | Key::KP_Left => Press::Go(DirectionType::Left),
        Key::Right | Key::KP_Right => Press::Go(DirectionType::Right),
        key if is_enter(key) => Press::Choose,
        _ => Press::Other,
    }
}

fn is_enter(key: Key) -> bool {
    matches!(key, Key::Return | Key::KP_Enter | Key::ISO_Enter | Key::space | Key::KP_Space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_that_a_person_goes_is_known() {
        let none = ModifierType::empty();
        assert_eq!(meaning(Key::Tab, none), Press::Go(DirectionType::TabForward));
        assert_eq!(
            meaning(Key::ISO_Left_Tab, ModifierType::SHIFT_MASK),
            Press::Go(DirectionType::TabBackward)
        );
        assert_eq!(meaning(Key::Tab, ModifierType::SHIFT_MASK), Press::Go(DirectionType::TabBackward));
        assert_eq!(meaning(Key::KP_Down, none), Press::Go(DirectionType::Down));
        assert_eq!(meaning(Key::Escape, none), Press::WayOut);
        assert_eq!(meaning(Key::a, none), Press::Other);
        assert_eq!(meaning(Key::Escape, ModifierType::CONTROL_MASK), Press::Other);
    }

    #[test]
    fn enter_and_space_choose_whatever_is_held_beside_them() {
        for key in [Key::Return, Key::KP_Enter, Key::ISO_Enter, Key::space, Key::KP_Space] {
            for held in [ModifierType::empty(), ModifierType::CONTROL_MASK, ModifierType::SUPER_MASK] {
                assert_eq!(meaning(key, held), Press::Choose);
            }
        }
    }
}
