//! Every sentence this program says to a person, and nothing else.
//!
//! Each is a plain one-line call of `gettext` or `ngettext`, so that `xgettext` finds it without knowing Rust.
//! Fields are named: a translation may put them in any order. What fills a field is shown as it is and never read as
//! a format, so device text can't change a sentence.

use gettextrs::{gettext, ngettext};

mod fill;

use fill::{fill, sentences};

// ---- what things are called -------------------------------------------------------------------------------------

sentences! {
    /// Title of the menu's window; the tests find it by this name.
    devices() = gettext("Devices");
    /// Heading of the section of disks.
    disks() = gettext("Disks");
    /// Heading of the section of the microphone.
    microphone() = gettext("Microphone");
    /// Heading of the section of USB devices.
    usb_devices() = gettext("USB devices");
    /// Heading of the section of cameras, where devices are sorted by what they are for.
    cameras() = gettext("Cameras");
    keyboards_and_mice() = gettext("Keyboards and mice");
    sound() = gettext("Sound");
    network_devices() = gettext("Network and Bluetooth");
    printers() = gettext("Printers and scanners");
    smart_cards() = gettext("Smart cards");
    /// Heading of the section of classes that an extension brought.
    other_devices() = gettext("Other devices");
    // Translators: a disk that told no name; {port} is like "sda".
    unnamed_disk(port) = gettext("Disk {port}");
    // Translators: a partition of the disk in the row above; {number} is like "1".
    partition(number) = gettext("Partition {number}");
    // Translators: a partition with its label, below the row of its disk.
    named_partition(number, name) = gettext("Partition {number}, {name}");
    // Translators: a partition whose disk has no row; {name} is the label or the disk's name.
    lone_partition(number, name) = gettext("{name}, partition {number}");
    // Translators: a USB device that told no name; {port} is like "2-1".
    unnamed_usb(port) = gettext("USB device {port}");
    // Translators: any other device that told no name.
    unnamed_device(port) = gettext("Device {port}");
    built_in_microphone() = gettext("Built-in microphone");
    // Translators: a size such as "14.9 GB"; only the decimal sign is yours to change.
    size(whole, tenth, unit) = gettext("{whole}.{tenth} {unit}");
    // Translators: the person's own name of a device, then what the device calls itself.
    own_name(name, words) = gettext("{name} ({words})");
}

// ---- a row ------------------------------------------------------------------------------------------------------

sentences! {
    // Translators: badge beside a device that was just plugged in; keep it short.
    new() = gettext("NEW");
    read_only() = gettext("read-only");
    // Translators: joins two holders of one device when read aloud: "attached to work and personal".
    and(first, last) = gettext("{first} and {last}");
    attached_to(qubes) = gettext("attached to {qubes}");
    // Translators: a stick was pulled out without detaching; an arrow and the qubes stand behind this.
    removed_while_attached() = gettext("removed while attached");
    removed_while_attached_to(qubes) = gettext("removed while attached to {qubes}");
    // Translators: a part of the device in this row is attached; {part} is like "Partition 1".
    part_attached_to(part, qubes) = gettext("{part} attached to {qubes}");
    part_removed(part, qubes) = gettext("{part} removed while attached to {qubes}");
    // Translators: what a USB stick is called beside its own disk.
    whole_usb_device() = gettext("Whole USB device");
    // Translators: a row whose device is gone (unplugged, or hidden by its qube), until the menu closes.
    gone() = gettext("no longer there");
    // Translators: a row whose device now stands in the row of its own disk; {port} is like "sda".
    listed_with(port) = gettext("listed with {port} now");
    hidden_now() = gettext("hidden now");
    // Translators: a USB stick whose disk is attached somewhere; {port} is like "sda".
    in_use_as_disk(port) = gettext("in use as disk {port}");
    // Translators: a USB stick; {port} is like "sda1", and it is not known whether that is on this stick or on another one.
    may_be_in_use_as_disk(port) = gettext("perhaps in use as disk {port}");
    // Translators: a partition whose whole disk is attached to {qube}.
    disk_in_use(qube) = gettext("whole disk is in use in {qube}");
    // Translators: a disk of which a partition is attached to {qube}.
    part_in_use(port, qube) = gettext("{port} of it is in use in {qube}");
    // Translators: a disk whose USB stick is attached as a whole to {qube}.
    device_in_use(qube) = gettext("whole device is in use in {qube}");
    starting(qube) = gettext("starting {qube}…");
    attaching(qube) = gettext("attaching to {qube}…");
    attaching_new(template) = gettext("starting a new disposable based on {template}…");
    detaching(qube) = gettext("detaching from {qube}…");
    shutting_down(qube) = gettext("shutting down {qube}…");
    moving(qube) = gettext("moving to {qube}…");
    attach_failed(qube, reason) = gettext("Not attached to {qube}. {reason}");
    attach_new_failed(reason) = gettext("Not attached to a new disposable. {reason}");
    detach_failed(qube, reason) = gettext("Not detached from {qube}. {reason}");
    move_failed(qube, reason) = gettext("Not moved to {qube}. {reason}");
    move_new_failed(reason) = gettext("Not moved to a new disposable. {reason}");
    // Translators: a disposable that should have been shut down after its device was detached.
    shut_down_failed(qube, reason) = gettext("Detached from {qube}, but that was not shut down. {reason}");
    start_failed(qube, reason) = gettext("{qube} was not started. {reason}");
    // Translators: a mark on a device is being kept.
    marking() = gettext("saving…");
    mark_failed(reason) = gettext("Not saved. {reason}");
    start_usb_qube(qube) = gettext("Start {qube} to see its USB devices");
    hide_start_failure(qube) = gettext("Hide that {qube} was not started");
    // Translators: the list of devices of a qube can't be read.
    unreadable(qube) = gettext("The devices of {qube} can't be read");
    no_devices() = gettext("No devices. Plug one in, or start the qube that has your USB ports.");
    // Translators: the person has hidden every device from the menu.
    all_hidden() = gettext("All devices are hidden. You can show them again in the settings.");
    // Translators: typed letters filter the menu and nothing is left.
    nothing_found(words) = gettext("Nothing here is called “{words}”.");
}

// ---- the sub-menu of a device -------------------------------------------------------------------------------------

sentences! {
    // Translators: heading above the qubes that a free device can be attached to.
    attach_to() = gettext("Attach to");
    // Translators: heading above the other qubes for a device that is attached to one.
    move_to() = gettext("Move to");
    // Translators: heading above the other qubes for a microphone that may be in several.
    add_to() = gettext("Also attach to");
    // Translators: heading above the partitions of a disk and the USB stick that it is on.
    other_ways() = gettext("Only a part, or all of it");
    // Translators: after the names of the first qubes that have the microphone: "work, personal and 5 more".
    and_more(count) = gettext("and {count} more");
    // Translators: what else can be done with a device: name it, hide it.
    more() = gettext("More");
    // Translators: opens the window in which the device can be given a name.
    give_name() = gettext("Name…");
    // Translators: the menu no longer lists the device, until the preferences say so.
    hide_device() = gettext("Hide this device");
    // Translators: check item: what stands on a disk or stick is listed as well.
    show_parts() = gettext("Show its disks and partitions");
    // Translators: opens the window of Qubes OS in which rules for automatic attachment are made.
    automatic_attachment() = gettext("Automatic attachment…");
    // Translators: check item of a camera.
    with_microphone() = gettext("Attach with microphone");
    // Translators: a camera that takes the microphone along; heading above the qubes.
    attach_both_to() = gettext("Attach with microphone to");
    detach_with_microphone(qube) = gettext("Detach from {qube} with microphone");
    // Translators: note beside the qube that holds the device; choosing it detaches.
    detach() = gettext("detach");
    // Translators: note beside the qube that lost its device; choosing it tidies up.
    clean_up() = gettext("clean up");
    // Translators: note beside a qube to which the device is assigned.
    usually_here() = gettext("usually here");
    // Translators: note beside the qube that had this device last.
    last_used() = gettext("last used");
    new_disposable() = gettext("New disposable");
    // Translators: check item: attach the disk so that the qube can't write to it.
    attach_read_only() = gettext("Read-only");
    detach_and_shut_down(qube) = gettext("Detach and shut down {qube}");
    give_up() = gettext("Stop waiting for it");
    dismiss() = gettext("Hide this message");
    back() = gettext("Back");
    no_target() = gettext("No running qube can have it. Start one first.");
    // Translators: what a screen reader says for an entry of the sub-menu.
    say_attach(qube) = gettext("Attach to {qube}");
    say_detach(qube) = gettext("Detach from {qube}");
    say_move(qube) = gettext("Move to {qube}");
    // Translators: give the microphone to one more qube.
    say_add(qube) = gettext("Add {qube}");
    say_move_new(template) = gettext("Move to a new disposable based on {template}");
    say_new_disposable(template) = gettext("Attach to a new disposable based on {template}");
    // Translators: something that can't be chosen, and why: "Attach to vault, blocked by policy".
    say_refused(what, reason) = gettext("{what}, {reason}");
}

// ---- why not, and is that wise ------------------------------------------------------------------------------------

sentences! {
    blocked_by_policy() = gettext("blocked by policy");
    paused() = gettext("paused");
    stopped() = gettext("stopped");
    not_possible() = gettext("not possible");
    refused_in_use(port, qube) = gettext("{port} is a part of the same disk and is in use in {qube}. Detach it there first.");
    // Translators: {port} is like "sda1"; it is not known whether it is on this USB stick or on another one.
    refused_perhaps_in_use(port, qube) = gettext("{port} may be a part of the same disk and is in use in {qube}. Detach it there first.");
    refused_removed() = gettext("It was pulled out.");
    // Translators: from here to "journalctl": why something was not done; follows on a sentence such as "Not attached to work."
    reason_not_running(qube) = gettext("{qube} is not running. Start it first.");
    reason_paused(qube) = gettext("{qube} is paused. Unpause it first.");
    reason_denied(qube) = gettext("Blocked by policy: the deny list of {qube} names this kind of device.");
    reason_no_qube(qube) = gettext("There is no qube {qube} any more.");
    reason_remote(qube) = gettext("{qube} is on another machine and takes no devices.");
    reason_admin() = gettext("dom0 takes no devices.");
    reason_backend(qube) = gettext("The device comes from {qube} itself.");
    reason_pci() = gettext("PCI devices are assigned while a qube is off, and not attached.");
    reason_changed(port) = gettext("Another device is on {port} now. Look again before you choose.");
    reason_gone(port) = gettext("There is no device on {port} any more.");
    reason_held(qube) = gettext("It is attached to {qube} already.");
    reason_not_there(qube) = gettext("It is not attached to {qube}.");
    reason_unreachable() = gettext("The connection broke. Whether it was done is not known; look again.");
    reason_timeout() = gettext("There was no answer in time. Whether it was done is not known; look again.");
    // Translators: {reason} is a sentence that says why a device could not be moved to another qube.
    reason_back_in(reason, qube) = gettext("{reason} It is back in {qube}.");
    // Translators: {reason} is a sentence that says why a device could not be given to the disposable {qube}.
    reason_disposable_removed(reason, qube) = gettext("{reason} The new disposable {qube} was removed again.");
    // Translators: these four come after "Connection lost." or stand under "The devices of sys-usb can't be read".
    trouble_unreachable() = gettext("qubesd can't be reached.");
    trouble_timeout() = gettext("There was no answer in time.");
    trouble_malformed() = gettext("The answer can't be read.");
    trouble_denied() = gettext("A policy does not permit it.");
    reason_none() = gettext("qubesd refused without giving a reason. The system log of dom0 (journalctl) says more.");
    // Translators: asked before the only keyboard is given away; {port} is like "sys-usb:2-3".
    risk_keyboard(port, qube) = gettext("The keyboard you are typing on may be {port}. What you type would go to {qube}, and no longer to this desktop.");
    // Translators: asked before the only mouse is given away.
    risk_mouse(port, qube) = gettext("The mouse you are pointing with may be {port}. What you do with it would go to {qube}, and no longer to this desktop.");
    // Translators: asked before a keyboard or mouse is given away.
    risk_input(qube) = gettext("What you do with it goes to {qube}, and no longer to this desktop.");
    // Translators: asked before a device goes to a qube that is trusted more than the one it was in.
    risk_trust(from, to) = gettext("It has been in {from}. Whatever {from} left on it can reach {to}.");
    // Translators: the next four: the same before it is given to a new disposable.
    risk_keyboard_new(port) = gettext("The keyboard you are typing on may be {port}. What you type would go to a new disposable, and no longer to this desktop.");
    risk_mouse_new(port) = gettext("The mouse you are pointing with may be {port}. What you do with it would go to a new disposable, and no longer to this desktop.");
    risk_input_new() = gettext("What you do with it goes to a new disposable, and no longer to this desktop.");
    risk_trust_new(from) = gettext("It has been in {from}. Whatever {from} left on it can reach the new disposable.");
    go_on_attach(qube) = gettext("Attach to {qube} all the same");
    go_on_move(qube) = gettext("Move to {qube} all the same");
    go_on_attach_new() = gettext("Attach to a new disposable all the same");
    go_on_move_new() = gettext("Move to a new disposable all the same");
    cancel() = gettext("Leave it where it is");
}

// ---- around the rows ------------------------------------------------------------------------------------------------

sentences! {
    // Translators: banner; {reason} is a sentence.
    connection_lost(reason) = gettext("Connection lost. {reason}");
    no_service() = gettext("The Plugboard service is not running.");
    resyncing() = gettext("Reading the devices again…");
    simulator(world) = gettext("Simulator: {world}");
    about() = gettext("About");
    settings() = gettext("Settings…");
    about_text(version, source) = gettext("Plugboard {version} on {source}");
    // Translators: entry of the D-Bus menu that opens the full list of qubes.
    choose_another() = gettext("Choose another qube…");
    // Translators: entry of the D-Bus menu that opens the whole menu in a window.
    open_menu() = gettext("All devices…");
    // Translators: an attached device in the D-Bus menu: "Cruzer Blade → work".
    device_in(device, qubes) = gettext("{device} → {qubes}");
    // Translators: joins the parts of the tooltip: "3 devices, 1 attached".
    counts(devices, attached) = gettext("{devices}, {attached}");
}

/// "3 devices".
#[must_use]
pub(crate) fn device_count(count: usize) -> String {
    // Translators: tooltip of the tray icon, first half.
    let text = ngettext("{count} device", "{count} devices", plural(count));
    fill(&text, &[("count", &count.to_string())])
}

/// "1 attached".
#[must_use]
pub(crate) fn attached_count(count: usize) -> String {
    // Translators: tooltip of the tray icon, second half.
    let text = ngettext("{count} attached", "{count} attached", plural(count));
    fill(&text, &[("count", &count.to_string())])
}

// ---- the window of preferences -----------------------------------------------------------------------------------------

sentences! {
    /// Title of the window; the tests find it by this name.
    preferences() = gettext("Plugboard settings");
    menu_heading() = gettext("Menu");
    sections() = gettext("Group devices by");
    // Translators: as Qubes sorts devices: disks, microphone, USB devices.
    by_class() = gettext("Device class");
    // Translators: by what devices are for: disks, cameras, keyboards.
    by_kind() = gettext("What they are for");
    confirm_risk() = gettext("Ask before risky moves");
    confirm_risk_more() = gettext("Giving away a keyboard or mouse, or moving a device to a more trusted qube");
    show_internal() = gettext("Offer internal qubes");
    show_internal_more() = gettext("Qubes that serve others and are not meant to be worked in");
    notifications() = gettext("Notifications");
    notify_all() = gettext("All");
    notify_important() = gettext("Only trouble");
    notify_none() = gettext("None");
    named_devices() = gettext("Your names");
    named_devices_more() = gettext("Shown before what a device says of itself. A name stays with this device at this port.");
    hidden_devices() = gettext("Hidden devices");
    hidden_devices_more() = gettext("The menu leaves them out while they are not attached.");
    // Translators: button beside a hidden device.
    show_again() = gettext("Show again");
    // Translators: button beside a name that the person gave.
    forget_name() = gettext("Forget");
    // Translators: what a screen reader says for the button beside a name or a hidden device.
    say_forget_name(device) = gettext("Forget the name of {device}");
    say_show_again(device) = gettext("Show {device} again");
}

// ---- notifications --------------------------------------------------------------------------------------------------

sentences! {
    is_available(device) = gettext("{device} is available");
    // Translators: a device with its size, as in "Cruzer Blade (14.9 GB) is available".
    with_size(device, size) = gettext("{device} ({size})");
    is_attached(device, qubes) = gettext("{device} is attached to {qubes}");
    is_detached(device, qube) = gettext("{device} is detached from {qube}");
    detached_body() = gettext("It can be pulled out now.");
    // Translators: a part of a stick was detached, another one is still in use; {port} is like "sda2".
    not_yet(port, qube) = gettext("Don’t pull it out yet: {port} is in use in {qube}.");
    removed_safely(device) = gettext("{device} was removed safely");
    lost_device(device, qubes) = gettext("{device} was removed while attached to {qubes}");
    lost_body() = gettext("What was not yet written to it may be lost. Next time, unmount it in the qube and detach it first.");
    lost_with_backend(backend, device, qubes) = gettext("{backend} stopped. {qubes} lost {device}.");
    not_attached(device, qube) = gettext("{device} could not be attached to {qube}");
    not_attached_new(device) = gettext("{device} could not be attached to a new disposable");
    not_detached(device, qube) = gettext("{device} could not be detached from {qube}");
    not_moved(device, qube) = gettext("{device} could not be moved to {qube}");
    not_moved_new(device) = gettext("{device} could not be moved to a new disposable");
    not_shut_down(qube) = gettext("{qube} could not be shut down");
    not_marked(device) = gettext("The choice for {device} could not be saved");
    not_started(qube) = gettext("{qube} could not be started");
    // Translators: button of a notification.
    button_attach(qube) = gettext("Attach to {qube}");
    // Translators: button of a notification; opens the menu at the device.
    button_choose() = gettext("Choose…");
    // Translators: button of a notification.
    button_detach() = gettext("Detach");
    backend_started(backend) = gettext("{backend} has started");
    at_backend(backend) = gettext("New devices at {backend}");
}

/// "5 devices are available".
#[must_use]
pub(crate) fn available_count(count: usize) -> String {
    // Translators: body of a notification that sums up many devices.
    let text = ngettext("{count} device is available", "{count} devices are available", plural(count));
    fill(&text, &[("count", &count.to_string())])
}

// ---- ask-to-attach --------------------------------------------------------------------------------------------------

sentences! {
    /// Title of the window of questions; the tests find it by this name.
    asking_title() = gettext("Attach a device?");
    // Translators: below the place of a device, which only one qube may get.
    ask_one(qube) = gettext("Attach this device to {qube}?");
    // Translators: below the place of a device; the qubes stand below.
    ask_which() = gettext("Attach this device, and to which qube?");
    // Translators: what the device itself says it is; it may lie. Stands last.
    own_words(words) = gettext("It calls itself “{words}”.");
    // Translators: button: attach the device to no qube.
    decline() = gettext("Don’t attach");
    decline_all() = gettext("Attach none of them");
    // Translators: button below a sentence that tells why something was not attached.
    taken_note() = gettext("Close");
    // Translators: in place of the question, as soon as a qube was chosen, until the device was read once more.
    looking_again() = gettext("Checking the device once more…");
    say_allow(place, qube) = gettext("Attach {place} to {qube}");
    say_decline(place) = gettext("Don’t attach {place}");
    hold_unsure() = gettext("Plugboard is not sure what is plugged in there now. Wait, or don’t attach it.");
    hold_unseen() = gettext("Plugboard does not see this device yet.");
    // Translators: {what} is one of the four below: "Rule: ask before attaching any device on sys-usb:2-1".
    rule_ask(what) = gettext("Rule: ask before attaching {what}");
    rule_automatic(what) = gettext("Rule: attach {what} automatically");
    rule_required(what) = gettext("Rule: this qube needs {what}");
    rule_unknown() = gettext("The rule that asks is not known.");
    rule_this_here(place) = gettext("this device on {place}");
    rule_any_here(place) = gettext("any device on {place}");
    rule_this_anywhere(backend) = gettext("this device on any port of {backend}");
    // Translators: {class} is a device class such as "usb" or "block".
    rule_any(class, backend) = gettext("any {class} device of {backend}");
    refused_changed(place) = gettext("Not attached: another device is on {place} now than the one you were asked about.");
    refused_gone(place) = gettext("Not attached: the device is no longer on {place}.");
    refused_unchecked(place) = gettext("Not attached: Plugboard could not make sure that the same device is still on {place}.");
    // Translators: notification: a device waits for the answer; {place} is like "sys-usb:2-1".
    asks(place) = gettext("Attach {place}?");
    not_attached_at(place) = gettext("{place} was not attached");
    // Translators: button of a notification; brings the window of the question to the front.
    button_answer() = gettext("Answer…");
}

/// "2 devices wait for you".
#[must_use]
pub(crate) fn questions_wait(count: usize) -> String {
    // Translators: tooltip of the tray icon, and notification.
    let text = ngettext("{count} device waits for you", "{count} devices wait for you", plural(count));
    fill(&text, &[("count", &count.to_string())])
}

// ---- the program itself ---------------------------------------------------------------------------------------------

sentences! {
    bus_missing(reason) = gettext("plugboard: there is no session bus ({reason}). Start plugboard in your desktop session.");
    bus_lost() = gettext("plugboard: the session bus has gone; ending.");
    no_display() = gettext("plugboard: there is no display to open the menu on.");
}

fn plural(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
