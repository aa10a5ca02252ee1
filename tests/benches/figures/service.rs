//! `plugboardd` as its clients see it, and the moment from which all of it is known.

use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use device_bus::names::{BUS, MANAGER, ROOT};
use zbus::MatchRule;
use zbus::message::Type;

use crate::Outcome;
use crate::bus::Stamped;
use crate::desktop::{Desktop, PATIENCE};
use crate::programs::Running;

/// The running service.
pub(crate) struct Service {
    /// The program.
    pub(crate) program: Running,
    /// When it first said that its link is live.
    pub(crate) live: Instant,
}

/// Starts the service on a socket, and returns once it says that its mirror is whole.
pub(crate) fn start(desktop: &Desktop, socket: &Path) -> Outcome<Service> {
    let signals = signals(desktop)?;
    let program = desktop.start_program("plugboardd", &["--socket", &socket.to_string_lossy()])?;
    desktop.bus.wait_for_name(BUS)?;
    let mut patience = PATIENCE;
    if desktop.bus.text(BUS, ROOT, MANAGER, "Link")? == "live" {
        // The signal came before the question, or there was none because the name came last.
        patience = Duration::ZERO;
    }
    let asked = Instant::now();
    let end = asked + patience;
    loop {
        match signals.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok((live, message)) if says_live(&message) => return Ok(Service { program, live }),
            Ok(_) => {}
            Err(_) if patience.is_zero() => return Ok(Service { program, live: asked }),
            Err(_) => {
                let words = desktop.last_words("plugboardd");
                return Err(format!("the link did not become live; the service said {words:?}").into());
            }
        }
    }
}

/// Every signal of the service from now on.
pub(crate) fn signals(desktop: &Desktop) -> Outcome<Receiver<Stamped>> {
    let rule = MatchRule::builder().msg_type(Type::Signal).path_namespace(ROOT)?.build();
    desktop.bus.listen(&rule)
}

fn says_live(message: &zbus::Message) -> bool {
    type Changed = (String, std::collections::HashMap<String, zbus::zvariant::OwnedValue>, Vec<String>);
    let is_change = message.header().member().is_some_and(|member| member.as_str() == "PropertiesChanged");
    is_change
        && message.body().deserialize::<Changed>().is_ok_and(|(interface, changed, _)| {
            let link = changed.get("Link").and_then(|link| <&str>::try_from(link).ok());
            interface == MANAGER && link == Some("live")
        })
}

/// Whether a signal says that an object with this interface came.
pub(crate) fn adds(message: &zbus::Message, interface: &str) -> bool {
    type Interfaces =
        std::collections::HashMap<String, std::collections::HashMap<String, zbus::zvariant::OwnedValue>>;
    let is_added = message.header().member().is_some_and(|member| member.as_str() == "InterfacesAdded");
    is_added
        && message
            .body()
            .deserialize::<(zbus::zvariant::OwnedObjectPath, Interfaces)>()
            .is_ok_and(|(_, interfaces)| interfaces.contains_key(interface))
}
