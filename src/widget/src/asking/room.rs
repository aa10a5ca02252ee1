//! How tall the list of questions may get. Pure.
//!
//! A window manager puts the window into the middle when it comes up, and leaves it there when it grows. So what it may
//! grow by is the room below it; further questions are scrolled to.

/// Height of the list from which on it scrolls, however large the screen is.
const HEIGHT_MAX: i32 = 560;
/// Least height of the list: that of a short question, so that there is something to scroll.
const HEIGHT_MIN: i32 = 160;
/// What panels and the frame of the window take of the screen.
const AROUND: i32 = 72;
/// The line and the button below the list, with its margins.
const BELOW: i32 = 64;

/// The greatest height of the list on a screen of this height, where the window came up with that height, if it did yet.
/// All in units of GTK.
pub(super) fn list_height(screen: i32, came_up_with: Option<i32>) -> i32 {
    let free = screen - AROUND;
    let whole = came_up_with.map_or(free, |height| free.midpoint(height.min(free)));
    (whole - BELOW).clamp(HEIGHT_MIN, HEIGHT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the window ends that came up in the middle of what panels leave free and then grew as far as it may.
    fn bottom(screen: i32, came_up_with: i32) -> i32 {
        let free = screen - AROUND;
        let top = AROUND + (free - came_up_with) / 2;
        top + list_height(screen, Some(came_up_with)) + BELOW
    }

    #[test]
    fn a_window_that_grows_stays_on_the_screen() {
        for screen in [384, 400, 480, 600, 768, 800, 1080, 2160] {
            for first in (160..=list_height(screen, None) + BELOW).step_by(20) {
                assert!(bottom(screen, first) <= screen, "{first} on {screen}: {}", bottom(screen, first));
            }
        }
    }

    #[test]
    fn a_large_screen_is_not_filled_and_a_tiny_one_shows_something() {
        assert_eq!(list_height(2160, None), HEIGHT_MAX);
        assert_eq!(list_height(0, Some(0)), HEIGHT_MIN);
    }

    #[test]
    fn where_there_is_room_it_is_used() {
        assert_eq!(list_height(768, Some(260)), 414);
        assert_eq!(list_height(768, None), HEIGHT_MAX);
        assert_eq!(list_height(600, None), 464);
    }
}
