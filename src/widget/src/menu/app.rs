//! The main thread: asleep until the menu is asked for, then the main loop of GTK.

use std::cell::OnceCell;
use std::sync::Arc;

use gtk::glib;
use tokio::sync::{mpsc, watch};

use super::window::MenuWindow;
use crate::asking::window::AskingWindow;
use crate::asking::{Counter, Said};
use crate::door::{MenuRoom, Opening, ToMenu};
use crate::icons::Icons;
use crate::scene::{Scene, Wish};
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
    let first = loop {
        match room.wait() {
            ToMenu::End(code) => return code,
            ToMenu::Changed => {}
            first if begin() => break first,
            ToMenu::Open(_) => eprintln!("{}", strings::no_display()),
            // Nobody can be asked: an answer must not wait for a display that may never come.
            ToMenu::Asked | ToMenu::ShowQuestions => {
                eprintln!("{}", strings::no_display());
                outside.counter.say(Said::DeclineAll);
            }
        }
    };
    glib::MainContext::default().block_on(serve(room, first, outside))
}

/// Initialises GTK; false without a display, which may come yet.
fn begin() -> bool {
    glib::set_prgname(Some(crate::APP_ID));
    gtk::init().is_ok()
}

/// Each window is made when it is wanted for the first time.
async fn serve(room: &MenuRoom, first: ToMenu, outside: &Outside) -> u8 {
    let Outside { scenes, wishes, counter, icons } = outside;
    let menu = OnceCell::new();
    let open = || menu.get_or_init(|| MenuWindow::new(scenes.clone(), wishes.clone(), icons));
    let asking = OnceCell::new();
    let ask = || asking.get_or_init(|| AskingWindow::new(counter.clone(), scenes.clone(), icons));
    let mut news = first;
    loop {
        match news {
            ToMenu::End(code) => return code,
            ToMenu::Changed => {
                menu.get().into_iter().for_each(MenuWindow::refresh);
                asking.get().into_iter().for_each(AskingWindow::refresh);
            }
            ToMenu::Open(Opening { at, device }) => open().open(&Opening { at, device }),
            ToMenu::Asked => ask().refresh(),
            ToMenu::ShowQuestions => ask().present(),
        }
        news = room.next().await;
    }
}
