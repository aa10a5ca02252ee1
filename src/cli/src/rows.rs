//! What was read, as the rows of `list`: a pure function, so that every sample of the field is a test without a server.
//!
//! # Source
//! Admin API facts 6.2.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use device_core::assignment::{Assignment, Attachment, Options};
use device_core::device::DeviceInfo;
use device_core::name::{DeviceId, Port, PortId, QubeName};

/// Everything a listing was made of.
#[derive(Debug, Clone, Default)]
pub struct Findings {
    /// What backends expose.
    pub exposed: Vec<DeviceInfo>,
    /// Who holds what, as far as it was read with its options.
    pub attached: Vec<Attachment>,
    /// What is stored; only read when asked for.
    pub assigned: Vec<Assignment>,
}

/// Which devices are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All.
    Everything,
    /// Those that one of these qubes exposes or holds.
    Of(BTreeSet<QubeName>),
}

impl Selection {
    /// Whether it names this qube.
    #[must_use]
    pub fn has(&self, qube: &QubeName) -> bool {
        match self {
            Self::Everything => true,
            Self::Of(qubes) => qubes.contains(qube),
        }
    }
}

/// Whether a column with the addresses of PCI devices is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

/// How the parts of a row are written.
pub struct Wording<'a> {
    /// What a device is.
    pub describe: &'a dyn Fn(&DeviceInfo) -> String,
    /// A qube that uses one.
    pub qube: &'a dyn Fn(&QubeName) -> String,
    /// What is said of how it does.
    pub user: UserForm,
}

/// How a row says that a qube uses a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserForm {
    /// `work (attached: read-only=no)`
    Current,
    /// `work (read-only=no)`, as before R4.3.
    Older,
}

/// The rows, sorted.
#[must_use]
pub fn rows(
    findings: &Findings,
    selection: &Selection,
    addresses: Addresses,
    wording: &Wording<'_>,
) -> Vec<Vec<String>> {
    let row = |head: String, address: &str, text: String, users: String| match addresses {
        Addresses::Shown => vec![head, address.to_owned(), text, users],
        Addresses::Hidden => vec![head, text, users],
    };
    let mut rows = Vec::new();
    for (info, users) in selected(findings, selection) {
        let address = info.data.get("sbdf").map_or("", |address| address.as_str());
        rows.push(row(info.port.to_string(), address, (wording.describe)(&info), used_by(&users, wording)));
    }
    for pattern in patterns(&findings.assigned) {
        let (backend, port, device) = pattern;
        let head = format!("{backend}:{}", port.map_or("*", PortId::as_str));
        let text = device.map_or("any device", DeviceId::as_str).to_owned();
        rows.push(row(head, "", text, assigned_to(&findings.assigned, pattern, wording)));
    }
    rows.sort();
    rows
}

/// Who uses a device, and how.
pub type Users<'a> = BTreeMap<&'a QubeName, Options>;

/// The devices that one of the selected qubes exposes or holds, each with its users.
pub fn selected<'a>(
    findings: &'a Findings,
    selection: &'a Selection,
) -> impl Iterator<Item = (Cow<'a, DeviceInfo>, Users<'a>)> {
    devices(findings).into_iter().filter(|(info, users)| {
        selection.has(&info.port.backend) || users.keys().any(|user| selection.has(user))
    })
}

/// Every device with the qubes that use it, besides its own backend. Of what is not exposed only a holder still knows.
fn devices(findings: &Findings) -> Vec<(Cow<'_, DeviceInfo>, Users<'_>)> {
    let mut users: BTreeMap<(&Port, &DeviceId), Users<'_>> = BTreeMap::new();
    for info in &findings.exposed {
        if let Some(holder) = &info.holder {
            let known = users.entry((&info.port, &info.id)).or_default();
            known.insert(holder, Options::new());
        }
    }
    for attachment in &findings.attached {
        let device = &attachment.device;
        let known = users.entry((&device.port, &device.id)).or_default();
        known.insert(&attachment.frontend, attachment.options.clone());
    }
    for ((port, _), users) in &mut users {
        users.remove(&port.backend);
    }
    let mut found = Vec::new();
    for info in &findings.exposed {
        let users = users.remove(&(&info.port, &info.id)).unwrap_or_default();
        found.push((Cow::Borrowed(info), users));
    }
    for attachment in &findings.attached {
        let device = &attachment.device;
        if let Some(users) = users.remove(&(&device.port, &device.id)) {
            let unknown = DeviceInfo::unknown(device.port.clone(), device.id.clone());
            found.push((Cow::Owned(unknown), users));
        }
    }
    found
}

fn used_by(users: &Users<'_>, wording: &Wording<'_>) -> String {
    let user = |(qube, options): (&&QubeName, &Options)| {
        let name = (wording.qube)(qube);
        match wording.user {
            UserForm::Current => format!("{name} (attached{})", with_options(options)),
            UserForm::Older if options.is_empty() => name,
            UserForm::Older => format!("{name} ({})", joined(options)),
        }
    };
    let users: Vec<_> = users.iter().map(user).collect();
    users.join(", ")
}

/// Backend, port and device that an assignment means; `None` = any.
type Pattern<'a> = (&'a QubeName, Option<&'a PortId>, Option<&'a DeviceId>);

fn pattern(assignment: &Assignment) -> Pattern<'_> {
    (&assignment.backend, assignment.port.as_ref(), assignment.device.as_ref())
}

fn patterns(assigned: &[Assignment]) -> BTreeSet<Pattern<'_>> {
    assigned.iter().map(pattern).collect()
}

/// Who has an assignment of exactly this pattern; a concrete device lists the wider ones that mean it as well.
fn assigned_to(assigned: &[Assignment], wanted: Pattern<'_>, wording: &Wording<'_>) -> String {
    let means = |assignment: &&Assignment| match wanted {
        (backend, Some(port), Some(device)) => {
            assignment.covers(&Port::new(backend.clone(), assignment.class.clone(), port.clone()), device)
        }
        _ => pattern(assignment) == wanted,
    };
    let mut users: Vec<&Assignment> = assigned.iter().filter(means).collect();
    // Stable: the assignments of one qube stay in the server's order.
    users.sort_by(|a, b| a.frontend.cmp(&b.frontend));
    let users: Vec<_> = users
        .into_iter()
        .map(|a| format!("*{} ({}{})", (wording.qube)(&a.frontend), a.mode, with_options(&a.options)))
        .collect();
    users.join(", ")
}

fn with_options(options: &Options) -> String {
    if options.is_empty() { String::new() } else { format!(": {}", joined(options)) }
}

fn joined(options: &Options) -> String {
    let options: Vec<_> = options.iter().map(|(key, value)| format!("{key}={value}")).collect();
    options.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use device_core::name::DeviceClass;
    use device_core::wire::listing;

    fn name(text: &str) -> QubeName {
        QubeName::new(text).unwrap()
    }

    fn stick(extra: &str) -> DeviceInfo {
        let line = format!("2-1:a:b:u080650 vendor='SanDisk' product='Blade' {extra} interfaces='u080650'");
        let (mut devices, _) = listing::exposed(line.as_bytes(), &name("sys-usb"), &DeviceClass::Usb);
        devices.remove(0)
    }

    fn assigned(qube: &str, head: &str, mode: &str) -> Vec<Assignment> {
        let line = format!("sys-usb+{head} mode='{mode}' frontend_domain='{qube}'");
        listing::assigned(line.as_bytes(), &name(qube), &DeviceClass::Usb).0
    }

    fn shown(findings: &Findings, selection: &Selection) -> Vec<String> {
        let wording = Wording {
            describe: &|device| device.description(&|_| None),
            qube: &QubeName::to_string,
            user: UserForm::Current,
        };
        let rows = rows(findings, selection, Addresses::Hidden, &wording);
        rows.into_iter().map(|row| row.join("|")).collect()
    }

    #[test]
    fn a_concrete_device_lists_the_wider_assignments_too() {
        let findings = Findings {
            assigned: [
                assigned("work", "2-1:a:b:u080650", "auto-attach"),
                assigned("vault", "*:a:b:u080650", "ask-to-attach"),
                assigned("anon", "2-1:*", "auto-attach"),
            ]
            .concat(),
            ..Findings::default()
        };
        assert_eq!(
            shown(&findings, &Selection::Everything),
            [
                "sys-usb:*|a:b:u080650|*vault (ask-to-attach)",
                "sys-usb:2-1|a:b:u080650|*anon (auto-attach), *vault (ask-to-attach), *work (auto-attach)",
                "sys-usb:2-1|any device|*anon (auto-attach)",
            ]
        );
    }

    #[test]
    fn a_device_is_listed_for_who_exposes_and_for_who_holds_it() {
        let findings = Findings { exposed: vec![stick("attachment='work'")], ..Findings::default() };
        let row = "sys-usb:2-1|USB_Storage: SanDisk Blade|work (attached)";
        for (qube, rows) in [("work", &[row][..]), ("sys-usb", &[row]), ("vault", &[])] {
            let selection = Selection::Of([name(qube)].into());
            assert_eq!(shown(&findings, &selection), rows, "{qube}");
        }
    }

    #[test]
    fn what_only_its_holder_knows_of_is_an_unknown_device() {
        let line = b"sys-usb+2-9:a:b mode='manual' frontend_domain='work' _x='y'";
        let findings = Findings {
            exposed: vec![stick("attachment='sys-usb'")],
            attached: listing::attached(line, &name("work"), &DeviceClass::Usb).0,
            ..Findings::default()
        };
        assert_eq!(
            shown(&findings, &Selection::Everything),
            [
                "sys-usb:2-1|USB_Storage: SanDisk Blade|",
                "sys-usb:2-9|?******: unknown vendor unknown usb device|work (attached: x=y)",
            ]
        );
    }
}
