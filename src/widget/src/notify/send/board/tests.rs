//! Which press counts.

use device_core::name::QubeName;

use super::*;
use crate::testing::{name, now};

const TIME: Duration = Duration::from_millis(1);

fn tag() -> Tag {
    Tag::Backend(name("sys-usb"))
}

fn place(daemon: &str, number: u32) -> Place {
    Place { daemon: Some(zbus::names::UniqueName::try_from(daemon).unwrap().to_owned().into()), number }
}

/// Something with one button stands under the tag and number since `now`; its showing.
fn show(board: &mut Board, tag: Tag, number: u32, now: Instant) -> Showing {
    let showing = board.next_showing();
    board.put(tag, place(":1.9", number), showing, vec![Button::Answer], now);
    showing
}

#[test]
fn only_the_buttons_of_the_present_content_can_be_pressed() {
    let (mut board, now) = (Board::default(), now());
    let before = show(&mut board, tag(), 7, now);
    let after = show(&mut board, tag(), 7, now);
    let later = now + SETTLED_AFTER;
    assert_eq!(board.pressed(7, &before.key(0), later), None);
    assert_eq!(board.pressed(8, &after.key(0), later), None);
    assert_eq!(board.pressed(7, &after.key(1), later), None, "there is one button");
    assert_eq!(board.pressed(7, &after.key(0), later), Some(&Button::Answer));
    board.closed(7);
    assert_eq!(board.pressed(7, &after.key(0), later), None);
}

#[test]
fn a_press_right_after_a_button_came_does_not_count() {
    let (mut board, now) = (Board::default(), now());
    let showing = show(&mut board, tag(), 7, now);
    assert_eq!(board.pressed(7, &showing.key(0), (now + SETTLED_AFTER).checked_sub(TIME).unwrap()), None);
    assert_eq!(board.pressed(7, &showing.key(0), now + SETTLED_AFTER), Some(&Button::Answer));
}

#[test]
fn a_press_that_waited_while_nobody_looked_does_not_grow_older() {
    let (mut board, now) = (Board::default(), now());
    let asking = Tag::Asking;
    let settled = show(&mut board, asking, 6, now.checked_sub(SETTLED_AFTER).unwrap());
    let young = show(&mut board, tag(), 7, now);
    let away = Duration::from_secs(4);
    for began in [now + TIME, now + 2 * away] {
        let ended = began + away;
        board.was_unwatched(began, ended);
        assert_eq!(board.pressed(6, &settled.key(0), ended), Some(&Button::Answer));
    }
    let ended = now + TIME + away;
    assert_eq!(board.pressed(7, &young.key(0), ended), None);
    assert_eq!(board.pressed(7, &young.key(0), ended + SETTLED_AFTER), Some(&Button::Answer));
}

#[test]
fn a_daemon_that_ends_takes_only_its_own_along() {
    let (mut board, now) = (Board::default(), now());
    let other = Tag::Qube(QubeName::new("work").unwrap());
    show(&mut board, tag(), 7, now);
    let showing = board.next_showing();
    board.put(other.clone(), place(":1.10", 8), showing, Vec::new(), now);
    board.daemon_ended(":1.9");
    assert_eq!((board.number(&tag()), board.number(&other)), (None, Some(8)));
    assert_eq!(board.take(&other), Some(8));
    assert_eq!(board.number(&other), None);
}
