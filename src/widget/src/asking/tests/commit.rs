//! Check at commit: between the person's yes and the answer the device is looked at once more, afresh.

use super::service::{Finding, look};
use super::*;

/// Asks, waits, and has the person choose `work` while the service finds this. Gives the end of who asked.
async fn chosen(office: &mut Office, finding: Finding) -> UnixStream {
    office.service.find(finding);
    let stream = asking(&office.socket, REQUEST).await;
    office.until(1).await;
    office.attach_to("work");
    stream
}

/// Why the one question was refused.
fn why(office: &Office) -> Why {
    let asked = office.counter.asked.borrow();
    assert_eq!((asked.count(), asked.refused.len()), (0, 1));
    asked.refused[0].why.clone()
}

#[test]
fn a_yes_goes_out_after_a_look_at_exactly_what_was_seen() {
    run(async {
        let mut office = Office::open().await;
        let stream = chosen(&mut office, Finding::AsSeen).await;
        assert_eq!(answer(stream).await, "allow:work");
        let stick = with_stick("0781:5567:A:u080650").machine.devices.values().next().cloned().unwrap();
        assert_eq!(office.service.asked(), [look(&stick.info.to_ref(), "work")]);
    });
}

#[test]
fn a_device_that_the_mirror_has_not_seen_swapped_is_refused() {
    run(async {
        for (kind, expected) in [("Changed", Why::Changed), ("NotFound", Why::Gone)] {
            let mut office = Office::open().await;
            let stream = chosen(&mut office, Finding::Against(kind, "In words of its own.")).await;
            assert_eq!(answer(stream).await, "deny", "{kind}");
            office.until(0).await;
            assert_eq!(why(&office), expected);
        }
    });
}

#[test]
fn what_a_rule_forbids_by_now_is_refused_with_its_reason() {
    run(async {
        let mut office = Office::open().await;
        let stream = chosen(&mut office, Finding::Against("Busy", "A part of it is in use.")).await;
        assert_eq!(answer(stream).await, "deny");
        office.until(0).await;
        assert_eq!(why(&office), Why::NotTo(name("work"), "A part of it is in use.".into()));
    });
}

#[test]
fn a_service_that_goes_or_has_gone_makes_it_a_no() {
    run(async {
        let mut office = Office::open().await;
        let during = chosen(&mut office, Finding::NothingYet).await;
        office.counter.asked.wait_for(|asked| asked.waiting[0].chosen.is_some()).await.unwrap();
        office.service.end().await;
        assert_eq!(answer(during).await, "deny");
        office.until(0).await;
        assert_eq!(why(&office), Why::Unchecked);
        let after = chosen(&mut office, Finding::AsSeen).await;
        assert_eq!(answer(after).await, "deny");
    });
}

#[test]
fn a_look_that_takes_its_time_holds_up_no_other_answer() {
    run(async {
        let mut office = Office::open().await;
        let slow = chosen(&mut office, Finding::NothingYet).await;
        let other = asking(&office.socket, REQUEST).await;
        office.until(2).await;
        let second = office.counter.asked.borrow().waiting[1].id;
        office.counter.say(Said::Decline(second));
        assert_eq!(answer(other).await, "deny");
        office.service.find(Finding::AsSeen);
        assert_eq!(answer(slow).await, "allow:work");
    });
}

#[test]
fn who_says_no_while_it_is_looked_at_is_heard_at_once() {
    run(async {
        let mut office = Office::open().await;
        let stream = chosen(&mut office, Finding::NothingYet).await;
        office.counter.asked.wait_for(|asked| asked.waiting[0].chosen.is_some()).await.unwrap();
        office.counter.say(Said::Decline(office.first().id));
        assert_eq!(answer(stream).await, "deny");
        office.service.find(Finding::AsSeen);
        office.until(0).await;
    });
}
