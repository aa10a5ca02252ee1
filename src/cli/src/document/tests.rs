//! What is written is read back, and what makes no sense is told with its place.

use proptest::prelude::*;

use super::*;

const HEAD: &str = "version = 1\nclasses = [\"usb\"]\n";

fn sentence(body: &str) -> String {
    read(&format!("{HEAD}{body}")).unwrap_err()
}

#[test]
fn a_file_says_what_is_stored() {
    let text = format!(
        "{HEAD}[[qube]]\nname = \"work\"\ndenied = [\"u03\"]\n[[qube.assignment]]\nclass = \"usb\"\n\
         backend = \"sys-usb\"\nport = \"2-1\"\nmode = \"ask-to-attach\"\noptions = {{ a = \"b\" }}\n"
    );
    let stored = read(&text).unwrap();
    let shelf = stored.qubes.values().next().unwrap();
    assert_eq!(shelf.denied.as_ref().unwrap().first().unwrap().as_str(), "u03****");
    let assignment = shelf.assignments.first().unwrap();
    assert_eq!((assignment.mode, assignment.device.as_ref()), (Mode::AskToAttach, None));
    assert_eq!(assignment.options.value("a"), Some("b"));
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    let entry = |inner: &str| {
        format!("[[qube]]\nname = \"work\"\n[[qube.assignment]]\nbackend = \"sys-usb\"\n{inner}")
    };
    for (body, expected) in [
        ("[[qube]]\nnames = \"work\"\n", "line 4: unknown field `names`"),
        ("[[qube]]\nname = \"a b\"\n", "qube 'a b': VM name contains illegal characters"),
        ("[[qube]]\nname = \"work\"\n[[qube]]\nname = \"work\"\n", "work stands there twice"),
        ("[[qube]]\nname = \"work\"\ndenied = [\"keys\"]\n", "work: 'keys' is no interface code"),
        (&entry("class = \"usb\"\nmode = \"manual\"\n"), "work: 'manual' is no mode of an assignment"),
        (&entry("class = \"block\"\nmode = \"auto-attach\"\n"), "work: class block is not among the classes"),
        (&entry("class = \"usb\"\nport = \"2 1\"\nmode = \"auto-attach\"\n"), "work: port '2 1': "),
    ] {
        let told = sentence(body);
        assert!(told.starts_with(expected), "{told}");
    }
    assert!(read("version = 2\nclasses = []\n").unwrap_err().contains("version 2"));
    assert!(sentence("x").starts_with("line 3: "));
}

#[test]
fn what_nobody_should_store_is_found() {
    let text = "version = 1\nclasses = [\"usb\"]\n[[qube]]\nname = \"work\"\n[[qube.assignment]]\n\
                class = \"usb\"\nbackend = \"sys-usb\"\nmode = \"required\"\n";
    let rule = against_the_rules(&read(text).unwrap()).unwrap();
    assert_eq!(rule, "work: Only pci and block devices can be assigned as required.");
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        ports in prop::collection::btree_set("[a-z0-9.-]{1,8}", 0..4),
        id in prop::option::of("[!-~]{1,20}"),
        value in "[ -~]{0,12}",
        codes in prop::option::of(prop::collection::btree_set("[upb][0-9a-f]{6}", 0..3)),
    ) {
        let frontend = QubeName::new("work").unwrap();
        let assignments = ports.iter().map(|port| Assignment {
            backend: QubeName::new("sys-usb").unwrap(),
            class: DeviceClass::Usb,
            port: Some(PortId::new(port).unwrap()),
            device: id.as_deref().map(|id| DeviceId::new(id).unwrap()),
            frontend: frontend.clone(),
            mode: Mode::AutoAttach,
            options: Options::from_iter([("read-only", value.as_str())]),
        });
        let denied = codes.map(|codes| codes.iter().map(|code| Interface::new(code).unwrap()).collect());
        let shelf = Shelf { denied, assignments: assignments.collect() };
        let stored = Stored { classes: vec![DeviceClass::Usb], qubes: [(frontend, shelf)].into() };
        prop_assert_eq!(read(&write(&stored, "qvm-device").unwrap()).unwrap(), stored);
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = read(&text);
    }
}
