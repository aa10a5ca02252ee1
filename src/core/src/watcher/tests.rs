//! Laws of the mirror over a made-up machine: events may be lost, doubled and reordered, the server may restart at
//! any moment, and once all is quiet the mirror equals the truth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::assignment::{Attachment, Mode, Options};
use crate::device::DeviceInfo;
use crate::hypervisor::{Action, Performed};
use crate::machine::Machine;
use crate::name::{DeviceClass, DeviceId, DeviceRef, Port, PortId, QubeName};
use crate::qube::{PowerState, QubeClass, QubeDetails, QubeState};
use crate::scope::stale_after;
use crate::wire::event::Event;

const QUBES: [&str; 5] = ["sys-usb", "work", "personal", "vault", "late"];
const PORTS: [&str; 3] = ["2-1", "2-2", "2-3"];

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

/// The truth: who runs, what is plugged into sys-usb, who holds it, who has the microphone.
#[derive(Debug, Clone, Default)]
struct Truth {
    running: BTreeSet<QubeName>,
    plugged: BTreeMap<String, (u8, Option<QubeName>)>,
    microphone: BTreeSet<QubeName>,
    broken: bool,
}

impl Truth {
    fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        if let Some(qube) = scope.qube()
            && !qube.is_dom0()
            && !QUBES.contains(&qube.as_str())
        {
            return Err(Error::new(ErrorKind::NotFound, "No such domain"));
        }
        let runs = |qube: &QubeName| qube.is_dom0() || self.running.contains(qube);
        Ok(match scope {
            Scope::Classes => ScopeReply::Classes(vec![DeviceClass::Mic, DeviceClass::Usb]),
            Scope::Qubes => ScopeReply::Qubes(self.qubes()),
            Scope::Details(_) => ScopeReply::Details(QubeDetails::default()),
            Scope::Exposed(qube, DeviceClass::Usb) if self.broken && qube.as_str() == "sys-usb" => {
                return Err(Error::empty_reply());
            }
            Scope::Exposed(qube, class) if runs(qube) => ScopeReply::Exposed(self.exposed(qube, class)),
            Scope::Attached(qube, class) if runs(qube) => ScopeReply::Attached(self.attached(qube, class)),
            Scope::Exposed(..) => ScopeReply::Exposed(Vec::new()),
            Scope::Attached(..) => ScopeReply::Attached(Vec::new()),
            Scope::Assigned(..) => ScopeReply::Assigned(Vec::new()),
        })
    }

    fn qubes(&self) -> Vec<QubeState> {
        let state = |qube: &str, class, runs| QubeState {
            name: name(qube),
            class,
            state: if runs { PowerState::Running } else { PowerState::Halted },
        };
        let apps = QUBES.map(|qube| state(qube, QubeClass::App, self.running.contains(&name(qube))));
        [state("dom0", QubeClass::Admin, true)].into_iter().chain(apps).collect()
    }

    fn exposed(&self, qube: &QubeName, class: &DeviceClass) -> Vec<DeviceInfo> {
        match (qube.as_str(), class) {
            ("dom0", DeviceClass::Mic) => {
                vec![DeviceInfo::unknown(microphone().port, microphone().id)]
            }
            ("sys-usb", DeviceClass::Usb) => self
                .plugged
                .iter()
                .map(|(port, (id, holder))| {
                    let device = usb(port, *id);
                    let mut info = DeviceInfo::unknown(device.port, device.id);
                    info.holder.clone_from(holder);
                    info
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn attached(&self, qube: &QubeName, class: &DeviceClass) -> Vec<Attachment> {
        let attachment = |device| Attachment {
            device,
            frontend: qube.clone(),
            mode: Mode::Manual,
            options: Options::from_iter([("seen", "yes")]),
        };
        match class {
            DeviceClass::Mic if self.microphone.contains(qube) => vec![attachment(microphone())],
            DeviceClass::Usb if self.running.contains(&name("sys-usb")) => self
                .plugged
                .iter()
                .filter(|(_, (_, holder))| holder.as_ref() == Some(qube))
                .map(|(port, (id, _))| attachment(usb(port, *id)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// What the mirror has to show: everything read at once, with nothing in between.
    fn machine(&self) -> Machine {
        let mut inventory = Inventory::default();
        let mut settled = Machine::default();
        loop {
            for scope in inventory.wanted().into_keys() {
                match self.read(&scope) {
                    Ok(reply) => inventory.replace(&scope, reply),
                    Err(error) => inventory.mark_unreadable(&scope, error.sentence()),
                };
            }
            if *inventory.machine() == settled {
                settled.link = Link::Live;
                return settled;
            }
            settled = inventory.machine().clone();
        }
    }
}

fn usb(port: &str, id: u8) -> DeviceRef {
    let port = Port::new(name("sys-usb"), DeviceClass::Usb, PortId::new(port).unwrap());
    DeviceRef { port, id: DeviceId::new(&format!("id{id}")).unwrap() }
}

fn microphone() -> DeviceRef {
    let port = Port::new(QubeName::dom0(), DeviceClass::Mic, PortId::new("mic").unwrap());
    DeviceRef { port, id: DeviceId::new("dom0:mic").unwrap() }
}

/// Something that happens, and the events the server tells of it.
#[derive(Debug, Clone)]
enum Happening {
    Plug(usize, u8),
    Unplug(usize),
    Attach(usize, usize),
    Detach(usize),
    Microphone(usize),
    Power(usize),
    Break,
}

impl Happening {
    fn any() -> impl Strategy<Value = Self> {
        let (port, qube) = (0..PORTS.len(), 0..QUBES.len());
        prop_oneof![
            (port.clone(), any::<u8>()).prop_map(|(port, id)| Self::Plug(port, id)),
            port.clone().prop_map(Self::Unplug),
            (port.clone(), qube.clone()).prop_map(|(port, qube)| Self::Attach(port, qube)),
            port.prop_map(Self::Detach),
            qube.clone().prop_map(Self::Microphone),
            qube.prop_map(Self::Power),
            Just(Self::Break),
        ]
    }

    fn happen(&self, truth: &mut Truth) -> Vec<Event> {
        match *self {
            Self::Plug(port, id) => {
                let port = PORTS[port];
                truth.plugged.insert(port.to_owned(), (id, None));
                vec![event("sys-usb", "device-added:usb", "device", &format!("sys-usb:{port}:id{id}"))]
            }
            Self::Unplug(port) => {
                let port = PORTS[port];
                let gone = truth.plugged.remove(port);
                let mut events =
                    vec![event("sys-usb", "device-removed:usb", "port", &format!("sys-usb:{port}"))];
                if let Some((_, Some(holder))) = gone {
                    events.push(event(
                        holder.as_str(),
                        "device-detach:usb",
                        "port",
                        &format!("sys-usb:{port}"),
                    ));
                }
                events
            }
            Self::Attach(port, qube) => {
                let (port, qube) = (PORTS[port], name(QUBES[qube]));
                let able = truth.running.contains(&qube) && qube.as_str() != "sys-usb";
                match truth.plugged.get_mut(port).filter(|(_, holder)| able && holder.is_none()) {
                    None => Vec::new(),
                    Some((_, holder)) => {
                        *holder = Some(qube.clone());
                        vec![event(
                            qube.as_str(),
                            "device-attach:usb",
                            "device",
                            &format!("sys-usb:{port}:x"),
                        )]
                    }
                }
            }
            Self::Detach(port) => {
                let port = PORTS[port];
                match truth.plugged.get_mut(port).and_then(|(_, holder)| holder.take()) {
                    None => Vec::new(),
                    Some(qube) => {
                        vec![event(qube.as_str(), "device-detach:usb", "port", &format!("sys-usb:{port}"))]
                    }
                }
            }
            Self::Microphone(qube) => {
                let qube = name(QUBES[qube]);
                let verb = if !truth.running.contains(&qube) {
                    return Vec::new();
                } else if truth.microphone.remove(&qube) {
                    "device-detach:mic"
                } else {
                    truth.microphone.insert(qube.clone());
                    "device-attach:mic"
                };
                vec![event(qube.as_str(), verb, "device", "dom0:mic:dom0:mic")]
            }
            Self::Power(qube) => {
                let qube = name(QUBES[qube]);
                if !truth.running.remove(&qube) {
                    truth.running.insert(qube.clone());
                    return vec![event(qube.as_str(), "domain-start", "start_guid", "True")];
                }
                truth.microphone.remove(&qube);
                let all = qube.as_str() == "sys-usb";
                for (_, holder) in truth.plugged.values_mut() {
                    if all || holder.as_ref() == Some(&qube) {
                        *holder = None;
                    }
                }
                // Of the devices it held nothing is said: a kill looks like this.
                vec![event(qube.as_str(), "domain-shutdown", "", "")]
            }
            Self::Break => {
                truth.broken = !truth.broken;
                vec![event("sys-usb", "device-list-change:usb", "", "")]
            }
        }
    }
}

fn event(subject: &str, name: &str, key: &str, value: &str) -> Event {
    let pairs = if key.is_empty() { Vec::new() } else { vec![(key.to_owned(), value.to_owned())] };
    Event { subject: subject.to_owned(), name: name.to_owned(), pairs }
}

/// What becomes of the events of one happening on their way.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Told,
    Lost,
    Doubled,
    HeldBack,
    Restart,
}

impl Fate {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            3 => Just(Self::Told),
            1 => Just(Self::Lost),
            1 => Just(Self::Doubled),
            1 => Just(Self::HeldBack),
            1 => Just(Self::Restart)
        ]
    }
}

#[derive(Default)]
struct Server {
    truth: Truth,
    up: bool,
    streams: Vec<mpsc::UnboundedSender<Vec<Hint>>>,
    held_back: Vec<Event>,
    reads: usize,
}

impl Server {
    fn tell(&mut self, events: &[Event]) {
        for event in events {
            let hints = stale_after(event);
            self.streams.retain(|stream| stream.send(hints.clone()).is_ok());
        }
    }

    fn let_happen(&mut self, happening: &Happening, fate: Fate) {
        let events = happening.happen(&mut self.truth);
        match fate {
            Fate::Told => {
                self.tell(&events);
                let late = std::mem::take(&mut self.held_back);
                self.tell(&late);
            }
            Fate::Lost => {}
            Fate::Doubled => {
                self.tell(&events);
                self.tell(&events);
            }
            Fate::HeldBack => self.held_back.splice(0..0, events).for_each(drop),
            Fate::Restart => {
                self.up = !self.up;
                self.streams.clear();
            }
        }
    }
}

/// A hypervisor whose truth a test changes.
struct FakeHypervisor(Mutex<Server>);

struct FakeHints(mpsc::UnboundedReceiver<Vec<Hint>>);

impl Hints for FakeHints {
    async fn next(&mut self) -> Result<Vec<Hint>, Error> {
        self.0.recv().await.ok_or_else(|| Error::new(ErrorKind::Unreachable, "closed"))
    }
}

impl Hypervisor for FakeHypervisor {
    type Hints = FakeHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(3)).await;
        // The reply is true at this instant and arrives later.
        let reply = {
            let mut server = self.0.lock().unwrap();
            server.reads += 1;
            if server.up { server.truth.read(scope) } else { Err(Error::new(ErrorKind::Unreachable, "down")) }
        };
        tokio::time::sleep_until(Instant::now() + Duration::from_millis(2)).await;
        reply
    }

    async fn subscribe(&self) -> Result<FakeHints, Error> {
        let mut server = self.0.lock().unwrap();
        if !server.up {
            return Err(Error::new(ErrorKind::Unreachable, "down"));
        }
        let (sender, receiver) = mpsc::unbounded_channel();
        server.streams.push(sender);
        Ok(FakeHints(receiver))
    }

    async fn perform(&self, _: &Action) -> Result<Performed, Error> {
        Err(Error::new(ErrorKind::Unsupported, "this test commands nothing"))
    }
}

/// A watcher on a fake hypervisor, and the machine that its changes make.
struct Watched {
    server: Arc<FakeHypervisor>,
    changes: mpsc::Receiver<Vec<Change>>,
    machine: Machine,
}

impl Watched {
    fn start() -> Self {
        let mut truth = Truth::default();
        truth.running.extend(["sys-usb", "work", "personal"].map(name));
        truth.plugged.insert("2-1".to_owned(), (1, None));
        let server = Server { truth, up: true, ..Server::default() };
        let server = Arc::new(FakeHypervisor(Mutex::new(server)));
        let (sender, changes) = mpsc::channel(64);
        let (watcher, _handle) = Watcher::new(Arc::clone(&server), sender);
        tokio::spawn(watcher.run());
        Self { server, changes, machine: Machine::default() }
    }

    /// Lets this much (virtual) time pass and follows the changes.
    async fn pass(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(Some(batch)) = tokio::time::timeout_at(end, self.changes.recv()).await {
            batch.into_iter().for_each(|change| self.machine.apply(change));
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
