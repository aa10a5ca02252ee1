//! What is said of many devices at once.

use super::*;

#[test]
fn a_usb_qube_that_starts_is_summed_up() {
    let mut scene = qubes();
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, PowerState::Halted, "red"));
    let mut watched = Watched::new(scene);
    put_qube(&mut watched.scene, qube("sys-usb", QubeClass::Disposable, PowerState::Running, "red"));
    assert_eq!(watched.said(), Vec::<String>::new());
    for id in ["2-4", "2-5"] {
        watched.plug(device("usb", "sys-usb", id));
        assert_eq!(watched.said(), Vec::<String>::new());
    }
    assert_eq!(watched.later(5000), ["sys-usb: sys-usb has started | 2 devices are available [Choose…]"]);
    assert_eq!(watched.notifier.wake_at(), None);
}

#[test]
fn a_flood_is_summed_up_once_in_five_seconds() {
    let mut watched = Watched::new(qubes());
    for number in 0..50 {
        watched.plug(device("usb", "sys-usb", &format!("3-{number}")));
    }
    assert_eq!(watched.said().len(), 3);
    assert_eq!(watched.later(4999), Vec::<String>::new());
    assert_eq!(watched.later(1), ["sys-usb: New devices at sys-usb | 47 devices are available [Choose…]"]);
}

#[test]
fn a_usb_qube_that_starts_again_at_once_is_summed_up() {
    let mut watched = Watched::new(qubes());
    watched.plug(stick());
    watched.plug(disk().held_by(&["work"]));
    watched.said();
    for id in ["2-1", "sda"] {
        watched.unplug(if id == "sda" { "block" } else { "usb" }, id);
    }
    put_qube(&mut watched.scene, qube("sys-usb", QubeClass::Disposable, PowerState::Halted, "red"));
    watched.said();
    put_qube(&mut watched.scene, qube("sys-usb", QubeClass::Disposable, PowerState::Running, "red"));
    watched.plug(stick());
    watched.plug(disk());
    assert_eq!(watched.said(), Vec::<String>::new());
    assert_eq!(watched.later(5000), ["sys-usb: sys-usb has started | 1 device is available [Choose…]"]);
}

/// sys-usb has just started, and nothing was found yet.
fn started() -> Watched {
    let mut scene = qubes();
    put_qube(&mut scene, qube("sys-usb", QubeClass::Disposable, PowerState::Halted, "red"));
    let mut watched = Watched::new(scene);
    put_qube(&mut watched.scene, qube("sys-usb", QubeClass::Disposable, PowerState::Running, "red"));
    assert_eq!(watched.said(), Vec::<String>::new());
    watched
}

#[test]
fn what_trickles_in_while_a_usb_qube_starts_is_counted_together() {
    let mut watched = started();
    let summary = |count| format!("sys-usb: sys-usb has started | {count} devices are available [Choose…]");
    for id in ["2-4", "2-5", "2-6"] {
        watched.plug(device("usb", "sys-usb", id));
    }
    assert_eq!(watched.said(), Vec::<String>::new());
    assert_eq!(watched.later(5000), [summary(3)]);
    watched.plug(device("usb", "sys-usb", "2-7"));
    assert_eq!(watched.said(), Vec::<String>::new());
    assert_eq!(watched.later(5000), [summary(4)]);
    // In the last moment of the start; its window ends after it.
    watched.later(9000);
    watched.unplug("usb", "2-4");
    for id in ["2-8", "2-9"] {
        watched.plug(device("usb", "sys-usb", id));
    }
    assert_eq!(watched.said(), Vec::<String>::new());
    assert_eq!(watched.later(5000), [summary(5)], "what was pulled out is not available");
    watched.plug(device("usb", "sys-usb", "2-3"));
    assert_eq!(watched.said().len(), 1, "after the start each is told as ever");
}

#[test]
fn a_stick_whose_disk_comes_late_in_a_start_is_one_device() {
    let mut watched = started();
    watched.plug(disk());
    watched.said();
    assert_eq!(watched.later(5000), ["sys-usb: sys-usb has started | 1 device is available [Choose…]"]);
    watched.plug(stick());
    watched.plug(part());
    assert_eq!(watched.said(), Vec::<String>::new());
    assert_eq!(watched.later(5000), Vec::<String>::new(), "nothing new");
}

#[test]
fn what_went_before_its_summary_is_not_counted() {
    let mut watched = started();
    watched.plug(device("usb", "sys-usb", "2-4"));
    watched.said();
    watched.unplug("usb", "2-4");
    watched.said();
    assert_eq!(watched.later(5000), Vec::<String>::new());
}
