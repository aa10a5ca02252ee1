//! A daemon over a socket pair and without a bus, whose signals come at the worst moment.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::net::UnixStream;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::*;
use crate::testing::{name, port};

const PATH: &str = "/org/freedesktop/Notifications";
/// The unique name of a daemon that has come.
const OWNER: &str = ":1.9";
/// Until when something has to be there.
const DEADLINE: Duration = Duration::from_secs(10);

/// What the daemon signals before it answers a call.
#[derive(Debug, Clone)]
enum Aside {
    Nothing,
    /// The first button of what stands under the number so far is pressed.
    Press(u32),
    /// The bus tells that the daemon has come.
    Came,
}

/// The daemon; what it was asked to show comes out of `shown`, as number and key of the first button.
struct Daemon {
    asides: Arc<Mutex<VecDeque<Aside>>>,
    keys: HashMap<u32, String>,
    shown: mpsc::UnboundedSender<(u32, String)>,
}

impl Daemon {
    async fn aside(&self, emitter: &SignalEmitter<'_>) {
        let aside = self.asides.lock().unwrap().pop_front().unwrap_or(Aside::Nothing);
        match aside {
            Aside::Nothing => {}
            Aside::Press(number) => press(emitter.connection(), None, number, &self.keys[&number]).await,
            Aside::Came => came(emitter.connection()).await,
        }
    }
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl Daemon {
    async fn get_capabilities(&self, #[zbus(signal_emitter)] emitter: SignalEmitter<'_>) -> Vec<String> {
        self.aside(&emitter).await;
        Vec::new()
    }

    #[expect(clippy::too_many_arguments, reason = "the method has eight")]
    async fn notify(
        &mut self,
        application: &str,
        replaces: u32,
        icon: &str,
        summary: &str,
        body: &str,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        timeout: i32,
        #[zbus(signal_emitter)] emitter: SignalEmitter<'_>,
    ) -> u32 {
        assert_eq!((application, icon, summary, body, timeout), (APPLICATION, "drive", "", "", -1));
        assert!(hints.contains_key("urgency"));
        self.aside(&emitter).await;
        let fresh = u32::try_from(self.keys.len()).unwrap() + 1;
        let number = if replaces == 0 { fresh } else { replaces };
        self.keys.insert(number, actions[0].clone());
        self.shown.send((number, actions[0].clone())).unwrap();
        number
    }
}

/// As a daemon of this unique name tells of a press. Without a bus that tells of owners it has none.
async fn press(connection: &Connection, daemon: Option<&str>, number: u32, key: &str) {
    let told = Message::signal(PATH, NAME, "ActionInvoked").unwrap();
    let told = match daemon {
        Some(daemon) => told.sender(daemon).unwrap(),
        None => told,
    };
    connection.send(&told.build(&(number, key)).unwrap()).await.unwrap();
}

/// As a daemon tells that a notification was closed.
async fn close(connection: &Connection, number: u32) {
    let told = Message::signal(PATH, NAME, "NotificationClosed").unwrap().build(&(number, 2_u32)).unwrap();
    connection.send(&told).await.unwrap();
}

/// As the bus tells that its first owner has the daemon's name.
async fn came(connection: &Connection) {
    let told = Message::signal("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged")
        .unwrap()
        .sender("org.freedesktop.DBus")
        .unwrap()
        .build(&(NAME, "", OWNER))
        .unwrap();
    connection.send(&told).await.unwrap();
}

/// A carrier, its daemon, and both ends of what goes through it.
struct Carried {
    effects: mpsc::Sender<Effect>,
    pressed: mpsc::Receiver<Button>,
    shown: mpsc::UnboundedReceiver<(u32, String)>,
    asides: Arc<Mutex<VecDeque<Aside>>>,
    daemon: Connection,
}

impl Carried {
    async fn start() -> Self {
        let (left, right) = UnixStream::pair().unwrap();
        let (sender, shown) = mpsc::unbounded_channel();
        let asides = Arc::default();
        let daemon = Daemon { asides: Arc::clone(&asides), keys: HashMap::new(), shown: sender };
        let server = zbus::connection::Builder::unix_stream(left)
            .server(zbus::Guid::generate())
            .and_then(|builder| builder.serve_at(PATH, daemon))
            .unwrap()
            .p2p()
            .build();
        let client = zbus::connection::Builder::unix_stream(right).p2p().build();
        let (server, client) = tokio::join!(server, client);
        let (effects, to_show) = mpsc::channel(64);
        let (press, pressed) = mpsc::channel(64);
        tokio::spawn(carry(client.unwrap(), str::to_owned, to_show, press));
        Self { effects, pressed, shown, asides, daemon: server.unwrap() }
    }

    /// Has it show something with this button; the number, and the key of the button.
    async fn show(&mut self, tag: Tag, button: Button) -> (u32, String) {
        let notice = Notice {
            summary: String::new(),
            body: String::new(),
            icon: "drive",
            buttons: vec![button],
            is_urgent: false,
            is_important: false,
        };
        self.effects.send(Effect::Show(tag, notice)).await.unwrap();
        timeout(DEADLINE, self.shown.recv()).await.unwrap().unwrap()
    }

    /// Presses again and again, as somebody does where nothing happens; the first button that it comes out as.
    async fn press_until_it_counts(&mut self, daemon: Option<&str>, number: u32, key: &str) -> Button {
        let counted = async {
            loop {
                press(&self.daemon, daemon, number, key).await;
                if let Ok(button) = timeout(Duration::from_millis(50), self.pressed.recv()).await {
                    return button.unwrap();
                }
            }
        };
        timeout(DEADLINE, counted).await.unwrap()
    }

    async fn next_pressed(&mut self) -> Button {
        timeout(DEADLINE, self.pressed.recv()).await.unwrap().unwrap()
    }
}

fn stick() -> Tag {
    Tag::Thing(port("usb", "sys-usb", "2-1"))
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}

#[test]
fn a_press_on_what_is_just_being_replaced_does_not_become_a_press_on_what_replaces_it() {
    run(async {
        let mut carried = Carried::start().await;
        let (number, _) = carried.show(stick(), Button::Answer).await;
        carried.asides.lock().unwrap().push_back(Aside::Press(number));
        let (same, key) = carried.show(stick(), Button::Choose(None)).await;
        assert_eq!(same, number, "it replaces");
        // The next one is shown only when all presses so far have been looked at.
        carried.show(Tag::Asking, Button::Answer).await;
        assert!(carried.pressed.is_empty());
        assert_eq!(carried.press_until_it_counts(None, number, &key).await, Button::Choose(None));
    });
}

#[test]
fn the_first_notification_of_a_daemon_that_it_has_started_has_live_buttons() {
    run(async {
        let mut carried = Carried::start().await;
        carried.asides.lock().unwrap().push_back(Aside::Came);
        let (number, key) = carried.show(stick(), Button::Answer).await;
        carried.show(Tag::Asking, Button::Choose(None)).await;
        assert_eq!(carried.press_until_it_counts(Some(OWNER), number, &key).await, Button::Answer);
    });
}

#[test]
fn a_press_counts_although_it_closes_its_notification_at_once() {
    run(async {
        let mut carried = Carried::start().await;
        let mut standing = Vec::new();
        for number in 0..20 {
            let tag = Tag::Backend(name(&format!("sys-usb{number}")));
            standing.push(carried.show(tag, Button::Answer).await);
        }
        let (number, key) = standing.pop().unwrap();
        carried.press_until_it_counts(None, number, &key).await;
        for (number, key) in standing {
            press(&carried.daemon, None, number, &key).await;
            close(&carried.daemon, number).await;
            assert_eq!(carried.next_pressed().await, Button::Answer);
        }
    });
}

#[test]
fn markup_in_device_text_is_shown_as_it_is() {
    assert_eq!(escaped("<b>&amp;\"'"), "&lt;b&gt;&amp;amp;\"'");
}
