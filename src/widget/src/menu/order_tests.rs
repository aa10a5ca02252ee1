//! Laws of an open menu: whatever happens, nothing that was shown moves.

use std::time::Instant;

use proptest::prelude::*;

use super::*;
use crate::menu::entry::SubView;
use crate::menu::model::{View, menu};
use crate::menu::targets::submenu;
use crate::scene::Scene;
use crate::testing::{Make, device, laptop, port, put, qubes};

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
            let (before, after) = (keys(&shown), keys(&settled));
            let kept: Vec<_> = after.iter().filter(|key| before.contains(key)).cloned().collect();
            prop_assert_eq!(&kept, &before, "nothing moved, nothing vanished");
            for row in now.sections.iter().flat_map(|section| &section.rows) {
                let times = settled.sections.iter().flat_map(|section| &section.rows).filter(|other| *other == row).count();
                prop_assert_eq!(times, 1, "every row that is there is shown once, as it is");
            }
            shown = settled;
        }
    }
}
