//! `--list-device-classes`: the names, sorted, one a line.

use device_core::client::AdminClient;
use device_core::hypervisor::Hypervisor;
use device_core::scope::{Scope, ScopeReply};

use crate::failure::Failure;
use crate::session::Console;

/// Prints the classes.
pub async fn run(client: &AdminClient, console: Console<'_>) -> Result<(), Failure> {
    if let ScopeReply::Classes(classes) = client.read(&Scope::Classes).await? {
        for class in classes {
            writeln!(console.out, "{class}")?;
        }
    }
    Ok(())
}
