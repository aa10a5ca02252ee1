//! After an unclear end a look tells what came of it, for every way a reply can fail.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::assignment::Options;
use crate::error::ServerError;
use crate::hypervisor::{Hints, Performed};
use crate::name::{DeviceClass, Port, PortId};
use crate::qube::{QubeClass, QubeState};
use crate::scope::Hint;

/// What becomes of a change and of its reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    DoneAndTold,
    DoneAndSilent,
    DoneAndCut,
    UndoneAndSilent,
    UndoneAndCut,
    /// And nothing can be read any more.
    Cut,
    /// As [`End::Cut`], without one byte.
    Silent,
    Refused,
    /// And stored or dropped all the same, as the real server does with an assignment.
    DoneAndRefused,
    /// It is stored already.
    RefusedAsStored,
    /// And nothing can be read any more.
    RefusedAndGone,
}

struct Fake(Mutex<World>);

struct World {
    ends: VecDeque<End>,
    stored: Vec<Assignment>,
    qubes: Vec<QubeState>,
    is_away: bool,
}

struct NoHints;

impl Hints for NoHints {
    async fn next(&mut self) -> Result<Vec<Hint>, Error> {
        std::future::pending().await
    }
}

fn name(text: &str) -> QubeName {
    QubeName::new(text).unwrap()
}

fn disk() -> DeviceRef {
    let port = Port::new(name("sys-usb"), DeviceClass::Block, PortId::new("sda").unwrap());
    DeviceRef { port, id: DeviceId::new("a:b:c").unwrap() }
}

fn assignment(mode: Mode) -> Assignment {
    Assignment::exactly(&disk(), &name("work"), mode, Options::new())
}

fn fake(ends: &[End], stored: &[Assignment], work: PowerState) -> Fake {
    let qubes = vec![QubeState { name: name("work"), class: QubeClass::App, state: work }];
    let (ends, stored) = (ends.iter().copied().collect(), stored.to_vec());
    Fake(Mutex::new(World { ends, stored, qubes, is_away: false }))
}

impl World {
    fn make(&mut self, action: &Action) {
        let state = match action {
            Action::Assign(assignment) => return self.stored.push(assignment.clone()),
            Action::Unassign(assignment) => return self.stored.retain(|stored| stored != assignment),
            Action::Start(_) => PowerState::Running,
            Action::Shutdown(_) => PowerState::Halting,
            other => panic!("{other:?}"),
        };
        self.qubes.iter_mut().for_each(|qube| qube.state = state);
    }
}

impl Hypervisor for Fake {
    type Hints = NoHints;

    async fn read(&self, scope: &Scope) -> Result<ScopeReply, Error> {
        let world = self.0.lock().unwrap();
        match scope {
            _ if world.is_away => Err(Error::new(ErrorKind::Unreachable, "Gone.")),
            Scope::Qubes => Ok(ScopeReply::Qubes(world.qubes.clone())),
            Scope::Assigned(..) => Ok(ScopeReply::Assigned(world.stored.clone())),
            other => panic!("{other:?}"),
        }
    }

    async fn subscribe(&self) -> Result<NoHints, Error> {
        Ok(NoHints)
    }

    async fn perform(&self, action: &Action) -> Result<Performed, Error> {
        let mut world = self.0.lock().unwrap();
        let end = world.ends.pop_front().unwrap_or(End::DoneAndTold);
        if matches!(end, End::DoneAndTold | End::DoneAndSilent | End::DoneAndCut | End::DoneAndRefused) {
            world.make(action);
        }
        world.is_away = matches!(end, End::Cut | End::Silent | End::RefusedAndGone);
        match end {
            End::DoneAndTold => Ok(Performed::Done),
            End::DoneAndSilent | End::UndoneAndSilent | End::Silent => Err(Error::empty_reply()),
            End::DoneAndCut | End::UndoneAndCut | End::Cut => Err(Error::new(ErrorKind::Malformed, "Cut")),
            End::Refused | End::DoneAndRefused | End::RefusedAndGone => {
                Err(Error::new(ErrorKind::Refused, "No."))
            }
            End::RefusedAsStored => Err(Error::from_server(ServerError {
                class: "DeviceAlreadyAssigned".into(),
                message: "Stored.".into(),
            })),
        }
    }
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test)
}

fn told(outcome: Result<(), Error>) -> (ErrorKind, String) {
    let error = outcome.unwrap_err();
    (error.kind(), error.sentence().to_owned())
}

fn said(kind: ErrorKind, sentence: &str) -> (ErrorKind, String) {
    (kind, sentence.to_owned())
}

const UNKNOWN: &str = "Whether the command was carried out is not known; look again.";

#[test]
fn what_was_done_without_a_whole_reply_is_a_success() {
    for end in [End::DoneAndTold, End::DoneAndSilent, End::DoneAndCut] {
        let stored = [assignment(Mode::Required)];
        let halted = || fake(&[end], &[], PowerState::Halted);
        assert_eq!(run(assign(&halted(), &stored[0])), Ok(()), "{end:?}");
        let fake = |state| fake(&[end], &stored, state);
        assert_eq!(run(unassign(&fake(PowerState::Halted), &disk(), &name("work"))), Ok(()), "{end:?}");
        assert_eq!(run(start(&fake(PowerState::Halted), &name("work"))), Ok(()), "{end:?}");
        assert_eq!(run(shutdown(&fake(PowerState::Running), &name("work"))), Ok(()), "{end:?}");
    }
}

#[test]
fn what_was_not_done_is_told_as_it_is_now() {
    let (wanted, work) = (assignment(Mode::Required), name("work"));
    let halted = || fake(&[End::UndoneAndCut], &[], PowerState::Halted);
    let told_cut = |outcome, now: &str| assert_eq!(told(outcome), said(ErrorKind::Malformed, now));
    told_cut(run(assign(&halted(), &wanted)), "Cut. It is not stored for work now.");
    let other = fake(&[End::UndoneAndCut; 2], &[assignment(Mode::AskToAttach)], PowerState::Halted);
    told_cut(run(assign(&other, &wanted)), "Cut. It is stored for work as ask-to-attach now.");
    told_cut(run(unassign(&other, &disk(), &work)), "Cut. It is still stored for work.");
    told_cut(run(start(&halted(), &work)), "Cut. work is not running now.");
    told_cut(run(start(&halted(), &name("nosuch"))), "Cut. There is no qube nosuch now.");
    let starting = fake(&[End::UndoneAndCut], &[], PowerState::Transient);
    told_cut(run(start(&starting, &work)), "Cut. work is starting now.");
}

#[test]
fn silence_that_did_nothing_is_a_refusal() {
    let (wanted, work) = (assignment(Mode::Required), name("work"));
    let silent = || fake(&[End::UndoneAndSilent], std::slice::from_ref(&wanted), PowerState::Halted);
    assert_eq!(run(start(&silent(), &work)), Err(Error::empty_reply()));
    assert_eq!(run(unassign(&silent(), &disk(), &work)), Err(Error::empty_reply()));
    let empty = fake(&[End::UndoneAndSilent], &[], PowerState::Halted);
    assert_eq!(run(assign(&empty, &wanted)), Err(Error::empty_reply()));
}

#[test]
fn whether_a_qube_that_runs_was_asked_to_shut_down_is_left_open() {
    let still = "work still runs; whether it was asked to shut down is not known. Look again.";
    for (end, kind, first) in [
        (End::UndoneAndCut, ErrorKind::Malformed, "Cut."),
        (End::UndoneAndSilent, ErrorKind::Unreachable, "qubesd gave no answer."),
    ] {
        let running = fake(&[end], &[], PowerState::Running);
        assert_eq!(told(run(shutdown(&running, &name("work")))), said(kind, &format!("{first} {still}")));
        let gone = fake(&[end], &[], PowerState::Running);
        let now = format!("{first} There is no qube disp1 now.");
        assert_eq!(told(run(shutdown(&gone, &name("disp1")))), said(kind, &now));
    }
}

#[test]
fn what_cannot_be_read_back_is_left_open() {
    let (wanted, work) = (assignment(Mode::Required), name("work"));
    for (end, kind, first) in [
        (End::Cut, ErrorKind::Malformed, "Cut."),
        (End::Silent, ErrorKind::Unreachable, "qubesd gave no answer."),
    ] {
        let fake = || fake(&[end], std::slice::from_ref(&wanted), PowerState::Running);
        for outcome in [
            run(assign(&fake(), &wanted)),
            run(unassign(&fake(), &disk(), &work)),
            run(start(&fake(), &work)),
            run(shutdown(&fake(), &work)),
        ] {
            assert_eq!(told(outcome), said(kind, &format!("{first} {UNKNOWN}")));
        }
    }
}

#[test]
fn a_refusal_in_words_is_believed_without_a_look() {
    let fake = fake(&[End::Refused; 4], &[], PowerState::Running);
    fake.0.lock().unwrap().is_away = true;
    let refused = Error::new(ErrorKind::Refused, "No.");
    assert_eq!(run(assign(&fake, &assignment(Mode::Required))), Err(refused.clone()));
    assert_eq!(run(start(&fake, &name("work"))), Err(refused.clone()));
    assert_eq!(run(shutdown(&fake, &name("work"))), Err(refused));
}

#[test]
fn of_several_assignments_those_that_went_are_told() {
    let any = Assignment { device: None, ..assignment(Mode::AutoAttach) };
    let stored = [assignment(Mode::Required), any];
    let fake = fake(&[End::DoneAndTold, End::Refused], &stored, PowerState::Halted);
    let outcome = run(unassign(&fake, &disk(), &name("work")));
    assert_eq!(told(outcome), said(ErrorKind::Refused, "No. 1 of 2 assignments had been dropped before."));
    assert_eq!(run(unassign(&fake, &disk(), &name("work"))), Ok(()));
    let nothing = run(unassign(&fake, &disk(), &name("work")));
    assert_eq!(told(nothing), said(ErrorKind::NotFound, "sys-usb:sda is not assigned to work."));
}

#[test]
fn a_server_that_tells_no_ids_stores_what_is_on_the_port() {
    let untold = DeviceRef { id: DeviceId::untold(), ..disk() };
    let wanted = Assignment::exactly(&untold, &name("work"), Mode::Required, Options::new());
    let stored = Assignment { device: None, ..wanted.clone() };
    let fake = fake(&[End::UndoneAndCut], &[stored], PowerState::Halted);
    assert_eq!(run(assign(&fake, &wanted)), Ok(()));
    assert_eq!(run(stored_mode(&fake, &assignment(Mode::Required))), Ok(None));
}

/// What the real server may refuse when it has stored it.
fn webcam() -> Assignment {
    let class = DeviceClass::new("webcam").unwrap();
    Assignment { class, ..assignment(Mode::AutoAttach) }
}

fn stored(fake: &Fake) -> Vec<Assignment> {
    fake.0.lock().unwrap().stored.clone()
}

/// What comes of storing it, in a place where nothing is stored but this.
fn stored_with(ends: &[End], before: &[Assignment], wanted: &Assignment) -> (Left, Vec<Assignment>) {
    let fake = fake(ends, before, PowerState::Running);
    let (_, left) = run(store(&fake, wanted)).unwrap_err();
    (left, stored(&fake))
}

#[test]
fn a_refused_assignment_that_is_stored_all_the_same_is_taken_out_again() {
    let stuck = Left::Stays(Error::new(ErrorKind::Refused, "No."));
    for (ends, left, stays) in [
        (vec![End::Refused], Left::Nothing, false),
        (vec![End::DoneAndRefused], Left::Nothing, false),
        (vec![End::DoneAndRefused, End::DoneAndCut], Left::Nothing, false),
        (vec![End::DoneAndRefused, End::Refused], stuck, true),
        (vec![End::RefusedAndGone], Left::Unread, false),
    ] {
        let expected = (left, if stays { vec![webcam()] } else { Vec::new() });
        assert_eq!(stored_with(&ends, &[], &webcam()), expected, "{ends:?}");
    }
}

#[test]
fn what_was_stored_before_a_refused_assignment_stays() {
    for mode in [Mode::AutoAttach, Mode::AskToAttach] {
        let before = [Assignment { mode, ..webcam() }];
        let expected = (Left::Earlier, before.to_vec());
        for end in [End::Refused, End::RefusedAsStored, End::RefusedAndGone] {
            assert_eq!(stored_with(&[end], &before, &webcam()), expected, "{end:?}");
        }
    }
}

#[test]
fn of_a_disk_that_no_server_checks_so_late_nothing_is_taken_out() {
    let (wanted, other) = (assignment(Mode::Required), assignment(Mode::AskToAttach));
    for (ends, before, left) in [
        ([End::Refused], vec![], Left::Nothing),
        ([End::RefusedAndGone], vec![], Left::Nothing),
        ([End::Refused], vec![wanted.clone()], Left::Stored),
        ([End::Refused], vec![other], Left::Earlier),
        ([End::RefusedAsStored], vec![wanted.clone()], Left::Earlier),
    ] {
        assert_eq!(stored_with(&ends, &before, &wanted), (left, before), "{ends:?}");
    }
}

#[test]
fn what_a_refused_assignment_left_is_told() {
    let told_of = |ends: &[End], before: &[Assignment]| {
        told(run(assign(&fake(ends, before, PowerState::Running), &assignment(Mode::Required))))
    };
    let refused = |sentence: &str| said(ErrorKind::Refused, sentence);
    assert_eq!(told_of(&[End::Refused], &[]), refused("No."));
    assert_eq!(
        told_of(&[End::Refused], &[assignment(Mode::Required)]),
        refused("No. It is stored for work as required now.")
    );
    let why = Error::new(ErrorKind::Refused, "Stuck");
    assert_eq!(
        stays(&assignment(Mode::Required), &why),
        "It is stored for work as required all the same and could not be taken out again: Stuck."
    );
    assert_eq!(
        not_read(&assignment(Mode::Required)),
        "Whether it is stored for work could not be read; look again."
    );
}

#[test]
fn what_should_not_be_stored_is_not_asked_for() {
    let usb = |id, mode, options| {
        let port = Port::new(name("sys-usb"), DeviceClass::Usb, PortId::new("2-1").unwrap());
        Assignment::exactly(&DeviceRef { port, id }, &name("work"), mode, options)
    };
    let id = || DeviceId::new("0781:5567:4C53:u080650").unwrap();
    let read_only = || Options::from_iter([("read-only", "yes")]);
    for (wanted, kind, sentence) in [
        (
            usb(id(), Mode::Required, Options::new()),
            ErrorKind::Unsupported,
            "Only pci and block devices can be assigned as required.",
        ),
        (
            usb(id(), Mode::AskToAttach, read_only()),
            ErrorKind::Refused,
            "An assignment of a usb device takes no options.",
        ),
        (
            Assignment {
                device: Some(DeviceId::new("0000:0000::?******:1").unwrap()),
                ..assignment(Mode::Required)
            },
            ErrorKind::Busy,
            "While a part of its disk is in use, nothing tells which disk sys-usb:sda is on. \
             Detach that part first.",
        ),
    ] {
        let fake = fake(&[], &[], PowerState::Running);
        assert_eq!(told(run(assign(&fake, &wanted))), said(kind, sentence));
        assert_eq!(fake.0.lock().unwrap().stored, []);
    }
    let older = fake(&[], &[], PowerState::Running);
    let wanted = usb(DeviceId::untold(), Mode::Required, Options::new());
    assert_eq!(run(assign(&older, &wanted)), Ok(()), "a server before R4.3 knows no other mode");
}
