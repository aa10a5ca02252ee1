//! `watch`: what happens to devices, line by line, until it is interrupted. A restart of qubesd is told and survived.

use std::sync::Arc;

use device_core::device::Device;
use device_core::machine::{Change, Link, Machine};
use device_core::name::{DeviceClass, Port};
use device_core::watcher::Watcher;
use serde::Serialize;
use tokio::sync::mpsc;

use crate::errand::{Errand, Manner};
use crate::events;
use crate::failure::Failure;
use crate::json;

/// Batches of changes on their way from the watcher; a slow reader of ours holds it back.
const BATCHES: usize = 16;

/// Watches the devices of one class, or of all.
///
/// # Errors
/// When nobody reads the lines any more.
pub(super) async fn run(errand: &mut Errand<'_>, class: Option<&DeviceClass>) -> Result<(), Failure> {
    let (sender, mut batches) = mpsc::channel(BATCHES);
    let (watcher, _handle) = Watcher::new(Arc::new(errand.client.clone()), sender);
    let mut view = View { class, machine: Machine::default(), is_whole: false };
    let watching = watcher.run();
    tokio::pin!(watching);
    loop {
        tokio::select! {
            () = &mut watching => return Ok(()),
            batch = batches.recv() => match batch {
                Some(batch) => view.take(errand, batch)?,
                None => return Ok(()),
            },
        }
    }
}

/// What was told so far.
struct View<'a> {
    class: Option<&'a DeviceClass>,
    machine: Machine,
    /// Whether everything was read once: what was there before is no news.
    is_whole: bool,
}

impl View<'_> {
    fn take(&mut self, errand: &mut Errand<'_>, batch: Vec<Change>) -> Result<(), Failure> {
        for change in batch {
            match &change {
                Change::Device(device) => {
                    let before = self.machine.devices.get(device.port()).cloned();
                    self.tell(errand, before.as_deref(), Some(device))?;
                }
                Change::DeviceGone(port) => {
                    let before = self.machine.devices.get(port).cloned();
                    self.tell(errand, before.as_deref(), None)?;
                }
                Change::Link(link) => self.link(errand, link)?,
                _ => {}
            }
            self.machine.apply(change);
        }
        Ok(errand.console.out.flush()?)
    }

    fn tell(
        &self,
        errand: &mut Errand<'_>,
        before: Option<&Device>,
        now: Option<&Device>,
    ) -> Result<(), Failure> {
        let Some(device) = now.or(before).filter(|device| self.is_wanted(device.port())) else {
            return Ok(());
        };
        for event in events::between(before, now) {
            let line = match (errand.manner, self.is_whole) {
                (Manner::Json, _) => event.in_json(device),
                (_, true) => event.in_words(device),
                (_, false) => continue,
            };
            errand.console.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn is_wanted(&self, port: &Port) -> bool {
        self.class.is_none_or(|class| *class == port.class)
    }

    /// A script gets every state of the link; a person hears when it is lost and when it is back.
    fn link(&mut self, errand: &mut Errand<'_>, link: &Link) -> Result<(), Failure> {
        let was_whole = self.is_whole;
        self.is_whole |= *link == Link::Live;
        if errand.manner == Manner::Json {
            #[derive(Serialize)]
            struct State<'a> {
                link: &'a str,
                #[serde(skip_serializing_if = "Option::is_none")]
                reason: Option<&'a str>,
            }
            let state = match link {
                Link::Live => State { link: "live", reason: None },
                Link::Resyncing => State { link: "resyncing", reason: None },
                Link::Lost(reason) => State { link: "lost", reason: Some(reason) },
            };
            return Ok(errand.console.out.write_all(json::line("link", state).as_bytes())?);
        }
        let was_lost = matches!(self.machine.link, Link::Lost(_));
        let sentence = match link {
            Link::Lost(reason) => format!("{reason} Waiting for qubesd.\n"),
            Link::Live if !was_whole => {
                let count = self.machine.devices.keys().filter(|port| self.is_wanted(port)).count();
                format!("Watching; {count} devices are there.\n")
            }
            Link::Resyncing if was_lost && was_whole => "qubesd is back.\n".to_owned(),
            Link::Live | Link::Resyncing => return Ok(()),
        };
        if errand.manner == Manner::Words {
            errand.console.err.write_all(sentence.as_bytes())?;
        }
        Ok(())
    }
}
