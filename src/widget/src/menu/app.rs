//! The main thread: asleep until the menu is asked for, then the main loop of GTK.

use std::sync::Arc;

use gtk::glib;
use tokio::sync::{mpsc, watch};

use super::window::MenuWindow;
use crate::door::{MenuRoom, Opening, ToMenu};
use crate::icons::Icons;
use crate::scene::{Scene, Wish};
use crate::strings;

/// Runs until the program ends; gives its exit code.
pub(crate) fn run(
    room: &MenuRoom,
    scenes: watch::Receiver<Arc<Scene>>,
    wishes: mpsc::UnboundedSender<Wish>,
    icons: &Icons,
) -> u8 {
    let opening = loop {
        match room.wait() {
            ToMenu::End(code) => return code,
            ToMenu::Changed => {}
            ToMenu::Open(opening) if begin() => break opening,
            ToMenu::Open(_) => eprintln!("{}", strings::no_display()),
        }
    };
    let menu = MenuWindow::new(scenes, wishes, icons);
    menu.open(&opening);
    glib::MainContext::default().block_on(serve(room, &menu))
}

/// Initialises GTK; false without a display, which may come yet.
fn begin() -> bool {
    glib::set_prgname(Some(crate::APP_ID));
    gtk::init().is_ok()
}

async fn serve(room: &MenuRoom, menu: &MenuWindow) -> u8 {
    loop {
        match room.next().await {
            ToMenu::End(code) => return code,
            ToMenu::Changed => menu.refresh(),
            ToMenu::Open(Opening { at, device }) => menu.open(&Opening { at, device }),
        }
    }
}
