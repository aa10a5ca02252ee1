//! The object of a qube says of itself what the manual says.

use device_bus::path;
use zbus::fdo::IntrospectableProxy;

use crate::testing::{Client, Fake, assert_manual, name, within};

#[tokio::test]
async fn a_qube_is_as_the_manual_says() {
    let client = Client::of(Fake::new()).await;
    let object = IntrospectableProxy::builder(&client.connection)
        .destination(device_bus::names::BUS)
        .and_then(|builder| builder.path(path::of_qube(&name("work"))))
        .unwrap()
        .build()
        .await
        .unwrap();
    let page = include_str!("../../../../data/dbus-1/interfaces/org.plugboard.Devices1.Qube.xml");
    assert_manual(device_bus::names::QUBE, page, &within(object.introspect()).await.unwrap());
}
