//! The commands, and what is true of the service as a whole: `org.plugboard.Devices1.Manager`.
//!
//! A call is checked ([`request`]), carried out by `device_core::command`, and answered when it is done. Each call is
//! a task of its own. Nothing here takes the object exclusively and nothing here changes the mirror, so a command that
//! takes minutes holds up nobody. A command that found something else than the person saw only has the mirror look again.

use std::future::Future;
use std::sync::Arc;

use device_bus::error::Failure;
use device_bus::manager::UnreadableList;
use device_bus::options::{self, CommandOptions};
use device_core::assignment::{Assignment, Options};
use device_core::command::{self, settled};
use device_core::error::{Error, ErrorKind};
use device_core::machine::Machine;
use device_core::name::{DeviceRef, QubeName};
use device_core::scope::stale_after_surprise;
use device_core::watcher::WatcherHandle;
use zbus::interface;
use zbus::message::Header;
use zbus::zvariant::ObjectPath;

use crate::state::State;
use crate::underway::Underway;
use crate::upstream::Upstream;

mod request;
#[cfg(test)]
mod tests;

/// The object of the commands.
pub(crate) struct Manager<H> {
    /// Where commands are carried out.
    pub(crate) hypervisor: Arc<H>,
    /// What the mirror knows.
    pub(crate) state: Arc<State>,
    /// Whom to ask to read everything again.
    pub(crate) watcher: WatcherHandle,
    /// What is being carried out.
    pub(crate) underway: Underway,
}

#[interface(name = "org.plugboard.Devices1.Manager", introspection_docs = false)]
impl<H: Upstream> Manager<H> {
    async fn attach(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let (device, qube) = (request::device(&device, id)?, request::qube(qube)?);
        let options = options::from_command(options)?;
        let machine = self.whole_machine()?;
        let done = command::attach(&*self.hypervisor, Some(&machine), &device, &qube, &options);
        let what = format!("attach {} to {qube}{}", named(&machine, &device), with(&options));
        self.carry_out_for(&call, &what, (&device, &qube), done).await
    }

    async fn check(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let (device, qube) = (request::device(&device, id)?, request::qube(qube)?);
        options::none(&options)?;
        let machine = self.whole_machine()?;
        let done = command::check(&*self.hypervisor, Some(&machine), &device, &qube);
        let what = format!("check {} for {qube}", named(&machine, &device));
        self.carry_out_for(&call, &what, (&device, &qube), done).await
    }

    async fn detach(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let (device, qube) = (request::device(&device, id)?, request::qube(qube)?);
        options::none(&options)?;
        let machine = self.state.snapshot().machine;
        let done = command::detach(&*self.hypervisor, &device, &qube);
        let what = format!("detach {} from {qube}", named(&machine, &device));
        self.carry_out_for(&call, &what, (&device, &qube), done).await
    }

    #[zbus(name = "Move")]
    async fn move_to(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let (device, qube) = (request::device(&device, id)?, request::qube(qube)?);
        let options = options::from_command(options)?;
        let machine = self.whole_machine()?;
        let done = command::move_to(&*self.hypervisor, Some(&machine), &device, &qube, &options);
        let what = format!("move {} to {qube}{}", named(&machine, &device), with(&options));
        self.carry_out_for(&call, &what, (&device, &qube), done).await
    }

    async fn assign(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        qube: &str,
        mode: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let (device, frontend) = (request::device(&device, id)?, request::qube(qube)?);
        let mode = request::mode(mode)?;
        let options = options::from_command(options)?;
        let machine = self.whole_machine()?;
        let device = request::seen_whole(&machine, &device)?;
        let what = format!("assign {} to {frontend} ({mode}){}", named(&machine, &device), with(&options));
        let assignment = Assignment::exactly(&device, &frontend, mode, options);
        let done = settled::assign(&*self.hypervisor, &assignment);
        self.carry_out_for(&call, &what, (&device, &frontend), done).await
    }

    async fn unassign(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        qube: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let (device, qube) = (request::device(&device, id)?, request::qube(qube)?);
        options::none(&options)?;
        let machine = self.whole_machine()?;
        let device = request::seen(&machine, device)?;
        let what = format!("unassign {} from {qube}", named(&machine, &device));
        let done = settled::unassign(&*self.hypervisor, &device, &qube);
        self.carry_out_for(&call, &what, (&device, &qube), done).await
    }

    async fn start_qube(
        &self,
        qube: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let qube = request::qube(qube)?;
        options::none(&options)?;
        self.carry_out(&call, &format!("start {qube}"), settled::start(&*self.hypervisor, &qube)).await
    }

    async fn shutdown_qube(
        &self,
        qube: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let qube = request::qube(qube)?;
        options::none(&options)?;
        self.carry_out(&call, &format!("shut down {qube}"), settled::shutdown(&*self.hypervisor, &qube)).await
    }

    async fn set_mark(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        mark: &str,
        is_set: bool,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<(), Failure> {
        let (device, known) = (request::device(&device, id)?, request::mark(mark)?);
        options::none(&options)?;
        let machine = self.state.snapshot().machine;
        let what = format!("set the mark {mark} of {} to {is_set}", named(&machine, &device));
        let done = command::mark(&*self.hypervisor, &device, known, is_set);
        self.carry_out_for(&call, &what, (&device, &device.port.backend), done).await
    }

    #[zbus(out_args("qube"))]
    async fn attach_to_new_disposable(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        template: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<String, Failure> {
        let (device, template) = (request::device(&device, id)?, request::qube(template)?);
        let options = options::from_command(options)?;
        let machine = self.whole_machine()?;
        let (hypervisor, known) = (&*self.hypervisor, Some(&*machine));
        let made = command::attach_to_new_disposable(hypervisor, known, &device, &template, &options);
        let (name, with) = (named(&machine, &device), with(&options));
        let what = format!("attach {name} to a new disposable based on {template}{with}");
        Ok(made_known(&self.carry_out_for(&call, &what, (&device, &template), made).await?))
    }

    #[zbus(out_args("qube"))]
    async fn move_to_new_disposable(
        &self,
        device: ObjectPath<'_>,
        id: &str,
        template: &str,
        options: CommandOptions,
        #[zbus(header)] call: Header<'_>,
    ) -> Result<String, Failure> {
        let (device, template) = (request::device(&device, id)?, request::qube(template)?);
        let options = options::from_command(options)?;
        let machine = self.whole_machine()?;
        let (hypervisor, known) = (&*self.hypervisor, Some(&*machine));
        let made = command::move_to_new_disposable(hypervisor, known, &device, &template, &options);
        let (name, with) = (named(&machine, &device), with(&options));
        let what = format!("move {name} to a new disposable based on {template}{with}");
        Ok(made_known(&self.carry_out_for(&call, &what, (&device, &template), made).await?))
    }

    #[expect(clippy::unused_async, reason = "a command like the others, a task of its own")]
    async fn refresh(&self, options: CommandOptions) -> Result<(), Failure> {
        options::none(&options)?;
        self.watcher.refresh();
        Ok(())
    }

    #[zbus(property(emits_changed_signal = "const"))]
    fn version(&self) -> String {
        self.state.snapshot().to_properties().version
    }

    #[zbus(property)]
    fn source(&self) -> String {
        self.state.snapshot().to_properties().source
    }

    #[zbus(property)]
    fn link(&self) -> String {
        self.state.snapshot().to_properties().link
    }

    #[zbus(property)]
    fn link_error(&self) -> String {
        self.state.snapshot().to_properties().link_error
    }

    #[zbus(property)]
    fn link_error_name(&self) -> String {
        self.state.snapshot().to_properties().link_error_name
    }

    #[zbus(property)]
    fn unreadable(&self) -> Vec<UnreadableList> {
        self.state.snapshot().to_properties().unreadable
    }
}

impl<H> Manager<H> {
    /// As [`Manager::carry_out`], of a command for a device and a qube. Where they were not as the person saw them, the
    /// mirror is not as they are: whatever should have told it was lost, so it looks again.
    async fn carry_out_for<T>(
        &self,
        call: &Header<'_>,
        what: &str,
        (device, qube): (&DeviceRef, &QubeName),
        done: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let done = async {
            done.await.inspect_err(|error| {
                if matches!(
                    error.kind(),
                    ErrorKind::Changed | ErrorKind::NotFound | ErrorKind::AlreadyAttached
                ) {
                    for hint in stale_after_surprise(&device.port, qube) {
                        self.watcher.doubt(hint);
                    }
                }
            })
        };
        self.carry_out(call, what, done).await
    }

    /// Waits for a command and logs who had what done, and how it ended.
    async fn carry_out<T>(
        &self,
        call: &Header<'_>,
        what: &str,
        done: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Failure> {
        let caller = call.sender().map_or("a direct connection", |sender| sender.as_str());
        let _begun = self.underway.begin()?;
        tracing::debug!(caller, "asked to {what}");
        match done.await {
            Ok(value) => {
                tracing::info!(caller, "{what}: done");
                Ok(value)
            }
            Err(error) => {
                tracing::info!(caller, kind = ?error.kind(), "{what}: {error}");
                Err(error.into())
            }
        }
    }

    /// The machine, for commands that ask the rules: before it was read as a whole the rules would call qubes unknown
    /// that are there.
    fn whole_machine(&self) -> Result<Arc<Machine>, Error> {
        let known = self.state.snapshot();
        if known.was_whole {
            Ok(known.machine)
        } else {
            Err(Error::new(ErrorKind::Busy, "The devices are still being read. Try again in a moment."))
        }
    }
}

/// The name of a disposable that was made, in the log as well.
fn made_known(disposable: &QubeName) -> String {
    tracing::info!(%disposable, "made a disposable");
    disposable.to_string()
}

/// The device as a log names it: place, and what it calls itself.
fn named(machine: &Machine, device: &DeviceRef) -> String {
    let title = machine.devices.get(&device.port).and_then(|known| known.info.title());
    let title = title.map(|title| format!(" ({title})")).unwrap_or_default();
    format!("{} {}{title}", device.port.class, device.port)
}

fn with(options: &Options) -> String {
    let pairs: Vec<_> = options.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if pairs.is_empty() { String::new() } else { format!(" with {}", pairs.join(" ")) }
}
