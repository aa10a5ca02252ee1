//! The service over its life: the link goes and comes, the source changes, the connection ends.

use device_bus::device::PluggedIn;
use device_bus::manager::Source;
use device_core::machine::Link;

use super::Service;
use crate::testing::{Client, Fake, disk, socket_pair, stick, within};

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
    client.until(|machine| machine.link == Link::Lost("The fake is away.".into())).await;
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
