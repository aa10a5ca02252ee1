//! The tray icon, the Devices menu and the notifications.
pub(crate) mod menu;
mod naming;
mod recent;
mod scene;
mod strings;
#[cfg(test)]
mod testing;
