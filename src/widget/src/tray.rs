//! The tray icon: a StatusNotifierItem that is a value computed from the scene. `ksni` tells hosts what differs.
//!
//! A host that is not there yet, or restarts, gets the icon when it comes; without any host the program goes on without
//! an icon.

use std::cell::Cell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

use device_core::device::SharedDevice;
use device_core::machine::Link;
use ksni::{Category, MenuItem, OfflineReason, Status, ToolTip, TrayMethods};
use tokio::sync::{mpsc, watch};

use crate::asking::Asked;
use crate::door::MenuDoor;
use crate::icons::Icons;
use crate::menu::model::{self, Menu, View};
use crate::menu::rows::{Row, RowKey, section_of};
use crate::naming;
use crate::platform;
use crate::reason::trouble;
use crate::scene::{Scene, Wish};
use crate::strings;

mod menu;
mod pace;

use pace::Pace;

/// A choice right after the menu has changed may mean what stood there before; it is not taken.
const SETTLED_AFTER: Duration = Duration::from_millis(300);
/// Attached devices that the tooltip names; the rest is in the count.
const NAMED: usize = 6;

/// What the tray needs of the rest of the program.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    pub(crate) wishes: mpsc::UnboundedSender<Wish>,
    pub(crate) door: MenuDoor,
    pub(crate) icons: Icons,
    /// What the person is asked.
    pub(crate) asked: watch::Receiver<Arc<Asked>>,
}

/// The icon. `MENU` = a left click opens the D-Bus menu: where nobody else can place a menu beside the icon.
struct Tray<const MENU: bool> {
    scene: Arc<Scene>,
    outside: Outside,
    /// What a host shows, in short; `None` before one asked for it.
    shown: Cell<Option<u64>>,
    changed_at: Cell<Option<Instant>>,
}

/// Shows the icon until the scene has no writer any more.
pub(crate) async fn show(scenes: watch::Receiver<Arc<Scene>>, outside: Outside, opens_dbus_menu: bool) {
    if opens_dbus_menu {
        run::<true>(scenes, outside).await;
    } else {
        run::<false>(scenes, outside).await;
    }
}

async fn run<const MENU: bool>(mut scenes: watch::Receiver<Arc<Scene>>, outside: Outside) {
    let scene = scenes.borrow_and_update().clone();
    let mut asked = outside.asked.clone();
    let mut changes_at = model::changes_at(&scene, Instant::now());
    let tray = Tray::<MENU> { scene, outside, shown: Cell::default(), changed_at: Cell::default() };
    let handle = match tray.assume_sni_available(true).spawn().await {
        Ok(handle) => handle,
        Err(error) => {
            tracing::warn!(%error, "there is no tray; `plugboard --menu` opens the menu");
            return;
        }
    };
    let (mut pace, mut rested) = (Pace::default(), Instant::now());
    while changed(&mut scenes, &mut asked, changes_at).await {
        let pause = pace.pause_after(rested.elapsed());
        let scene = scenes.borrow_and_update().clone();
        changes_at = model::changes_at(&scene, Instant::now());
        if handle.update(|tray| tray.scene = scene).await.is_none() {
            return;
        }
        rest(pause, &mut asked).await;
        rested = Instant::now();
    }
}

/// Tells nothing for so long; a question to the person ends a longer pause.
async fn rest(pause: Duration, asked: &mut watch::Receiver<Arc<Asked>>) {
    tokio::time::sleep(pause.min(pace::SHORTEST)).await;
    // Hosts have fetched the menu by now.
    platform::give_memory_back();
    tokio::select! {
        () = tokio::time::sleep(pause.saturating_sub(pace::SHORTEST)) => {}
        // Told by who waits for something new.
        Ok(()) = asked.changed() => asked.mark_changed(),
    }
}

/// Waits for something new, or until the menu looks different by itself; false when there is nobody left to tell it.
async fn changed(
    scenes: &mut watch::Receiver<Arc<Scene>>,
    asked: &mut watch::Receiver<Arc<Asked>>,
    changes_at: Option<Instant>,
) -> bool {
    let by_itself = async {
        match changes_at {
            Some(moment) => tokio::time::sleep_until(moment.into()).await,
            None => std::future::pending().await,
        }
    };
    // Without an agent nobody is ever asked.
    let asked_anew = async {
        if asked.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = by_itself => true,
        seen = scenes.changed() => seen.is_ok(),
        () = asked_anew => true,
    }
}

impl<const MENU: bool> Tray<MENU> {
    /// Questions that wait for the person.
    fn questions(&self) -> usize {
        self.outside.asked.borrow().count()
    }

    /// Has it done, unless the menu changed under the pointer.
    fn choose(&self, wish: &Wish) {
        if self.changed_at.get().is_none_or(|changed| changed.elapsed() >= SETTLED_AFTER) {
            // The link reads as long as the program lives.
            let _ = self.outside.wishes.send(wish.clone());
        }
    }

    fn icon(&self) -> &'static str {
        match &self.scene.machine.link {
            Link::Lost(_) => "plugboard-attention-symbolic",
            _ if self.questions() > 0 => "plugboard-attention-symbolic",
            _ if attached(&self.scene).next().is_some() => "plugboard-attached-symbolic",
            _ => "plugboard-idle-symbolic",
        }
    }
}

impl<const MENU: bool> ksni::Tray for Tray<MENU> {
    const MENU_ON_ACTIVATE: bool = MENU;

    fn id(&self) -> String {
        crate::APP_ID.to_owned()
    }

    fn title(&self) -> String {
        strings::devices()
    }

    fn category(&self) -> Category {
        Category::Hardware
    }

    fn status(&self) -> Status {
        match &self.scene.machine.link {
            Link::Lost(_) => Status::NeedsAttention,
            _ if self.questions() > 0 => Status::NeedsAttention,
            _ => Status::Active,
        }
    }

    fn icon_theme_path(&self) -> String {
        self.outside.icons.theme_path().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn icon_name(&self) -> String {
        self.icon().to_owned()
    }

    fn attention_icon_name(&self) -> String {
        "plugboard-attention-symbolic".to_owned()
    }

    fn tool_tip(&self) -> ToolTip {
        let title = match self.questions() {
            0 => headline(&self.scene),
            count => strings::questions_wait(count),
        };
        ToolTip { title, description: description(&self.scene), ..ToolTip::default() }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        let items = menu::items(&self.scene);
        let now = fingerprint(&self.scene, &items);
        if self.shown.replace(Some(now)).is_some_and(|before| before != now) {
            self.changed_at.set(Some(Instant::now()));
        }
        items
    }

    /// The icon that asks for attention leads to what it asks for.
    fn activate(&mut self, x: i32, y: i32) {
        match self.questions() {
            0 => self.outside.door.open(Some((x, y)), None),
            _ => self.outside.door.show_questions(),
        }
    }

    fn secondary_activate(&mut self, x: i32, y: i32) {
        self.outside.door.open(Some((x, y)), None);
    }

    fn watcher_offline(&self, reason: OfflineReason) -> bool {
        tracing::info!(?reason, "there is no tray host; waiting for one");
        true
    }
}

/// "3 devices, 1 attached", as many as the menu has rows of devices; what is the matter while they can't be counted.
fn headline(scene: &Scene) -> String {
    match &scene.machine.link {
        Link::Lost(why) => return strings::connection_lost(&trouble(why)),
        Link::Resyncing => return strings::resyncing(),
        Link::Live => {}
    }
    let sections = whole_menu(scene, Instant::now()).sections;
    let rows = sections.iter().flat_map(|section| &section.rows);
    let devices: Vec<&Row> = rows.filter(|row| matches!(row.key, RowKey::Device(_))).collect();
    let count = strings::device_count(devices.len());
    match devices.iter().filter(|row| !row.holders.is_empty()).count() {
        0 => count,
        attached => strings::counts(&count, &strings::attached_count(attached)),
    }
}

/// The menu with all its rows.
fn whole_menu(scene: &Scene, now: Instant) -> Menu {
    model::menu(scene, &View { filter: String::new(), now })
}

/// The attached devices, one in a line. Hosts read this as markup, so what could be markup is escaped.
fn description(scene: &Scene) -> String {
    let line = |device: &SharedDevice| {
        let name = scene.name_of(device);
        let text = strings::device_in(&name, &naming::list(device.attachments.keys()));
        text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
    };
    let world = scene.simulated_world().map(strings::simulator);
    attached(scene).take(NAMED).map(line).chain(world).collect::<Vec<_>>().join("\n")
}

fn shown(scene: &Scene) -> impl Iterator<Item = &SharedDevice> {
    scene.machine.devices.values().filter(|device| section_of(&device.port().class).is_some())
}

fn attached(scene: &Scene) -> impl Iterator<Item = &SharedDevice> {
    shown(scene).filter(|device| device.is_attached())
}

/// Differs when any entry may mean something else than before: an entry keeps its number while its words change.
fn fingerprint<const MENU: bool>(scene: &Scene, items: &[MenuItem<Tray<MENU>>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Another device may be called the same.
    shown(scene).for_each(|device| (&device.info.port, &device.info.id).hash(&mut hasher));
    menu::hash(items, &mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preferences::Preference;
    use crate::testing::{Make, device, laptop, lost_link, port, put, qubes, stick_in_use};
    use device_core::name::DeviceId;
    use ksni::Tray as _;

    fn tray(scene: Scene) -> (Tray<false>, mpsc::UnboundedReceiver<Wish>) {
        let (wishes, wanted) = mpsc::unbounded_channel();
        let asked = crate::asking::agent().1.asked;
        let outside = Outside { wishes, door: crate::door::door().0, icons: Icons::default(), asked };
        (
            Tray { scene: Arc::new(scene), outside, shown: Cell::default(), changed_at: Cell::default() },
            wanted,
        )
    }

    #[test]
    fn the_icon_tells_idle_attached_and_lost() {
        let icon = |scene| {
            let (tray, _) = tray(scene);
            (tray.icon_name(), tray.status())
        };
        let mut scene = qubes();
        assert_eq!(icon(scene.clone()), ("plugboard-idle-symbolic".into(), Status::Active));
        put(&mut scene, device("usb", "sys-usb", "2-1").held_by(&["work"]));
        assert_eq!(icon(scene.clone()), ("plugboard-attached-symbolic".into(), Status::Active));
        scene.machine.link = lost_link();
        assert_eq!(icon(scene), ("plugboard-attention-symbolic".into(), Status::NeedsAttention));
    }

    #[test]
    fn the_tooltip_counts_and_escapes() {
        let mut scene = laptop();
        assert_eq!(headline(&scene), "5 devices, 1 attached");
        put(&mut scene, device("usb", "sys-usb", "2-9").called("<b>&").held_by(&["work"]));
        assert_eq!(description(&scene), "Built-in microphone → personal and work\n&lt;b&gt;&amp; → work");
        assert_eq!(headline(&qubes()), "0 devices");
    }

    #[test]
    fn the_tooltip_counts_the_rows_of_the_menu() {
        let scene = stick_in_use(laptop(), "work");
        assert_eq!(headline(&scene), "5 devices, 2 attached", "a stick of which a part is attached is one");
        let mut scene = laptop();
        let camera = scene.machine.devices[&port("usb", "sys-usb", "2-4")].info.to_ref();
        scene.preferences.prefer(Preference::Hide(camera, "Integrated Camera".into()));
        assert_eq!(headline(&scene), "4 devices, 1 attached", "without what the person hid");
    }

    #[test]
    fn the_tooltip_counts_nothing_before_it_is_read() {
        let mut scene = laptop();
        scene.machine.link = Link::Resyncing;
        assert_eq!(headline(&scene), "Reading the devices again…");
        assert_eq!(headline(&Scene::default()), "Reading the devices again…", "right after the start");
    }

    #[test]
    fn a_choice_right_after_a_change_is_not_taken() {
        type Changed<'a> = dyn Fn(&mut Scene) + 'a;
        let camera = || device("usb", "sys-usb", "2-4").called("Integrated Camera").is(&["u0e0100"]);
        let changes: [(&str, Box<Changed>); 3] = [
            ("another device", Box::new(|scene| put(scene, device("usb", "sys-usb", "1-1")))),
            ("another order of qubes", Box::new(|scene| put(scene, camera().assigned_to("work")))),
            (
                "another device of the same name",
                Box::new(|scene| {
                    let mut camera = camera();
                    camera.info.id = DeviceId::new("1234:5678:other").unwrap();
                    put(scene, camera);
                }),
            ),
        ];
        for (what, change) in changes {
            let (mut tray, mut wanted) = tray(laptop());
            let wish = Wish::GiveUp(crate::scene::Ticket(1));
            tray.menu();
            tray.menu();
            tray.choose(&wish);
            assert!(wanted.try_recv().is_ok(), "nothing has changed");
            let mut scene = laptop();
            change(&mut scene);
            tray.scene = Arc::new(scene);
            tray.menu();
            tray.choose(&wish);
            assert!(wanted.try_recv().is_err(), "{what} is a change");
        }
    }
}
