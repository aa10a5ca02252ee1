//! A server that says the same few things over and over, whatever it is asked.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// The server; it ends with the test program.
pub(crate) struct Parrot {
    folder: tempfile::TempDir,
    replies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Parrot {
    /// One that says sensible things: qubes, devices, attachments.
    pub(crate) fn of_the_field() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("qubesd.sock")).expect("a socket");
        let replies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let shared = Arc::clone(&replies);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = Vec::new();
                let _ = stream.read_to_end(&mut request);
                let reply = {
                    let mut replies = shared.lock().unwrap();
                    replies.rotate_left(1);
                    replies.last().cloned().unwrap_or_default()
                };
                let _ = stream.write_all(&reply);
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        let parrot = Self { folder, replies };
        parrot.repeats(vec![
            b"0\0dom0 class=AdminVM state=Running uuid=0\nwork class=AppVM state=Running uuid=1\n".to_vec(),
            b"0\x002-1:a:b:c interfaces='u080650'\n".to_vec(),
            b"0\0sys-usb+2-1:a:b:c mode='manual' frontend_domain='work'\n".to_vec(),
        ]);
        parrot
    }

    /// From now on says these, one after the other.
    pub(crate) fn repeats(&self, replies: Vec<Vec<u8>>) {
        *self.replies.lock().unwrap() = replies;
    }

    /// Where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("qubesd.sock")
    }
}
