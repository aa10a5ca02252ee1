//! Commands over a socket pair: they answer when done, their errors carry names, and none holds up another.

use std::collections::HashMap;

use device_bus::error;
use device_core::error::{Error, ErrorKind};
use device_core::machine::{Link, Machine};
use device_core::name::{DeviceId, DeviceRef, QubeName};
use zbus::fdo::IntrospectableProxy;
use zbus::zvariant::{ObjectPath, Value};

use crate::testing::{Client, Cut, Fake, assert_manual, disk, name, plain, stick, within, words};

fn holders(machine: &Machine, device: &DeviceRef) -> Vec<QubeName> {
    machine.devices.get(&device.port).unwrap().attachments.keys().cloned().collect()
}

/// The kind of a failed call, by the error's name.
fn kind<T: std::fmt::Debug>(outcome: zbus::Result<T>) -> ErrorKind {
    match outcome.unwrap_err() {
        zbus::Error::MethodError(name, _, _) => error::kind_of(&name).unwrap(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_manager_is_as_the_manual_says() {
    let client = Client::of(Fake::new()).await;
    let object = IntrospectableProxy::builder(&client.connection)
        .destination(device_bus::names::BUS)
        .and_then(|builder| builder.path(device_bus::names::ROOT))
        .unwrap()
        .build()
        .await
        .unwrap();
    let page = include_str!("../../../../data/dbus-1/interfaces/org.plugboard.Devices1.Manager.xml");
    assert_manual(device_bus::names::MANAGER, page, &within(object.introspect()).await.unwrap());
}

#[tokio::test]
async fn attach_move_and_detach_answer_and_the_tree_follows() {
    let mut client = Client::of(Fake::new()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    within(manager.attach(&path, id, "work", plain())).await.unwrap();
    client.until(|machine| holders(machine, &device) == [name("work")]).await;
    within(manager.move_to(&path, id, "personal", plain())).await.unwrap();
    client.until(|machine| holders(machine, &device) == [name("personal")]).await;
    within(manager.detach(&path, id, "personal", plain())).await.unwrap();
    client.until(|machine| holders(machine, &device).is_empty()).await;
}

#[tokio::test]
async fn a_move_that_fails_puts_the_device_back_and_says_so() {
    let client = Client::of(Fake::new()).await;
    let manager = client.manager().await;
    let device = disk("sdb");
    let (path, id) = words(&device);
    within(manager.attach(&path, id, "work", plain())).await.unwrap();
    let failure = within(manager.move_to(&path, id, "personal", plain())).await.unwrap_err();
    let failure = error::from_bus(&failure);
    assert_eq!(failure.kind(), ErrorKind::Refused);
    assert_eq!(failure.sentence(), "No space_left. It is back in work.");
}

#[tokio::test]
async fn errors_carry_the_name_of_their_kind() {
    let client = Client::of(Fake::new()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    assert_eq!(kind(manager.attach(&path, id, "vault", plain()).await), ErrorKind::NotRunning);
    assert_eq!(kind(manager.attach(&path, id, "nosuch", plain()).await), ErrorKind::NotFound);
    assert_eq!(kind(manager.attach(&path, id, "dom0", plain()).await), ErrorKind::Refused);
    assert_eq!(kind(manager.detach(&path, id, "work", plain()).await), ErrorKind::NotFound);
    assert_eq!(kind(manager.attach(&path, "1234:5678", "work", plain()).await), ErrorKind::Changed);
    manager.attach(&path, id, "work", plain()).await.unwrap();
    assert_eq!(kind(manager.attach(&path, id, "personal", plain()).await), ErrorKind::AlreadyAttached);
}

#[tokio::test]
async fn a_check_reads_afresh_and_changes_nothing() {
    let fake = Fake::new();
    let client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    let before = fake.reads();
    within(manager.check(&path, id, "work", plain())).await.unwrap();
    assert!(fake.reads() > before, "only the mirror was asked");
    assert_eq!(kind(manager.check(&path, "1234:5678", "work", plain()).await), ErrorKind::Changed);
    assert_eq!(kind(manager.check(&path, id, "vault", plain()).await), ErrorKind::NotRunning);
    let read_only = HashMap::from([("read-only", Value::from(true))]);
    assert_eq!(kind(manager.check(&path, id, "work", read_only).await), ErrorKind::Refused);
    within(manager.attach(&path, id, "work", plain())).await.unwrap();
    assert_eq!(kind(manager.check(&path, id, "personal", plain()).await), ErrorKind::AlreadyAttached);
    fake.unplug(&device.port);
    let gone = error::from_bus(&within(manager.check(&path, id, "work", plain())).await.unwrap_err());
    assert_eq!(gone, Error::gone(&device.port));
    fake.set_up(false);
    assert_eq!(kind(manager.check(&path, id, "work", plain()).await), ErrorKind::Unreachable);
}

#[tokio::test]
async fn what_was_not_as_it_was_seen_is_looked_at_again_at_once() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    let other = DeviceRef { id: DeviceId::new("1234:5678:u080650").unwrap(), ..device.clone() };
    fake.swap_unheard(other.clone());
    assert_eq!(kind(within(manager.attach(&path, id, "work", plain())).await), ErrorKind::Changed);
    client.until(|machine| machine.devices.get(&device.port).is_some_and(|it| it.info.id == other.id)).await;
    fake.unplug_unheard(&device.port);
    let (path, id) = words(&other);
    assert_eq!(kind(within(manager.attach(&path, id, "work", plain())).await), ErrorKind::NotFound);
    client.until(|machine| !machine.devices.contains_key(&device.port)).await;
}

#[tokio::test]
async fn what_is_no_device_qube_id_mode_or_option_is_refused() {
    let client = Client::of(Fake::new()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    for foreign in ["/", "/org/plugboard/Devices1", "/org/plugboard/Devices1/device/usb__sys_2dusb__2_2d9"] {
        let foreign = ObjectPath::try_from(foreign).unwrap();
        let outcome = manager.attach(&foreign, id, "work", plain()).await;
        assert_eq!(kind(outcome), ErrorKind::NotFound, "{foreign}");
    }
    for bad in ["", "*", "a b"] {
        assert_eq!(kind(manager.attach(&path, bad, "work", plain()).await), ErrorKind::Refused, "{bad}");
    }
    for bad in ["", "a b", "../work", "-o"] {
        assert_eq!(kind(manager.detach(&path, id, bad, plain()).await), ErrorKind::Refused, "{bad}");
        assert_eq!(kind(manager.start_qube(bad, plain()).await), ErrorKind::Refused, "{bad}");
    }
    for bad in ["manual", "", "always"] {
        assert_eq!(kind(manager.assign(&path, id, "work", bad, plain()).await), ErrorKind::Refused, "{bad}");
    }
    let unknown = || HashMap::from([("persistent", Value::from(true))]);
    assert_eq!(kind(manager.attach(&path, id, "work", unknown()).await), ErrorKind::Refused);
    assert_eq!(kind(manager.detach(&path, id, "work", unknown()).await), ErrorKind::Refused);
    assert_eq!(kind(manager.refresh(unknown()).await), ErrorKind::Refused);
}

#[tokio::test]
async fn a_command_that_takes_long_holds_up_nobody() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    fake.let_attach(false);
    let (slow, quick) = (stick(), disk("sda"));
    let attaching = tokio::spawn({
        let manager = manager.clone();
        let slow = slow.clone();
        async move {
            let (path, id) = words(&slow);
            manager.attach(&path, id, "work", plain()).await
        }
    });
    let (path, id) = words(&quick);
    assert_eq!(kind(within(manager.detach(&path, id, "work", plain())).await), ErrorKind::NotFound);
    within(manager.start_qube("vault", plain())).await.unwrap();
    client.until(|machine| machine.qubes.get(&name("vault")).unwrap().is_running()).await;
    assert_eq!(within(manager.link()).await.unwrap(), "live");
    fake.set_up(false);
    client.until(|machine| matches!(machine.link, Link::Lost(_))).await;
    fake.set_up(true);
    client.until(|machine| machine.link == Link::Live).await;
    assert!(!attaching.is_finished());
    fake.let_attach(true);
    within(attaching).await.unwrap().unwrap();
    client.until(|machine| holders(machine, &slow) == [name("work")]).await;
}

#[tokio::test]
async fn a_command_before_anything_is_known_is_put_off() {
    let fake = Fake::new();
    fake.set_up(false);
    let client = Client::of_unread(fake).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    assert_eq!(kind(manager.attach(&path, id, "work", plain()).await), ErrorKind::Busy);
    let detached = manager.detach(&path, id, "work", plain()).await;
    assert_eq!(kind(detached), ErrorKind::Unreachable, "needs no rules");
}

#[tokio::test]
async fn assignments_are_stored_for_this_device_and_dropped_as_stored() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    let device = disk("sda");
    let (path, id) = words(&device);
    let read_only = || HashMap::from([("read-only", Value::from(true))]);
    assert_eq!(kind(manager.unassign(&path, id, "vault", plain()).await), ErrorKind::NotFound);
    assert_eq!(kind(manager.assign(&path, "other", "vault", "required", plain()).await), ErrorKind::Changed);
    for qube in ["vault", "work"] {
        within(manager.assign(&path, id, qube, "auto-attach", read_only())).await.unwrap();
    }
    let stored = fake.assignments();
    assert!(stored.iter().all(|one| one.device.as_ref() == Some(&device.id) && one.options.is_read_only()));
    client.until(|machine| !machine.devices.get(&device.port).unwrap().assignments.is_empty()).await;
    for qube in ["vault", "work"] {
        within(manager.unassign(&path, id, qube, plain())).await.unwrap();
    }
    assert_eq!(fake.assignments(), []);
}

#[tokio::test]
async fn what_should_not_be_stored_is_refused() {
    let fake = Fake::new();
    let client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    let required = within(manager.assign(&path, id, "work", "required", plain())).await;
    assert_eq!(kind(required), ErrorKind::Unsupported);
    let read_only = HashMap::from([("read-only", Value::from(true))]);
    let with_options = within(manager.assign(&path, id, "work", "auto-attach", read_only)).await;
    assert_eq!(kind(with_options), ErrorKind::Refused);
    assert_eq!(fake.assignments(), []);
}

#[tokio::test]
async fn a_partition_seen_without_its_disk_is_stored_for_no_other_and_dropped_under_its_name() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    let part = |port: &str, id| DeviceRef { id: DeviceId::new(id).unwrap(), ..disk(port) };
    let told = part("sdc1", "a:b:c:1.0:1");
    let untold = part("sdd1", "0000:0000::?******:1");
    for device in [&told, &untold] {
        fake.plug(device.clone());
    }
    client.until(|machine| machine.devices.contains_key(&untold.port)).await;
    let (path, id) = words(&told);
    let assigned = manager.assign(&path, untold.id.as_str(), "work", "auto-attach", plain());
    assert_eq!(kind(within(assigned).await), ErrorKind::Changed);
    within(manager.assign(&path, id, "work", "auto-attach", plain())).await.unwrap();
    within(manager.unassign(&path, untold.id.as_str(), "work", plain())).await.unwrap();
    let (path, id) = words(&untold);
    let assigned = manager.assign(&path, id, "work", "auto-attach", plain());
    assert_eq!(kind(within(assigned).await), ErrorKind::Busy);
    assert_eq!(fake.assignments(), []);
}

#[tokio::test]
async fn a_change_whose_reply_is_cut_is_looked_after() {
    let fake = Fake::new();
    let client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    let device = disk("sda");
    let (path, id) = words(&device);
    let told = |outcome: zbus::Result<()>| outcome.map_err(|failure| error::from_bus(&failure));
    let expected = |cut, now: &str| match cut {
        Cut::Behind => Ok(()),
        Cut::Before => Err(Error::new(ErrorKind::Malformed, format!("The reply was cut. {now}"))),
    };
    for cut in [Cut::Before, Cut::Behind] {
        fake.cut_next(cut);
        let assigned = told(within(manager.assign(&path, id, "vault", "required", plain())).await);
        assert_eq!(assigned, expected(cut, "It is not stored for vault now."));
        fake.cut_next(cut);
        let started = told(within(manager.start_qube("vault", plain())).await);
        assert_eq!(started, expected(cut, "vault is not running now."));
    }
    for cut in [Cut::Before, Cut::Behind] {
        fake.cut_next(cut);
        let dropped = told(within(manager.unassign(&path, id, "vault", plain())).await);
        assert_eq!(dropped, expected(cut, "It is still stored for vault."));
        fake.cut_next(cut);
        let stopped = told(within(manager.shutdown_qube("vault", plain())).await);
        let open = "vault still runs; whether it was asked to shut down is not known. Look again.";
        assert_eq!(stopped, expected(cut, open));
    }
}

#[tokio::test]
async fn a_new_disposable_is_named_in_the_answer() {
    let mut client = Client::of(Fake::new()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    let made = within(manager.attach_to_new_disposable(&path, id, "vault", plain())).await.unwrap();
    assert_eq!(made, "disp7");
    client.until(|machine| holders(machine, &device) == [name("disp7")]).await;
}

#[tokio::test]
async fn what_a_qube_has_can_go_to_a_new_disposable() {
    let mut client = Client::of(Fake::new()).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    within(manager.attach(&path, id, "work", plain())).await.unwrap();
    within(manager.attach_to_new_disposable(&path, id, "vault", plain())).await.unwrap_err();
    let made = within(manager.move_to_new_disposable(&path, id, "vault", plain())).await.unwrap();
    client.until(|machine| holders(machine, &device) == [name(&made)]).await;
}

#[tokio::test]
async fn a_qube_is_shut_down_and_a_refresh_reads_everything_again() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    within(manager.shutdown_qube("work", plain())).await.unwrap();
    client.until(|machine| !machine.qubes.get(&name("work")).unwrap().is_running()).await;
    let before = fake.reads();
    within(manager.refresh(plain())).await.unwrap();
    within(manager.start_qube("work", plain())).await.unwrap();
    client.until(|machine| machine.qubes.get(&name("work")).unwrap().is_running()).await;
    assert!(fake.reads() > before);
}

#[tokio::test]
async fn an_id_that_looks_like_markup_or_format_is_only_an_id() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    let manager = client.manager().await;
    let odd = DeviceRef { id: DeviceId::new("<b>%s'\"`$(x)").unwrap(), ..disk("sdx") };
    fake.plug(odd.clone());
    client.until(|machine| machine.devices.contains_key(&odd.port)).await;
    let (path, id) = words(&odd);
    within(manager.attach(&path, id, "work", plain())).await.unwrap();
    client.until(|machine| holders(machine, &odd) == [name("work")]).await;
}
