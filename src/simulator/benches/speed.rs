//! How fast the simulator is, so that it never is what somebody measures: `cargo bench -p qubesd-sim`.
//!
//! The program runs in a process of its own; what it costs is its own processor time, which other work on the machine
//! does not change much. Each figure has its aim beside it; one that is missed is written down as missed, nothing fails.

#![expect(clippy::unwrap_used, reason = "a measurement that can't go on is none")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Calls of each kind.
const CALLS: u32 = 40_000;
/// Clients at a time: enough that the server never waits for one.
const CLIENTS: u32 = 2;
const LISTENERS: usize = 1_000;
/// Longest wait for anything.
const DEADLINE: Duration = Duration::from_mins(1);

/// 200 qubes beside dom0 and 300 devices.
const LARGE: &str = r#"
name = "large"
[crowd]
qubes = 194
usb = 200
block = 100
template = "fedora"
backend = ["sys-usb", "sys-usb-2"]
[[qube]]
name = "fedora"
class = "TemplateVM"
[[qube]]
name = "sys-net"
running = true
[[qube]]
name = "sys-usb"
running = true
[[qube]]
name = "sys-usb-2"
running = true
[[qube]]
name = "work"
running = true
[[qube]]
name = "vault"
"#;

/// The program under measurement.
struct Server {
    child: Child,
    socket: PathBuf,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start(world: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("qubesd.sock");
        let file = folder.path().join("world.toml");
        fs::write(&file, world).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_qubesd-sim"))
            .arg("--socket")
            .arg(&socket)
            .arg("--world")
            .arg(&file)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said, "ready\n");
        Self { child, socket, _folder: folder }
    }

    /// Processor time of its only thread.
    fn busy(&self) -> Duration {
        let text = fs::read_to_string(format!("/proc/{}/schedstat", self.child.id())).unwrap();
        Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
    }

    /// A figure of its memory in KiB.
    fn memory(&self, key: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.child.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn call(&self, method: &str, qube: &str) -> usize {
        exchange(&self.socket, format!("{method}+ dom0 name {qube}\0").as_bytes()).len()
    }

    fn control(&self, line: &str) -> String {
        let mut path = self.socket.clone().into_os_string();
        path.push(".ctl");
        String::from_utf8(exchange(Path::new(&path), format!("{line}\n").as_bytes())).unwrap()
    }

    /// A greeted listener.
    fn listen(&self) -> UnixStream {
        let mut stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.write_all(b"admin.Events+ dom0 name dom0\0").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut greeting = [0; 27];
        stream.read_exact(&mut greeting).unwrap();
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn exchange(socket: &Path, request: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(request).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    reply
}

/// One row of the table.
fn row(figure: &str, aim: &str, measured: &str, is_reached: bool) {
    println!("| {figure} | {aim} | {measured} | {} |", if is_reached { "yes" } else { "**no**" });
}

fn calls(server: &Server, figure: &str, method: &str, qube: &str) {
    assert!(server.call(method, qube) >= 2, "{method} is not answered");
    let before = server.busy();
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                for _ in 0..CALLS / CLIENTS {
                    server.call(method, qube);
                }
            });
        }
    });
    let (wall, busy) = (start.elapsed(), server.busy().saturating_sub(before));
    let per_core = f64::from(CALLS) / busy.as_secs_f64();
    let per_second = f64::from(CALLS) / wall.as_secs_f64();
    row(
        figure,
        "20,000 calls per second of one core",
        &format!("{per_core:.0} ({per_second:.0} per second of the clock)"),
        per_core >= 20_000.0,
    );
}

fn memory(server: &Server) {
    for class in ["usb", "block", "mic", "pci"] {
        for qube in ["dom0", "sys-usb", "sys-usb-2", "work"] {
            server.call(&format!("admin.vm.device.{class}.Available"), qube);
            server.call(&format!("admin.vm.device.{class}.Attached"), qube);
        }
    }
    let (rss, pss) = (server.memory("Rss:"), server.memory("Pss:"));
    row(
        "memory with 200 qubes and 300 devices, after all was listed",
        "20 MiB",
        &format!("{:.1} MiB resident, {:.1} MiB of it its own share", mib(rss), mib(pss)),
        rss < 20 * 1024,
    );
}

fn mib(kib: u64) -> f64 {
    f64::from(u32::try_from(kib).unwrap_or(u32::MAX)) / 1024.0
}

/// Reads until that many events have come; gives the bytes that are left over.
fn read_events(stream: &mut UnixStream, name: &[u8], wanted: usize) {
    let mut found = 0;
    let mut bytes = vec![0; 1 << 16];
    let mut tail: Vec<u8> = Vec::new();
    while found < wanted {
        let count = stream.read(&mut bytes).unwrap();
        assert!(count > 0, "the connection ended after {found} events");
        tail.extend_from_slice(bytes.get(..count).unwrap());
        let end = tail.len().saturating_sub(name.len() - 1);
        found += tail.windows(name.len()).filter(|piece| piece == &name).count();
        tail.drain(..end);
    }
}

fn listeners(server: &Server) {
    let before = server.memory("Rss:");
    let mut streams: Vec<UnixStream> = (0..LISTENERS).map(|_| server.listen()).collect();
    let grown = server.memory("Rss:").saturating_sub(before);
    let start = Instant::now();
    assert!(server.control("plug usb sys-usb 9-1").starts_with("ok"));
    for stream in &mut streams {
        read_events(stream, b"device-added:usb", 1);
    }
    let wall = start.elapsed();
    row(
        "events connections that are open and hear of a plug-in",
        "1,000",
        &format!("{LISTENERS}, the last after {} ms; {:.1} MiB", wall.as_millis(), mib(grown)),
        server.control("status").contains("listeners=1000"),
    );
    assert!(server.control("drop-events").starts_with("ok"));
}

fn flood(server: &Server, per_second: usize, seconds: usize, aim: &str) {
    let mut stream = server.listen();
    let before = server.busy();
    let start = Instant::now();
    let reader = std::thread::spawn(move || {
        read_events(&mut stream, b"device-list-change:usb", per_second * seconds);
    });
    assert!(server.control(&format!("flood {per_second} {seconds}")).starts_with("ok"));
    reader.join().unwrap();
    let (wall, busy) = (start.elapsed(), server.busy().saturating_sub(before));
    let rate = f64::from(u32::try_from(per_second * seconds).unwrap()) / wall.as_secs_f64();
    row(
        &format!("{per_second} events a second to one, for {seconds} s"),
        aim,
        &format!("{rate:.0} a second; {:.0} % of one core", 100.0 * busy.as_secs_f64() / wall.as_secs_f64()),
        rate >= 0.98 * 50_000.0,
    );
}

fn main() {
    let server = Server::start(LARGE);
    println!("| figure | aim | measured | reached |");
    println!("|---|---|---|---|");
    memory(&server);
    calls(&server, "`admin.vm.List` of 201 qubes", "admin.vm.List", "dom0");
    calls(&server, "`usb.Available` of 100 devices", "admin.vm.device.usb.Available", "sys-usb");
    calls(&server, "`block.Available` of 50 disks", "admin.vm.device.block.Available", "sys-usb");
    calls(&server, "`usb.Attached` of a qube", "admin.vm.device.usb.Attached", "work");
    calls(&server, "`block.Assigned` of a qube", "admin.vm.device.block.Assigned", "work");
    listeners(&server);
    flood(&server, 50_000, 2, "50,000");
    flood(&server, 500_000, 1, "50,000");
}
