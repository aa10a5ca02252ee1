//! Calls over the bus. Each is a task of its own that ends in one [`Answer`]; none of them knows any state.

use std::collections::HashMap;

use device_bus::error::from_bus;
use device_bus::names::{BUS, MANAGER, ROOT};
use device_bus::options::{mark_word, to_command};
use device_bus::path;
use device_bus::property::Incoming;
use device_bus::proxy::ManagerProxy;
use device_core::error::Error;
use device_core::name::{DeviceRef, QubeName};
use tokio::sync::mpsc::UnboundedSender;
use zbus::Connection;
use zbus::fdo::{DBusProxy, ManagedObjects, ObjectManagerProxy, PropertiesProxy};
use zbus::names::{InterfaceName, WellKnownName};
use zbus::proxy::CacheProperties;

use crate::scene::{Command, Ticket};

/// How a call ended.
#[derive(Debug)]
pub(super) enum Answer {
    /// We listen; this unique name owned the service then.
    Listening(Option<String>),
    /// We can't even listen.
    Deaf(Error),
    /// The service could not be started.
    NotStarted(Error),
    /// The whole tree, read in this round.
    Tree(u64, Box<Result<(ManagedObjects, Incoming), Error>>),
    /// The command is done, or has failed; with the name of the disposable that was made for it.
    Done(Ticket, Result<Option<QubeName>, Error>),
}

type Answers = UnboundedSender<Answer>;

/// Asks the bus for the signals of the service and for its owner.
pub(super) async fn listen(connection: Connection, answers: Answers) {
    let answer = match try_listen(&connection).await {
        Ok(owner) => Answer::Listening(owner),
        Err(error) => Answer::Deaf(from_bus(&error)),
    };
    tell(&answers, answer);
}

async fn try_listen(connection: &Connection) -> zbus::Result<Option<String>> {
    let bus = DBusProxy::new(connection).await?;
    let signals = || zbus::MatchRule::builder().msg_type(zbus::message::Type::Signal);
    bus.add_match_rule(signals().sender(BUS)?.path_namespace(ROOT)?.build()).await?;
    let owner = signals().sender("org.freedesktop.DBus")?.member("NameOwnerChanged")?.arg(0, BUS)?;
    bus.add_match_rule(owner.build()).await?;
    match bus.get_name_owner(WellKnownName::from_static_str(BUS)?.into()).await {
        Ok(owner) => Ok(Some(owner.to_string())),
        Err(zbus::fdo::Error::NameHasNoOwner(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Has the bus start the service, where it knows how.
pub(super) async fn start_service(connection: Connection, answers: Answers) {
    let started = async {
        let bus = DBusProxy::new(&connection).await?;
        bus.start_service_by_name(WellKnownName::from_static_str(BUS)?, 0).await?;
        zbus::Result::Ok(())
    };
    if let Err(error) = started.await {
        tell(&answers, Answer::NotStarted(from_bus(&error)));
    }
}

/// Reads the whole tree.
pub(super) async fn load(connection: Connection, round: u64, answers: Answers) {
    let read = async {
        let tree = ObjectManagerProxy::builder(&connection)
            .destination(BUS)?
            .path(ROOT)?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let properties = PropertiesProxy::builder(&connection)
            .destination(BUS)?
            .path(ROOT)?
            .cache_properties(CacheProperties::No)
            .build()
            .await?;
        let objects = tree.get_managed_objects().await?;
        let manager = properties.get_all(InterfaceName::from_static_str(MANAGER)?).await?;
        zbus::Result::Ok((objects, manager))
    };
    let tree = read.await.map_err(|error| from_bus(&error));
    tell(&answers, Answer::Tree(round, Box::new(tree)));
}

/// Has a command carried out, however long it takes.
pub(super) async fn carry(connection: Connection, ticket: Ticket, command: Command, answers: Answers) {
    let done = try_carry(&connection, &command).await.map_err(|error| from_bus(&error));
    tell(&answers, Answer::Done(ticket, done));
}

async fn try_carry(connection: &Connection, command: &Command) -> zbus::Result<Option<QubeName>> {
    let manager = ManagerProxy::builder(connection).cache_properties(CacheProperties::No).build().await?;
    let object = |device: &DeviceRef| path::of_device(&device.port);
    let none = HashMap::new;
    match command {
        Command::Attach(device, qube, options) => {
            manager.attach(&object(device), device.id.as_str(), qube.as_str(), to_command(options)).await
        }
        Command::Move(device, qube, options) => {
            manager.move_to(&object(device), device.id.as_str(), qube.as_str(), to_command(options)).await
        }
        Command::Detach(device, qube) => {
            manager.detach(&object(device), device.id.as_str(), qube.as_str(), none()).await
        }
        Command::AttachToNewDisposable(device, template, options) => {
            let (path, id, options) = (object(device), device.id.as_str(), to_command(options));
            let made = manager.attach_to_new_disposable(&path, id, template.as_str(), options).await?;
            return Ok(QubeName::new(&made).ok());
        }
        Command::MoveToNewDisposable(device, template, options) => {
            let (path, id, options) = (object(device), device.id.as_str(), to_command(options));
            let made = manager.move_to_new_disposable(&path, id, template.as_str(), options).await?;
            return Ok(QubeName::new(&made).ok());
        }
        Command::ShutDown(_, qube) => manager.shutdown_qube(qube.as_str(), none()).await,
        Command::SetMark(device, mark, is_set) => {
            manager.set_mark(&object(device), device.id.as_str(), mark_word(*mark), *is_set, none()).await
        }
        Command::StartQube(qube) => manager.start_qube(qube.as_str(), none()).await,
    }
    .map(|()| None)
}

/// The loop outlives its tasks; where it has ended, nobody asks any more.
fn tell(answers: &Answers, answer: Answer) {
    let _ = answers.send(answer);
}
