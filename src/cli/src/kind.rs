//! Kinds of devices as people name them: a category such as `USB_Storage`, or an interface code such as `u08****`.

use device_core::interface::{Category, Interface};

use crate::shown::shown;

/// The codes that `word` means; the error is the sentence for a word that names no kind.
pub fn codes(word: &str) -> Result<Vec<Interface>, String> {
    if let Some(category) = categories().find(|category| is_same(category.as_str(), word)) {
        return Ok(category.patterns().collect());
    }
    Interface::new(word).map(|code| vec![code]).ok_or_else(|| {
        let names: Vec<_> = categories().map(Category::as_str).collect();
        format!(
            "argument KIND: '{}' is neither an interface code such as u03**** nor one of {}",
            shown(word),
            names.join(", ")
        )
    })
}

/// What people call what this code means.
#[must_use]
pub fn name(code: &Interface) -> &'static str {
    let exact = categories().find(|category| category.patterns().any(|pattern| pattern == *code));
    match exact {
        Some(category) => category.as_str(),
        None if code.as_str().chars().all(|c| c == '*') => "everything",
        None => code.category().as_str(),
    }
}

/// The categories that can be named: "other" would mean everything, and is not what anybody would expect of it.
pub fn categories() -> impl Iterator<Item = Category> {
    Category::all().filter(|category| *category != Category::Other)
}

/// Whether they are the same name, in whatever case and with whatever between the words.
fn is_same(name: &str, word: &str) -> bool {
    let plain = |c: char| if matches!(c, '-' | ' ') { '_' } else { c.to_ascii_lowercase() };
    name.chars().map(plain).eq(word.chars().map(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_its_name_in_any_spelling_and_its_codes() {
        let storage: Vec<_> = codes("usb-storage").unwrap().iter().map(Interface::to_string).collect();
        assert_eq!(storage, ["u08****"]);
        assert_eq!(codes("CAMERA").unwrap().len(), 3);
        assert_eq!(codes("u03").unwrap().first().map(Interface::to_string), Some("u03****".into()));
    }

    #[test]
    fn a_word_that_means_no_kind_is_told_the_kinds() {
        for word in ["", "x", "other", "u03000000", "u0g", "toaster"] {
            let sentence = codes(word).unwrap_err();
            assert!(sentence.ends_with("PCI_Serial_Bus, PCI_USB"), "{sentence}");
        }
    }

    #[test]
    fn codes_are_called_by_what_they_mean() {
        for (code, called) in
            [("u08", "USB_Storage"), ("u080650", "USB_Storage"), ("*", "everything"), ("u09", "Other")]
        {
            assert_eq!(name(&Interface::new(code).unwrap()), called, "{code}");
        }
    }
}
