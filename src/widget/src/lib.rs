//! The tray icon, the Devices menu and the notifications.
