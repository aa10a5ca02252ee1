//! The main thread: asleep until the menu is asked for, then the main loop of GTK.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use gtk::glib;
use tokio::sync::{mpsc, watch};

use super::window::MenuWindow;
use crate::asking::window::AskingWindow;
use crate::asking::{Counter, Said};
use crate::door::{MenuRoom, ToMenu};
use crate::icons::Icons;
use crate::preferences::Preference;
use crate::preferences::keeper::Keeper;
use crate::scene::{Scene, Wish};
use crate::settings::SettingsWindow;
use crate::strings;

/// What the windows need of the rest of the program.
pub(crate) struct Outside {
    pub(crate) scenes: watch::Receiver<Arc<Scene>>,
    pub(crate) wishes: mpsc::UnboundedSender<Wish>,
    pub(crate) counter: Counter,
    pub(crate) icons: Icons,
}

/// Runs until the program ends; gives its exit code.
pub(crate) fn run(room: &MenuRoom, outside: &Outside) -> u8 {
    let store = Store { keeper: Rc::new(Keeper::open()), wishes: outside.wishes.clone() };
    store.tell();
    let first = loop {
        match room.wait() {
            ToMenu::End(code) => return code,
            ToMenu::Changed => {}
            ToMenu::Keep(preference) => store.keep(preference),
            first if begin() => break first,
            ToMenu::Open(_) | ToMenu::Settings(_) => eprintln!("{}", strings::no_display()),
            // Nobody can be asked: an answer must not wait for a display that may never come.
            ToMenu::Asked | ToMenu::ShowQuestions => {
                eprintln!("{}", strings::no_display());
                outside.counter.say(Said::DeclineAll);
            }
        }
    };
    store.listen();
    // What somebody else has changed meanwhile.
    store.tell();
    glib::MainContext::default().block_on(serve(room, first, outside, &store))
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

/// Each window is made when it is wanted for the first time.
async fn serve(room: &MenuRoom, first: ToMenu, outside: &Outside, store: &Store) -> u8 {
    let Outside { scenes, wishes, counter, icons } = outside;
    let menu = OnceCell::new();
    let open = || menu.get_or_init(|| MenuWindow::new(scenes.clone(), wishes.clone(), icons));
    let asking = OnceCell::new();
    let ask = || asking.get_or_init(|| AskingWindow::new(counter.clone(), scenes.clone(), icons));
    let settings = SettingsWindow::new(scenes.clone(), wishes.clone());
    let mut news = first;
    loop {
        match news {
            ToMenu::End(code) => return code,
            ToMenu::Changed => {
                menu.get().into_iter().for_each(MenuWindow::refresh);
                asking.get().into_iter().for_each(AskingWindow::refresh);
                settings.refresh();
            }
            ToMenu::Open(opening) => open().open(&opening),
            ToMenu::Asked => ask().refresh(),
            ToMenu::ShowQuestions => ask().present(),
            ToMenu::Settings(device) => {
                menu.get().into_iter().for_each(MenuWindow::close);
                settings.open(device.as_ref());
            }
            ToMenu::Keep(preference) => store.keep(preference),
        }
        news = room.next().await;
    }
}
