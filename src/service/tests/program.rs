//! `plugboardd` as a whole program: how it ends, and that it serves on a session bus of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use device_bus::error;
use device_bus::proxy::ManagerProxy;
use device_core::error::ErrorKind;

const PROGRAM: &str = env!("CARGO_BIN_EXE_plugboardd");

/// Longest wait for something that has to happen.
const DEADLINE: Duration = Duration::from_secs(20);

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
        self.serve_from("/nonexistent/qubesd.sock".as_ref())
    }

    /// The program on this bus, once it has its name.
    fn serve_from(&self, socket: &Path) -> Running {
        let mut child = self.command_from(socket).stderr(Stdio::piped()).spawn().unwrap();
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
        self.command_from("/nonexistent/qubesd.sock".as_ref())
    }

    fn command_from(&self, socket: &Path) -> Command {
        let mut command = program();
        command.arg("--socket").arg(socket).env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }

    /// What comes of a command of the service.
    fn call<T>(
        &self,
        command: impl AsyncFnOnce(ManagerProxy<'static>) -> zbus::Result<T>,
    ) -> Result<T, device_core::error::Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let address = self.address.as_str();
            let connection = zbus::connection::Builder::address(address).unwrap().build().await.unwrap();
            let manager = ManagerProxy::new(&connection).await.unwrap();
            let outcome = tokio::time::timeout(DEADLINE, command(manager)).await;
            outcome.expect("it should have answered long ago").map_err(|failure| error::from_bus(&failure))
        })
    }
}

impl Running {
    fn terminate(&self) {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    }
}

/// A server of one qube that is off. It tells when it is asked to start it, and does so when it is told.
fn slow_to_start(socket: &Path) -> (Receiver<()>, Sender<()>) {
    let ((asked, is_asked), (release, is_released)) = (channel(), channel());
    let listener = UnixListener::bind(socket).unwrap();
    let is_released = Arc::new(Mutex::new(is_released));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (asked, is_released) = (asked.clone(), Arc::clone(&is_released));
            std::thread::spawn(move || answer(stream, &asked, &is_released));
        }
    });
    (is_asked, release)
}

fn answer(mut stream: UnixStream, asked: &Sender<()>, is_released: &Mutex<Receiver<()>>) {
    let mut request = Vec::new();
    // Who is cut off gets no answer.
    let _ = stream.read_to_end(&mut request);
    if request.starts_with(b"admin.vm.Start") {
        let _ = asked.send(());
        let _ = is_released.lock().unwrap().recv_timeout(DEADLINE);
        let _ = stream.write_all(b"0\0");
    } else if request.starts_with(b"admin.vm.List") {
        let _ = stream.write_all(b"0\0vault class=AppVM state=Halted\n");
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

#[test]
fn asked_to_end_with_nothing_under_way_it_ends_with_0() {
    let bus = Bus::new();
    let mut service = bus.serve();
    service.terminate();
    assert_eq!(service.0.wait().unwrap().code(), Some(0));
}

#[test]
fn asked_to_end_it_finishes_and_answers_what_is_under_way_and_begins_nothing_new() {
    let bus = Bus::new();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("qubesd.sock");
    let (is_asked, release) = slow_to_start(&socket);
    let mut service = bus.serve_from(&socket);
    std::thread::scope(|scope| {
        let starting =
            scope.spawn(|| bus.call(async |manager| manager.start_qube("vault", HashMap::new()).await));
        is_asked.recv_timeout(DEADLINE).unwrap();
        service.terminate();
        let since = Instant::now();
        let is_refused = || {
            let outcome = bus.call(async |manager| manager.shutdown_qube("vault", HashMap::new()).await);
            outcome.is_err_and(|error| error.kind() == ErrorKind::Busy)
        };
        while !is_refused() {
            assert!(since.elapsed() < DEADLINE, "it goes on as if it were not asked");
        }
        release.send(()).unwrap();
        assert_eq!(starting.join().unwrap(), Ok(()));
    });
    assert_eq!(service.0.wait().unwrap().code(), Some(0));
}
