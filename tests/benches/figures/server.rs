//! The bare minimum of a client: bytes out, bytes in, nothing made of them. What it needs is the floor of every figure
//! that asks the server something.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use device_core::wire::reply::Reply;
use device_core::wire::request::Request;

use crate::Outcome;

/// A call and its data.
pub(crate) fn call(socket: &Path, request: &Request) -> Outcome<Vec<u8>> {
    let mut stream = send(socket, request)?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply)?;
    Ok(Reply::parse(&reply)?.into_data()?)
}

/// The names of the qubes that run, dom0 included.
pub(crate) fn running(socket: &Path) -> Outcome<Vec<String>> {
    let data = call(socket, &Request::new("admin.vm.List", "", "dom0"))?;
    let text = String::from_utf8(data)?;
    let running = text.lines().filter(|line| line.contains("state=Running"));
    Ok(running.filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

/// How long the server needs for the list of qubes and one list of devices of each that runs, and how many calls
/// that is.
pub(crate) fn time_of_a_listing(socket: &Path, class: &str) -> Outcome<(Duration, usize)> {
    let started = Instant::now();
    let running = running(socket)?;
    for qube in &running {
        available(socket, class, qube)?;
    }
    Ok((started.elapsed(), 1 + running.len()))
}

/// How long one list of devices takes.
pub(crate) fn available(socket: &Path, class: &str, qube: &str) -> Outcome<Duration> {
    let started = Instant::now();
    call(socket, &Request::new(format!("admin.vm.device.{class}.Available"), "", qube))?;
    Ok(started.elapsed())
}

/// One line to the simulator's control socket.
pub(crate) fn control(socket: &Path, line: &str) -> Outcome<String> {
    let mut path = socket.as_os_str().to_owned();
    path.push(".ctl");
    let mut stream = UnixStream::connect(PathBuf::from(path))?;
    stream.write_all(format!("{line}\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.trim_end().strip_prefix("ok") {
        Some(text) => Ok(text.trim_start().to_owned()),
        None => Err(format!("the simulator refused {line:?}: {}", answer.trim_end()).into()),
    }
}

fn send(socket: &Path, request: &Request) -> Outcome<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(&request.to_bytes()?)?;
    stream.shutdown(Shutdown::Write)?;
    Ok(stream)
}
