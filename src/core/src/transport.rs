//! The one file that opens a socket or starts a program: bytes of a request out, bytes of its reply in.
//!
//! One connection per request: write, half-close, read to the end.
//! Nothing here knows what the bytes mean.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};

use crate::error::{Error, ErrorKind};
use crate::text::DisplayText;
use crate::wire::reply::REPLY_MAX;
use crate::wire::request::{Framing, Request};

/// Where dom0 serves the Admin API.
pub const DEFAULT_SOCKET: &str = "/run/qubesd.sock";
/// How other qubes reach it.
const QREXEC_CLIENT: &str = "/usr/bin/qrexec-client-vm";
/// Longest error text of the qrexec client kept, in bytes.
const STDERR_MAX: u64 = 4096;

/// A way to the Admin API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// A local socket: dom0, or a simulator.
    Socket(PathBuf),
    /// Calls through qrexec, one process each: a management qube.
    Qrexec,
}

/// Exit code of the qrexec client when a policy forbids the call: nothing reached the server.
///
/// # Source
/// Admin API facts 1.6; qubes-core-qrexec agent/qrexec-client-vm.c (4.3.x).
const REFUSED_BY_POLICY: i32 = 126;
/// Exit code of the qrexec client when dom0 has no such service, as one before R4.3 has none for assignments.
///
/// # Source
/// qubes-core-qrexec libqrexec/exec.c (4.3.x).
const NO_SUCH_SERVICE: i32 = 127;

/// The bytes of an events connection.
pub struct EventBytes {
    stream: Box<dyn AsyncRead + Send + Unpin>,
    /// The process behind them, ended when nobody reads them any more.
    child: Option<Child>,
}

impl EventBytes {
    /// Reads what is there; nothing at the end. Cancel-safe.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn read(&mut self, chunk: &mut [u8]) -> std::io::Result<usize> {
        self.stream.read(chunk).await
    }

    /// Whether the end came because a policy forbids listening: asking again soon would only be denied again.
    pub async fn was_refused(&mut self) -> bool {
        match &mut self.child {
            Some(child) => child.wait().await.is_ok_and(|status| status.code() == Some(REFUSED_BY_POLICY)),
            None => false,
        }
    }
}

impl Transport {
    /// The socket at `path`.
    pub fn socket(path: impl Into<PathBuf>) -> Self {
        Self::Socket(path.into())
    }

    /// What this machine offers: the given socket, else that of `QUBESD_SOCKET`, else dom0's, else qrexec.
    #[must_use]
    pub fn from_environment(given: Option<PathBuf>) -> Self {
        let named = || std::env::var_os("QUBESD_SOCKET").filter(|path| !path.is_empty()).map(PathBuf::from);
        match given.or_else(named) {
            Some(path) => Self::Socket(path),
            None if !Path::new(DEFAULT_SOCKET).exists() && Path::new(QREXEC_CLIENT).exists() => Self::Qrexec,
            None => Self::socket(DEFAULT_SOCKET),
        }
    }

    /// Sends a request and reads its whole reply. The framing is of the socket; qrexec has its own.
    ///
    /// # Errors
    /// `Unreachable` when there is no connection or it breaks, `Malformed` for more than [`REPLY_MAX`] bytes,
    /// `Denied` when qrexec refuses: then nothing was done.
    pub async fn call(&self, request: &Request, framing: Framing) -> Result<Vec<u8>, Error> {
        match self {
            Self::Socket(path) => {
                let stream = send(path, request, framing).await?;
                read_all(stream).await
            }
            Self::Qrexec => call_through_qrexec(request).await,
        }
    }

    /// Sends a request whose reply never ends.
    ///
    /// # Errors
    /// `Unreachable` when there is no connection.
    pub async fn open(&self, request: &Request, framing: Framing) -> Result<EventBytes, Error> {
        match self {
            Self::Socket(path) => {
                Ok(EventBytes { stream: Box::new(send(path, request, framing).await?), child: None })
            }
            Self::Qrexec => {
                let mut child = start_qrexec(request, Stdio::null())?;
                let stdout = child.stdout.take().ok_or_else(|| unreachable_service(&"no output"))?;
                Ok(EventBytes { stream: Box::new(stdout), child: Some(child) })
            }
        }
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Qrexec => f.write_str("qrexec"),
        }
    }
}

async fn send(path: &Path, request: &Request, framing: Framing) -> Result<UnixStream, Error> {
    let bytes = bytes_of(request, framing)?;
    let mut stream = UnixStream::connect(path).await.map_err(|error| unreachable_service(&error))?;
    // A server that refuses early closes before everything is written; what it said still counts.
    let _ = stream.write_all(&bytes).await;
    let _ = stream.shutdown().await;
    Ok(stream)
}

async fn read_all(stream: impl AsyncRead + Unpin) -> Result<Vec<u8>, Error> {
    let mut reply = Vec::new();
    let limit = REPLY_MAX as u64 + 1;
    stream.take(limit).read_to_end(&mut reply).await.map_err(|error| {
        Error::new(
            ErrorKind::Unreachable,
            format!("The connection to qubesd broke while it answered: {error}."),
        )
    })?;
    if reply.len() > REPLY_MAX {
        return Err(Error::new(ErrorKind::Malformed, "qubesd sent a reply that is too long."));
    }
    Ok(reply)
}

async fn call_through_qrexec(request: &Request) -> Result<Vec<u8>, Error> {
    converse(start_qrexec(request, Stdio::piped())?, &request.payload).await
}

/// Gives the client the payload and takes its reply; how it ended tells whether that is one.
async fn converse(mut child: Child, payload: &[u8]) -> Result<Vec<u8>, Error> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            let _ = stdin.write_all(payload).await;
        }
    };
    let complain = async {
        let mut text = Vec::new();
        if let Some(stderr) = stderr {
            let _ = stderr.take(STDERR_MAX).read_to_end(&mut text).await;
        }
        text
    };
    let answer = async {
        match stdout {
            Some(stdout) => read_all(stdout).await,
            None => Err(unreachable_service(&"no output")),
        }
    };
    let ((), reply, complaint) = tokio::join!(write, answer, complain);
    let status = child.wait().await.map_err(|error| unreachable_service(&error))?;
    // One that was cut off at the limit ended because nobody read on.
    if status.success() || reply.is_err() {
        return reply;
    }
    Err(failed_call(status, &complaint))
}

/// What the end of a client that gave no reply means: a refusal, or a connection that broke and leaves open what was done.
fn failed_call(status: ExitStatus, complaint: &[u8]) -> Error {
    let kind = match status.code() {
        Some(REFUSED_BY_POLICY | NO_SUCH_SERVICE) => ErrorKind::Denied,
        Some(_) | None => ErrorKind::Unreachable,
    };
    let complaint = DisplayText::from_untrusted(String::from_utf8_lossy(complaint).trim());
    let why = if complaint.is_blank() { format!("{status}.") } else { complaint.to_string() };
    Error::new(kind, format!("Service call error: {why}"))
}

fn start_qrexec(request: &Request, stdin: Stdio) -> Result<Child, Error> {
    // The same checks as for the socket, so that no request differs by its way.
    bytes_of(request, Framing::Words)?;
    let service = match request.argument.as_str() {
        "" => request.method.clone(),
        argument => format!("{}+{argument}", request.method),
    };
    Command::new(QREXEC_CLIENT)
        .arg(&request.destination)
        .arg(service)
        .stdin(stdin)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| unreachable_service(&error))
}

fn bytes_of(request: &Request, framing: Framing) -> Result<Vec<u8>, Error> {
    request
        .to_bytes_in(framing)
        .map_err(|error| Error::new(ErrorKind::Refused, format!("Nothing was sent: {error}.")))
}

/// Opens with the words that scripts know, and ends as a sentence: without the number that the system adds.
fn unreachable_service(reason: &dyn fmt::Display) -> Error {
    let reason = reason.to_string();
    let words = reason.split_once(" (os error").map_or(reason.as_str(), |(words, _)| words);
    Error::new(ErrorKind::Unreachable, format!("Failed to connect to qubesd service: {words}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client that gets the payload, and then does as this script says.
    async fn call(script: &str) -> Result<Vec<u8>, Error> {
        let child = Command::new("sh")
            .args(["-c", &format!("read -r payload; {script}")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        converse(child, b"payload\n").await
    }

    #[tokio::test]
    async fn a_call_that_qrexec_refuses_did_nothing_and_one_that_broke_leaves_that_open() {
        assert_eq!(call(r"printf '0\0%s' $payload").await, Ok(b"0\0payload".to_vec()));
        for (end, kind) in [
            ("exit 126", ErrorKind::Denied),
            ("exit 127", ErrorKind::Denied),
            ("exit 125", ErrorKind::Unreachable),
            ("exit 255", ErrorKind::Unreachable),
            ("kill -KILL $$", ErrorKind::Unreachable),
        ] {
            let error = call(&format!("printf 0; echo 'No more.' >&2; {end}")).await.unwrap_err();
            assert_eq!((error.kind(), error.sentence()), (kind, "Service call error: No more."), "{end}");
            assert_eq!(error.leaves_open(), kind == ErrorKind::Unreachable, "{end}");
        }
    }

    #[tokio::test]
    async fn a_call_that_broke_without_a_word_tells_how_it_ended() {
        let error = call("exit 255").await.unwrap_err();
        assert_eq!(error.sentence(), "Service call error: exit status: 255.");
    }

    #[tokio::test]
    async fn only_a_policys_refusal_is_one() {
        for (code, refused) in [(126, true), (1, false), (0, false)] {
            let child = Command::new("sh").args(["-c", &format!("exit {code}")]).spawn().unwrap();
            let mut bytes = EventBytes { stream: Box::new(tokio::io::empty()), child: Some(child) };
            assert_eq!(bytes.read(&mut [0; 8]).await.unwrap(), 0);
            assert_eq!(bytes.was_refused().await, refused, "{code}");
        }
    }
}
