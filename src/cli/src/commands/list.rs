//! `list`: what there is, and who uses it.
//!
//! Asks each running qube what it exposes; that tells the holders of USB devices and disks too. Only where options
//! or the backend's silence make it necessary are the holders asked as well. A halted qube exposes and holds
//! nothing, so it is only asked for what is stored for it.

use std::borrow::Cow;
use std::collections::BTreeSet;

use device_core::device::DeviceInfo;
use device_core::error::{Error, ErrorKind};
use device_core::name::{DeviceClass, QubeName};
use device_core::qube::QubeState;
use device_core::scope::{Scope, ScopeReply};
use serde::Serialize;

use crate::errand::Manner;
use crate::failure::{Failure, is_no_access};
use crate::grammar::Key;
use crate::hwdata;
use crate::json;
use crate::paint::Palette;
use crate::parse::Matches;
use crate::rows::{Addresses, Findings, Selection, UserForm, Users, Wording, rows, selected};
use crate::session::Session;
use crate::shown::shown;
use crate::table;

/// Prints the table.
///
/// # Errors
/// When nothing could be read, or a part of it: what could be read is printed first.
pub(super) async fn run(session: &mut Session<'_>, matches: &Matches) -> Result<(), Failure> {
    if matches.has(Key::Exclude) && !matches.has(Key::All) {
        return Err(session.errand.usage("--exclude can only be used with --all"));
    }
    let selection = selection(session, matches).await?;
    let qubes = session.errand.qubes().await?.to_vec();
    let is_older = session.is_older().await;
    let mut reading = Reading {
        session,
        running: qubes.iter().filter(|qube| qube.state.is_running()).map(|qube| qube.name.clone()).collect(),
        findings: Findings::default(),
        unreadable: BTreeSet::new(),
        readable: 0,
    };
    if is_older {
        reading.older_devices(&selection, &qubes).await?;
    } else {
        reading.devices(&selection).await?;
    }
    if matches.has(Key::Assignments) {
        reading.assignments(&qubes).await?;
    }
    let Reading { findings, unreadable, readable, .. } = reading;
    if readable == 0 && !unreadable.is_empty() {
        return Err(Failure::Refused(no_such_class(session.class.as_str())));
    }
    let user = if is_older { UserForm::Older } else { UserForm::Current };
    let text = match session.errand.manner {
        Manner::Json => as_json(&findings, &selection, matches.has(Key::Assignments), &unreadable),
        _ => as_table(session, &findings, &selection, matches, user).await,
    };
    session.errand.console.out.write_all(text.as_bytes())?;
    complain(session, &unreadable)
}

/// The sentence for a class that nobody tells us anything of.
#[must_use]
pub(super) fn no_such_class(class: &str) -> String {
    format!(
        "Failed to list '{}' devices, this device type either does not exist or you do not have access to it.",
        shown(class)
    )
}

async fn as_table(
    session: &Session<'_>,
    findings: &Findings,
    selection: &Selection,
    matches: &Matches,
    user: UserForm,
) -> String {
    let addresses = if matches.has(Key::Sbdf) { Addresses::Shown } else { Addresses::Hidden };
    let palette = Palette::of(&session.errand, users(findings, selection)).await;
    let wording = Wording {
        describe: &|device| device.description(&hwdata::label),
        qube: &|qube| palette.name(qube),
        user,
    };
    let mut table = rows(findings, selection, addresses, &wording);
    if session.errand.console.is_terminal && !table.is_empty() {
        table.insert(0, header(addresses, &palette));
    }
    table::render(&table)
}

/// Every qube that the table names as a user.
fn users<'a>(findings: &'a Findings, selection: &'a Selection) -> BTreeSet<&'a QubeName> {
    let held = selected(findings, selection).flat_map(|(_, users)| users.into_keys());
    held.chain(findings.assigned.iter().map(|assignment| &assignment.frontend)).collect()
}

fn as_json(
    findings: &Findings,
    selection: &Selection,
    has_assignments: bool,
    unreadable: &BTreeSet<QubeName>,
) -> String {
    #[derive(Serialize)]
    struct List<'a> {
        devices: Vec<json::Device>,
        #[serde(skip_serializing_if = "Option::is_none")]
        assignments: Option<Vec<json::Stored>>,
        unreadable: Vec<&'a str>,
    }
    let device = |(info, users): (Cow<'_, DeviceInfo>, Users<'_>)| {
        let users = users.iter().map(|(qube, options)| json::User::new(qube, options));
        json::Device::new(&info, users.collect())
    };
    let list = List {
        devices: selected(findings, selection).map(device).collect(),
        assignments: has_assignments.then(|| findings.assigned.iter().map(json::Stored::from).collect()),
        unreadable: unreadable.iter().map(QubeName::as_str).collect(),
    };
    json::line("list", list)
}

async fn selection(session: &mut Session<'_>, matches: &Matches) -> Result<Selection, Failure> {
    let mut named = BTreeSet::new();
    if matches.has(Key::All) {
        named.extend(session.errand.qubes().await?.iter().map(|qube| qube.name.clone()));
        named.remove(&QubeName::dom0());
        for word in matches.values(Key::Exclude) {
            for qube in session.errand.qubes_named(word).await? {
                named.remove(&qube.name);
            }
        }
        return Ok(Selection::Of(named));
    }
    for word in matches.operands() {
        named.extend(session.errand.qubes_named(word).await?.into_iter().map(|qube| qube.name));
    }
    // A wildcard that no qube fits lists everything, as it always has.
    if named.is_empty() {
        return Ok(Selection::Everything);
    }
    Ok(Selection::Of(named))
}

fn header(addresses: Addresses, palette: &Palette) -> Vec<String> {
    let titles: &[&str] = match addresses {
        Addresses::Shown => &["BACKEND:DEVID", "SBDF", "DESCRIPTION", "USED BY"],
        Addresses::Hidden => &["BACKEND:DEVID", "DESCRIPTION", "USED BY"],
    };
    titles.iter().map(|title| palette.title(title)).collect()
}

/// Some qubes kept their devices from us: the others are printed, and this is said.
pub(super) fn complain(session: &Session<'_>, unreadable: &BTreeSet<QubeName>) -> Result<(), Failure> {
    if unreadable.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = unreadable.iter().map(QubeName::as_str).collect();
    Err(Failure::Refused(format!(
        "Failed to list '{}' devices of {}: qubesd gave no answer for them.",
        session.class,
        names.join(", ")
    )))
}

/// What is known so far, and whom to ask.
struct Reading<'a, 'b> {
    session: &'a Session<'b>,
    running: BTreeSet<QubeName>,
    findings: Findings,
    unreadable: BTreeSet<QubeName>,
    readable: usize,
}

impl Reading<'_, '_> {
    async fn devices(&mut self, selection: &Selection) -> Result<(), Failure> {
        let class = self.session.class.clone();
        let mut backends: BTreeSet<QubeName> = self.running.clone();
        let mut holders: BTreeSet<QubeName> = BTreeSet::new();
        if let Selection::Of(named) = selection
            && named.iter().filter(|name| self.running.contains(*name)).count() * 2 < self.running.len()
        {
            backends.retain(|name| named.contains(name));
            holders = backends.clone();
        }
        if class.is_dom0_only() {
            backends.retain(QubeName::is_dom0);
        }
        self.expose(&backends).await?;
        self.hold(&holders).await?;
        let elsewhere = self.backends_of_what_is_held().difference(&backends).cloned().collect();
        self.expose(&elsewhere).await?;
        if self.findings.exposed.iter().any(|device| is_wanted(device, selection)) {
            let more = match class {
                // Their backends name the holders, and there is nothing else to tell of an attachment.
                DeviceClass::Usb => BTreeSet::new(),
                // The options of a disk are known to its holder only.
                DeviceClass::Block => self.holders(selection),
                _ => self.running.clone(),
            };
            self.hold(&more.difference(&holders).cloned().collect()).await?;
        }
        Ok(())
    }

    /// Before R4.3 a qube that is off counts as the user of what it will have after its start, so every qube is asked
    /// once there is something to be used; of what nobody exposes only those are told of that were named.
    async fn older_devices(&mut self, selection: &Selection, qubes: &[QubeState]) -> Result<(), Failure> {
        let mut backends = self.running.clone();
        let mut holders = BTreeSet::new();
        if let Selection::Of(named) = selection {
            backends.retain(|name| named.contains(name));
            holders.extend(named.iter().filter(|name| !name.is_dom0()).cloned());
        }
        if self.session.class.is_dom0_only() {
            backends.retain(QubeName::is_dom0);
        }
        self.expose(&backends).await?;
        self.hold(&holders).await?;
        let elsewhere = self.backends_of_what_is_held().difference(&backends).cloned().collect();
        self.expose(&elsewhere).await?;
        if !self.findings.exposed.is_empty() {
            let others = qubes.iter().map(|qube| &qube.name);
            let others = others.filter(|name| !name.is_dom0() && !holders.contains(*name)).cloned();
            self.hold(&others.collect()).await?;
        }
        let Findings { exposed, attached, .. } = &mut self.findings;
        attached.retain(|held| {
            let is_exposed = exposed.iter().any(|device| device.port == held.device.port);
            is_exposed || (matches!(selection, Selection::Of(_)) && selection.has(&held.frontend))
        });
        Ok(())
    }

    async fn assignments(&mut self, qubes: &[QubeState]) -> Result<(), Failure> {
        let class = &self.session.class;
        let scopes = qubes.iter().map(|qube| Scope::Assigned(qube.name.clone(), class.clone()));
        self.read(scopes.collect()).await
    }

    async fn expose(&mut self, backends: &BTreeSet<QubeName>) -> Result<(), Failure> {
        let class = &self.session.class;
        let scopes = backends.iter().map(|qube| Scope::Exposed(qube.clone(), class.clone()));
        self.read(scopes.collect()).await
    }

    async fn hold(&mut self, frontends: &BTreeSet<QubeName>) -> Result<(), Failure> {
        let class = &self.session.class;
        let scopes = frontends.iter().map(|qube| Scope::Attached(qube.clone(), class.clone()));
        self.read(scopes.collect()).await
    }

    async fn read(&mut self, scopes: Vec<Scope>) -> Result<(), Failure> {
        for (scope, reply) in self.session.errand.read_all(scopes).await {
            match reply {
                Ok(ScopeReply::Exposed(mut devices)) => self.findings.exposed.append(&mut devices),
                Ok(ScopeReply::Attached(mut held)) => self.findings.attached.append(&mut held),
                Ok(ScopeReply::Assigned(mut stored)) => self.findings.assigned.append(&mut stored),
                Ok(_) => continue,
                Err(error) if is_about_this_qube(&error) => {
                    // A qube that was removed meanwhile has nothing to tell.
                    if error.kind() != ErrorKind::NotFound {
                        self.unreadable.extend(scope.qube().cloned());
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            }
            self.readable += 1;
        }
        Ok(())
    }

    fn backends_of_what_is_held(&self) -> BTreeSet<QubeName> {
        let held = self.findings.attached.iter();
        held.map(|attachment| attachment.device.port.backend.clone())
            .filter(|backend| self.running.contains(backend))
            .collect()
    }

    fn holders(&self, selection: &Selection) -> BTreeSet<QubeName> {
        let wanted = self.findings.exposed.iter().filter(|device| is_wanted(device, selection));
        wanted
            .filter_map(|device| device.holder.clone())
            .filter(|holder| self.running.contains(holder))
            .collect()
    }
}

/// Whether the device can be in the table; of a class whose backends don't name the holders, any can.
fn is_wanted(device: &DeviceInfo, selection: &Selection) -> bool {
    !tells_holders(&device.port.class)
        || selection.has(&device.port.backend)
        || device.holder.as_ref().is_some_and(|holder| selection.has(holder))
}

/// Whether backends of this class say who holds their devices.
///
/// # Source
/// Measured against the real server: `attachment` is sent for these two.
fn tells_holders(class: &DeviceClass) -> bool {
    matches!(class, DeviceClass::Usb | DeviceClass::Block)
}

/// Whether the others may still be readable.
pub(super) fn is_about_this_qube(error: &Error) -> bool {
    is_no_access(error) || error.kind() == ErrorKind::NotFound
}
