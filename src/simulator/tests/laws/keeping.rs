//! State that lasts: what comes back after a restart, what is refused, and that no kill at any moment loses it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use qubesd_sim::{Handle, Simulator, StateError};

use crate::harness::{Served, exchange};

fn kept(folder: &Path) -> Result<Simulator, StateError> {
    Simulator::load("laptop").unwrap().with_state(folder)
}

fn data(handle: &Handle, method: &str, qube: &str, argument: &str, payload: &str) -> String {
    let reply = handle.request(format!("{method}+{argument} dom0 name {qube}\0{payload}").as_bytes());
    let reply = String::from_utf8(reply).unwrap();
    let data = reply.strip_prefix("0\0").map(str::to_owned);
    data.unwrap_or_else(|| panic!("{method} {qube} {argument}: {reply:?}"))
}

/// Everything that has to last, as calls tell it.
fn lasting(handle: &Handle) -> String {
    let list = data(handle, "admin.vm.List", "dom0", "", "");
    let mut all = list.replace("=Halted", "").replace("=Running", "");
    for name in list.lines().filter_map(|line| line.split(' ').next()) {
        for method in ["property.GetAll", "tag.List", "device.denied.List"] {
            let text = data(handle, &format!("admin.vm.{method}"), name, "", "");
            // The hypervisor's numbers are new after each start.
            let lines =
                text.lines().filter(|line| !line.starts_with("xid ") && !line.starts_with("start_time"));
            all.extend(lines.flat_map(|line| [line, "\n"]));
        }
        for feature in data(handle, "admin.vm.feature.List", name, "", "").lines() {
            let value = data(handle, "admin.vm.feature.Get", name, feature, "");
            all.extend([feature, "=", &value, "\n"]);
        }
        for class in ["usb", "block", "mic", "pci"] {
            all += &data(handle, &format!("admin.vm.device.{class}.Assigned"), name, "", "");
        }
    }
    all
}

#[test]
fn what_was_stored_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = {
        let simulator = kept(folder.path()).unwrap();
        let handle = simulator.handle();
        for (method, qube, argument, payload) in [
            ("admin.vm.feature.Set", "work", "note", "a \"value\" \\ of %s"),
            ("admin.vm.property.Set", "work", "label", "green"),
            ("admin.vm.property.Set", "work", "netvm", ""),
            ("admin.vm.device.denied.Add", "banking", "", "u03****b******"),
            ("admin.vm.device.usb.Assign", "work", "sys-usb+2-5+_", "mode='ask-to-attach'"),
            (
                "admin.vm.device.block.Assign",
                "vault",
                "sys-usb+_+0781+5567++u080650+1.0",
                "mode='required' _read-only='yes'",
            ),
            ("admin.vm.device.pci.Assign", "win10", "dom0+00_1f.3+_", "mode='required'"),
            ("admin.vm.Create.AppVM", "dom0", "fedora-41", "name=fresh label=blue"),
            ("admin.vm.Remove", "anon", "", ""),
        ] {
            data(&handle, method, qube, argument, payload);
        }
        let lasting = lasting(&handle);
        data(&handle, "admin.vm.CreateDisposable", "default-dvm", "", "");
        handle.control("plug stick").unwrap();
        lasting
    };
    let after = lasting(&kept(folder.path()).unwrap().handle());
    assert_eq!(after, before, "and a disposable ends with the machine");
    assert!(after.contains("fresh class=AppVM") && !after.contains("\nanon "));
    assert!(after.contains("note=a \"value\" \\ of %s"));
}

#[test]
fn what_is_assigned_to_a_running_qube_is_attached_after_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let assign = |handle: &Handle| {
        data(handle, "admin.vm.device.usb.Assign", "work", "sys-usb+2-5+_", "mode='auto-attach'");
    };
    assign(&kept(folder.path()).unwrap().handle());
    let handle = kept(folder.path()).unwrap().handle();
    assert!(handle.control("holders usb").unwrap().contains("usb:sys-usb:2-5=work"));
    assert!(handle.control("holders pci").unwrap().contains("dom0:00_14.0=sys-usb"));
}

#[test]
fn a_folder_belongs_to_one_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let first = kept(folder.path()).unwrap();
    assert!(matches!(kept(folder.path()), Err(StateError::InUse(_))));
    drop(first);
    assert!(kept(folder.path()).is_ok());
}

#[test]
fn a_torn_or_foreign_file_is_named_with_its_line_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop(kept(folder.path()).unwrap());
    let file = folder.path().join("state.jsonl");
    let good = fs::read_to_string(&file).unwrap();
    let lines = good.lines().count();
    let work = good.lines().position(|line| line.contains("\"qube\":\"work\"")).unwrap() + 1;
    let torn: String = good.chars().take(good.len() / 2).collect();
    let torn_at = torn.lines().count();
    for (text, line, what) in [
        (String::new(), 1, "empty"),
        ("[mine]\n".to_owned(), 1, "expected"),
        (torn, torn_at, "torn"),
        (good.trim_end().to_owned(), lines, "torn"),
        (good.replace("\"world\":\"laptop\"", "\"world\":\"desk\""), 1, "world"),
        (
            good.replace("\"qube\":\"work\",\"class\":\"AppVM\"", "\"qube\":\"work\",\"class\":\"DispVM\""),
            work,
            "class",
        ),
        (good.replace("\"qube\":\"work\"", "\"qube\":\"wo rk\""), work, "name"),
        (good.replace("\"qube\":\"work\"", "\"qube\":\"vault\""), work, "twice"),
        (good.replace("\"label\":\"blue\"", "\"label\":\"pink\""), work, "label"),
    ] {
        fs::write(&file, &text).unwrap();
        let error = kept(folder.path()).unwrap_err();
        let sentence = error.to_string();
        assert!(sentence.starts_with(&format!("{}:{line}: ", file.display())), "{what}: {sentence}");
        assert!(sentence.contains(what), "{what}: {sentence}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "a refused file is left as it is");
    }
    fs::write(&file, b"\xff\xfe\n").unwrap();
    assert!(kept(folder.path()).unwrap_err().to_string().contains(":1: this is no text"));
    fs::write(&file, &good).unwrap();
    assert!(kept(folder.path()).is_ok());
}

#[test]
fn a_half_written_successor_is_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let handle = kept(folder.path()).unwrap().handle();
    data(&handle, "admin.vm.feature.Set", "work", "kept", "1");
    drop(handle);
    fs::write(folder.path().join("state.jsonl.next"), "{\"half").unwrap();
    let handle = kept(folder.path()).unwrap().handle();
    assert_eq!(data(&handle, "admin.vm.feature.Get", "work", "kept", ""), "1");
}

#[test]
fn calls_that_change_nothing_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Served::new(kept(folder.path()).unwrap());
    // Every write puts a new file in place; the time of a write is too coarse to tell two apart.
    let file = folder.path().join("state.jsonl");
    let written = || (fs::metadata(&file).unwrap().ino(), fs::read_to_string(&file).unwrap());
    // Held open, so that its number is not given to the file that comes after.
    let mut open = fs::File::open(&file).unwrap();
    let before = written();
    server.data("admin.vm.List", "dom0", "", "");
    server.play("plug stick");
    server.data("admin.vm.device.usb.Attach", "work", "sys-usb+2-1", "");
    assert_eq!(written(), before, "what is attached does not last");
    server.data("admin.vm.feature.Set", "work", "a", "1");
    assert_ne!(written(), before);
    let mut old = String::new();
    open.read_to_string(&mut old).unwrap();
    assert_eq!(old, before.1, "a file is replaced, and never written over");
}

/// The program itself, in a process that can be killed, and is when a test fails.
struct Program(Child);

impl Program {
    fn kill(&mut self) {
        // One that has ended already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program(folder: &Path) -> Program {
    let mut child = Command::new(env!("CARGO_BIN_EXE_qubesd-sim"))
        .arg("--socket")
        .arg(folder.join("qubesd.sock"))
        .arg("--state")
        .arg(folder.join("state"))
        .stdout(Stdio::piped())
        .spawn()
        .map(Program)
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "ready\n");
    child
}

#[test]
fn no_kill_at_any_moment_loses_what_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("qubesd.sock");
    let mut written: u32 = 0;
    for round in 0..12_u32 {
        let mut child = program(folder.path());
        if written > 0 {
            let reply = exchange(&socket, b"admin.vm.feature.Get+count dom0 name work\0");
            let found: u32 = String::from_utf8(reply).unwrap().trim_start_matches("0\0").parse().unwrap();
            // One more may have been stored than was answered.
            assert!(found == written || found == written + 1, "{found} after {written} were answered");
            written = found;
        }
        let (answered, answers) = mpsc::channel();
        let writer = std::thread::spawn({
            let socket = socket.clone();
            move || {
                loop {
                    let request = format!("admin.vm.feature.Set+count dom0 name work\0{}", written + 1);
                    if exchange(&socket, request.as_bytes()) != b"0\0" {
                        return written;
                    }
                    written += 1;
                    let _ = answered.send(written);
                }
            }
        });
        for _ in 0..=round * 3 {
            answers.recv().unwrap();
        }
        child.kill();
        written = writer.join().unwrap();
    }
    assert!(written > 100);
}
