//! One widget in a session: the first one owns a bus name, every later one asks it to open its menu.

use std::collections::HashMap;

use zbus::Connection;
use zbus::fdo::{DBusProxy, RequestNameFlags, RequestNameReply};
use zbus::names::WellKnownName;
use zbus::zvariant::OwnedValue;

use crate::door::MenuDoor;

/// Name of the widget on the session bus.
const NAME: &str = "org.plugboard.Menu";
/// Where its one object is.
const PATH: &str = "/org/plugboard/Menu";

/// Which widget of the session this one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// The only one.
    First,
    /// There is one already, and it was asked to open its menu.
    Later,
}

/// What other programs can ask of the widget.
struct Menu(MenuDoor);

#[zbus::interface(name = "org.plugboard.Menu")]
impl Menu {
    /// Opens the menu where the pointer is; no option is known.
    #[expect(clippy::needless_pass_by_value, reason = "zbus gives arguments by value")]
    fn open(&self, options: HashMap<String, OwnedValue>) -> zbus::fdo::Result<()> {
        if let Some(option) = options.keys().next() {
            return Err(zbus::fdo::Error::InvalidArgs(format!("There is no option {option}.")));
        }
        self.0.open(None, None);
        Ok(())
    }
}

/// Becomes the widget of this session, or has the one that is open its menu.
pub(crate) async fn take_turn(connection: &Connection, door: MenuDoor) -> zbus::Result<Turn> {
    connection.object_server().at(PATH, Menu(door)).await?;
    let name = WellKnownName::from_static_str(NAME)?;
    let bus = DBusProxy::new(connection).await?;
    match bus.request_name(name, RequestNameFlags::DoNotQueue.into()).await? {
        RequestNameReply::PrimaryOwner | RequestNameReply::AlreadyOwner => Ok(Turn::First),
        RequestNameReply::Exists | RequestNameReply::InQueue => {
            let none = HashMap::<&str, OwnedValue>::new();
            connection.call_method(Some(NAME), PATH, Some(NAME), "Open", &(none,)).await?;
            Ok(Turn::Later)
        }
    }
}
