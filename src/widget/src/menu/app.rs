//! stub
use crate::door::{MenuRoom, ToMenu};
use crate::icons::Icons;
use crate::scene::{Scene, Wish};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

pub(crate) fn run(
    room: &MenuRoom,
    _scenes: watch::Receiver<Arc<Scene>>,
    _wishes: mpsc::UnboundedSender<Wish>,
    _icons: &Icons,
) -> u8 {
    loop {
        match room.wait() {
            ToMenu::End(code) => return code,
            _ => {}
        }
    }
}
