//! Where a story is played: a running simulator, and somebody who reads along.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

/// Where a story is played.
pub trait Stage {
    /// Shows a sentence to whoever reads along.
    fn say(&mut self, text: &str);

    /// Carries out a line of the control language, and gives its answer.
    ///
    /// # Errors
    /// A sentence.
    fn control(&mut self, line: &str) -> Result<String, String>;

    /// Lets time pass.
    fn wait(&mut self, time: Duration);
}

/// A simulator that runs elsewhere, over its control socket; sentences go to standard output.
#[derive(Debug)]
pub(crate) struct SocketStage {
    pub(crate) socket: PathBuf,
    /// Waits are shorter by this factor.
    pub(crate) speed: u32,
}

impl Stage for SocketStage {
    fn say(&mut self, text: &str) {
        // Nobody reads along when the output is closed; the story goes on.
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    fn control(&mut self, line: &str) -> Result<String, String> {
        let reply = exchange(&self.socket, line)
            .map_err(|error| format!("no simulator answers at {}: {error}", self.socket.display()))?;
        let reply = reply.trim_end();
        match (reply.strip_prefix("ok"), reply.strip_prefix("error ")) {
            (Some(text), _) => Ok(text.trim_start().to_owned()),
            (_, Some(sentence)) => Err(sentence.to_owned()),
            _ => Err("the simulator went away".to_owned()),
        }
    }

    fn wait(&mut self, time: Duration) {
        std::thread::sleep(time / self.speed.max(1));
    }
}

fn exchange(path: &std::path::Path, line: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(path)?;
    stream.write_all(line.as_bytes())?;
    stream.write_all(b"\n")?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}
