//! Our symbolic icons: taken from the icon theme where they are installed, else written for this session.
//!
//! A program that runs out of its build folder shows the same icons as an installed one.
//! Panels and notification daemons live in other processes, so the files have to be on disk; they go into the run-time
//! folder, which is the user's alone and ends with the session.

use std::io;
use std::path::{Path, PathBuf};

/// Where in a theme they stand.
const PLACE: &str = "hicolor/symbolic/apps";

macro_rules! icons {
    ($($name:literal),* $(,)?) => {
        /// Name and drawing of each.
        pub(crate) const ICONS: &[(&str, &str)] = &[$((
            $name,
            include_str!(concat!("../../../resources/icons/hicolor/symbolic/apps/", $name, ".svg")),
        )),*];
    };
}

icons![
    "plugboard-add-symbolic",
    "plugboard-attached-symbolic",
    "plugboard-attention-symbolic",
    "plugboard-audio-symbolic",
    "plugboard-back-symbolic",
    "plugboard-bluetooth-symbolic",
    "plugboard-busy-symbolic",
    "plugboard-camera-symbolic",
    "plugboard-card-symbolic",
    "plugboard-device-symbolic",
    "plugboard-disk-symbolic",
    "plugboard-eject-symbolic",
    "plugboard-idle-symbolic",
    "plugboard-keyboard-symbolic",
    "plugboard-microphone-symbolic",
    "plugboard-mouse-symbolic",
    "plugboard-network-symbolic",
    "plugboard-open-symbolic",
    "plugboard-printer-symbolic",
    "plugboard-usb-symbolic",
];

/// The drawing of an icon, as SVG.
pub(crate) fn drawing(name: &str) -> Option<&'static str> {
    ICONS.iter().find(|(known, _)| *known == name).map(|(_, drawing)| *drawing)
}

/// Where the icons of this session are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Icons {
    /// Folder to search besides the themes; `None` = they are installed, or there is no place to write them.
    extra: Option<PathBuf>,
}

impl Icons {
    /// Finds them, or writes them where they are missing. Without a place to write them names have to do.
    pub(crate) fn prepare() -> Self {
        if are_installed() {
            return Self::default();
        }
        let Some(runtime) =
            std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute())
        else {
            return Self::default();
        };
        let folder = runtime.join("plugboard/icons");
        match write_all(&folder) {
            Ok(()) => Self { extra: Some(folder) },
            Err(error) => {
                tracing::warn!(%error, "the icons can't be written for this session");
                Self::default()
            }
        }
    }

    /// The folder that a panel has to search besides its themes.
    pub(crate) fn theme_path(&self) -> Option<&Path> {
        self.extra.as_deref()
    }

    /// What to tell a notification daemon: the name, or the file where the name would not be found.
    pub(crate) fn reference(&self, name: &str) -> String {
        match &self.extra {
            Some(folder) => folder.join(PLACE).join(format!("{name}.svg")).to_string_lossy().into_owned(),
            None => name.to_owned(),
        }
    }
}

fn are_installed() -> bool {
    let data = std::env::var("XDG_DATA_DIRS").ok().filter(|folders| !folders.is_empty());
    let data = data.unwrap_or_else(|| "/usr/local/share:/usr/share".to_owned());
    let mut folders = data.split(':').map(Path::new);
    folders.any(|folder| {
        ICONS.iter().all(|(name, _)| folder.join("icons").join(PLACE).join(format!("{name}.svg")).is_file())
    })
}

fn write_all(folder: &Path) -> io::Result<()> {
    let place = folder.join(PLACE);
    std::fs::create_dir_all(&place)?;
    for (name, drawing) in ICONS {
        let file = place.join(format!("{name}.svg"));
        if !std::fs::read(&file).is_ok_and(|there| there == drawing.as_bytes()) {
            std::fs::write(file, drawing)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_that_is_asked_for_is_drawn() {
        let sources = [
            include_str!("asking/model.rs"),
            include_str!("menu/device_row.rs"),
            include_str!("menu/item.rs"),
            include_str!("menu/model.rs"),
            include_str!("menu/row.rs"),
            include_str!("notify/notice.rs"),
            include_str!("tray.rs"),
        ];
        for source in sources {
            for name in
                source.split('"').filter(|word| word.starts_with("plugboard-") && word.ends_with("-symbolic"))
            {
                assert!(ICONS.iter().any(|(known, _)| *known == name), "{name}");
            }
        }
    }
}
