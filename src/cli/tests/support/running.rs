//! A run that is not over yet: what it says so far, and a signal to it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::Outcome;

/// How long a program may take to say what a test waits for.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A program that runs; it is ended with the test.
pub(crate) struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Running {
    /// Takes over a child whose output is piped.
    pub(crate) fn of(mut child: Child) -> Self {
        let out = lines(child.stdout.take().expect("piped"));
        let err = lines(child.stderr.take().expect("piped"));
        Self { child, out, err }
    }

    /// The next line of results.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.out.recv_timeout(DEADLINE).expect("a line of results")
    }

    /// The next line on the error stream.
    #[track_caller]
    pub(crate) fn complaint(&self) -> String {
        self.err.recv_timeout(DEADLINE).expect("a line on the error stream")
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status().expect("kill is there");
        assert!(status.success());
    }

    /// Waits for the end. A program that does not come to one hangs the test, which the test program's own limit ends.
    pub(crate) fn end(mut self) -> Outcome {
        let rest = |lines: &Receiver<String>| lines.iter().map(|line| line + "\n").collect::<String>();
        let (stdout, stderr) = (rest(&self.out), rest(&self.err));
        let code = self.child.wait().expect("it ended").code();
        Outcome { code, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
