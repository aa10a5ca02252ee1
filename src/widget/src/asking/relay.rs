//! `plugboard --ask`: a question that comes through qrexec is handed to the agent of this session.
//!
//! For a GUI qube: qrexec starts it with the bare JSON on standard input and sends what it prints back to dom0.
//! It decides nothing. Whatever goes wrong is a no.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;

use super::request::{self, REQUEST_MAX, Reply};

/// Who called, as qrexec tells its services; only dom0 may ask.
const CALLER: &str = "QREXEC_REMOTE_DOMAIN";
/// Longest answer read, in bytes: `allow:` and a name need 37.
const ANSWER_MAX: u64 = 256;

/// Hands the question on standard input to the agent at `path`; prints its answer, or no.
pub(crate) fn run(path: &Path) {
    let caller = std::env::var_os(CALLER);
    let reply = if caller.is_none_or(|caller| caller == "dom0") {
        hand_on(std::io::stdin().lock(), path).unwrap_or_else(|error| {
            eprintln!("plugboard: the question can't be asked: {error}");
            Reply::Deny
        })
    } else {
        eprintln!("plugboard: only dom0 may ask");
        Reply::Deny
    };
    print!("{}", reply.to_text());
    // Whoever does not read it has no answer, which is no.
    let _ = std::io::stdout().flush();
}

fn hand_on(question: impl Read, path: &Path) -> std::io::Result<Reply> {
    let mut bytes = request::header().into_bytes();
    // One byte more than is taken: the agent sees that it is too long.
    question.take(REQUEST_MAX as u64).read_to_end(&mut bytes)?;
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(&bytes)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.take(ANSWER_MAX).read_to_string(&mut answer)?;
    Ok(Reply::new(&answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// Hands a question to an agent that answers so; gives the answer, and what the agent read.
    fn asked(question: &str, answer: &'static [u8]) -> (Reply, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent");
        let listener = UnixListener::bind(&path).unwrap();
        let agent = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = String::new();
            stream.read_to_string(&mut request).unwrap();
            stream.write_all(answer).unwrap();
            request
        });
        let reply = hand_on(question.as_bytes(), &path).unwrap();
        (reply, agent.join().unwrap())
    }

    #[test]
    fn the_json_travels_under_the_header_and_the_answer_comes_back() {
        let (reply, request) = asked("{}", b"allow:work");
        assert_eq!(reply, Reply::Allow(crate::testing::name("work")));
        assert_eq!(request, "device-agent.GUI dom0 name dom0\0{}");
    }

    #[test]
    fn anything_else_is_a_no() {
        for answer in [&b"deny"[..], b"", b"allow:work\n", b"allow:no such"] {
            assert_eq!(asked("{}", answer).0, Reply::Deny);
        }
        assert!(hand_on("{}".as_bytes(), Path::new("/nonexistent/agent")).is_err());
    }
}
