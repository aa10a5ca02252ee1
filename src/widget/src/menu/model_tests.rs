//! What the menu shows for a dozen machines, and what holds for every machine.

use std::fmt::Write;
use std::time::Duration;

use device_core::error::ErrorKind;
use device_core::interface::Interface;
use device_core::machine::{Link, Trouble};
use device_core::name::DeviceClass;

use super::*;
use crate::menu::rows::{Look, RowAction, Status};
use crate::preferences::Preference;
use crate::scene::{Command, Failure, Pending, Ticket, Wish};
use crate::testing::{Make, device, laptop, name, now, port, put, put_qube, qube, qubes};
use device_core::assignment::Options;
use device_core::qube::{PowerState, QubeClass};

fn view() -> View {
    View { filter: String::new(), now: now() }
}

/// The menu as text: `*` bold, `-` grey, `>` opens, indent for parts.
fn drawn(scene: &Scene) -> String {
    let menu = menu(scene, &view());
    let mut text = String::new();
    for banner in &menu.banners {
        writeln!(text, "! {}", banner.text).unwrap();
    }
    for section in &menu.sections {
        writeln!(text, "{}", section.heading.as_deref().unwrap_or_default()).unwrap();
        for row in &section.rows {
            text.push_str(&drawn_row(row));
        }
    }
    text.push_str(&menu.empty.unwrap_or_default());
    text
}

fn drawn_row(row: &Row) -> String {
    let mark = match row.look {
        Look::Plain => ' ',
        Look::Attached => '*',
        Look::Dim => '-',
    };
    let opens = if row.action == RowAction::Open { " >" } else { "" };
    let new = if row.is_new { " NEW" } else { "" };
    let holders: Vec<_> = row.holders.iter().map(|chip| format!(" → {}", chip.name)).collect();
    let status = match &row.status {
        Some(Status::Pending(text)) => format!(" ({text})"),
        Some(Status::Failed(text)) => format!(" (! {text})"),
        None => String::new(),
    };
    format!("  {mark}{}{new} | {}{}{status}{opens}\n", row.name, row.detail, holders.concat())
}

#[test]
fn a_laptop_has_three_sections() {
    assert_eq!(
        drawn(&laptop()),
        "\
Disks
   Cruzer Blade | sys-usb:sda · 14.9 GB >
   INSTALL DISC | sys-usb:sr0 · 1.0 GB · read-only >
Microphone
  *Built-in microphone | dom0:mic → personal → work >
USB devices
   Keyboard K120 | sys-usb:2-2 >
   Integrated Camera | sys-usb:2-4 >
"
    );
}

#[test]
fn a_part_in_use_is_told_in_the_row_of_its_disk() {
    let mut scene = laptop();
    put(&mut scene, device("block", "sys-usb", "sda1").part_of("block", "sda").held_by(&["work"]));
    let line = "  *Cruzer Blade | sys-usb:sda · 14.9 GB · Partition 1 → work >\n";
    assert!(drawn(&scene).contains(line), "{}", drawn(&scene));
    let spoken = &menu(&scene, &view()).sections[0].rows[0].spoken;
    assert_eq!(spoken, "Cruzer Blade, sys-usb:sda, 14.9 GB, Partition 1 attached to work");
    let mut scene = laptop();
    put(&mut scene, device("usb", "sys-usb", "2-1").is(&["u080650"]).held_by(&["vault"]));
    let line = "  *Cruzer Blade | sys-usb:sda · 14.9 GB · Whole USB device → vault >\n";
    assert!(drawn(&scene).contains(line), "{}", drawn(&scene));
}

#[test]
fn a_device_that_does_more_than_its_disk_keeps_its_row_and_says_what_is_in_use() {
    let mut scene = qubes();
    put(&mut scene, device("usb", "sys-usb", "2-1").called("Phone").is(&["u080650", "u060101"]));
    put(
        &mut scene,
        device("block", "sys-usb", "sda").called("Phone").part_of("usb", "2-1").held_by(&["work"]),
    );
    assert_eq!(
        drawn(&scene),
        "\
Disks
  *Phone | sys-usb:sda → work >
USB devices
  -Phone | sys-usb:2-1 · in use as disk sda >
"
    );
}

#[test]
fn a_stick_pulled_out_while_attached_says_who_lost_it() {
    let mut scene = qubes();
    put(&mut scene, device("usb", "sys-usb", "2-6").called("YubiKey 4/5").held_by(&["banking"]).removed());
    assert_eq!(
        drawn(&scene),
        "USB devices\n  *YubiKey 4/5 | sys-usb:2-6 · removed while attached → banking >\n"
    );
}

#[test]
fn without_devices_one_quiet_line_says_what_to_do() {
    assert_eq!(drawn(&qubes()), strings::no_devices());
}

#[test]
fn where_every_device_is_hidden_the_line_says_so() {
    let mut scene = qubes();
    let camera = device("usb", "sys-usb", "2-4");
    let this = camera.info.to_ref();
    put(&mut scene, camera);
    scene.preferences.prefer(Preference::Hide(this, "Camera".into()));
    assert_eq!(drawn(&scene), strings::all_hidden());
    put(&mut scene, device("pci", "dom0", "00_14.0"));
    scene.machine.devices.remove(&port("usb", "sys-usb", "2-4"));
    assert_eq!(
        drawn(&scene),
        strings::no_devices(),
        "what is hidden is not there, and what is there has no row"
    );
}

#[test]
fn a_lost_link_is_said_first_and_takes_every_action_away() {
    let mut scene = laptop();
    scene.source = device_bus::manager::Source::Simulator("laptop".into());
    scene.machine.link = Link::Lost(Trouble::new(ErrorKind::Timeout, "qubesd did not answer within 30 s."));
    let text = drawn(&scene);
    assert!(
        text.starts_with("! Connection lost. There was no answer in time.\n! Simulator: laptop\n"),
        "{text}"
    );
    assert!(!text.contains('>'));
    scene.machine.devices.clear();
    assert_eq!(menu(&scene, &view()).empty, None, "nobody knows whether there are devices");
}

#[test]
fn pending_and_failed_commands_show_in_their_row() {
    let mut scene = laptop();
    let disc = scene.machine.devices[&port("block", "sys-usb", "sr0")].info.to_ref();
    let command = Command::Attach(disc, name("untrusted"), Options::new());
    scene.pending.push(Pending { ticket: Ticket(1), command: command.clone(), since: now() });
    assert!(
        drawn(&scene).contains("INSTALL DISC | sys-usb:sr0 · 1.0 GB · read-only (attaching to untrusted…) >")
    );
    scene.pending.clear();
    scene.failures.push(Failure { command, reason: "untrusted is not running.".into() });
    assert!(drawn(&scene).contains("(! Not attached to untrusted. untrusted is not running.) >"));
}

#[test]
fn a_badge_is_new_for_two_minutes() {
    let mut scene = laptop();
    let camera = port("usb", "sys-usb", "2-4");
    let came = now();
    scene.plugged_in.insert(camera, came);
    let at = |seconds| menu(&scene, &View { now: came + Duration::from_secs(seconds), ..view() });
    let has_badge = |menu: &Menu| menu.sections.iter().flat_map(|s| &s.rows).any(|row| row.is_new);
    assert!(has_badge(&at(119)));
    assert_eq!(at(119).changes_at, Some(came + Duration::from_mins(2)));
    assert!(!has_badge(&at(120)));
    assert_eq!(at(120).changes_at, None);
}

#[test]
fn a_stopped_usb_qube_can_be_started_from_the_menu() {
    let mut scene = qubes();
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, PowerState::Halted, "red"));
    put(&mut scene, device("pci", "dom0", "00_14.0").is(&["p0c0330"]).assigned_to("sys-usb"));
    assert_eq!(drawn(&scene), "USB devices\n   Start sys-usb to see its USB devices | \n");
    let row = menu(&scene, &view()).sections[0].rows[0].clone();
    assert_eq!(row.action, RowAction::Do(Box::new(Wish::Do(Command::StartQube(name("sys-usb"))))));
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, PowerState::Running, "red"));
    assert_eq!(drawn(&scene), strings::no_devices(), "a PCI controller itself is no row");
}

/// A machine whose USB qube is in this state.
fn with_usb_qube(state: PowerState) -> Scene {
    let mut scene = qubes();
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, state, "red"));
    put(&mut scene, device("pci", "dom0", "00_14.0").is(&["p0c0330"]).assigned_to("sys-usb"));
    scene
}

fn rows(scene: &Scene) -> Vec<Row> {
    menu(scene, &view()).sections.into_iter().flat_map(|section| section.rows).collect()
}

#[test]
fn the_row_of_a_usb_qube_says_that_it_starts_until_it_runs() {
    use PowerState::{Halted, Paused, Running, Transient};
    let start = Command::StartQube(name("sys-usb"));
    for (state, is_asked, is_starting) in [
        (Halted, true, true),
        (Paused, true, true),
        (Transient, true, true),
        (Transient, false, true),
        (Paused, false, false),
        (Running, true, false),
    ] {
        let mut scene = with_usb_qube(state);
        if is_asked {
            scene.pending.push(Pending { ticket: Ticket(1), command: start.clone(), since: now() });
        }
        // What went wrong before is not said beside it.
        scene.failures.push(Failure { command: start.clone(), reason: "No memory.".into() });
        let rows = rows(&scene);
        assert_eq!(rows.len(), usize::from(is_starting), "{state:?}, {is_asked}");
        for row in rows {
            assert_eq!(row.status, Some(Status::Pending("starting sys-usb…".into())));
            assert_eq!(row.spoken, "Start sys-usb to see its USB devices, starting sys-usb…");
            assert!(!row.is_usable(), "it can be started twice");
        }
    }
}

#[test]
fn why_a_usb_qube_was_not_started_can_be_hidden_without_another_try() {
    let mut scene = with_usb_qube(PowerState::Halted);
    let start = Command::StartQube(name("sys-usb"));
    scene.failures.push(Failure { command: start.clone(), reason: "No memory.".into() });
    let [row, hide] = rows(&scene).try_into().unwrap();
    assert_eq!(row.spoken, "Start sys-usb to see its USB devices, sys-usb was not started. No memory.");
    assert_eq!(row.action, RowAction::Do(Box::new(Wish::Do(start.clone()))));
    assert_eq!(hide.name, "Hide that sys-usb was not started");
    assert_eq!(hide.action, RowAction::Do(Box::new(Wish::Dismiss(start))));
    scene.machine.link = Link::Resyncing;
    assert!(rows(&scene).iter().all(|row| row.look == Look::Dim && !row.is_usable()));
}

#[test]
fn a_list_that_cannot_be_read_says_so() {
    let mut scene = qubes();
    scene.machine.unreadable.insert(
        (name("sys-usb"), DeviceClass::Usb),
        Trouble::new(ErrorKind::Denied, "Service call error: no."),
    );
    assert_eq!(
        drawn(&scene),
        "USB devices\n  -The devices of sys-usb can't be read | A policy does not permit it.\n"
    );
}

#[test]
fn typed_words_filter_in_any_order_and_case() {
    let filtered = |words: &str| {
        let menu = menu(&laptop(), &View { filter: words.into(), ..view() });
        let names =
            menu.sections.iter().flat_map(|s| &s.rows).map(|row| row.name.clone()).collect::<Vec<_>>();
        (names, menu.empty)
    };
    assert_eq!(filtered("BLADE sda").0, ["Cruzer Blade"]);
    assert_eq!(filtered("personal").0, ["Built-in microphone"], "also by holder");
    assert_eq!(filtered("nosuch"), (Vec::new(), Some(strings::nothing_found("nosuch"))));
}

#[test]
fn hostile_names_are_rows_like_any_other() {
    let mut scene = qubes();
    put(&mut scene, device("usb", "sys-usb", "2-1").called("<b>{qube}%s_&\u{202e}\n"));
    let menu = menu(&scene, &view());
    assert_eq!(menu.sections[0].rows[0].name, "<b>{qube}%s_&__");
    assert!(menu.sections[0].rows[0].spoken.starts_with("<b>{qube}%s_&__, sys-usb:2-1"));
}

#[test]
fn icons_follow_what_a_device_is_for() {
    let mut scene = qubes();
    for (id, code, icon) in [
        ("1-1", "u030101", "plugboard-keyboard-symbolic"),
        ("1-2", "u0e0100", "plugboard-camera-symbolic"),
        ("1-3", "?******", "plugboard-device-symbolic"),
    ] {
        assert!(Interface::new(code).is_some());
        put(&mut scene, device("usb", "sys-usb", id).is(&[code]));
        let menu = menu(&scene, &view());
        assert_eq!(menu.sections[0].rows.last().unwrap().icon, icon);
    }
}
