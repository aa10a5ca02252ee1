//! The agent over a real socket: answers, people who leave, clients that never end, too many of them, and qubesd.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use device_core::name::DeviceId;
use qubesd_sim::Simulator;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, LocalSet};
use tokio::time::timeout;

use super::agent::serve_at;
use super::request::tests::REQUEST;
use super::*;
use crate::door;
use crate::notify::{Effect, Tag};
use crate::preferences::Notices;
use crate::scene::Scene;
use crate::testing::{Make, device, lost_link, name, put, qubes};

mod commit;
mod service;

use service::FakeService;

/// Long enough for a loaded machine; a wait ends as soon as what it waits for is there.
const DEADLINE: Duration = Duration::from_secs(20);

/// An agent that runs, its mirror, and a person who reads and answers.
struct Office {
    _folder: tempfile::TempDir,
    socket: PathBuf,
    scene: watch::Sender<Arc<Scene>>,
    counter: Counter,
    notices: mpsc::Receiver<Effect>,
    service: FakeService,
    _task: JoinHandle<()>,
}

impl Office {
    /// Opens it on the current local set, with a stick on `sys-usb:2-1`.
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("device-agent.GUI");
        let (agent, counter) = agent();
        let (scene, scenes) = watch::channel(Arc::new(with_stick("0781:5567:A:u080650")));
        let (notices, sent) = mpsc::channel(64);
        let service = FakeService::serve().await;
        let ears = Ears { scenes, checker: service.checker(), door: door::door().0, notices };
        let listener = UnixListener::bind(&socket).unwrap();
        let task = tokio::task::spawn_local(serve_at(agent, listener, ears));
        Self { _folder: folder, socket, scene, counter, notices: sent, service, _task: task }
    }

    /// Waits until so many questions wait.
    async fn until(&mut self, count: usize) {
        let seen = self.counter.asked.wait_for(|asked| asked.count() == count);
        timeout(DEADLINE, seen).await.unwrap().unwrap();
    }

    fn first(&self) -> Waiting {
        self.counter.asked.borrow().waiting[0].clone()
    }

    /// The person attaches what the first question is about.
    fn attach_to(&self, qube: &str) {
        let first = self.first();
        self.counter.say(Said::Attach(first.id, name(qube), first.seen));
    }
}

fn with_stick(id: &str) -> Scene {
    let mut scene = qubes();
    let mut stick = device("usb", "sys-usb", "2-1").called("Cruzer Blade");
    stick.info.names.vendor = Some("SanDisk Corp.".into());
    stick.info.id = DeviceId::new(id).unwrap();
    put(&mut scene, stick);
    scene
}

async fn connected(socket: &Path, bytes: &[u8]) -> UnixStream {
    let mut stream = UnixStream::connect(socket).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream
}

/// Asks, and closes the writing half as who asks does.
async fn asking(socket: &Path, request: &str) -> UnixStream {
    let mut stream = connected(socket, request.as_bytes()).await;
    stream.shutdown().await.unwrap();
    stream
}

async fn answer(mut stream: UnixStream) -> String {
    let mut text = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut text)).await.unwrap().unwrap();
    text
}

/// Runs a test on one thread, as the session does.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    LocalSet::new().block_on(&runtime, test);
}

#[test]
fn the_person_answers_each_question_by_itself() {
    run(async {
        let mut office = Office::open().await;
        let first = asking(&office.socket, REQUEST).await;
        office.until(1).await;
        let second = asking(&office.socket, REQUEST).await;
        office.until(2).await;
        office.attach_to("personal");
        assert_eq!(answer(first).await, "allow:personal");
        office.until(1).await;
        office.counter.say(Said::Decline(office.first().id));
        assert_eq!(answer(second).await, "deny");
        office.until(0).await;
    });
}

#[test]
fn who_wants_no_notification_has_none_and_the_question_waits() {
    run(async {
        let mut office = Office::open().await;
        let prefer = |office: &Office, notices| {
            office.scene.send_modify(|scene| {
                Arc::make_mut(scene).preferences.notices = notices;
            });
        };
        prefer(&office, Notices::None);
        let stream = asking(&office.socket, REQUEST).await;
        office.until(1).await;
        assert!(office.notices.try_recv().is_err(), "it is shown although nobody wants it");
        prefer(&office, Notices::Important);
        let shown = timeout(DEADLINE, office.notices.recv()).await.unwrap();
        assert!(matches!(shown, Some(Effect::Show(Tag::Asking, _))), "{shown:?}");
        prefer(&office, Notices::None);
        assert_eq!(timeout(DEADLINE, office.notices.recv()).await.unwrap(), Some(Effect::Close(Tag::Asking)));
        office.attach_to("work");
        assert_eq!(answer(stream).await, "allow:work");
    });
}

#[test]
fn a_notification_points_at_the_question_and_goes_with_it() {
    run(async {
        let mut office = Office::open().await;
        let stream = asking(&office.socket, REQUEST).await;
        let Some(Effect::Show(Tag::Asking, notice)) = office.notices.recv().await else {
            panic!("there is no notification");
        };
        assert_eq!(notice.summary, "Attach sys-usb:2-1?");
        assert!(!notice.body.contains("Cruzer"), "no word of a device in it");
        drop(stream);
        assert_eq!(office.notices.recv().await, Some(Effect::Close(Tag::Asking)));
    });
}

#[test]
fn who_leaves_takes_their_question_along() {
    run(async {
        let mut office = Office::open().await;
        let stream = asking(&office.socket, REQUEST).await;
        office.until(1).await;
        drop(stream);
        office.until(0).await;
    });
}

#[test]
fn a_swap_answers_no_without_a_click() {
    run(async {
        let mut office = Office::open().await;
        let stream = asking(&office.socket, REQUEST).await;
        office.until(1).await;
        office.scene.send_replace(Arc::new(with_stick("0781:5567:B:u080650")));
        assert_eq!(answer(stream).await, "deny");
        office.until(0).await;
        assert_eq!(office.counter.asked.borrow().refused[0].why, Why::Changed);
    });
}

#[test]
fn a_yes_waits_for_a_mirror_that_is_live() {
    run(async {
        let mut office = Office::open().await;
        let stream = asking(&office.socket, REQUEST).await;
        office.until(1).await;
        let mut lost = with_stick("0781:5567:A:u080650");
        lost.machine.link = lost_link();
        office.scene.send_replace(Arc::new(lost));
        office.attach_to("work");
        // The answers of the person are heard in order: after this one the yes was heard, and did not count.
        let other = asking(&office.socket, REQUEST).await;
        office.until(2).await;
        let second = office.counter.asked.borrow().waiting[1].id;
        office.counter.say(Said::Decline(second));
        assert_eq!(answer(other).await, "deny");
        office.until(1).await;
        office.scene.send_replace(Arc::new(with_stick("0781:5567:A:u080650")));
        office.attach_to("work");
        assert_eq!(answer(stream).await, "allow:work");
    });
}

#[test]
fn what_is_no_question_is_answered_no() {
    run(async {
        let office = Office::open().await;
        for request in ["", "\0", "GET / HTTP/1.1\r\n\r\n", "device-agent.GUI dom0 name dom0\0{}"] {
            let stream = asking(&office.socket, request).await;
            assert_eq!(answer(stream).await, "deny", "{request:?}");
        }
        assert!(office.counter.asked.borrow().is_empty());
    });
}

#[test]
fn a_request_that_never_ends_holds_nobody_up() {
    run(async {
        let mut office = Office::open().await;
        let endless = connected(&office.socket, REQUEST.as_bytes()).await;
        let stream = asking(&office.socket, REQUEST).await;
        office.until(1).await;
        office.attach_to("work");
        assert_eq!(answer(stream).await, "allow:work");
        assert_eq!(answer(endless).await, "deny", "after its time is over");
    });
}

#[test]
fn further_questions_than_fit_are_answered_no_at_once() {
    run(async {
        let mut office = Office::open().await;
        let mut streams = Vec::new();
        for _ in 0..desk::WAITING_MAX {
            streams.push(asking(&office.socket, REQUEST).await);
        }
        office.until(desk::WAITING_MAX).await;
        assert_eq!(answer(asking(&office.socket, REQUEST).await).await, "deny");
        office.counter.say(Said::DeclineAll);
        for stream in streams {
            assert_eq!(answer(stream).await, "deny");
        }
        office.until(0).await;
    });
}

#[test]
fn who_gets_no_seat_is_told_no() {
    run(async {
        let office = Office::open().await;
        let mut endless = Vec::new();
        for _ in 0..serve::CONNECTIONS_MAX {
            endless.push(connected(&office.socket, b"device").await);
        }
        // Nothing is sent: what is left unread would be lost with the connection.
        assert_eq!(answer(UnixStream::connect(&office.socket).await.unwrap()).await, "deny");
        drop(endless);
        // As soon as the seats are free, questions are asked again.
        let mut counter = office.counter.clone();
        let seated = async {
            loop {
                let stream = asking(&office.socket, REQUEST).await;
                tokio::select! {
                    _ = counter.asked.wait_for(|asked| asked.count() == 1) => return stream,
                    () = no(&stream) => {}
                }
            }
        };
        let stream = timeout(DEADLINE, seated).await.unwrap();
        office.attach_to("work");
        assert_eq!(answer(stream).await, "allow:work");
    });
}

/// Waits until there is an answer, or the connection ended.
async fn no(stream: &UnixStream) {
    stream.readable().await.unwrap();
}

/// Says one line of the control language to a simulator that serves.
async fn control(socket: &Path, line: &str) -> String {
    let mut place = socket.as_os_str().to_owned();
    place.push(".ctl");
    answer(asking(Path::new(&place), &format!("{line}\n")).await).await
}

#[test]
fn qubesd_gets_the_answer_that_the_person_gave() {
    run(async {
        let mut office = Office::open().await;
        let socket = office.socket.with_file_name("qubesd.sock");
        let simulator = Simulator::load("laptop").unwrap().with_agent(&office.socket);
        tokio::task::spawn_local(simulator.bind(&socket).unwrap().run(std::future::pending()));
        for qube in ["work", "personal"] {
            let assign =
                format!("call admin.vm.device.usb.Assign+sys-usb+2-1+_ {qube} \"mode='ask-to-attach'\"");
            assert_eq!(control(&socket, &assign).await, "ok\n");
        }
        for (said, holders) in [(Some("personal"), "ok usb:sys-usb:2-1=personal\n"), (None, "ok\n")] {
            let plugged = {
                let socket = socket.clone();
                tokio::task::spawn_local(async move { control(&socket, "plug stick").await })
            };
            office.until(1).await;
            let first = office.first();
            assert_eq!(first.question.targets, [name("personal"), name("work")]);
            match said {
                Some(qube) => office.attach_to(qube),
                None => office.counter.say(Said::Decline(first.id)),
            }
            assert!(plugged.await.unwrap().starts_with("ok"));
            assert_eq!(control(&socket, "holders usb").await, holders);
            control(&socket, "unplug stick").await;
        }
    });
}
