//! What is said of a device on its way from one qube to another, and of the way once it has ended.

use super::*;
use crate::scene::{Pending, Ticket};

#[test]
fn what_is_on_its_way_to_another_qube_cannot_be_pulled_out() {
    let seen = disk().info.to_ref();
    for command in [
        Command::Move(seen.clone(), name("vault"), Options::new()),
        Command::MoveToNewDisposable(seen.clone(), name("default-dvm"), Options::new()),
    ] {
        let mut watched = Watched::new(qubes());
        put(&mut watched.scene, disk().held_by(&["work"]));
        watched.said();
        watched.scene.pending.push(Pending { ticket: Ticket(1), command, since: now() });
        put(&mut watched.scene, disk());
        assert_eq!(watched.said(), Vec::<String>::new());
    }
}

#[test]
fn of_a_move_that_ended_the_mirror_may_hear_later() {
    let mut watched = Watched::new(qubes());
    put(&mut watched.scene, disk().held_by(&["work"]));
    watched.said();
    let move_it = Command::Move(disk().info.to_ref(), name("vault"), Options::new());
    let failure = Failure { command: move_it, reason: "No. It is back in work.".into() };
    watched.notifier.moved(disk().port(), true, watched.now);
    let _ = watched.notifier.failed(&watched.scene, &failure);
    for way in [disk(), disk().held_by(&["work"])] {
        put(&mut watched.scene, way);
        assert_eq!(watched.said(), Vec::<String>::new(), "the failure says where it is");
    }
    watched.notifier.moved(disk().port(), false, watched.now);
    put(&mut watched.scene, disk());
    assert_eq!(watched.said(), Vec::<String>::new());
    put(&mut watched.scene, disk().held_by(&["vault"]));
    assert_eq!(watched.said().len(), 1, "this time it arrived");
    watched.notifier.begins(disk().port());
    put(&mut watched.scene, disk());
    assert_eq!(watched.said().len(), 1, "what the person does next is no part of the move");
    put(&mut watched.scene, disk().held_by(&["vault"]));
    watched.said();
    watched.notifier.moved(disk().port(), false, watched.now);
    watched.now += MOVE_HEARD_WITHIN;
    put(&mut watched.scene, disk());
    assert_eq!(watched.said().len(), 1, "this one is too late for it");
}
