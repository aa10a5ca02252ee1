//! Foreign bytes as requests to the simulator: whatever it is asked, it answers within the grammar, and goes on answering.
//!
//! The first byte says which server it stands for, each part of the rest is one request.

use device_core::wire::reply::Reply;
use device_core::wire::request::{Framing, REQUEST_MAX, Request};
use qubesd_sim::{Handle, Protocol, Simulator};

/// Most requests of one input.
const REQUESTS_MAX: usize = 24;

/// Asks a fresh machine all of it.
///
/// # Panics
/// Where a law does not hold: that is a find.
pub fn run(data: &[u8]) {
    let Some((first, requests)) = data.split_first() else { return };
    let protocols = [Protocol::R44, Protocol::R43, Protocol::R42, Protocol::R40];
    let protocol = protocols[usize::from(first & 3)];
    let framing = if protocol == Protocol::R40 { Framing::Oldest } else { Framing::Words };
    let machine = Simulator::load("laptop").expect("a world").with_protocol(protocol).handle();
    machine.control("plug stick").expect("a stick");
    for request in crate::parts(requests).take(REQUESTS_MAX) {
        as_request(request, framing);
        let reply = machine.request(request);
        assert!(Reply::parse(&reply).is_ok(), "{}", String::from_utf8_lossy(&reply));
    }
    still_answers(&machine, framing);
}

/// What was read of a request can be written, and is read so again.
fn as_request(bytes: &[u8], framing: Framing) {
    let Ok(request) = Request::parse_in(bytes, framing) else { return };
    assert!(bytes.len() <= REQUEST_MAX);
    if let Ok(written) = request.to_bytes_in(framing) {
        assert_eq!(Request::parse_in(&written, framing), Ok(request));
    }
}

fn still_answers(machine: &Handle, framing: Framing) {
    let request = Request::new("admin.vm.List", "", "dom0").to_bytes_in(framing).expect("a request");
    let reply = Reply::parse(&machine.request(&request));
    assert!(matches!(&reply, Ok(Reply::Ok(data)) if data.starts_with(b"dom0 class=AdminVM")), "{reply:?}");
}
