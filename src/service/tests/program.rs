//! `plugboardd` as a whole program: how it ends, and that it serves on a session bus of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_plugboardd");

/// A program that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A session bus for one test.
struct Bus {
    address: String,
    daemon: Running,
}

impl Bus {
    fn new() -> Self {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tests need dbus-daemon");
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { address: address.trim().to_owned(), daemon: Running(daemon) }
    }

    /// The program on this bus, without a server to talk to, once it has its name.
    fn serve(&self) -> Running {
        let mut child = self.command().stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("started") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "it ended before it began");
        }
        child.stderr = Some(log.into_inner());
        Running(child)
    }

    fn command(&self) -> Command {
        let mut command = program();
        command.args(["--socket", "/nonexistent/qubesd.sock"]).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }
}

fn program() -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_remove("JOURNAL_STREAM").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
    command
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn words(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_wrong_command_line_shows_the_usage_and_ends_with_2() {
    for wrong in [&["--nonsense"][..], &["--socket"], &["word"], &["-v", "--socket=a", "--socket=b"]] {
        let output = program().args(wrong).output().unwrap();
        assert_eq!(code(&output), 2, "{wrong:?}");
        assert!(words(&output).contains("Usage: plugboardd"), "{wrong:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_session_bus_it_says_one_sentence_and_ends_with_1() {
    let output = program().output().unwrap();
    assert_eq!(code(&output), 1);
    assert_eq!(words(&output).lines().count(), 1);
    assert!(words(&output).starts_with("plugboardd: There is no session bus"), "{}", words(&output));
}

#[test]
fn a_second_one_says_that_the_name_is_taken_and_ends_with_1() {
    let bus = Bus::new();
    let _first = bus.serve();
    let output = bus.command().output().unwrap();
    assert_eq!(code(&output), 1);
    assert_eq!(words(&output).lines().count(), 1);
    assert!(words(&output).contains("has the name org.plugboard.Devices1"), "{}", words(&output));
}

#[test]
fn when_the_session_bus_goes_it_says_so_and_ends_with_3() {
    let bus = Bus::new();
    let mut service = bus.serve();
    drop(bus.daemon);
    assert_eq!(service.0.wait().unwrap().code(), Some(3));
    let mut log = String::new();
    service.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("the session bus went away"), "{log}");
}
