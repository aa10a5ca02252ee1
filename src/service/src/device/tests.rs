//! The object of a device says of itself what the manual says.

use zbus::fdo::IntrospectableProxy;

use crate::testing::{Client, Fake, assert_manual, stick, within, words};

#[tokio::test]
async fn a_device_is_as_the_manual_says() {
    let client = Client::of(Fake::new()).await;
    let (path, _) = words(&stick());
    let object = IntrospectableProxy::builder(&client.connection)
        .destination(device_bus::names::BUS)
        .and_then(|builder| builder.path(path))
        .unwrap()
        .build()
        .await
        .unwrap();
    let page = include_str!("../../../../data/dbus-1/interfaces/org.plugboard.Devices1.Device.xml");
    assert_manual(device_bus::names::DEVICE, page, &within(object.introspect()).await.unwrap());
}
