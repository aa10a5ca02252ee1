//! What changes devices, in the words of the server's generation.
//!
//! No change is tried out: while nothing told the generation, the qubes are listed before.

use super::generation::Generation;
use super::{AdminClient, is_about_the_link};
use crate::assignment::{Assignment, Mode, Options};
use crate::error::{Error, ErrorKind};
use crate::name::{DeviceRef, QubeName};
use crate::wire::argument::DeviceArgument;
use crate::wire::listing;
use crate::wire::property::PropertyError;
use crate::wire::request::Request;

impl AdminClient {
    /// Attaches a device as `assignment` says, its mode included: a live attachment of a device that is to be stored
    /// as required travels under that mode. An older server stores it as well.
    ///
    /// # Errors
    /// The server's refusal, or trouble on the way.
    pub async fn attach_as(&self, assignment: &Assignment) -> Result<(), Error> {
        let current = async {
            let payload = listing::write_assignment(assignment).map_err(bad_option)?;
            self.current_call("Attach", assignment, &payload).await
        };
        self.either(current, self.older_attach(assignment)).await
    }

    pub(super) async fn detach(&self, device: &DeviceRef, frontend: &QubeName) -> Result<(), Error> {
        let assignment = Assignment::exactly(device, frontend, Mode::Manual, Options::new());
        let current = self.current_call("Detach", &assignment, "");
        self.either(current, self.older_detach(&device.port, frontend)).await
    }

    pub(super) async fn assign(&self, assignment: &Assignment) -> Result<(), Error> {
        let current = async {
            let payload = listing::write_assignment(assignment).map_err(bad_option)?;
            self.current_call("Assign", assignment, &payload).await
        };
        self.either(current, self.older_assign(assignment)).await
    }

    pub(super) async fn unassign(&self, assignment: &Assignment) -> Result<(), Error> {
        let current = self.current_call("Unassign", assignment, "");
        self.either(current, self.older_unassign(assignment)).await
    }

    pub(super) async fn set_mode(&self, assignment: &Assignment, mode: Mode) -> Result<(), Error> {
        let current = self.current_call("Set.assignment", assignment, mode.as_str());
        self.either(current, async { Self::older_set_mode(mode) }).await
    }

    async fn either(
        &self,
        current: impl Future<Output = Result<(), Error>>,
        older: impl Future<Output = Result<(), Error>>,
    ) -> Result<(), Error> {
        match self.generation().await {
            Ok(Generation::Older) => older.await,
            Err(error) if is_about_the_link(&error) => Err(error),
            // Who lists no qubes for us is taken for one of today.
            Ok(Generation::Current) | Err(_) => current.await,
        }
    }

    async fn current_call(&self, verb: &str, assignment: &Assignment, payload: &str) -> Result<(), Error> {
        let Assignment { backend, class, port, device, frontend, .. } = assignment;
        let argument = DeviceArgument::new(backend, port.as_ref(), device.as_ref());
        if !argument.is_lossless() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "The id of this device can't be sent unchanged, so another device could be meant. Nothing was done.",
            ));
        }
        let method = format!("admin.vm.device.{class}.{verb}");
        let request = Request::new(method, argument.to_string(), frontend.as_str()).with_payload(payload);
        self.call(&request).await.map(drop)
    }
}

fn bad_option(error: PropertyError) -> Error {
    Error::new(ErrorKind::Refused, format!("An option can't be sent: {error}."))
}
