//! Laws of an open menu: whatever happens, nothing that was shown moves.

use std::time::{Duration, Instant};

use device_core::assignment::Options;
use device_core::machine::Change;
use device_core::qube::QubeClass;
use proptest::prelude::*;

use super::*;
use crate::menu::entry::{GroupKind, Page, SubView};
use crate::menu::model::{View, menu, open_menu};
use crate::menu::targets::submenu;
use crate::scene::{Command, Failure, Pending, Scene, Ticket};
use crate::testing::{Make, device, laptop, name, port, put, put_qube, qube, qubes, stick_in_use};

fn fresh(scene: &Scene) -> Menu {
    menu(scene, &View { filter: String::new(), now: Instant::now() })
}

fn keys(menu: &Menu) -> Vec<RowKey> {
    menu.sections.iter().flat_map(|section| section.rows.iter().map(|row| row.key.clone())).collect()
}

#[test]
fn new_rows_come_at_the_end_of_their_section() {
    let mut scene = laptop();
    let shown = fresh(&scene);
    put(&mut scene, device("block", "sys-usb", "a"));
    let settled = settle_menu(&shown.sections, fresh(&scene), &scene.machine);
    let disks = &settled.sections[0].rows;
    assert_eq!(disks.last().unwrap().key, RowKey::Device(port("block", "sys-usb", "a")));
    assert_eq!(keys(&shown)[..2], keys(&settled)[..2]);
}

#[test]
fn the_row_of_a_usb_qube_that_has_started_says_so_and_what_hides_a_failure_goes_with_it() {
    let mut scene = qubes();
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, PowerState::Halted, "red"));
    put(&mut scene, device("pci", "dom0", "00_14.0").is(&["p0c0330"]).assigned_to("sys-usb"));
    let start = Command::StartQube(name("sys-usb"));
    scene.failures.push(Failure { command: start, reason: "No memory.".into() });
    let shown = fresh(&scene);
    assert_eq!(keys(&shown).len(), 2);
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, PowerState::Running, "red"));
    let settled = settle_menu(&shown.sections, fresh(&scene), &scene.machine);
    let spoken: Vec<_> = settled.sections[0].rows.iter().map(|row| row.spoken.as_str()).collect();
    assert_eq!(spoken, ["Start sys-usb to see its USB devices, sys-usb has started"]);
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, PowerState::Halted, "red"));
    scene.machine.devices.clear();
    let settled = settle_menu(&shown.sections, fresh(&scene), &scene.machine);
    assert_eq!(settled.sections[0].rows[0].detail, strings::gone());
}

#[test]
fn gone_rows_stay_grey_and_inert() {
    let mut scene = laptop();
    let shown = fresh(&scene);
    scene.machine.devices.clear();
    let settled = settle_menu(&shown.sections, fresh(&scene), &scene.machine);
    assert_eq!(keys(&settled), keys(&shown));
    assert_eq!(settled.empty, None);
    for row in settled.sections.iter().flat_map(|section| &section.rows) {
        assert_eq!((row.look, row.action.clone(), row.holders.len()), (Look::Dim, RowAction::Nothing, 0));
        assert!(row.detail.ends_with(&strings::gone()));
    }
    let back = settle_menu(&settled.sections, fresh(&laptop()), &laptop().machine);
    assert_eq!(back.sections, shown.sections, "what comes back takes its old place");
}

#[test]
fn a_qube_that_renames_its_devices_without_end_fills_no_menu() {
    let mut scene = qubes();
    let mut shown = fresh(&scene);
    for turn in 0..3 * GONE_MAX {
        scene.machine.devices.clear();
        put(&mut scene, device("block", "sys-usb", &format!("sd{turn}")));
        shown = settle_menu(&shown.sections, fresh(&scene), &scene.machine);
    }
    let rows = &shown.sections[0].rows;
    assert_eq!(rows.len(), GONE_MAX + 1);
    assert_eq!(rows.last().unwrap().action, RowAction::Open, "what is there is always shown");
}

#[test]
fn a_qube_keeps_its_place_in_the_sub_menu_when_it_becomes_the_holder() {
    let mut scene = laptop();
    let camera = port("usb", "sys-usb", "2-4");
    let view = SubView::opening(Instant::now());
    let shown = submenu(&scene, &scene.machine.devices[&camera], &view);
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["work"]));
    let now = submenu(&scene, &scene.machine.devices[&camera], &view);
    let settled = settle_submenu(&shown, now, &scene.machine);
    let names = |groups: &[Items]| {
        groups.iter().flat_map(|group| group.rows.iter().map(|item| item.key.clone())).collect::<Vec<_>>()
    };
    assert_eq!(names(&settled), names(&shown));
    let work = settled[0].rows.iter().find(|item| item.text == "work").unwrap();
    assert_eq!((work.mark, work.is_bold), (Mark::Eject, true));
}

#[test]
fn what_went_because_the_rest_of_its_stick_is_in_use_says_so() {
    let (mut scene, sda) = (laptop(), port("block", "sys-usb", "sda"));
    let (view, shown) = (SubView::opening(Instant::now()), fresh(&scene));
    let open = submenu(&scene, &scene.machine.devices[&sda], &view);
    put(&mut scene, device("block", "sys-usb", "sda").part_of("usb", "2-1").held_by(&["work"]));
    scene.machine.devices.remove(&port("block", "sys-usb", "sda1"));
    let now = submenu(&scene, &scene.machine.devices[&sda], &view);
    let settled = settle_submenu(&open, now, &scene.machine);
    let first = settled.iter().flat_map(|group| &group.rows).find(|item| item.text == "Partition 1").unwrap();
    assert_eq!((first.note.as_str(), &first.action), ("whole disk is in use in work", &None));
    // The stick as a whole takes its disk out of the list.
    let mut scene = laptop();
    for id in ["sda", "sda1", "sda2"] {
        scene.machine.devices.remove(&port("block", "sys-usb", id));
    }
    put(&mut scene, device("usb", "sys-usb", "2-1").is(&["u080650"]).held_by(&["work"]));
    let settled = settle_menu(&shown.sections, fresh(&scene), &scene.machine);
    let row = settled.sections.iter().flat_map(|section| &section.rows).find(|row| row.id.is_some()).unwrap();
    assert_eq!(row.detail, format!("sys-usb:sda · {}", strings::device_in_use("work")));
}

#[test]
fn a_stick_that_is_known_before_its_disk_goes_over_to_the_row_of_the_disk() {
    let mut scene = qubes();
    let stick = || device("usb", "sys-usb", "2-1").is(&["u080650"]);
    put(&mut scene, stick());
    let shown = fresh(&scene);
    put(&mut scene, device("block", "sys-usb", "sda").part_of("usb", "2-1"));
    let settled = settle_menu(&shown.sections, fresh(&scene), &scene.machine);
    let details: Vec<_> =
        settled.sections.iter().flat_map(|section| &section.rows).map(|row| row.detail.as_str()).collect();
    assert_eq!(details, ["sys-usb:sda", "sys-usb:2-1 · listed with sda now"]);
}

/// The sub-menu of the camera of the laptop.
fn of_camera(scene: &Scene, view: &SubView) -> Vec<Items> {
    submenu(scene, &scene.machine.devices[&port("usb", "sys-usb", "2-4")], view)
}

/// The camera, attached to work by a command.
fn to_work(scene: &Scene) -> Command {
    let camera = scene.machine.devices[&port("usb", "sys-usb", "2-4")].info.to_ref();
    Command::Attach(camera, name("work"), Options::new())
}

fn item(groups: &[Items], key: &ItemKey) -> Option<Item> {
    groups.iter().flat_map(|group| &group.rows).find(|item| item.key == *key).cloned()
}

#[test]
fn what_is_under_way_and_what_can_be_chosen_leave_nothing_of_each_other() {
    let (free, since) = (laptop(), Instant::now());
    let view = SubView { now: since + Duration::from_secs(6), ..SubView::opening(since) };
    let mut pending = free.clone();
    pending.pending.push(Pending { ticket: Ticket(1), command: to_work(&free), since });
    let mut done = free.clone();
    put(&mut done, device("usb", "sys-usb", "2-4").held_by(&["work"]));
    let (before, meanwhile, after) =
        (of_camera(&free, &view), of_camera(&pending, &view), of_camera(&done, &view));
    assert_eq!(settle_submenu(&before, meanwhile.clone(), &pending.machine), meanwhile);
    assert_eq!(settle_submenu(&meanwhile, after.clone(), &done.machine), after);
    // Nothing moves while it lasts: the way to give up comes below the sentence.
    let early = of_camera(&pending, &SubView::opening(since));
    assert_eq!(settle_submenu(&early, meanwhile.clone(), &pending.machine), meanwhile);
}

#[test]
fn a_sentence_goes_as_soon_as_it_is_untrue() {
    let (free, view) = (laptop(), SubView::opening(Instant::now()));
    let mut failed = free.clone();
    failed.failures.push(Failure { command: to_work(&free), reason: "It is broken.".into() });
    let shown = of_camera(&failed, &view);
    assert!(item(&shown, &ItemKey::Message).is_some() && item(&shown, &ItemKey::Dismiss).is_some());
    let now = of_camera(&free, &view);
    assert_eq!(settle_submenu(&shown, now.clone(), &free.machine), now, "hidden elsewhere");

    let mut alone = free.clone();
    for name in ["work", "personal", "untrusted", "vault", "banking", "sys-net"].map(name) {
        alone.machine.apply(Change::QubeGone(name));
    }
    let shown = of_camera(&alone, &view);
    assert_eq!(item(&shown, &ItemKey::Reason).map(|it| it.text), Some(strings::no_target()));
    let settled = settle_submenu(&shown, of_camera(&free, &view), &free.machine);
    assert_eq!(item(&settled, &ItemKey::Reason), None);
    assert!(settled.iter().all(|group| !group.rows.is_empty()), "no group without rows");
}

#[test]
fn the_reason_of_a_part_goes_and_the_way_back_stays() {
    let (free, sda) = (laptop(), port("block", "sys-usb", "sda"));
    let mut used = free.clone();
    put(&mut used, device("block", "sys-usb", "sda1").part_of("block", "sda").held_by(&["work"]));
    let stick = free.machine.devices[&port("usb", "sys-usb", "2-1")].info.to_ref();
    let view = SubView { part: Some(stick), ..SubView::opening(Instant::now()) };
    let shown = submenu(&used, &used.machine.devices[&sda], &view);
    assert!(item(&shown, &ItemKey::Reason).is_some());
    let settled = settle_submenu(&shown, submenu(&free, &free.machine.devices[&sda], &view), &free.machine);
    assert_eq!(item(&settled, &ItemKey::Reason), None);
    let first = (settled[0].kind, settled[0].rows[0].key.clone());
    assert_eq!(first, (GroupKind::Message, ItemKey::Back));
}

#[test]
fn a_question_whose_risk_has_ended_gives_way_to_the_qubes() {
    let mut scene = laptop();
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["untrusted"]));
    let camera = scene.machine.devices[&port("usb", "sys-usb", "2-4")].info.to_ref();
    let page = Page::Confirm(Command::Move(camera, name("vault"), Options::new()));
    let view = SubView { page, ..SubView::opening(Instant::now()) };
    let shown = of_camera(&scene, &view);
    assert!(item(&shown, &ItemKey::Question).is_some() && item(&shown, &ItemKey::GoOn).is_some());
    put(&mut scene, device("usb", "sys-usb", "2-4"));
    let settled = settle_submenu(&shown, of_camera(&scene, &view), &scene.machine);
    assert_eq!(settled, of_camera(&scene, &SubView::opening(Instant::now())));
}

#[test]
fn a_qube_is_said_to_have_stopped_only_if_it_has() {
    let (free, view) = (laptop(), SubView::opening(Instant::now()));
    let note = |settled: &[Items], qube: &str| item(settled, &ItemKey::Qube(name(qube))).unwrap().note;
    let mut held = free.clone();
    put(&mut held, device("usb", "sys-usb", "2-4").held_by(&["work"]));
    let shown = of_camera(&held, &view);
    let mut pulled = held.clone();
    put(&mut pulled, device("usb", "sys-usb", "2-4").held_by(&["work"]).removed());
    put_qube(&mut pulled, qube("vault", QubeClass::App, PowerState::Halted, "black"));
    pulled.machine.apply(Change::QubeGone(name("personal")));
    let settled = settle_submenu(&shown, of_camera(&pulled, &view), &pulled.machine);
    assert_eq!(note(&settled, "work"), strings::clean_up());
    assert_eq!(note(&settled, "untrusted"), "", "it runs; the device was pulled out");
    assert_eq!((note(&settled, "vault"), note(&settled, "personal")), (strings::stopped(), strings::gone()));
    let is_offered = |qube: &str| item(&settled, &ItemKey::Qube(name(qube))).unwrap().action.is_some();
    assert!(!["untrusted", "vault", "personal"].map(is_offered).contains(&true));
}

#[test]
fn a_template_does_not_run_and_so_never_stops() {
    let (mut scene, sda) = (laptop(), port("block", "sys-usb", "sda"));
    let view = SubView { page: Page::Disposables, ..SubView::opening(Instant::now()) };
    let shown = submenu(&scene, &scene.machine.devices[&sda], &view);
    let template = ItemKey::Template(name("default-dvm"));
    assert!(item(&shown, &template).is_some());
    put_qube(&mut scene, qube("default-dvm", QubeClass::App, PowerState::Halted, "red"));
    let settled =
        settle_submenu(&shown, submenu(&scene, &scene.machine.devices[&sda], &view), &scene.machine);
    assert_eq!(item(&settled, &template).map(|it| (it.note, it.action)), Some((String::new(), None)));
    scene.machine.apply(Change::QubeGone(name("default-dvm")));
    let settled =
        settle_submenu(&shown, submenu(&scene, &scene.machine.devices[&sda], &view), &scene.machine);
    assert_eq!(item(&settled, &template).map(|it| it.note), Some(strings::gone()));
}

#[test]
fn a_part_that_has_a_row_of_its_own_now_is_not_said_to_have_gone() {
    let (mut scene, sda) = (laptop(), port("block", "sys-usb", "sda"));
    let view = SubView::opening(Instant::now());
    let shown = submenu(&scene, &scene.machine.devices[&sda], &view);
    put(&mut scene, device("usb", "sys-usb", "2-1").is(&["u080650", "u030101"]));
    let settled =
        settle_submenu(&shown, submenu(&scene, &scene.machine.devices[&sda], &view), &scene.machine);
    let stick = port("usb", "sys-usb", "2-1");
    let part = item(&settled, &ItemKey::Part(stick.clone(), stick)).unwrap();
    assert_eq!((part.note.as_str(), part.action), ("", None));
}

#[test]
fn the_row_of_a_stick_keeps_its_place_while_its_partition_is_in_use_and_after() {
    let (free, used) = (laptop(), stick_in_use(laptop(), "work"));
    let shown = fresh(&free);
    let settled = settle_menu(&shown.sections, fresh(&used), &used.machine);
    assert_eq!(settled.sections, fresh(&used).sections);
    assert_eq!(settled.sections[0].rows[0].key, RowKey::Device(port("block", "sys-usb", "sda2")));
    let settled = settle_menu(&settled.sections, fresh(&free), &free.machine);
    assert_eq!(settled.sections, shown.sections);
    // Another stick of the same name elsewhere is another one.
    let mut other = used.clone();
    other.machine.devices.retain(|port, _| port.id.as_str() != "sda2" && port.id.as_str() != "sda1");
    put(&mut other, device("block", "sys-net", "sda2").part_of("block", "sda").held_by(&["work"]));
    let settled = settle_menu(&shown.sections, fresh(&other), &other.machine);
    assert_eq!(settled.sections[0].rows[0].look, Look::Dim);
    assert_eq!(keys(&settled)[..2], keys(&shown)[..2]);
}

#[test]
fn a_stick_that_goes_piece_by_piece_keeps_its_name() {
    let mut scene = laptop();
    let mut settled = fresh(&scene);
    let shown = settled.sections[0].rows[0].clone();
    for piece in [("block", "sda"), ("block", "sda1"), ("block", "sda2"), ("usb", "2-1")] {
        scene.machine.apply(Change::DeviceGone(port(piece.0, "sys-usb", piece.1)));
        settled = settle_menu(&settled.sections, fresh(&scene), &scene.machine);
        let row = &settled.sections[0].rows[0];
        assert_eq!((&row.key, &row.name, row.look), (&shown.key, &shown.name, Look::Dim));
    }
}

#[test]
fn a_row_stays_alive_when_the_typed_words_no_longer_fit() {
    let (mut scene, now) = (laptop(), Instant::now());
    put(&mut scene, device("usb", "sys-usb", "2-4").held_by(&["work"]));
    let view = View { filter: "2-4 work".into(), now };
    let shown = menu(&scene, &view);
    assert_eq!(keys(&shown), [RowKey::Device(port("usb", "sys-usb", "2-4"))]);
    put(&mut scene, device("usb", "sys-usb", "2-4"));
    put(&mut scene, device("usb", "sys-usb", "2-5").held_by(&["work"]));
    let settled = settle_menu(&shown.sections, open_menu(&scene, &view, &shown.sections), &scene.machine);
    assert_eq!(keys(&settled), keys(&shown), "what does not fit and was not there does not come");
    let row = &settled.sections[0].rows[0];
    assert_eq!((row.look, row.action.clone()), (Look::Plain, RowAction::Open));
    assert_eq!(menu(&scene, &view).sections, [], "typed anew the words leave it out");
}

/// One random change of the machine.
fn change(scene: &mut Scene, what: u8, which: u8) {
    let (class, ids): (&str, &[&str]) = match which % 3 {
        0 => ("block", &["sda", "sda1", "sdb", "vda"]),
        1 => ("usb", &["2-1", "2-4", "1-1"]),
        _ => ("webcam", &["2-4", "1-2"]),
    };
    let id = ids[usize::from(which / 3) % ids.len()];
    let device = device(class, "sys-usb", id);
    match what % 4 {
        0 => {
            scene.machine.devices.remove(device.port());
        }
        1 => put(scene, device.held_by(&["work"])),
        2 => put(scene, device.part_of("block", "sda").called("other")),
        _ => put(scene, device),
    }
}

proptest! {
    #[test]
    fn whatever_happens_shown_rows_keep_their_order_and_are_true(changes in prop::collection::vec((any::<u8>(), any::<u8>()), 0..30)) {
        let mut scene = qubes();
        put(&mut scene, device("block", "sys-usb", "sda"));
        let mut shown = fresh(&scene);
        for (what, which) in changes {
            change(&mut scene, what, which);
            let now = fresh(&scene);
            let settled = settle_menu(&shown.sections, now.clone(), &scene.machine);
            let (before, after, fresh_keys) = (keys(&shown), keys(&settled), keys(&now));
            for old in &shown.sections {
                let new = settled.sections.iter().find(|section| section.kind == old.kind).unwrap();
                let is_heir = |old: &RowKey, new: &RowKey| !before.contains(new) && !fresh_keys.contains(old);
                let mut rows = old.rows.iter().zip(&new.rows).map(|(old, new)| (&old.key, &new.key));
                prop_assert!(old.rows.len() <= new.rows.len(), "nothing vanished");
                prop_assert!(rows.all(|(old, new)| old == new || is_heir(old, new)), "nothing moved");
            }
            let mut once = after.clone();
            once.sort();
            once.dedup();
            prop_assert_eq!(once.len(), after.len(), "nothing is shown twice");
            for row in now.sections.iter().flat_map(|section| &section.rows) {
                let times = settled.sections.iter().flat_map(|section| &section.rows).filter(|other| *other == row).count();
                prop_assert_eq!(times, 1, "every row that is there is shown once, as it is");
            }
            shown = settled;
        }
    }
}
