//! Completions in the shells themselves, against the simulated machine; and the page for `man`.
//!
//! `./dev test` installs the shells; without them these tests fail rather than pass unseen.

#![expect(clippy::unwrap_used, reason = "a broken test set-up ends the test")]
#![expect(clippy::panic, reason = "as above")]

mod support;

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use support::Run;
use support::machine::Machine;

const STICK: &str = "sys-usb:2-1";

/// A folder with the program under its names and the completions of a shell.
fn installed(shell: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["qvm-device", "qvm-usb"] {
        symlink(env!("CARGO_BIN_EXE_qvm-device"), folder.path().join(name)).unwrap();
    }
    let script = Run::of("qvm-device", &format!("--generate {shell}")).go();
    assert_eq!((script.code, script.stderr.as_str()), (Some(0), ""));
    std::fs::write(folder.path().join("completions"), script.stdout).unwrap();
    folder
}

/// What a shell prints for this script.
fn shell(name: &str, arguments: &[&str], folder: &Path, socket: &Path) -> String {
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let output = Command::new(name)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("HOME", folder)
        .env("QUBESD_SOCKET", socket)
        .stdin(Stdio::null())
        .output();
    let output =
        output.unwrap_or_else(|error| panic!("{name} can't be started ({error}); ./dev test installs it"));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{name}");
    String::from_utf8(output.stdout).unwrap()
}

/// What bash would put behind a line, given how it parts it into words.
fn in_bash(machine: &Machine, line: &str, words: &[&str]) -> Vec<String> {
    let folder = installed("bash");
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "compopt() {{ :; }}; source ./completions; COMP_LINE='{line}' COMP_POINT={}; COMP_WORDS=({}); \
         COMP_CWORD={}; _qvm_device; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        line.len(),
        quoted.join(" "),
        words.len() - 1
    );
    let text = shell("bash", &["-c", &script], folder.path(), &machine.socket());
    text.lines().map(Into::into).collect()
}

#[test]
fn bash_completes_commands_qubes_and_ports_around_its_colons() {
    let machine = Machine::laptop().with("plug stick");
    assert_eq!(in_bash(&machine, "qvm-usb att", &["qvm-usb", "att"]), ["attach"]);
    assert_eq!(in_bash(&machine, "qvm-usb attach wo", &["qvm-usb", "attach", "wo"]), ["work"]);
    let line = "qvm-usb attach work sys-usb:2-1";
    assert_eq!(in_bash(&machine, line, &["qvm-usb", "attach", "work", "sys-usb", ":", "2-1"]), ["2-1"]);
    let all = in_bash(&machine, "qvm-usb attach work ", &["qvm-usb", "attach", "work", ""]);
    assert!(all.contains(&STICK.to_owned()), "{all:?}");
    let words = ["qvm-usb", "attach", "--dispvm", "=", "default-d"];
    assert_eq!(in_bash(&machine, "qvm-usb attach --dispvm=default-d", &words), ["default-dvm"]);
    assert_eq!(in_bash(&machine, "qvm-device apply comp", &["qvm-device", "apply", "comp"]), ["completions"]);
}

#[test]
fn dispvm_offers_templates_of_disposables_in_every_shell() {
    let machine = Machine::laptop();
    let templates = ["default-dvm", "default-mgmt-dvm"];
    let words = ["qvm-usb", "attach", "--dispvm", "="];
    assert_eq!(in_bash(&machine, "qvm-usb attach --dispvm=", &words), templates);
    let (fish, zsh) = (installed("fish"), installed("zsh"));
    let script = "source ./completions; complete -C 'qvm-usb attach --dispvm='";
    let text = shell("fish", &["-c", script], fish.path(), &machine.socket());
    let line = |name| format!("--dispvm={name}\tAppVM, halted\n");
    assert_eq!(text, templates.map(line).concat());
    let script = "words=(qvm-usb attach --dispvm=); CURRENT=3; \
                  _describe() { print -rl -- \"${offers[@]}\" }; source ./completions";
    let text = shell("zsh", &["-f", "-c", script], zsh.path(), &machine.socket());
    assert_eq!(text, templates.map(|name| format!("--dispvm={name}:AppVM, halted\n")).concat());
}

#[test]
fn a_template_is_sought_among_those_that_begin_as_typed_and_may_be_kept_from_us() {
    let machine = Machine::laptop().with("calls reset");
    let complete = || machine.run("qvm-usb", "--complete attach --dispvm=default-d").go();
    complete().printed("--dispvm=default-dvm\tAppVM, halted\n");
    assert_eq!(machine.told("calls").trim(), "sum=2 admin.vm.List=1 admin.vm.property.Get=1");
    machine.told("fail-next property.Get empty");
    complete().printed("--dispvm=default-dvm\tAppVM, halted\n");
}

#[test]
fn detach_offers_what_the_qube_holds() {
    let machine = Machine::laptop().with("plug stick");
    machine.run("qvm-usb", "attach work sys-usb:2-1").go().printed("");
    assert_eq!(in_bash(&machine, "qvm-usb detach work ", &["qvm-usb", "detach", "work", ""]), [STICK]);
}

#[test]
fn fish_completes_with_what_each_word_is() {
    let machine = Machine::laptop().with("plug stick");
    let folder = installed("fish");
    let script = "source ./completions; complete -C 'qvm-usb attach work sys-usb:2-1'";
    let text = shell("fish", &["-c", script], folder.path(), &machine.socket());
    assert_eq!(text, "sys-usb:2-1\tUSB_Storage: SanDisk Corp. Cruzer Blade\n");
}

#[test]
fn zsh_is_given_words_and_what_they_are() {
    let machine = Machine::laptop().with("plug stick");
    let folder = installed("zsh");
    let script = "words=(qvm-usb attach work sys-usb:2-1); CURRENT=4; \
                  _describe() { print -rl -- \"${offers[@]}\" }; source ./completions";
    let text = shell("zsh", &["-f", "-c", script], folder.path(), &machine.socket());
    assert_eq!(text, "sys-usb\\:2-1:USB_Storage: SanDisk Corp. Cruzer Blade\n");
}

#[test]
fn without_a_server_completion_is_silent() {
    let outcome = Run::of("qvm-usb", "--complete attach").and("").go();
    outcome.printed("");
    let classes = Run::of("qvm-device", "--complete").and("p").go();
    classes.printed("pci\tpci devices\n");
}

#[test]
fn the_manual_page_has_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let page = Run::of("qvm-device", "--generate man plugboard-").go();
    std::fs::write(folder.path().join("page.1"), &page.stdout).unwrap();
    assert!(page.stdout.contains("plugboard\\-usb"), "{}", page.stdout);
    let lint = ["-T", "lint", "-W", "warning", "page.1"];
    assert_eq!(shell("mandoc", &lint, folder.path(), folder.path()), "");
}
