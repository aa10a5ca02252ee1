//! What the window shows for the questions that there are.

use std::fmt::Write;
use std::time::Instant;

use device_core::assignment::{Assignment, Mode, Options};
use device_core::error::{Error, ErrorKind};
use device_core::interface::Interface;
use device_core::machine::Link;
use device_core::name::{DeviceId, PortId};

use super::super::Said;
use super::super::desk::{Desk, Step};
use super::super::request::Reply;
use super::*;
use crate::testing::{Make, device, name, put, put_qube, qubes};

fn question(words: &str, targets: &[&str]) -> Question {
    Question {
        backend: name("sys-usb"),
        port: PortId::new("2-1").unwrap(),
        own_words: words.into(),
        targets: targets.iter().map(|target| name(target)).collect(),
    }
}

fn stick() -> Device {
    device("usb", "sys-usb", "2-1").called("Cruzer Blade").is(&["u080650"])
}

/// A rule that leads from the port, from the device, or from both, to a qube.
fn assigned(mut device: Device, qube: &str, mode: Mode, by_port: bool, by_device: bool) -> Device {
    device.assignments.push(Assignment {
        backend: device.port().backend.clone(),
        class: device.port().class.clone(),
        port: by_port.then(|| device.port().id.clone()),
        device: by_device.then(|| device.info.id.clone()),
        frontend: name(qube),
        mode,
        options: Options::new(),
    });
    device
}

/// The desk after these questions were asked of this scene.
fn asked(scene: &Scene, questions: &[Question]) -> Desk {
    let mut desk = Desk::default();
    for (number, question) in (1..).zip(questions) {
        desk.ask(QuestionId(number), question.clone(), scene, Instant::now());
    }
    desk
}

/// The window as text: `[ ]` a button, `( )` one that can't be pressed.
fn drawn(desk: &Desk, scene: &Scene) -> String {
    let view = view(&desk.asked(), scene);
    let mut text = String::new();
    for card in &view.cards {
        writeln!(text, "{} #{:06x}", card.place, card.backend.colour.unwrap_or(0)).unwrap();
        match &card.body {
            Body::Refused(sentence) => writeln!(text, "  ! {sentence}").unwrap(),
            Body::Open(open) => {
                writeln!(text, "  {}", open.lead).unwrap();
                for Choice { qube, note, is_open, risk, .. } in &open.choices {
                    let (left, right) = if *is_open { ('[', ']') } else { ('(', ')') };
                    writeln!(text, "  {left}{}{right} {note}", qube.name).unwrap();
                    if let Some(risk) = risk {
                        writeln!(text, "    ! {risk}").unwrap();
                    }
                }
                for line in open.hold.iter().chain(open.words.iter().map(|(short, _)| short)) {
                    writeln!(text, "  {line}").unwrap();
                }
            }
        }
    }
    text.extend(view.decline_all.map(|all| format!("[{all}]\n")));
    text
}

const WORDS: &str = "USB_Storage: SanDisk Corp. Cruzer Blade";

#[test]
fn one_qube_one_rule() {
    let mut scene = qubes();
    put(&mut scene, assigned(stick(), "work", Mode::AskToAttach, true, false));
    assert_eq!(
        drawn(&asked(&scene, &[question(WORDS, &["work"])]), &scene),
        "\
sys-usb:2-1 #cc0000
  Attach this device to work?
  [work] Rule: ask before attaching any device on sys-usb:2-1
  It calls itself “USB_Storage: SanDisk Corp. Cruzer Blade”.
"
    );
}

#[test]
fn each_qube_names_the_most_specific_rule_that_leads_to_it() {
    let mut scene = qubes();
    let mut device = stick();
    for (qube, mode, by_port, by_device) in [
        ("work", Mode::AutoAttach, false, true),
        ("work", Mode::AskToAttach, true, true),
        ("personal", Mode::AutoAttach, false, true),
        ("untrusted", Mode::Required, false, false),
    ] {
        device = assigned(device, qube, mode, by_port, by_device);
    }
    put(&mut scene, device);
    let targets = ["work", "personal", "untrusted", "vault"];
    assert_eq!(
        drawn(&asked(&scene, &[question(WORDS, &targets)]), &scene),
        "\
sys-usb:2-1 #cc0000
  Attach this device, and to which qube?
  [work] Rule: ask before attaching this device on sys-usb:2-1
  [personal] Rule: attach this device on any port of sys-usb automatically
  [untrusted] Rule: this qube needs any usb device of sys-usb
  [vault] The rule that asks is not known.
  It calls itself “USB_Storage: SanDisk Corp. Cruzer Blade”.
"
    );
}

#[test]
fn a_qube_that_may_not_have_it_can_not_be_chosen() {
    let mut scene = qubes();
    let mut denying = (**scene.machine.qubes.get(&name("work")).unwrap()).clone();
    denying.details.as_mut().unwrap().denied = vec![Interface::new("u08").unwrap()];
    put_qube(&mut scene, denying);
    put(&mut scene, stick());
    assert_eq!(
        drawn(&asked(&scene, &[question("", &["work", "off", "nosuch", "personal"])]), &scene),
        "\
sys-usb:2-1 #cc0000
  Attach this device, and to which qube?
  (work) Blocked by policy: the deny list of work names this kind of device.
  (off) off is not running. Start it first.
  (nosuch) There is no qube nosuch any more.
  [personal] The rule that asks is not known.
"
    );
}

#[test]
fn who_gets_the_keyboard_is_said_at_the_choice() {
    let mut scene = qubes();
    put(&mut scene, device("usb", "sys-usb", "2-1").is(&["u030101"]));
    let text = drawn(&asked(&scene, &[question("", &["work"])]), &scene);
    let risk = crate::strings::risk_keyboard("sys-usb:2-1", "work");
    assert!(text.ends_with(&format!("    ! {risk}\n")), "{text}");
}

#[test]
fn nothing_is_given_away_unseen_or_unsure() {
    let mut scene = qubes();
    let mut desk = asked(&scene, &[question(WORDS, &["work"])]);
    assert_eq!(
        drawn(&desk, &scene),
        "\
sys-usb:2-1 #cc0000
  Attach this device to work?
  (work) The rule that asks is not known.
  Plugboard does not see this device yet.
  It calls itself “USB_Storage: SanDisk Corp. Cruzer Blade”.
"
    );
    put(&mut scene, stick());
    desk.look(&scene, Instant::now());
    assert!(drawn(&desk, &scene).contains("[work]"));
    scene.machine.link = Link::Resyncing;
    assert!(drawn(&desk, &scene).contains("(work)"));
    assert!(drawn(&desk, &scene).contains("not sure what is plugged in"));
}

#[test]
fn several_questions_are_one_list_and_a_refusal_stays_in_it() {
    let mut scene = qubes();
    put(&mut scene, stick());
    let words = "USB_Storage: unknown vendor Cruzer Blade";
    let other = Question { port: PortId::new("2-2").unwrap(), ..question("Keyboard", &["vault"]) };
    let mut desk = asked(&scene, &[question(words, &["work"]), other]);
    let mut swapped = stick();
    swapped.info.id = DeviceId::new("dead:beef::u030101").unwrap();
    put(&mut scene, swapped);
    assert_eq!(desk.look(&scene, Instant::now()), [Step::Reply(QuestionId(1), Reply::Deny)]);
    assert_eq!(
        drawn(&desk, &scene),
        "\
sys-usb:2-1 #cc0000
  ! Not attached: another device is on sys-usb:2-1 now than the one you were asked about.
sys-usb:2-2 #cc0000
  Attach this device to vault?
  (vault) The rule that asks is not known.
  Plugboard does not see this device yet.
  It calls itself “Keyboard”.
"
    );
    let notice = |desk: &Desk| notice(&desk.asked());
    assert_eq!(notice(&desk).unwrap().summary, "Attach sys-usb:2-2?");
    desk.take(Said::Decline(QuestionId(2)), &scene, Instant::now());
    assert_eq!(notice(&desk).unwrap().summary, "sys-usb:2-1 was not attached");
    desk.take(Said::TakenNote(QuestionId(1)), &scene, Instant::now());
    assert_eq!(notice(&desk), None);
    let both = asked(&scene, &[question(words, &["work"]), question(words, &["work"])]);
    assert!(drawn(&both, &scene).ends_with("[Attach none of them]\n"));
    let summed_up = notice(&both).unwrap();
    assert_eq!(summed_up.summary, "2 devices wait for you");
    assert_eq!(summed_up.body, "sys-usb:2-1, sys-usb:2-1");
}

#[test]
fn what_was_chosen_can_only_be_declined_until_it_was_looked_at_once_more() {
    let mut scene = qubes();
    put(&mut scene, stick());
    let mut desk = asked(&scene, &[question("USB_Storage: unknown vendor Cruzer Blade", &["work"])]);
    let seen = desk.asked().waiting[0].seen.clone();
    desk.take(Said::Attach(QuestionId(1), name("work"), seen), &scene, Instant::now());
    let text = drawn(&desk, &scene);
    assert!(text.contains("\n  Checking the device once more…\n  (work) "), "{text}");
    let Body::Open(open) = &view(&desk.asked(), &scene).cards[0].body else { panic!("it waits") };
    assert_eq!(open.decline_spoken, "Don’t attach sys-usb:2-1");
    let away = Err(Error::new(ErrorKind::Unreachable, "Gone."));
    desk.checked(QuestionId(1), away, &scene, Instant::now());
    let text = drawn(&desk, &scene);
    assert!(
        text.ends_with(
            "! Not attached: Plugboard could not make sure that the same device is still on sys-usb:2-1.\n"
        ),
        "{text}"
    );
}

#[test]
fn the_words_of_a_device_are_cut_and_stay_out_of_everything_else() {
    let mut scene = qubes();
    put(&mut scene, stick());
    let lie = format!("<b>Allow</b> {{qube}} %s {}end", "x".repeat(100));
    let desk = asked(&scene, &[question(&lie, &["work"])]);
    let text = drawn(&desk, &scene);
    assert_eq!(text.matches("Allow").count(), 1, "{text}");
    let words = text.lines().last().unwrap();
    assert!(words.starts_with("  It calls itself “<b>Allow</b> {qube} %s") && words.ends_with("end”."));
    assert!(words.chars().count() < 100, "{words}");
    let view = view(&desk.asked(), &scene);
    let Body::Open(open) = &view.cards[0].body else { panic!("it waits") };
    assert_eq!(open.words.as_ref().unwrap().1, lie, "the tooltip has all of it");
    assert_eq!(open.choices[0].spoken, "Attach sys-usb:2-1 to work. The rule that asks is not known.");
}
