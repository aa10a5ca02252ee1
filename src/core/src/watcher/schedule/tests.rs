//! The order of reads, retries and second looks, by a clock that the tests turn.

use super::*;
use crate::name::{DeviceClass, QubeName};

fn exposed(qube: &str) -> Scope {
    Scope::Exposed(QubeName::new(qube).unwrap(), DeviceClass::Usb)
}

fn started(wanted: &[(Scope, Urgency)]) -> Schedule {
    let mut schedule = Schedule::default();
    schedule.begin(wanted.iter().cloned().collect(), Instant::now());
    schedule
}

fn next(schedule: &mut Schedule) -> Option<Scope> {
    schedule.start_next().map(|(scope, _)| scope)
}

#[test]
fn the_reply_of_a_read_from_before_the_scope_was_dropped_is_of_no_use() {
    let now = Instant::now();
    let mut schedule = started(&[(exposed("b"), Urgency::Menu)]);
    let (scope, old) = schedule.start_next().unwrap();
    schedule.want(BTreeMap::new(), now);
    schedule.want(BTreeMap::from([(exposed("b"), Urgency::Menu)]), now);
    assert_eq!(schedule.finished(&scope, old, now), Freshness::Outdated);
    let (scope, new) = schedule.start_next().unwrap();
    assert!(!schedule.failed(&scope, old, now));
    assert_eq!(schedule.finished(&scope, new, now), Freshness::Undoubted);
    assert!(schedule.is_settled());
}

#[test]
fn the_foundation_is_read_first_and_stored_things_last() {
    let mut schedule = started(&[
        (Scope::Details(QubeName::new("a").unwrap()), Urgency::Later),
        (exposed("b"), Urgency::Menu),
        (Scope::Qubes, Urgency::Foundation),
    ]);
    assert_eq!(next(&mut schedule), Some(Scope::Qubes));
    assert_eq!(next(&mut schedule), Some(exposed("b")));
    assert!(schedule.start_next().is_some());
    assert_eq!(schedule.start_next(), None);
}

#[test]
fn doubt_during_a_read_leads_to_one_more_read() {
    let now = Instant::now();
    let mut schedule = started(&[(Scope::Qubes, Urgency::Foundation)]);
    let (scope, ticket) = schedule.start_next().unwrap();
    for _ in 0..1000 {
        schedule.doubt(&scope, now);
    }
    assert_eq!(schedule.finished(&scope, ticket, now), Freshness::Doubted);
    let (again, ticket) = schedule.start_next().unwrap();
    assert_eq!(again, scope);
    assert_eq!(schedule.finished(&scope, ticket, now), Freshness::Undoubted);
    assert!(schedule.is_settled());
    assert_eq!(schedule.start_next(), None, "a flood of hints costs one read");
}

#[test]
fn scopes_that_are_in_doubt_all_the_time_do_not_keep_the_others_waiting() {
    let mut now = Instant::now();
    let details = Scope::Details(QubeName::new("work").unwrap());
    let mut schedule = started(&[
        (exposed("b"), Urgency::Menu),
        (exposed("c"), Urgency::Menu),
        (details.clone(), Urgency::Row),
    ]);
    for turn in 0.. {
        assert!(turn < 50, "the details of work are never read");
        let (scope, ticket) = schedule.start_next().unwrap();
        if scope == details {
            break;
        }
        now += Duration::from_millis(1);
        assert_ne!(schedule.finished(&scope, ticket, now), Freshness::Outdated);
        schedule.doubt(&scope, now);
    }
}

#[test]
fn endless_doubt_is_no_doubt() {
    let mut now = Instant::now();
    let mut schedule = started(&[(exposed("b"), Urgency::Menu)]);
    let mut told = Vec::new();
    for _ in 0..=DOUBTED_MAX {
        let (scope, ticket) = schedule.start_next().unwrap();
        schedule.doubt(&scope, now);
        now += 2 * RESTLESS;
        told.push(schedule.finished(&scope, ticket, now));
    }
    let (last, before) = told.split_last().unwrap();
    assert_eq!(*last, Freshness::Undoubted);
    assert!(before.iter().all(|freshness| *freshness == Freshness::Doubted), "{told:?}");
}

#[test]
fn a_scope_no_longer_wanted_is_not_read() {
    let now = Instant::now();
    let mut schedule = started(&[(exposed("b"), Urgency::Menu), (exposed("c"), Urgency::Menu)]);
    let (first, ticket) = schedule.start_next().unwrap();
    schedule.failed(&first, ticket, now);
    schedule.want(BTreeMap::new(), now);
    assert_eq!((schedule.start_next(), schedule.next_due()), (None, None));
}

#[test]
fn a_failing_scope_is_tried_ever_more_rarely() {
    let mut now = Instant::now();
    let mut schedule = started(&[(exposed("b"), Urgency::Menu)]);
    let mut waits = Vec::new();
    for _ in 0..9 {
        let (scope, ticket) = schedule.start_next().unwrap();
        schedule.failed(&scope, ticket, now);
        assert!(schedule.is_settled(), "a broken backend does not keep the rest in doubt");
        let retry = schedule.next_due().unwrap();
        waits.push((retry - now).as_secs());
        now = retry;
        schedule.wake_due(now);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
}

#[test]
fn what_is_told_during_a_read_that_fails_is_looked_at_at_once() {
    let mut now = Instant::now();
    let mut schedule = started(&[(exposed("b"), Urgency::Menu)]);
    for _ in 0..9 {
        let (scope, ticket) = schedule.start_next().unwrap();
        schedule.failed(&scope, ticket, now);
        now = schedule.next_due().unwrap();
        schedule.wake_due(now);
    }
    let (scope, ticket) = schedule.start_next().unwrap();
    schedule.doubt(&scope, now);
    assert!(schedule.failed(&scope, ticket, now));
    assert!(schedule.has_failed(&scope));
    let (again, ticket) = schedule.start_next().unwrap();
    assert_eq!(again, scope);
    schedule.failed(&again, ticket, now);
    assert_eq!(schedule.start_next(), None, "once");
    assert_eq!(schedule.next_due().unwrap() - now, 2 * RETRY_FIRST);
}

#[test]
fn a_scope_that_fails_and_is_in_doubt_all_the_time_does_not_keep_the_others_waiting() {
    let mut now = Instant::now();
    let details = Scope::Details(QubeName::new("work").unwrap());
    let mut schedule = started(&[(exposed("b"), Urgency::Menu), (details.clone(), Urgency::Row)]);
    for turn in 0.. {
        assert!(turn < 50, "the details of work are never read");
        let (scope, ticket) = schedule.start_next().unwrap();
        if scope == details {
            break;
        }
        now += Duration::from_millis(1);
        schedule.doubt(&scope, now);
        assert!(schedule.failed(&scope, ticket, now));
    }
}

#[test]
fn what_lags_behind_is_looked_at_twice_and_no_more() {
    let now = Instant::now();
    let mut schedule = started(&[(exposed("b"), Urgency::Menu)]);
    let (scope, ticket) = schedule.start_next().unwrap();
    for _ in 0..1000 {
        schedule.look_again(&scope, now);
    }
    schedule.look_again(&exposed("nobody"), now);
    schedule.finished(&scope, ticket, now);
    let due = schedule.next_due().unwrap();
    assert_eq!((due - now, schedule.start_next()), (LOOK_AGAIN_AFTER, None));
    schedule.wake_due(due);
    let (again, ticket) = schedule.start_next().unwrap();
    assert_eq!(again, scope);
    schedule.finished(&again, ticket, due);
    assert_eq!((schedule.next_due(), schedule.start_next()), (None, None));
}
