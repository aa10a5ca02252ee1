//! Our own connections to the private session bus, used from plain threads.
//!
//! A thread drives the runtime; everything that comes in is stamped there and handed over through a channel.

use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use zbus::export::futures_core::Stream as _;
use zbus::export::serde::Serialize;
use zbus::object_server::Interface;
use zbus::zvariant::{DynamicType, OwnedValue};
use zbus::{Connection, MatchRule, Message, MessageStream};

use crate::Outcome;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(20);

/// A message and when it was here.
pub(crate) type Stamped = (Instant, Message);

/// One connection.
pub(crate) struct Bus {
    handle: Handle,
    connection: Connection,
    _stop: oneshot::Sender<()>,
}

impl Bus {
    /// Connects to the bus at this address.
    pub(crate) fn connect(address: &str) -> Outcome<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::spawn(move || runtime.block_on(stopped));
        let connection =
            handle.block_on(async { zbus::connection::Builder::address(address)?.build().await })?;
        Ok(Self { handle, connection, _stop: stop })
    }

    /// A method call; the answer as it came.
    pub(crate) fn call<B>(
        &self,
        to: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Outcome<Message>
    where
        B: Serialize + DynamicType,
    {
        let call = self.connection.call_method(Some(to), path, Some(interface), method, body);
        let answer = self.handle.block_on(async { tokio::time::timeout(ANSWER, call).await });
        Ok(answer.map_err(|_| format!("{to} did not answer {method}"))??)
    }

    /// A call whose answer nobody waits for.
    pub(crate) fn send<B>(&self, to: &str, path: &str, interface: &str, method: &str, body: &B) -> Outcome<()>
    where
        B: Serialize + DynamicType,
    {
        let message =
            Message::method_call(path, method)?.destination(to)?.interface(interface)?.build(body)?;
        Ok(self.handle.block_on(self.connection.send(&message))?)
    }

    /// The value of a property.
    pub(crate) fn property(&self, of: &str, path: &str, interface: &str, name: &str) -> Outcome<OwnedValue> {
        let answer = self.call(of, path, "org.freedesktop.DBus.Properties", "Get", &(interface, name))?;
        Ok(answer.body().deserialize()?)
    }

    /// The value of a property that is a text.
    pub(crate) fn text(&self, of: &str, path: &str, interface: &str, name: &str) -> Outcome<String> {
        Ok(self.property(of, path, interface, name)?.try_into()?)
    }

    /// Every message that matches from now on.
    pub(crate) fn listen(&self, rule: &MatchRule<'_>) -> Outcome<Receiver<Stamped>> {
        let (sender, receiver) = channel();
        let stream = MessageStream::for_match_rule(rule.to_owned(), &self.connection, Some(4096));
        let stream = self.handle.block_on(stream)?;
        self.handle.spawn(hand_over(stream, sender));
        Ok(receiver)
    }

    /// Takes a name and answers there.
    pub(crate) fn serve(&self, name: &str, path: &str, interface: impl Interface) -> Outcome<()> {
        self.handle.block_on(async {
            self.connection.object_server().at(path, interface).await?;
            self.connection.request_name(name).await
        })?;
        Ok(())
    }

    /// Waits until somebody owns the name.
    pub(crate) fn wait_for_name(&self, name: &str) -> Outcome<()> {
        let rule = MatchRule::builder()
            .msg_type(zbus::message::Type::Signal)
            .sender("org.freedesktop.DBus")?
            .member("NameOwnerChanged")?
            .arg(0, name)?
            .build();
        let changes = self.listen(&rule)?;
        let owned = self.call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "NameHasOwner", &name)?;
        if owned.body().deserialize::<bool>()? {
            return Ok(());
        }
        changes.recv_timeout(ANSWER).map_err(|_| format!("nobody took the name {name}"))?;
        Ok(())
    }
}

async fn hand_over(mut stream: MessageStream, sender: Sender<Stamped>) {
    while let Some(message) = std::future::poll_fn(|context| Pin::new(&mut stream).poll_next(context)).await {
        let Ok(message) = message else { return };
        if sender.send((Instant::now(), message)).is_err() {
            return;
        }
    }
}
