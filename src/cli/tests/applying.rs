//! `export` and `apply` against the simulated machine: there and back, twice, and half-way.

#![expect(clippy::unwrap_used, reason = "a broken test set-up ends the test")]

mod support;

use std::path::PathBuf;

use support::machine::Machine;

struct File(tempfile::TempDir);

impl File {
    fn of(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("devices.toml"), text).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("devices.toml")
    }
}

const WISH: &str = r#"
version = 1
classes = ["usb", "block"]
[[qube]]
name = "work"
denied = ["u03****"]
[[qube.assignment]]
class = "usb"
backend = "sys-usb"
port = "2-5"
mode = "ask-to-attach"
[[qube.assignment]]
class = "block"
backend = "sys-usb"
device = "a:b::1"
mode = "required"
options = { read-only = "yes" }
[[qube]]
name = "vault"
"#;

const STEPS: &str = "work
  + deny u03**** (Input)
  + usb sys-usb:2-5:* ask-to-attach
  + block sys-usb:*:a:b::1 required read-only=yes
";

#[test]
fn a_file_is_applied_once_and_then_says_what_is() {
    let (machine, file) = (Machine::laptop(), File::of(WISH));
    let apply = machine.run("qvm-device", "apply").and(file.path());
    let look = machine.run("qvm-device", "apply --dry-run").and(file.path());
    let looked = look.go();
    assert_eq!((looked.code, looked.stdout.as_str(), looked.stderr.as_str()), (Some(1), STEPS, ""));
    apply.go().printed(STEPS);
    machine.told("calls reset");
    apply.go().printed("");
    look.go().printed("");
    assert!(!machine.told("calls").contains("ssign="), "nothing is asked for twice");

    let exported = machine.run("qvm-device", "export").go();
    assert_eq!(exported.code, Some(0), "{exported:?}");
    let file = File::of(&exported.stdout);
    machine.run("qvm-device", "apply --dry-run").and(file.path()).go().printed("");
    machine.run("qvm-usb", "unassign -q work").go().printed("");
    machine
        .run("qvm-device", "apply")
        .and(file.path())
        .go()
        .printed("work\n  + usb sys-usb:2-5:* ask-to-attach\n");
}

#[test]
fn modes_options_and_what_is_too_much_are_changed() {
    let (machine, file) = (Machine::laptop(), File::of(WISH));
    machine.run("qvm-device", "apply -q").and(file.path()).go().printed("");
    machine.run("qvm-usb", "assign -q vault sys-usb:2-7").go().printed("");
    let wish = WISH.replace("ask-to-attach", "auto-attach").replace("\"yes\"", "\"no\"");
    let file = File::of(&wish.replace("\"u03****\"", ""));
    let outcome = machine.run("qvm-device", "apply").and(file.path()).go();
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(
        outcome.stdout,
        "vault\n  - usb sys-usb:2-7:8087:0026::ue00101 auto-attach\nwork\n  - deny u03**** (Input)\n  \
         - block sys-usb:*:a:b::1 required read-only=yes\n  + block sys-usb:*:a:b::1 required read-only=no\n  \
         ~ usb sys-usb:2-5:* auto-attach\n"
    );
    machine.run("qvm-device", "apply --dry-run").and(file.path()).go().printed("");
}

#[test]
fn a_qube_is_changed_as_a_whole_or_put_back() {
    for fault in ["exception QubesException No room.", "empty", "lost", "cut 1"] {
        let (machine, file) = (Machine::laptop(), File::of(WISH));
        machine.run("qvm-usb", "assign -q work sys-usb:2-7").go().printed("");
        let before = machine.run("qvm-device", "export work vault").go().stdout;
        machine.told(&format!("fail-next usb.Unassign {fault}"));
        let outcome = machine.run("qvm-device", "apply -q").and(file.path()).go();
        assert_eq!(outcome.code, Some(1), "{fault}");
        assert!(outcome.sentence().starts_with("Error: work: "), "{outcome:?}");
        assert!(outcome.sentence().ends_with("It was put back as it was."), "{outcome:?}");
        assert_eq!(machine.run("qvm-device", "export work vault").go().stdout, before, "{fault}");
    }
}

#[test]
fn what_the_server_refuses_in_the_middle_takes_the_rest_back_with_it() {
    let wish = WISH.replace("mode = \"ask-to-attach\"", "mode = \"ask-to-attach\"\noptions = { a = \"b\" }");
    let (machine, file) = (Machine::laptop(), File::of(&wish));
    let outcome = machine.run("qvm-device", "apply -q").and(file.path()).go();
    outcome.failed(
        1,
        "Error: work: USB device assignment does not support user options. It was put back as it was.",
    );
    machine.run("qvm-device", "denied list work").go().printed("");
}

#[test]
fn one_class_is_exported_without_the_rest() {
    let machine = Machine::laptop();
    machine.run("qvm-device", "denied add work camera").go().printed("");
    machine.run("qvm-usb", "assign -q work sys-usb:2-5").go().printed("");
    let exported = machine.run("qvm-usb", "export").go().stdout;
    assert!(exported.contains("classes = [\"usb\"]") && !exported.contains("denied ="), "{exported}");
    let file = File::of(&exported);
    machine.run("qvm-usb", "apply --dry-run").and(file.path()).go().printed("");
    let outcome = machine.run("qvm-block", "apply --dry-run").and(file.path()).go();
    assert!(outcome.sentence().ends_with("It does not speak of block devices only."), "{outcome:?}");
}

#[test]
fn a_backend_that_does_not_exist_keeps_every_qube_as_it_is() {
    let entry = |qube: &str, backend: &str| {
        format!(
            "[[qube]]\nname = \"{qube}\"\n[[qube.assignment]]\nclass = \"usb\"\nbackend = \"{backend}\"\n\
             port = \"2-5\"\nmode = \"auto-attach\"\n"
        )
    };
    let head = "version = 1\nclasses = [\"usb\"]\n";
    let file = File::of(&format!("{head}{}{}", entry("personal", "sys-usb"), entry("work", "nosuch")));
    let machine = Machine::laptop().with("calls reset");
    for line in ["apply --dry-run", "apply"] {
        let outcome = machine.run("qvm-device", line).and(file.path()).go();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""), "{line}");
        assert!(
            outcome.sentence().ends_with("work: There is no backend nosuch. Nothing was changed."),
            "{outcome:?}"
        );
    }
    assert!(!machine.told("calls").contains("Assign="));
}

#[test]
fn a_file_that_makes_no_sense_changes_nothing() {
    let machine = Machine::laptop();
    for (text, end) in [
        ("", "devices.toml: line 1: missing field `version`."),
        (
            "version = 1\nclasses = [\"usb\"]\n[[qube]]\nname = \"nosuch\"\n",
            "There is no qube nosuch. Nothing was changed.",
        ),
    ] {
        let file = File::of(text);
        let outcome = machine.run("qvm-device", "apply").and(file.path()).go();
        assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(1), ""));
        assert!(outcome.sentence().ends_with(end), "{outcome:?}");
    }
    let outcome = machine.run("qvm-device", "apply /nonexistent").go();
    outcome.failed(1, "Error: /nonexistent: No such file or directory (os error 2).");
}
