//! The main thread: asleep until the menu is asked for, then the main loop of GTK.

use std::rc::Rc;
use std::sync::Arc;

use gtk::glib;
use tokio::sync::{mpsc, watch};

use super::window::MenuWindow;
use crate::door::{MenuRoom, ToMenu};
use crate::icons::Icons;
use crate::preferences::Preference;
use crate::preferences::keeper::Keeper;
use crate::scene::{Scene, Wish};
use crate::settings::SettingsWindow;
use crate::strings;

/// Runs until the program ends; gives its exit code.
pub(crate) fn run(
    room: &MenuRoom,
    scenes: watch::Receiver<Arc<Scene>>,
    wishes: mpsc::UnboundedSender<Wish>,
    icons: &Icons,
) -> u8 {
    let store = Store { keeper: Rc::new(Keeper::open()), wishes: wishes.clone() };
    store.tell();
    let first = loop {
        match room.wait() {
            ToMenu::End(code) => return code,
            ToMenu::Changed => {}
            ToMenu::Keep(preference) => store.keep(preference),
            first @ (ToMenu::Open(_) | ToMenu::Settings(_)) if begin() => break first,
            ToMenu::Open(_) | ToMenu::Settings(_) => eprintln!("{}", strings::no_display()),
        }
    };
    let windows = Windows {
        menu: MenuWindow::new(scenes.clone(), wishes.clone(), icons),
        settings: SettingsWindow::new(scenes, wishes),
    };
    store.listen();
    store.tell();
    glib::MainContext::default().block_on(serve(room, &windows, &store, first))
}

/// The windows of this thread.
struct Windows {
    menu: MenuWindow,
    settings: SettingsWindow,
}

/// Where preferences are kept, and who is told of them.
struct Store {
    keeper: Rc<Keeper>,
    wishes: mpsc::UnboundedSender<Wish>,
}

impl Store {
    fn tell(&self) {
        tell(&self.keeper, &self.wishes);
    }

    fn keep(&self, preference: Preference) {
        self.keeper.keep(preference);
        self.tell();
    }

    /// Notices what somebody else changes; the main loop has to run.
    fn listen(&self) {
        let (keeper, wishes) = (Rc::downgrade(&self.keeper), self.wishes.clone());
        self.keeper.on_change(move || {
            if let Some(keeper) = keeper.upgrade() {
                tell(&keeper, &wishes);
            }
        });
    }
}

fn tell(keeper: &Keeper, wishes: &mpsc::UnboundedSender<Wish>) {
    // The link reads as long as the program lives.
    let _ = wishes.send(Wish::Preferred(Box::new(keeper.preferences())));
}

/// Initialises GTK; false without a display, which may come yet.
fn begin() -> bool {
    glib::set_prgname(Some(crate::APP_ID));
    gtk::init().is_ok()
}

async fn serve(room: &MenuRoom, windows: &Windows, store: &Store, first: ToMenu) -> u8 {
    let mut news = first;
    loop {
        match news {
            ToMenu::End(code) => return code,
            ToMenu::Changed => {
                windows.menu.refresh();
                windows.settings.refresh();
            }
            ToMenu::Open(opening) => windows.menu.open(&opening),
            ToMenu::Settings(device) => {
                windows.menu.close();
                windows.settings.open(device.as_ref());
            }
            ToMenu::Keep(preference) => store.keep(preference),
        }
        news = room.next().await;
    }
}
