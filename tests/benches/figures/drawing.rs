//! What a window looks like to those before the screen: when something in it was drawn, and how quickly its program
//! answers. On connections of their own, so that nothing here waits for anything else.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use x11rb::connection::Connection as _;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{
    ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask, Window,
};
use x11rb::rust_connection::RustConnection;

use crate::Outcome;
use crate::desktop::PATIENCE;
use crate::display::{Display, stamped};
use crate::programs::pause;

/// The version of the extension that is asked for.
const DAMAGE: (u32, u32) = (1, 1);
/// What the server tells of within so long belongs to one frame: a picture may be put on the screen in pieces.
const PIECES: Duration = Duration::from_millis(2);
/// Between an answer and the next question.
const BEAT: Duration = Duration::from_millis(5);

/// Everything that is drawn in a window, as the DAMAGE extension of the X server tells.
pub(crate) struct Drawing {
    pieces: Receiver<(Instant, ())>,
}

impl Drawing {
    /// Watches a window from now on.
    pub(crate) fn watch(display: &Display, window: Window) -> Outcome<Self> {
        let (connection, _) = RustConnection::connect(Some(&display.name))?;
        connection.damage_query_version(DAMAGE.0, DAMAGE.1)?.reply()?;
        let damage = connection.generate_id()?;
        connection.damage_create(damage, window, ReportLevel::RAW_RECTANGLES)?.check()?;
        let pieces =
            stamped(&Arc::new(connection), |event| matches!(event, Event::DamageNotify(_)).then_some(()));
        Ok(Self { pieces })
    }

    /// The frames until nothing was drawn for so long; the times of their last pieces.
    pub(crate) fn frames(&self, quiet: Duration) -> Vec<Instant> {
        let mut frames: Vec<Instant> = Vec::new();
        while let Ok((at, ())) = self.pieces.recv_timeout(quiet) {
            match frames.last_mut() {
                Some(last) if at - *last <= PIECES => *last = at,
                _ => frames.push(at),
            }
        }
        frames
    }
}

/// A question to a window's program, again and again: is its main loop there? (`_NET_WM_PING`)
///
/// GTK answers where it also handles keys and draws, so a frame that takes long, and everything else that keeps the
/// loop busy, makes the answer late by as much.
pub(crate) struct Heart {
    stop: Sender<()>,
    beats: JoinHandle<Result<Vec<Duration>, String>>,
}

impl Heart {
    /// Asks from now on.
    pub(crate) fn listen(display: &Display, window: Window) -> Outcome<Self> {
        let (connection, screen) = RustConnection::connect(Some(&display.name))?;
        let root = connection.setup().roots[screen].root;
        let mask = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        connection.change_window_attributes(root, &mask)?.check()?;
        let atom = |name: &[u8]| Outcome::Ok(connection.intern_atom(false, name)?.reply()?.atom);
        let (protocols, ping) = (atom(b"WM_PROTOCOLS")?, atom(b"_NET_WM_PING")?);
        let connection = Arc::new(connection);
        let answers = stamped(&connection, move |event| match event {
            Event::ClientMessage(answer) if answer.type_ == protocols => {
                let [kind, number, ..] = answer.data.as_data32();
                (kind == ping).then_some(number)
            }
            _ => None,
        });
        let (stop, stopped) = channel::<()>();
        let ask = move |number: u32| -> Outcome<()> {
            let message = ClientMessageEvent::new(32, window, protocols, [ping, number, window, 0, 0]);
            connection.send_event(false, window, EventMask::NO_EVENT, message)?;
            Ok(connection.flush()?)
        };
        let beats = thread::spawn(move || {
            let mut beats = Vec::new();
            // From one on: an answer with nought is one to somebody else.
            for number in 1.. {
                let asked = Instant::now();
                ask(number).map_err(|error| error.to_string())?;
                beats.push(answered(&answers, number)? - asked);
                pause(BEAT);
                if stopped.try_recv() != Err(std::sync::mpsc::TryRecvError::Empty) {
                    break;
                }
            }
            Ok(beats)
        });
        Ok(Self { stop, beats })
    }

    /// Ends the asking; how long each answer took.
    pub(crate) fn stop(self) -> Outcome<Vec<Duration>> {
        drop(self.stop);
        Ok(self.beats.join().map_err(|_| "nobody asks any more")??)
    }
}

fn answered(answers: &Receiver<(Instant, u32)>, number: u32) -> Result<Instant, String> {
    loop {
        match answers.recv_timeout(PATIENCE) {
            Ok((at, answer)) if answer == number => return Ok(at),
            Ok(_) => {}
            Err(_) => return Err(format!("the window did not answer within {} s", PATIENCE.as_secs())),
        }
    }
}
