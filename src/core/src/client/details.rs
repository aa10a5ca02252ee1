//! What has to be asked for qube by qube: label, marks, deny list.

use super::older::unsupported;
use super::{AdminClient, absent_unless_link, is_about_the_link, text};
use crate::error::{Error, ErrorKind};
use crate::interface::Interface;
use crate::mark::{self, Mark};
use crate::name::{DeviceRef, QubeName};
use crate::qube::{Label, QubeDetails};
use crate::wire::request::Request;

/// Whether disposables can be based on a qube. Qubes of most classes have no such property.
const TEMPLATE_FOR_DISPOSABLES: &str = "template_for_dispvms";

impl AdminClient {
    /// Label, marks and deny list. `GetAll` is one call; where policy forbids it, one call per property.
    pub(super) async fn details(&self, qube: &QubeName) -> Result<QubeDetails, Error> {
        let all = match self.read_call(Request::new("admin.vm.property.GetAll", "", qube.as_str())).await {
            Ok(data) => Some(text(&data)),
            Err(error) if is_about_the_link(&error) || error.kind() == ErrorKind::NotFound => {
                return Err(error);
            }
            Err(_) => None,
        };
        let mut details = QubeDetails::default();
        if let Some(label) = self.property(qube, "label", all.as_deref()).await? {
            details.label = Some(self.label(label).await?);
        }
        let yes = |value: Option<String>| value.as_deref() == Some("True");
        details.is_disposable_template =
            yes(self.property(qube, TEMPLATE_FOR_DISPOSABLES, all.as_deref()).await?);
        details.is_auto_cleanup = yes(self.property(qube, "auto_cleanup", all.as_deref()).await?);
        let denied = self.property(qube, "devices_denied", all.as_deref()).await?.unwrap_or_default();
        details.denied = Interface::split(&denied).collect();
        details.is_internal = self.feature(qube, "internal").await?.is_some_and(|value| !value.is_empty());
        Ok(details)
    }

    /// The label of one qube alone; `None` when it can't be read.
    ///
    /// # Errors
    /// Trouble with the link.
    pub async fn label_of(&self, qube: &QubeName) -> Result<Option<Label>, Error> {
        match self.property(qube, "label", None).await? {
            Some(name) => Ok(Some(self.label(name).await?)),
            None => Ok(None),
        }
    }

    /// Whether disposables can be based on one qube; `None` when it is kept from us.
    ///
    /// # Errors
    /// Trouble with the link.
    pub async fn is_disposable_template(&self, qube: &QubeName) -> Result<Option<bool>, Error> {
        let get = Request::new("admin.vm.property.Get", TEMPLATE_FOR_DISPOSABLES, qube.as_str());
        match self.read_call(get).await {
            Ok(data) => Ok(property_value(&text(&data)).map(|value| value == "True")),
            Err(error) if is_about_the_link(&error) => Err(error),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Some(false)),
            Err(_) => Ok(None),
        }
    }

    /// A property out of `all` or, without it, by a call; `None` when the qube has no such property.
    async fn property(
        &self,
        qube: &QubeName,
        name: &str,
        all: Option<&str>,
    ) -> Result<Option<String>, Error> {
        if let Some(all) = all {
            let line = all.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            return Ok(line.and_then(property_value));
        }
        let reply = self.read_call(Request::new("admin.vm.property.Get", name, qube.as_str())).await;
        Ok(absent_unless_link(reply)?.and_then(|data| property_value(&text(&data))))
    }

    /// Adds a device to the marked ones of its backend, or takes it away. Two calls: the list is read right before, and
    /// one device after the other, or the later of two lists would lack the device of the earlier one. A list that
    /// can't be read stays as it is: what other tools wrote there must not be lost. A device that can't be told from the
    /// next one on its port carries no mark.
    pub(super) async fn set_mark(&self, device: &DeviceRef, mark: Mark, is_set: bool) -> Result<(), Error> {
        if !device.is_recognisable() {
            return Err(unsupported("device ids"));
        }
        let _turn = self.marking.lock().await;
        let backend = &device.port.backend;
        let get = Request::new("admin.vm.feature.Get", mark.feature(), backend.as_str());
        let before = match self.read_call(get).await {
            Ok(data) => text(&data),
            Err(error) if is_not_set(&error) => String::new(),
            Err(error) => return Err(error),
        };
        let after = mark::edited(&before, device, is_set);
        if after == before {
            return Ok(());
        }
        let verb = if after.is_empty() { "admin.vm.feature.Remove" } else { "admin.vm.feature.Set" };
        let request = Request::new(verb, mark.feature(), backend.as_str()).with_payload(after);
        self.call(&request).await.map(drop)
    }

    pub(super) async fn feature(&self, qube: &QubeName, name: &str) -> Result<Option<String>, Error> {
        let reply = self.read_call(Request::new("admin.vm.feature.Get", name, qube.as_str())).await;
        Ok(absent_unless_link(reply)?.map(|data| text(&data)))
    }

    async fn label(&self, name: String) -> Result<Label, Error> {
        if let Some(colour) = Label::standard_colour(&name) {
            return Ok(Label { name, colour });
        }
        let reply = self.read_call(Request::new("admin.label.Get", &name, "dom0")).await;
        let colour = absent_unless_link(reply)?
            .and_then(|data| u32::from_str_radix(text(&data).strip_prefix("0x")?, 16).ok())
            .unwrap_or_default();
        Ok(Label { name, colour: colour & 0x00ff_ffff })
    }
}

fn is_not_set(error: &Error) -> bool {
    error.server().is_some_and(|server| server.class == "QubesFeatureNotFoundError")
}

/// The value of `default=… type=… VALUE`.
fn property_value(line: &str) -> Option<String> {
    let (_default, rest) = line.split_once(' ')?;
    let (_type, value) = rest.split_once(' ')?;
    Some(value.to_owned())
}
