//! Who listens, and what they are told.
//!
//! State changes push [`Event`]s in; they wait in each listener's [`Outbox`] until the change is complete, and are
//! written before its reply. Nothing here knows why an event is sent. The mischief of the control language (lose,
//! double, reorder) happens on this last step, so that the state itself never lies.

mod older;

use std::sync::Arc;

use device_core::name::QubeName;
use device_core::wire::event::Event;

use crate::outbox::Outbox;

pub(crate) use older::{Older, older};

/// All listeners.
#[derive(Debug, Default)]
pub(crate) struct Hub {
    listeners: Vec<Listener>,
    mischief: Mischief,
    /// Events sent since the start.
    pub(crate) sent: u64,
}

#[derive(Debug)]
struct Listener {
    /// `None` = everything.
    qube: Option<QubeName>,
    outbox: Arc<Outbox>,
}

/// What happens to the next events on their way out.
#[derive(Debug, Default)]
struct Mischief {
    lose: usize,
    double: usize,
    reorder: usize,
    held: Vec<Event>,
}

impl Hub {
    /// Adds a listener for the events of `qube`, or all, and greets it.
    pub(crate) fn listen(&mut self, qube: Option<QubeName>, outbox: Arc<Outbox>) {
        outbox.push(&event("", "connection-established", &[]).to_bytes());
        self.listeners.push(Listener { qube, outbox });
    }

    /// Tells everybody who listens.
    pub(crate) fn emit(&mut self, event: Event) {
        if self.mischief.lose > 0 {
            self.mischief.lose -= 1;
            return;
        }
        if self.mischief.reorder > 0 {
            self.mischief.reorder -= 1;
            self.mischief.held.push(event);
            if self.mischief.reorder == 0 {
                for event in std::mem::take(&mut self.mischief.held).iter().rev() {
                    self.send(event);
                }
            }
            return;
        }
        self.send(&event);
        if self.mischief.double > 0 {
            self.mischief.double -= 1;
            self.send(&event);
        }
    }

    fn send(&mut self, event: &Event) {
        self.sent += 1;
        if self.listeners.is_empty() {
            return;
        }
        let frame = event.to_bytes();
        for listener in &self.listeners {
            let wanted = listener.qube.as_ref();
            if wanted.is_none_or(|qube| qube.as_str() == event.subject) {
                listener.outbox.push(&frame);
            }
        }
    }

    /// Writes what the listeners' connections take, and forgets those that have ended.
    pub(crate) fn flush(&mut self) {
        self.listeners.retain(|listener| {
            listener.outbox.flush();
            !listener.outbox.is_ended()
        });
    }

    /// Ends every listener's connection.
    pub(crate) fn drop_all(&mut self) {
        for listener in self.listeners.drain(..) {
            listener.outbox.flush();
            listener.outbox.end();
        }
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// The next `count` events never arrive.
    pub(crate) fn lose(&mut self, count: usize) {
        self.mischief.lose = count;
    }

    /// The next `count` events arrive twice.
    pub(crate) fn double(&mut self, count: usize) {
        self.mischief.double = count;
    }

    /// The next `count` events are held back until the last of them, then sent backwards.
    pub(crate) fn reorder(&mut self, count: usize) {
        // What was held back for an earlier wish must not be lost with it.
        for event in std::mem::take(&mut self.mischief.held).iter().rev() {
            self.send(event);
        }
        self.mischief.reorder = count;
    }
}

/// An event of these texts.
pub(crate) fn event(subject: &str, name: &str, pairs: &[(&str, &str)]) -> Event {
    Event {
        subject: subject.to_owned(),
        name: name.to_owned(),
        pairs: pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::UnixStream;

    async fn listener(hub: &mut Hub, qube: Option<&str>) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.writable().await.unwrap();
        let qube = qube.map(|name| QubeName::new(name).unwrap());
        hub.listen(qube, Arc::new(Outbox::new(ours, usize::MAX)));
        theirs
    }

    /// The names of the events that were written.
    async fn names(hub: &mut Hub, stream: &UnixStream) -> Vec<String> {
        hub.flush();
        stream.readable().await.unwrap();
        let mut bytes = vec![0; 65_536];
        let count = stream.try_read(&mut bytes).unwrap();
        let mut reader = device_core::wire::event::EventReader::default();
        reader.push(&bytes[..count]);
        std::iter::from_fn(|| reader.next_event().unwrap()).map(|event| event.name).collect()
    }

    #[tokio::test]
    async fn a_listener_of_one_qube_hears_of_that_qube_only() {
        let mut hub = Hub::default();
        let all = listener(&mut hub, None).await;
        let one = listener(&mut hub, Some("work")).await;
        hub.emit(event("work", "a", &[]));
        hub.emit(event("vault", "b", &[]));
        hub.emit(event("", "c", &[]));
        assert_eq!(names(&mut hub, &all).await, ["connection-established", "a", "b", "c"]);
        assert_eq!(names(&mut hub, &one).await, ["connection-established", "a"]);
    }

    #[tokio::test]
    async fn mischief_loses_doubles_and_turns_around_just_as_many() {
        let mut hub = Hub::default();
        let all = listener(&mut hub, None).await;
        hub.lose(1);
        hub.emit(event("", "lost", &[]));
        hub.double(1);
        hub.emit(event("", "twice", &[]));
        hub.reorder(2);
        hub.emit(event("", "first", &[]));
        hub.emit(event("", "second", &[]));
        hub.emit(event("", "after", &[]));
        assert_eq!(
            names(&mut hub, &all).await,
            ["connection-established", "twice", "twice", "second", "first", "after"]
        );
    }
}
