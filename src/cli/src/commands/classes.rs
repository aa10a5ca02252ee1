//! `--list-device-classes`: the names, sorted, one a line.

use crate::ledger::Ledger;
use device_core::hypervisor::Hypervisor;
use device_core::scope::{Scope, ScopeReply};

use crate::errand::Console;
use crate::failure::Failure;

/// Prints the classes.
pub async fn run(client: &Ledger, console: Console<'_>) -> Result<(), Failure> {
    if let ScopeReply::Classes(classes) = client.read(&Scope::Classes).await? {
        for class in classes {
            writeln!(console.out, "{class}")?;
        }
    }
    Ok(())
}
