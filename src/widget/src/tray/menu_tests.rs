//! The D-Bus menu says and does what the menu says and does.

use std::fmt::Write;

use super::*;
use crate::scene::{Command, Failure, Pending, Ticket};
use crate::testing::{Make, device, laptop, name, port, put, put_qube, qube, qubes};
use device_core::qube::{PowerState, QubeClass};

fn drawn(items: &[MenuItem<Tray<false>>], depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    for item in items {
        match item {
            MenuItem::Separator => writeln!(text, "{indent}--").unwrap(),
            MenuItem::Standard(item) if item.enabled => {
                writeln!(text, "{indent}{}{}", icon(&item.icon_name), item.label).unwrap();
            }
            MenuItem::Standard(item) => writeln!(text, "{indent}({})", item.label).unwrap(),
            MenuItem::SubMenu(item) => {
                writeln!(text, "{indent}{}{} >", icon(&item.icon_name), item.label).unwrap();
                drawn(&item.submenu, depth + 1, text);
            }
            MenuItem::Checkmark(item) => {
                writeln!(text, "{indent}[{}] {}", if item.checked { 'x' } else { ' ' }, item.label).unwrap();
            }
            other @ MenuItem::RadioGroup(_) => panic!("no such entry is made: {other:?}"),
        }
    }
}

fn icon(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("[{}] ", name.trim_end_matches("-symbolic")) }
}

fn whole(scene: &Scene) -> String {
    let mut text = String::new();
    drawn(&items::<false>(scene), 0, &mut text);
    text
}

#[test]
fn it_shows_the_same_sections_marks_and_qubes() {
    let mut scene = qubes();
    put(&mut scene, device("usb", "sys-usb", "2-4").called("My_Camera").held_by(&["work"]));
    assert_eq!(
        whole(&scene),
        "\
(USB devices)
[object-select] My__Camera · sys-usb:2-4 → work >
  [media-eject] Detach from work
  --
  (Move to)
  banking
  personal
  sys-net
  untrusted
  vault >
    (It has been in work. Whatever work left on it can reach vault.)
    --
    Move to vault all the same
  --
  [list-add] New disposable >
    (New disposable)
    default-dvm
  --
  More >
    Name…
--
All devices…
Settings…
About >
  (Plugboard 0.1.0 on qubesd)
"
    );
}

#[test]
fn a_disk_can_be_attached_read_only_and_to_a_new_disposable() {
    let mut scene = qubes();
    scene.machine.qubes.retain(|qube, _| ["work", "sys-usb", "default-dvm"].contains(&qube.as_str()));
    put(&mut scene, device("block", "sys-usb", "sda"));
    let text = whole(&scene);
    let expected = "\
[plugboard-disk] Disk sda · sys-usb:sda >
  (Attach to)
  work
  --
  [list-add] New disposable >
    (New disposable)
    default-dvm
  Read-only >
    (Attach to)
    work
    --
    [list-add] New disposable >
      (New disposable)
      default-dvm
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_line_tells_what_is_new_and_what_goes_on_in_it() {
    let mut scene = qubes();
    let stick = device("block", "sys-usb", "sda").called("Cruzer Blade");
    put(&mut scene, stick.clone());
    put(&mut scene, device("pci", "dom0", "00_14.0").is(&["p0c0330"]).assigned_to("off"));
    scene.plugged_in.insert(stick.port().clone(), Instant::now());
    let attach = Command::Attach(stick.info.to_ref(), name("work"), device_core::assignment::Options::new());
    let start = Command::StartQube(name("off"));
    for (number, command) in [attach.clone(), start.clone()].into_iter().enumerate() {
        scene.pending.push(Pending { ticket: Ticket(number as u64), command, since: Instant::now() });
    }
    let text = whole(&scene);
    assert!(text.contains("Cruzer Blade · NEW · sys-usb:sda · attaching to work… >\n"), "{text}");
    assert!(text.contains("(Start off to see its USB devices · starting off…)\n"), "{text}");
    scene.pending.clear();
    scene.plugged_in.clear();
    scene.failures = vec![
        Failure { command: attach, reason: "No free slot. ".repeat(9) },
        Failure { command: start, reason: "Not enough memory.".into() },
    ];
    put(&mut scene, stick.held_by(&["vault"]));
    let text = whole(&scene);
    let cut = "Not attached to work. No free slot. No free slot. No free slot. No free slot. N… >\n";
    assert!(text.contains(&format!("Cruzer Blade · sys-usb:sda → vault · {cut}")), "{text}");
    assert!(
        text.contains(
            "Start off to see its USB devices · off was not started. Not enough memory.\n\
             Hide that off was not started\n"
        ),
        "{text}"
    );
}

#[test]
fn many_qubes_and_devices_stay_a_menu() {
    let mut scene = laptop();
    for number in 0..200 {
        put_qube(&mut scene, qube(&format!("qube{number}"), QubeClass::App, PowerState::Running, "blue"));
        put(&mut scene, device("usb", "sys-usb", &format!("9-{number}")));
    }
    let text = whole(&scene);
    assert!(text.lines().count() < 1600, "{}", text.lines().count());
    assert!(text.contains("  Choose another qube…\n"));
}

#[test]
fn choosing_an_entry_wishes_what_it_says() {
    let (wishes, mut wanted) = tokio::sync::mpsc::unbounded_channel();
    let scene = laptop();
    let outside = super::super::Outside {
        wishes,
        door: crate::door::door().0,
        icons: crate::icons::Icons::default(),
        asked: crate::asking::agent().1.asked,
    };
    let items = items::<false>(&scene);
    let mut tray = Tray {
        scene: scene.clone().into(),
        outside,
        shown: std::cell::Cell::default(),
        changed_at: std::cell::Cell::default(),
    };
    let camera = items.iter().find_map(|item| match item {
        MenuItem::SubMenu(menu) if menu.label.starts_with("Integrated Camera") => Some(menu),
        _ => None,
    });
    let work = camera.unwrap().submenu.iter().find_map(|item| match item {
        MenuItem::Standard(item) if item.label == "work" => Some(item),
        _ => None,
    });
    (work.unwrap().activate)(&mut tray);
    let device = scene.machine.devices[&port("usb", "sys-usb", "2-4")].info.to_ref();
    let command = Command::Attach(device, name("work"), device_core::assignment::Options::new());
    assert_eq!(wanted.try_recv(), Ok(Wish::Do(command)));
}
