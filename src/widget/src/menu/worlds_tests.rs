//! What preferences and marks make of the menu, and what holds for every machine.

use std::collections::BTreeSet;

use device_core::interface::Interface;
use device_core::mark::Mark;
use device_core::name::{DeviceId, DeviceRef, Port, QubeName};
use device_core::qube::QubeDetails;
use proptest::prelude::*;

use super::*;
use crate::menu::entry::{ItemAction, ItemKey, Items, Page, SubView};
use crate::menu::fold::Folding;
use crate::menu::rows::{Look, RowKey};
use crate::menu::targets::submenu;
use crate::preferences::{Preference, Sections};
use crate::testing::{Make, device, laptop, mark, name, now, port, put, put_qube, qubes};

fn shown(scene: &Scene) -> Menu {
    menu(scene, &View { filter: String::new(), now: now() })
}

/// `Section: name (detail), name (detail)` line by line.
fn outline(scene: &Scene) -> Vec<String> {
    let line = |section: &Group<SectionKind, Row>| {
        let names: Vec<_> = section.rows.iter().map(|row| format!("{} ({})", row.name, row.detail)).collect();
        format!("{}: {}", section.heading.as_deref().unwrap_or_default(), names.join(", "))
    };
    shown(scene).sections.iter().map(line).collect()
}

fn seen(scene: &Scene, class: &str, id: &str) -> DeviceRef {
    scene.machine.devices[&port(class, "sys-usb", id)].info.to_ref()
}

fn open(scene: &Scene, class: &str, id: &str, page: Page) -> Vec<Items> {
    let view = SubView { page, ..SubView::opening(now()) };
    submenu(scene, &scene.machine.devices[&port(class, "sys-usb", id)], &view)
}

/// The entries of a sub-menu, with their marks of choice.
fn entries(groups: &[Items]) -> Vec<String> {
    let mark = |mark| match mark {
        super::super::entry::Mark::Check(true) => "[x] ",
        super::super::entry::Mark::Check(false) => "[ ] ",
        _ => "",
    };
    groups.iter().flat_map(|group| &group.rows).map(|it| format!("{}{}", mark(it.mark), it.text)).collect()
}

#[test]
fn a_name_of_ones_own_comes_first_and_the_words_of_the_device_after_it() {
    let mut scene = laptop();
    let stick = seen(&scene, "block", "sda");
    scene.preferences.prefer(Preference::Name(stick, "my backup stick".into()));
    assert_eq!(
        outline(&scene)[0],
        "Disks: my backup stick (Cruzer Blade · sys-usb:sda · 14.9 GB), INSTALL DISC (sys-usb:sr0 · 1.0 GB · read-only)"
    );
    let spoken = &shown(&scene).sections[0].rows[0].spoken;
    assert_eq!(spoken, "my backup stick (Cruzer Blade), sys-usb:sda, 14.9 GB");
}

#[test]
fn a_hidden_device_is_left_out_until_it_is_attached() {
    let mut scene = laptop();
    let disc = seen(&scene, "block", "sr0");
    scene.preferences.prefer(Preference::Hide(disc.clone(), "INSTALL DISC".into()));
    assert!(!outline(&scene)[0].contains("INSTALL DISC"));
    put(&mut scene, device("block", "sys-usb", "sr0").called("INSTALL DISC").held_by(&["work"]));
    assert!(outline(&scene)[0].contains("INSTALL DISC"), "what is attached is never hidden");
    put(&mut scene, device("block", "sys-usb", "sr0").called("INSTALL DISC"));
    scene.preferences.prefer(Preference::Unhide(disc));
    assert!(outline(&scene)[0].contains("INSTALL DISC"));
}

#[test]
fn by_kind_a_camera_and_a_keyboard_have_sections_of_their_own() {
    let mut scene = laptop();
    put(&mut scene, device("usb", "sys-usb", "3-1").called("Gadget"));
    scene.preferences.prefer(Preference::Sections(Sections::ByKind));
    let headings: Vec<_> =
        outline(&scene).iter().map(|line| line.split(" (").next().unwrap().to_owned()).collect();
    assert_eq!(
        headings,
        [
            "Disks: Cruzer Blade",
            "Microphone: Built-in microphone",
            "Cameras: Integrated Camera",
            "Keyboards and mice: Keyboard K120",
            "USB devices: Gadget"
        ]
    );
}

#[test]
fn internal_qubes_are_offered_on_demand_and_dom0_never() {
    let mut scene = laptop();
    let offers = |scene: &Scene| {
        let all = entries(&open(scene, "block", "sda", Page::Targets));
        (all.contains(&"gui-agent".to_owned()), all.contains(&"dom0".to_owned()))
    };
    assert_eq!(offers(&scene), (false, false));
    scene.preferences.prefer(Preference::ShowsInternal(true));
    assert_eq!(offers(&scene), (true, false));
}

#[test]
fn who_does_not_want_to_be_asked_is_not_asked() {
    let mut scene = laptop();
    let asks = |scene: &Scene| {
        let groups = open(scene, "usb", "2-2", Page::Targets);
        let work =
            groups.iter().flat_map(|group| &group.rows).find(|item| item.text == "work").unwrap().clone();
        matches!(work.action, Some(ItemAction::Turn(Page::Confirm(_))))
    };
    assert!(asks(&scene));
    scene.preferences.prefer(Preference::ConfirmsRisk(false));
    assert!(!asks(&scene));
}

#[test]
fn more_names_hides_and_marks() {
    let mut scene = laptop();
    let further = |scene: &Scene, class, id| entries(&open(scene, class, id, Page::Further));
    assert_eq!(
        further(&scene, "block", "sda"),
        ["Back", "Name…", "Hide this device", "[x] Show its disks and partitions"]
    );
    assert_eq!(
        further(&scene, "usb", "2-4"),
        ["Back", "Name…", "Hide this device", "[ ] Attach with microphone"]
    );
    let (stick, camera) = (seen(&scene, "usb", "2-1"), seen(&scene, "usb", "2-4"));
    mark(&mut scene, Mark::HideChildren, std::slice::from_ref(&stick));
    mark(&mut scene, Mark::WithMicrophone, &[camera]);
    assert_eq!(further(&scene, "usb", "2-4")[3], "[x] Attach with microphone");
    assert_eq!(outline(&scene)[0], "Disks: INSTALL DISC (sys-usb:sr0 · 1.0 GB · read-only)");
    assert!(outline(&scene)[2].starts_with("USB devices: Cruzer Blade (sys-usb:2-1), "), "the whole only");
    assert_eq!(further(&scene, "usb", "2-1")[3], "[ ] Show its disks and partitions");
    scene.can_configure = true;
    assert_eq!(further(&scene, "usb", "2-4").last().unwrap(), "Automatic attachment…");
    put(&mut scene, device("block", "sys-usb", "sda1").part_of("block", "sda").held_by(&["work"]));
    assert!(
        outline(&scene)[0].contains("Partition 1") || outline(&scene)[0].contains("sda1"),
        "attached: shown"
    );
}

#[test]
fn nothing_is_to_be_said_of_whatever_is_on_a_port() {
    let mut scene = laptop();
    let more = |scene: &Scene| {
        entries(&open(scene, "block", "sda", Page::Targets)).contains(&crate::strings::more())
    };
    assert!(more(&scene));
    let mut stick = device("block", "sys-usb", "sda");
    stick.info.id = DeviceId::untold();
    put(&mut scene, stick);
    assert!(!more(&scene));
}

#[test]
fn a_camera_marked_so_says_that_the_microphone_goes_along_and_comes_back_with_it() {
    let mut scene = laptop();
    let camera = seen(&scene, "usb", "2-4");
    mark(&mut scene, Mark::WithMicrophone, &[camera]);
    let groups = open(&scene, "usb", "2-4", Page::Targets);
    assert_eq!(groups[0].heading.as_deref(), Some("Attach with microphone to"));
    put(&mut scene, device("usb", "sys-usb", "2-4").is(&["u0e0100"]).held_by(&["work"]));
    let all = entries(&open(&scene, "usb", "2-4", Page::Targets));
    assert_eq!(all[..2], ["work", "Detach from work with microphone"]);
}

#[test]
fn a_part_has_qubes_of_its_own_and_a_way_back() {
    let scene = laptop();
    let part = Some(seen(&scene, "block", "sda1"));
    let view = SubView { part, ..SubView::opening(now()) };
    let groups = submenu(&scene, &scene.machine.devices[&port("block", "sys-usb", "sda")], &view);
    assert_eq!(groups[0].rows[0].action, Some(ItemAction::Part(None)));
    assert_eq!(groups[1].heading.as_deref(), Some("Attach to"));
    assert!(!entries(&groups).iter().any(|entry| entry.starts_with("Partition") || entry == "More"));
}

/// A device of a random place, kind, parent and holder.
fn any_device() -> impl Strategy<Value = device_core::device::Device> {
    let place = prop::sample::select(vec![
        ("block", "sda"),
        ("block", "sda1"),
        ("block", "sdb"),
        ("usb", "2-1"),
        ("usb", "2-2"),
        ("mic", "mic"),
        ("webcam", "2-4"),
    ]);
    let parent = prop::sample::select(vec![
        None,
        Some(("usb", "2-1")),
        Some(("block", "sda")),
        Some(("block", "sda1")),
    ]);
    let code = prop::sample::select(vec!["u080650", "u030101", "u0e0100", "b******", "?******"]);
    let backend = prop::sample::select(vec!["sys-usb", "work", "dom0"]);
    let holders = prop::collection::btree_set(prop::sample::select(vec!["work", "vault", "personal"]), 0..3);
    (place, parent, code, backend, holders, any::<bool>()).prop_map(
        |((class, id), parent, code, backend, holders, is_gone)| {
            let holders: Vec<&str> = holders.into_iter().filter(|holder| *holder != backend).collect();
            let made = device(class, backend, id).is(&[code]).held_by(&holders);
            let made = parent.map_or(made.clone(), |(class, id)| made.part_of(class, id));
            if is_gone && !holders.is_empty() { made.removed() } else { made }
        },
    )
}

/// Any machine, with anything preferred and marked.
fn any_scene() -> impl Strategy<Value = Scene> {
    let preferred = (any::<[bool; 4]>(), any::<bool>());
    (prop::collection::vec(any_device(), 0..12), preferred).prop_map(|(devices, (choices, marks))| {
        let [by_kind, asks, internal, hides] = choices;
        let mut scene = qubes();
        for device in devices {
            if hides {
                scene.preferences.prefer(Preference::Hide(device.info.to_ref(), "hidden".into()));
            }
            put(&mut scene, device);
        }
        scene.preferences.prefer(Preference::ConfirmsRisk(asks));
        scene.preferences.prefer(Preference::ShowsInternal(internal));
        if by_kind {
            scene.preferences.prefer(Preference::Sections(Sections::ByKind));
        }
        if marks {
            let all: Vec<_> = scene.machine.devices.values().map(|device| device.info.to_ref()).collect();
            for of in Mark::ALL {
                mark(&mut scene, of, &all);
            }
        }
        scene
    })
}

/// Every page of the sub-menu of a row.
fn pages(scene: &Scene, row: &Port) -> Vec<Items> {
    let device = &scene.machine.devices[row];
    let folding = Folding::of(&scene.machine);
    let parts = folding.members(row).iter().map(|member| Some(member.info.to_ref()));
    let mut all = Vec::new();
    for part in [None].into_iter().chain(parts) {
        for page in [Page::Targets, Page::Disposables, Page::Further] {
            all.extend(submenu(
                scene,
                device,
                &SubView { page, part: part.clone(), ..SubView::opening(now()) },
            ));
        }
    }
    all
}

proptest! {
    #[test]
    fn every_attached_device_shows_its_holders_in_one_row_and_speaks_them(scene in any_scene()) {
        let menu = shown(&scene);
        let rows: Vec<&Row> = menu.sections.iter().flat_map(|section| &section.rows).collect();
        let folding = Folding::of(&scene.machine);
        for (port, device) in scene.machine.devices.iter().filter(|(_, device)| device.is_attached()) {
            let key = RowKey::Device(folding.row_of(port).clone());
            let row = rows.iter().find(|row| row.key == key);
            prop_assert!(row.is_some(), "no row for {port}");
            let row = row.unwrap();
            let shown: BTreeSet<&QubeName> = row.holders.iter().map(|chip| &chip.name).collect();
            for holder in device.attachments.keys() {
                prop_assert!(shown.contains(holder), "{port}: {:?}", row);
                prop_assert!(row.spoken.contains(holder.as_str()), "{}", row.spoken);
            }
            prop_assert_eq!(row.look, Look::Attached);
        }
    }

    #[test]
    fn no_row_stands_twice_and_every_row_is_of_a_device(scene in any_scene()) {
        let menu = shown(&scene);
        let mut keys: Vec<&RowKey> = menu.sections.iter().flat_map(|section| &section.rows).map(|row| &row.key).collect();
        let count = keys.len();
        keys.sort();
        keys.dedup();
        prop_assert_eq!(keys.len(), count);
    }

    #[test]
    fn neither_dom0_nor_the_backend_is_ever_a_target(scene in any_scene()) {
        for row in shown(&scene).sections.iter().flat_map(|section| &section.rows) {
            let RowKey::Device(port) = &row.key else { continue };
            for item in pages(&scene, port).iter().flat_map(|group| &group.rows) {
                let ItemKey::Qube(qube) = &item.key else { continue };
                let holds = scene.machine.devices[port].attachments.contains_key(qube);
                prop_assert!(!qube.is_dom0() || holds, "{}", port);
                prop_assert!(*qube != port.backend || holds, "{}", port);
            }
        }
    }

    #[test]
    fn what_can_be_chosen_is_spoken(scene in any_scene()) {
        for row in shown(&scene).sections.iter().flat_map(|section| &section.rows) {
            let RowKey::Device(port) = &row.key else { continue };
            for item in pages(&scene, port).iter().flat_map(|group| &group.rows) {
                prop_assert!(!item.spoken.trim().is_empty() && !item.text.trim().is_empty(), "{:?}", item);
            }
        }
    }
}

#[test]
fn a_qube_of_which_nothing_is_known_is_no_target() {
    let mut scene = laptop();
    let mut unknown = device_core::qube::Qube::clone(&scene.machine.qubes[&name("work")]);
    unknown.details = None;
    put_qube(&mut scene, unknown.clone());
    scene.preferences.prefer(Preference::ShowsInternal(true));
    assert!(!entries(&open(&scene, "block", "sda", Page::Targets)).contains(&"work".to_owned()));
    unknown.details =
        Some(QubeDetails { denied: vec![Interface::new("b******").unwrap()], ..QubeDetails::default() });
    put_qube(&mut scene, unknown);
    let groups = open(&scene, "block", "sda", Page::Targets);
    let work = groups.iter().flat_map(|group| &group.rows).find(|item| item.text == "work").unwrap();
    assert_eq!((work.note.as_str(), &work.action), ("blocked by policy", &None));
}
