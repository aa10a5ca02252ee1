//! What the sub-menu offers, and what it never offers.

use std::fmt::Write;
use std::time::Duration;

use device_core::assignment::Options;
use device_core::machine::Link;
use device_core::name::DeviceId;
use device_core::qube::PowerState;

use super::*;
use crate::scene::{Failure, Pending, Ticket};
use crate::testing::{Make, device, laptop, name, now, port, put, put_qube, qube, qubes, stick_in_use};

fn view() -> SubView {
    SubView::opening(now())
}

fn open(scene: &Scene, class: &str, backend: &str, id: &str, view: &SubView) -> Vec<Items> {
    submenu(scene, &scene.machine.devices[&port(class, backend, id)], view)
}

/// The sub-menu as text: `⏏` eject, `-` can't be chosen, `[note]`, `>` turns the page.
fn drawn(groups: &[Items]) -> String {
    let mut text = String::new();
    for (number, group) in groups.iter().enumerate() {
        if number > 0 {
            text.push_str("--\n");
        }
        if let Some(heading) = &group.heading {
            writeln!(text, "{heading}").unwrap();
        }
        for item in &group.rows {
            let mark = match item.mark {
                Mark::None => "",
                Mark::Eject => "⏏ ",
                Mark::Plus => "+ ",
                Mark::Back => "< ",
                Mark::Check(true) => "[x] ",
                Mark::Check(false) => "[ ] ",
            };
            let note = if item.note.is_empty() { String::new() } else { format!(" [{}]", item.note) };
            let end = match &item.action {
                None => " -",
                Some(ItemAction::Turn(_) | ItemAction::Part(_)) => " >",
                Some(_) => "",
            };
            writeln!(text, "  {mark}{}{note}{end}", item.text).unwrap();
        }
    }
    text
}

#[test]
fn a_free_stick_can_go_to_running_qubes_only() {
    let mut scene = laptop();
    scene
        .recent
        .remember(&scene.machine.devices[&port("block", "sys-usb", "sda")].info.to_ref(), &name("vault"));
    let sda =
        device("block", "sys-usb", "sda").called("Cruzer Blade").part_of("usb", "2-1").assigned_to("work");
    put(&mut scene, sda);
    assert_eq!(
        drawn(&open(&scene, "block", "sys-usb", "sda", &view())),
        "\
Attach to
  work [usually here]
  vault [last used]
  banking [blocked by policy] -
  personal
  sys-net
  untrusted
--
  + New disposable >
  [ ] Read-only
--
Only a part, or all of it
  Partition 1 [sda1] >
  Partition 2 [sda2] >
  Whole USB device [2-1] >
--
  More >
"
    );
}

#[test]
fn an_attached_stick_is_detached_or_moved() {
    let mut scene = laptop();
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["vault"]));
    let groups = open(&scene, "usb", "sys-usb", "2-4", &view());
    assert_eq!(
        drawn(&groups),
        "\
\x20 ⏏ vault [detach]
--
Move to
  banking
  personal
  sys-net
  untrusted
  work
--
  + New disposable >
--
  More >
"
    );
    let this = scene.machine.devices[&port("usb", "sys-usb", "2-4")].info.to_ref();
    let action = |group: usize, row: usize| groups[group].rows[row].action.clone().unwrap();
    assert_eq!(action(0, 0), ItemAction::Wish(Wish::Do(Command::Detach(this.clone(), name("vault")))));
    let moved = Command::Move(this, name("work"), Options::new());
    assert_eq!(action(1, 4), ItemAction::Wish(Wish::Do(moved)));
    assert_eq!(groups[0].rows[0].spoken, "Detach from vault");
    assert_eq!(groups[1].rows[4].spoken, "Move to work");
}

#[test]
fn the_microphone_goes_to_one_more() {
    let groups = open(&laptop(), "mic", "dom0", "mic", &view());
    assert!(
        drawn(&groups)
            .starts_with("  ⏏ personal [detach]\n  ⏏ work [detach]\n--\nAlso attach to\n  banking\n")
    );
    let added = groups[1].rows.iter().find(|item| item.text == "vault").unwrap();
    assert_eq!(added.spoken, "Add vault");
    assert!(matches!(added.action, Some(ItemAction::Wish(Wish::Do(Command::Attach(..))))));
}

#[test]
fn a_disposable_holder_can_be_shut_down_with_it() {
    let mut scene = laptop();
    let mut disposable = qube("disp1234", QubeClass::Disposable, PowerState::Running, "red");
    disposable.details.as_mut().unwrap().is_auto_cleanup = true;
    put_qube(&mut scene, disposable);
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["disp1234"]));
    let text = drawn(&open(&scene, "usb", "sys-usb", "2-4", &view()));
    assert!(
        text.starts_with("  ⏏ disp1234 [detach]\n  Detach and shut down disp1234\n--\nMove to\n"),
        "{text}"
    );
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["disp1234"]).removed());
    let text = drawn(&open(&scene, "usb", "sys-usb", "2-4", &view()));
    assert!(text.starts_with("  ⏏ disp1234 [clean up]\n") && !text.contains("shut down"), "{text}");
}

#[test]
fn what_a_qube_has_can_go_to_a_new_disposable_too() {
    let mut scene = laptop();
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["work"]));
    let page = SubView { page: Page::Disposables, ..view() };
    let groups = open(&scene, "usb", "sys-usb", "2-4", &page);
    let item = &groups[1].rows[0];
    assert_eq!(item.spoken, "Move to a new disposable based on default-dvm");
    assert!(matches!(item.action, Some(ItemAction::Wish(Wish::Do(Command::MoveToNewDisposable(..))))));
}

#[test]
fn a_disk_whose_part_is_in_use_says_so_instead_of_offering_qubes() {
    let mut scene = laptop();
    put(&mut scene, device("block", "sys-usb", "sda1").part_of("block", "sda").held_by(&["work"]));
    assert_eq!(
        drawn(&open(&scene, "block", "sys-usb", "sda", &view())),
        "\
\x20 ⏏ work [Partition 1]
--
Only a part, or all of it
  Partition 1 [sda1] >
  Partition 2 [sda2] >
  Whole USB device [in use as disk sda1] -
--
  More >
"
    );
    let part = scene.machine.devices[&port("usb", "sys-usb", "2-1")].info.to_ref();
    let view = SubView { part: Some(part), ..view() };
    let said = "  < Back [Whole USB device] >\n  sda1 is a part of the same disk and is in use in work. Detach it there first. -\n";
    assert_eq!(drawn(&open(&scene, "block", "sys-usb", "sda", &view)), said);
}

#[test]
fn a_partition_in_use_leaves_the_others_free_and_the_stick_not() {
    let scene = stick_in_use(laptop(), "work");
    assert_eq!(
        drawn(&open(&scene, "block", "sys-usb", "sda2", &view())),
        "\
\x20 ⏏ work [detach]
--
Move to
  banking [blocked by policy] -
  personal
  sys-net
  untrusted
  vault >
--
  + New disposable >
  [ ] Read-only
--
Only a part, or all of it
  Partition 1 [sda1] >
  Whole USB device [in use as disk sda2] -
--
  More >
"
    );
    let mut both = scene.clone();
    let first = Device::clone(&both.machine.devices[&port("block", "sys-usb", "sda1")]);
    put(&mut both, first.held_by(&["vault"]));
    let text = drawn(&open(&both, "block", "sys-usb", "sda1", &view()));
    assert!(text.starts_with("  ⏏ vault [detach]\n  ⏏ work [Partition 2]\n--\nMove to\n"), "{text}");
    let mut unknown = scene;
    for id in ["sda1", "sda2"] {
        let mut part = Device::clone(&unknown.machine.devices[&port("block", "sys-usb", id)]);
        part.info.grandparent = None;
        part.info.id = DeviceId::new(&format!("0000:0000::?******:{}", &id[3..])).unwrap();
        put(&mut unknown, part);
    }
    let rows = drawn(&open(&unknown, "usb", "sys-usb", "2-1", &view()));
    let said = "  sda2 may be a part of the same disk and is in use in work. Detach it there first. -\n--\n  More >\n";
    assert_eq!(rows, said, "on which stick it is was never told");
}

#[test]
fn what_was_pulled_out_can_only_be_cleaned_up() {
    let mut scene = laptop();
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["work"]).removed());
    assert_eq!(drawn(&open(&scene, "usb", "sys-usb", "2-4", &view())), "  ⏏ work [clean up]\n");
}

#[test]
fn waiting_can_be_given_up_after_five_seconds() {
    let mut scene = laptop();
    let camera = scene.machine.devices[&port("usb", "sys-usb", "2-4")].info.to_ref();
    let since = now();
    let command = Command::Attach(camera, name("work"), Options::new());
    scene.pending.push(Pending { ticket: Ticket(7), command, since });
    let after = |seconds| SubView { now: since + Duration::from_secs(seconds), ..view() };
    assert_eq!(drawn(&open(&scene, "usb", "sys-usb", "2-4", &after(4))), "  attaching to work… -\n");
    let groups = open(&scene, "usb", "sys-usb", "2-4", &after(5));
    assert_eq!(groups[0].rows[1].action, Some(ItemAction::Wish(Wish::GiveUp(Ticket(7)))));
}

#[test]
fn a_failure_can_be_hidden_and_tried_again() {
    let mut scene = laptop();
    let camera = scene.machine.devices[&port("usb", "sys-usb", "2-4")].info.to_ref();
    let command = Command::Attach(camera, name("work"), Options::new());
    scene.failures.push(Failure { command: command.clone(), reason: "It is broken.".into() });
    let groups = open(&scene, "usb", "sys-usb", "2-4", &view());
    assert!(
        drawn(&groups)
            .starts_with("  Not attached to work. It is broken. -\n  Hide this message\n--\nAttach to\n")
    );
    assert_eq!(groups[0].rows[1].action, Some(ItemAction::Wish(Wish::Dismiss(command))));
}

#[test]
fn a_keyboard_is_asked_about_and_the_way_out_comes_first() {
    let scene = laptop();
    let groups = open(&scene, "usb", "sys-usb", "2-2", &view());
    let work = groups[0].rows.iter().find(|item| item.text == "work").unwrap();
    let Some(ItemAction::Turn(page)) = work.action.clone() else {
        panic!("a keyboard goes nowhere without a question: {work:?}");
    };
    let asked = open(&scene, "usb", "sys-usb", "2-2", &SubView { page, ..view() });
    assert_eq!(
        drawn(&asked),
        "\
\x20 The keyboard you are typing on may be sys-usb:2-2. What you type would go to work, and no longer to this desktop. -
--
  Leave it where it is >
  Attach to work all the same
"
    );
}

#[test]
fn read_only_is_asked_for_or_a_matter_of_fact() {
    let scene = laptop();
    let view = SubView { read_only: true, ..view() };
    let groups = open(&scene, "block", "sys-usb", "sda", &view);
    assert!(drawn(&groups).contains("  [x] Read-only\n--\n"));
    let Some(ItemAction::Wish(Wish::Do(Command::Attach(_, _, options)))) = &groups[0].rows[1].action else {
        panic!("no attachment");
    };
    assert!(options.is_read_only());
    let disc = drawn(&open(&scene, "block", "sys-usb", "sr0", &SubView { read_only: false, ..view }));
    assert!(disc.ends_with("  [x] Read-only -\n--\n  More >\n"), "{disc}");
}

#[test]
fn new_disposables_are_offered_by_template() {
    let scene = laptop();
    let groups = open(&scene, "block", "sys-usb", "sda", &SubView { page: Page::Disposables, ..view() });
    assert_eq!(drawn(&groups), "  < Back >\n--\nNew disposable\n  default-dvm\n");
    assert_eq!(groups[1].rows[0].spoken, "Attach to a new disposable based on default-dvm");
}

#[test]
fn typed_words_filter_the_qubes() {
    let view = SubView { filter: "work".into(), ..view() };
    assert_eq!(drawn(&open(&laptop(), "block", "sys-usb", "sda", &view)), "Attach to\n  work\n");
}

#[test]
fn neither_dom0_nor_the_backend_nor_internal_nor_stopped_qubes_are_ever_targets() {
    let mut scene = laptop();
    put(&mut scene, device("usb", "work", "1-1").held_by(&["personal"]));
    for (port, device) in scene.machine.devices.iter() {
        for item in submenu(&scene, device, &view()).iter().flat_map(|group| &group.rows) {
            let ItemKey::Qube(qube) = &item.key else { continue };
            let holds = device.attachments.contains_key(qube);
            assert!(!qube.is_dom0() || holds, "{port}");
            assert!(*qube != port.backend, "{port}");
            assert!(!["gui-agent", "off"].contains(&qube.as_str()), "{port}: {qube}");
        }
    }
}

#[test]
fn a_lost_link_offers_nothing() {
    let mut scene = laptop();
    scene.machine.link = Link::Resyncing;
    assert_eq!(open(&scene, "block", "sys-usb", "sda", &view()), Vec::new());
}

#[test]
fn without_any_running_qube_a_sentence_says_so() {
    let mut scene = qubes();
    scene.machine.qubes.retain(|name, _| name.is_dom0());
    put(&mut scene, device("usb", "dom0", "1-1"));
    assert_eq!(
        drawn(&open(&scene, "usb", "dom0", "1-1", &view())),
        "  No running qube can have it. Start one first. -\n--\n  More >\n"
    );
}

#[test]
fn where_few_qubes_are_wanted_they_are_the_first_ones_and_all_else_is_the_same() {
    let mut scene = laptop();
    put(&mut scene, device("usb", "sys-usb", "2-9").is(&["u030101"]).assigned_to("vault"));
    for device in scene.machine.devices.values() {
        let whole = submenu(&scene, device, &view());
        for most in [1, 3, 100] {
            let mut expected = whole.clone();
            if let Some(targets) = expected.iter_mut().find(|group| group.kind == GroupKind::Targets) {
                targets.rows.truncate(most);
            }
            let few = submenu(&scene, device, &SubView { most, ..view() });
            assert_eq!(few, expected, "{}: {most}", device.port());
        }
    }
}
