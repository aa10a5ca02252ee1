//! Who listens, and what they are told.
//!
//! State changes push [`Event`]s in; each listener's connection takes the bytes out of its own bounded queue.
//! Nothing here knows why an event is sent. The mischief of the control language (lose, double, reorder) happens
//! on this last step, so that the state itself never lies.

use std::sync::Arc;

use device_core::name::QubeName;
use device_core::wire::event::Event;
use tokio::sync::mpsc;

/// Events queued for one listener; a listener that falls further behind loses its connection, as it would lose
/// events with a server of limited memory.
pub(crate) const QUEUE_MAX: usize = 16_384;

/// One encoded event.
pub(crate) type Frame = Arc<[u8]>;

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
    queue: mpsc::Sender<Frame>,
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
    /// Adds a listener for the events of `qube`, or all; its first event is queued already.
    pub(crate) fn listen(&mut self, qube: Option<QubeName>) -> mpsc::Receiver<Frame> {
        let (queue, receiver) = mpsc::channel(QUEUE_MAX);
        let hello = event("", "connection-established", &[]);
        // The queue is empty, so this can't fail.
        let _ = queue.try_send(Arc::from(hello.to_bytes()));
        self.listeners.retain(|listener| !listener.queue.is_closed());
        self.listeners.push(Listener { qube, queue });
        receiver
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
        let frame: Frame = Arc::from(event.to_bytes());
        self.listeners.retain(|listener| {
            let concerned = listener
                .qube
                .as_ref()
                .is_none_or(|qube| qube.as_str() == event.subject);
            !concerned || listener.queue.try_send(Arc::clone(&frame)).is_ok()
        });
    }

    /// Ends every listener's connection once its queue is written.
    pub(crate) fn drop_all(&mut self) {
        self.listeners.clear();
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners
            .iter()
            .filter(|listener| !listener.queue.is_closed())
            .count()
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
        self.mischief.reorder = count;
    }
}

/// An event of these texts.
pub(crate) fn event(subject: &str, name: &str, pairs: &[(&str, &str)]) -> Event {
    Event {
        subject: subject.to_owned(),
        name: name.to_owned(),
        pairs: pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(receiver: &mut mpsc::Receiver<Frame>) -> Vec<String> {
        let mut reader = device_core::wire::event::EventReader::default();
        while let Ok(frame) = receiver.try_recv() {
            reader.push(&frame);
        }
        std::iter::from_fn(|| reader.next_event().unwrap())
            .map(|event| event.name)
            .collect()
    }

    #[test]
    fn a_listener_of_one_qube_hears_of_that_qube_only() {
        let mut hub = Hub::default();
        let mut all = hub.listen(None);
        let mut one = hub.listen(Some(QubeName::new("work").unwrap()));
        hub.emit(event("work", "a", &[]));
        hub.emit(event("vault", "b", &[]));
        hub.emit(event("", "c", &[]));
        assert_eq!(names(&mut all), ["connection-established", "a", "b", "c"]);
        assert_eq!(names(&mut one), ["connection-established", "a"]);
    }

    #[test]
    fn a_listener_that_never_reads_is_dropped_at_the_limit() {
        let mut hub = Hub::default();
        let mut receiver = hub.listen(None);
        for _ in 0..=QUEUE_MAX {
            hub.emit(event("", "x", &[]));
        }
        assert_eq!(hub.listeners(), 0);
        assert_eq!(names(&mut receiver).len(), QUEUE_MAX);
    }

    #[test]
    fn mischief_loses_doubles_and_turns_around_just_as_many() {
        let mut hub = Hub::default();
        let mut all = hub.listen(None);
        hub.lose(1);
        hub.emit(event("", "lost", &[]));
        hub.double(1);
        hub.emit(event("", "twice", &[]));
        hub.reorder(2);
        hub.emit(event("", "first", &[]));
        hub.emit(event("", "second", &[]));
        hub.emit(event("", "after", &[]));
        assert_eq!(
            names(&mut all),
            ["connection-established", "twice", "twice", "second", "first", "after"]
        );
    }
}
