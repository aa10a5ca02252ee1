//! `watch`: what happens to devices, line by line, until it is interrupted. A restart of qubesd is told and survived, and
//! so is a qubesd that takes the connection and says nothing.

mod looks;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use device_core::device::Device;
use device_core::machine::{Change, Link, Machine};
use device_core::name::{DeviceClass, Port, QubeName};
use device_core::watcher::Watcher;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::errand::{Errand, Manner};
use crate::events::{self, Event, News};
use crate::failure::Failure;
use crate::json;
use looks::Looks;

/// Batches of changes on their way from the watcher; a slow reader of ours holds it back.
const BATCHES: usize = 16;

/// How long a server may owe every answer before a person hears of it, unless `--timeout` says otherwise. One at work is
/// never silent for so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// Watches the devices of one class, or of all. A server that is silent for as long as `patience` is told of, and
/// waited for.
///
/// # Errors
/// When nobody reads the lines any more.
pub(super) async fn run(
    errand: &mut Errand<'_>,
    class: Option<&DeviceClass>,
    patience: Option<Duration>,
) -> Result<(), Failure> {
    let (sender, mut batches) = mpsc::channel(BATCHES);
    let looks = Looks::new(errand.client.clone());
    let (watcher, _handle) = Watcher::new(Arc::new(looks.clone()), sender);
    let mut view =
        View { class, looks, machine: Machine::default(), is_whole: false, from_the_first: BTreeSet::new() };
    let watching = watcher.run();
    tokio::pin!(watching);
    let patience = patience.unwrap_or(PATIENCE);
    let mut look_at = Some(Instant::now() + patience);
    loop {
        tokio::select! {
            () = &mut watching => return Ok(()),
            batch = batches.recv() => match batch {
                Some(batch) => {
                    view.take(errand, batch)?;
                    look_at = view.is_owed_answers().then(|| Instant::now() + patience);
                }
                None => return Ok(()),
            },
            () = until(look_at) => {
                let silent_at = view.looks.last_heard() + patience;
                look_at = (silent_at > Instant::now()).then_some(silent_at);
                if look_at.is_none() {
                    complain(errand, patience)?;
                }
            }
        }
    }
}

/// Says that nothing comes: with `--json` on the error stream as well, as it is nothing that happened.
fn complain(errand: &mut Errand<'_>, patience: Duration) -> Result<(), Failure> {
    if errand.manner != Manner::Quiet {
        let silent = patience.as_secs_f64();
        writeln!(errand.console.err, "No answer from qubesd for {silent} s. Waiting for it.")?;
    }
    Ok(())
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// What was told so far.
struct View<'a> {
    class: Option<&'a DeviceClass>,
    looks: Looks,
    machine: Machine,
    /// Whether all devices and their holders were read once: what was there before is no news.
    is_whole: bool,
    /// The qubes that were there then. What is stored for them is read later.
    from_the_first: BTreeSet<QubeName>,
}

impl View<'_> {
    /// Whether something was asked that is not answered yet. Of a link that is lost the person heard already.
    fn is_owed_answers(&self) -> bool {
        self.machine.link == Link::Resyncing
    }

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
            let news = self.news(&event, before, device);
            let line = match (errand.manner, news) {
                (Manner::Json, _) => event.in_json(device, news),
                (_, News::Happened) => event.in_words(device),
                (_, News::WasThere) => continue,
            };
            errand.console.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    fn news(&self, event: &Event, before: Option<&Device>, now: &Device) -> News {
        let is_same = before.is_some_and(|before| before.info.id.becomes(&now.info.id));
        match event {
            _ if !self.is_whole => News::WasThere,
            Event::Assigned(qube, _)
                if is_same
                    && self.from_the_first.contains(qube)
                    && self.looks.is_first(qube, &now.port().class) =>
            {
                News::WasThere
            }
            _ => News::Happened,
        }
    }

    fn is_wanted(&self, port: &Port) -> bool {
        self.class.is_none_or(|class| *class == port.class)
    }

    /// A script gets every state of the link; a person hears when it is lost and when it is back.
    fn link(&mut self, errand: &mut Errand<'_>, link: &Link) -> Result<(), Failure> {
        let was_whole = self.is_whole;
        self.is_whole |= *link == Link::Live;
        if self.is_whole && !was_whole {
            self.from_the_first = self.machine.qubes.keys().cloned().collect();
        }
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
                Link::Lost(trouble) => State { link: "lost", reason: Some(&trouble.sentence) },
            };
            return Ok(errand.console.out.write_all(json::line("link", state).as_bytes())?);
        }
        let was_lost = matches!(self.machine.link, Link::Lost(_));
        let sentence = match link {
            Link::Lost(trouble) => format!("{} Waiting for qubesd.\n", trouble.sentence),
            Link::Live if !was_whole => {
                let count = self.machine.devices.keys().filter(|port| self.is_wanted(port)).count();
                let there = if count == 1 { "device is" } else { "devices are" };
                format!("Watching; {count} {there} there.\n")
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
