//! The service over its life: the link goes and comes, the source changes, the connection ends.

use device_bus::device::PluggedIn;
use device_bus::manager::Source;
use device_core::error::ErrorKind;
use device_core::machine::{Link, Trouble};

use device_bus::error;

use super::Service;
use crate::testing::{Client, Fake, disk, name, plain, socket_pair, stick, within, words};
use crate::underway::ENDING_MAX;

#[tokio::test]
async fn what_was_there_is_not_new_and_what_is_plugged_in_is() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    assert_eq!(client.replica.plugged_in(&stick().port), PluggedIn::BEFORE);
    let new = disk("sdc");
    fake.plug(new.clone());
    client.until(|machine| machine.devices.contains_key(&new.port)).await;
    assert!(client.replica.plugged_in(&new.port).time().is_some());
    fake.unplug(&new.port);
    client.until(|machine| !machine.devices.contains_key(&new.port)).await;
}

#[tokio::test]
async fn a_lost_link_is_told_with_its_reason_and_what_was_known_stays() {
    let fake = Fake::new();
    let mut client = Client::of(fake.clone()).await;
    fake.set_up(false);
    let away = Trouble::new(ErrorKind::Unreachable, "The fake is away.");
    client.until(|machine| machine.link == Link::Lost(away.clone())).await;
    assert_eq!(client.replica.machine().devices.len(), 3);
    let during = disk("sdc");
    fake.plug(during.clone());
    fake.set_source(Source::Simulator("other".into()));
    fake.set_up(true);
    client.until(|machine| machine.link == Link::Live).await;
    assert_eq!(client.replica.plugged_in(&during.port), PluggedIn::BEFORE, "nobody saw it being plugged in");
    while client.replica.source() != Source::Simulator("other".into()) {
        client.next_signal().await;
    }
}

#[tokio::test]
async fn a_source_that_was_not_told_is_asked_for_again() {
    let fake = Fake::new();
    fake.set_source(Source::Simulator("other".into()));
    fake.tell_source(false);
    let mut client = Client::of(fake.clone()).await;
    fake.tell_source(true);
    fake.plug(disk("sdc"));
    while client.replica.source() != Source::Simulator("other".into()) {
        client.next_signal().await;
    }
}

#[tokio::test]
async fn who_comes_before_anything_is_read_finds_the_manager() {
    let fake = Fake::new();
    fake.set_up(false);
    let mut client = Client::of_unread(fake.clone()).await;
    client.until(|machine| matches!(machine.link, Link::Lost(_))).await;
    assert!(client.replica.machine().devices.is_empty());
    fake.set_up(true);
    client.until(|machine| machine.link == Link::Live).await;
    assert_eq!(client.replica.machine().devices.len(), 3);
}

#[tokio::test]
async fn the_service_ends_with_its_connection() {
    let (server, client) = socket_pair().await;
    let service = Service::serve(server, Fake::new()).await.unwrap();
    let running = tokio::spawn(service.run());
    client.close().await.unwrap();
    within(running).await.unwrap();
}

#[tokio::test]
async fn who_ends_in_the_middle_of_a_move_waits_for_its_second_half_and_begins_nothing_new() {
    let fake = Fake::new();
    let (server, client) = socket_pair().await;
    let service = Service::serve(server, fake.clone()).await.unwrap();
    let underway = service.underway();
    let mut client = Client::on(client).await;
    tokio::spawn(service.run());
    client.until(|machine| machine.link == Link::Live).await;
    let manager = client.manager().await;
    let device = stick();
    let (path, id) = words(&device);
    within(manager.attach(&path, id, "work", plain())).await.unwrap();
    client.until(|machine| machine.devices.get(&device.port).unwrap().is_attached()).await;

    fake.let_attach(false);
    let moving = tokio::spawn({
        let (manager, device) = (manager.clone(), device.clone());
        async move {
            let (path, id) = words(&device);
            manager.move_to(&path, id, "personal", plain()).await
        }
    });
    client.until(|machine| !machine.devices.get(&device.port).unwrap().is_attached()).await;
    let ending = tokio::spawn(async move { underway.end(ENDING_MAX).await });
    loop {
        let refused = within(manager.start_qube("work", plain())).await.map_err(|it| error::from_bus(&it));
        if refused.is_err_and(|error| error.kind() == ErrorKind::Busy) {
            break;
        }
    }
    assert!(!ending.is_finished() && !moving.is_finished());
    fake.let_attach(true);
    within(moving).await.unwrap().unwrap();
    assert_eq!(within(ending).await.unwrap(), 0);
    let is_there = |machine: &device_core::machine::Machine| {
        machine.devices.get(&device.port).unwrap().attachments.contains_key(&name("personal"))
    };
    client.until(is_there).await;
}
