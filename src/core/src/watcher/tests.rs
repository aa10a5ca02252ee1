//! Laws of the mirror over a made-up machine: events may be lost, doubled and reordered, the server may restart at
//! any moment, and once all is quiet the mirror equals the truth.

mod fake;

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::machine::{Machine, Trouble};
use crate::name::DeviceClass;
use fake::{FakeHypervisor, Fate, Happening, Server, Truth, event, microphone, name, usb};

/// A watcher on a fake hypervisor, and the machine that its changes make.
struct Watched {
    server: Arc<FakeHypervisor>,
    handle: WatcherHandle,
    changes: mpsc::Receiver<Vec<Change>>,
    machine: Machine,
    /// Each link that was told, in order.
    links: Vec<Link>,
}

impl Watched {
    fn start() -> Self {
        let mut truth = Truth::default();
        truth.running.extend(["sys-usb", "work", "personal"].map(name));
        truth.plugged.insert("2-1".to_owned(), (1, None));
        let server = Server { truth, up: true, ..Server::default() };
        let server = Arc::new(FakeHypervisor(Mutex::new(server)));
        let (sender, changes) = mpsc::channel(64);
        let (watcher, handle) = Watcher::new(Arc::clone(&server), sender);
        tokio::spawn(watcher.run());
        Self { server, handle, changes, machine: Machine::default(), links: Vec::new() }
    }

    /// Lets this much (virtual) time pass and follows the changes.
    async fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(Some(batch)) = tokio::time::timeout_at(end, self.changes.recv()).await {
            for change in batch {
                if let Change::Link(link) = &change {
                    self.links.push(link.clone());
                }
                self.machine.apply(change);
            }
        }
    }

    /// Part by part, so that a failure names what is untrue.
    fn assert_true(&self) {
        let truth = self.server.0.lock().unwrap().truth.machine();
        assert_eq!(self.machine.link, truth.link);
        assert_eq!(self.machine.unreadable, truth.unreadable);
        assert_eq!(self.machine.devices, truth.devices);
        assert_eq!(self.machine.qubes, truth.qubes);
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn once_quiet_the_mirror_equals_the_truth_whatever_became_of_the_events(
        steps in prop::collection::vec((Happening::any(), Fate::any(), 0..40_u64), 1..40)
    ) {
        run(async move {
            let mut watched = Watched::start();
            for (happening, fate, wait) in &steps {
                watched.server.0.lock().unwrap().let_happen(happening, *fate);
                watched.pass(Duration::from_millis(*wait)).await;
            }
            watched.server.0.lock().unwrap().up = true;
            // Lost events are found by the reconcile, which meets every scope within five minutes.
            watched.pass(Duration::from_mins(12)).await;
            watched.assert_true();
        });
    }

    #[test]
    fn with_every_event_told_in_any_order_the_mirror_is_true_within_a_second(
        steps in prop::collection::vec((Happening::any(), 0..3_u8, 0..40_u64), 1..40)
    ) {
        run(async move {
            let mut watched = Watched::start();
            for (happening, fate, wait) in &steps {
                let fate = [Fate::Told, Fate::Doubled, Fate::HeldBack][usize::from(*fate)];
                watched.server.0.lock().unwrap().let_happen(happening, fate);
                watched.pass(Duration::from_millis(*wait)).await;
            }
            {
                let mut server = watched.server.0.lock().unwrap();
                let late = std::mem::take(&mut server.held_back);
                server.tell(&late);
                server.truth.broken = false;
            }
            // A backend that could not be read is tried again after a second at first, and rarely after many failures.
            let patience = if steps.iter().any(|(step, ..)| matches!(step, Happening::Break)) { 120 } else { 1 };
            watched.pass(Duration::from_secs(patience)).await;
            watched.assert_true();
        });
    }
}

#[test]
fn after_a_restart_the_mirror_is_whole_within_a_second() {
    run(async {
        let mut watched = Watched::start();
        watched.pass(Duration::from_secs(1)).await;
        {
            let mut server = watched.server.0.lock().unwrap();
            server.let_happen(&Happening::Plug(1, 7), Fate::Restart);
        }
        watched.pass(Duration::from_mins(1)).await;
        assert!(matches!(watched.machine.link, Link::Lost(_)), "{:?}", watched.machine.link);
        watched.server.0.lock().unwrap().up = true;
        watched.pass(Duration::from_secs(1)).await;
        watched.assert_true();
    });
}

#[test]
fn without_the_list_of_qubes_nothing_is_called_live() {
    run(async {
        let mut watched = Watched::start();
        watched.server.0.lock().unwrap().truth.failing.insert(Scope::Qubes, ErrorKind::Denied);
        watched.pass(Duration::from_mins(10)).await;
        assert_eq!(
            watched.links,
            [Link::Lost(Trouble::new(ErrorKind::Denied, "It fails."))],
            "told once, with its reason"
        );
        let reads = watched.server.0.lock().unwrap().reads;
        assert!(reads < 60, "{reads} questions to somebody who refuses");
        watched.server.0.lock().unwrap().truth.failing.clear();
        watched.pass(Duration::from_mins(2)).await;
        watched.assert_true();
    });
}

#[test]
fn a_list_of_a_qube_that_is_there_and_not_found_is_unreadable() {
    run(async {
        let mut watched = Watched::start();
        watched.pass(Duration::from_secs(1)).await;
        let scope = Scope::Exposed(name("sys-usb"), DeviceClass::Usb);
        watched.server.0.lock().unwrap().truth.failing.insert(scope, ErrorKind::NotFound);
        let change = event("sys-usb", "device-list-change:usb", "", "");
        watched.server.0.lock().unwrap().tell(&[change]);
        watched.pass(Duration::from_secs(2)).await;
        assert!(watched.machine.unreadable.contains_key(&(name("sys-usb"), DeviceClass::Usb)));
        assert_eq!(watched.machine.devices.len(), 1, "only the microphone");
        watched.server.0.lock().unwrap().truth.failing.clear();
        watched.pass(Duration::from_mins(1)).await;
        watched.assert_true();
    });
}

#[test]
fn devices_and_holders_cost_few_calls_and_idleness_costs_a_stated_share() {
    run(async {
        let mut watched = Watched::start();
        watched.pass(Duration::from_secs(10)).await;
        let settled = watched.server.0.lock().unwrap().reads;
        watched.pass(Duration::from_secs(19)).await;
        assert_eq!(watched.server.0.lock().unwrap().reads, settled, "nothing is read between reconciles");
        watched.pass(Duration::from_mins(5)).await;
        let reads = watched.server.0.lock().unwrap().reads - settled;
        assert!(reads <= settled * 11 / 10 + 11, "{reads} reads in five minutes, {settled} scopes");
    });
}

#[test]
fn a_flood_of_hints_costs_no_more_than_the_scopes() {
    run(async {
        let mut watched = Watched::start();
        watched.pass(Duration::from_secs(1)).await;
        let before = watched.server.0.lock().unwrap().reads;
        for _ in 0..10_000 {
            let plug = event("sys-usb", "device-added:usb", "device", "sys-usb:2-1:id1");
            watched.server.0.lock().unwrap().tell(&[plug]);
        }
        watched.pass(Duration::from_secs(1)).await;
        let reads = watched.server.0.lock().unwrap().reads - before;
        assert!(reads <= 4, "{reads} reads after 10,000 events");
    });
}

#[test]
fn a_doubt_of_somebody_else_has_what_was_lost_read_and_many_cost_no_more_than_the_scopes() {
    run(async {
        let mut watched = Watched::start();
        watched.pass(Duration::from_secs(1)).await;
        watched.server.0.lock().unwrap().let_happen(&Happening::Plug(0, 2), Fate::Lost);
        watched.handle.doubt(Hint::Scope(Scope::Exposed(name("sys-usb"), DeviceClass::Usb)));
        watched.pass(Duration::from_secs(1)).await;
        watched.assert_true();
        let before = watched.server.0.lock().unwrap().reads;
        // More than can wait, and of qubes that are not there.
        for number in 0..10 * DOUBTS_WAITING {
            let nobody = name(&format!("nobody{number}"));
            watched.handle.doubt(Hint::Scope(Scope::Exposed(nobody, DeviceClass::Usb)));
        }
        watched.pass(Duration::from_secs(1)).await;
        let reads = watched.server.0.lock().unwrap().reads - before;
        assert!(reads < DOUBTS_WAITING, "{reads} reads");
        watched.assert_true();
    });
}

#[test]
fn a_backend_that_cannot_be_read_hides_no_other_and_comes_back() {
    run(async {
        let mut watched = Watched::start();
        watched.server.0.lock().unwrap().truth.broken = true;
        watched.pass(Duration::from_secs(1)).await;
        let key = (name("sys-usb"), DeviceClass::Usb);
        assert!(watched.machine.unreadable.contains_key(&key));
        assert_eq!(watched.machine.link, Link::Live);
        assert!(watched.machine.devices.contains_key(&microphone().port));
        watched.server.0.lock().unwrap().truth.broken = false;
        watched.pass(Duration::from_mins(1)).await;
        watched.assert_true();
    });
}

#[test]
fn a_backend_that_notes_a_detach_late_and_tells_nobody_is_asked_again() {
    run(async {
        let mut watched = Watched::start();
        watched.server.0.lock().unwrap().let_happen(&Happening::Attach(0, 1), Fate::Told);
        watched.pass(Duration::from_secs(5)).await;
        let holder = watched.server.0.lock().unwrap().truth.plugged["2-1"].1.clone().unwrap();
        let told = event(holder.as_str(), "device-detach:usb", "port", "sys-usb:2-1");
        watched.server.0.lock().unwrap().tell(&[told]);
        watched.pass(Duration::from_secs(1)).await;
        watched.assert_true();
        watched.server.0.lock().unwrap().let_happen(&Happening::Detach(0), Fate::Lost);
        watched.pass(Duration::from_secs(2)).await;
        watched.assert_true();
    });
}

#[test]
fn what_a_holder_said_before_a_detach_and_arrives_after_it_makes_no_row_bold_again() {
    run(async {
        let mut watched = Watched::start();
        // It keeps another one, so it is asked all the time.
        for happening in [Happening::Plug(1, 2), Happening::Attach(0, 1), Happening::Attach(1, 1)] {
            watched.server.0.lock().unwrap().let_happen(&happening, Fate::Told);
        }
        watched.pass(Duration::from_secs(5)).await;
        let held = Scope::Attached(name("work"), DeviceClass::Usb);
        watched.server.0.lock().unwrap().late = Some((held, Duration::from_millis(20)));
        let told = event("work", "device-attach:usb", "device", "sys-usb:2-1:x");
        watched.server.0.lock().unwrap().tell(&[told]);
        // By now both have been read, and are still under way.
        watched.pass(Duration::from_millis(4)).await;
        watched.server.0.lock().unwrap().let_happen(&Happening::Detach(0), Fate::Told);
        let detached = usb("2-1", 1).port;
        let mut seen = Vec::new();
        for _ in 0..100 {
            watched.pass(Duration::from_millis(1)).await;
            seen.push(watched.machine.devices[&detached].is_attached());
        }
        seen.dedup();
        assert_eq!(seen, [true, false]);
        watched.assert_true();
    });
}
