//! Names, wire, admin client, inventory, watcher and rules of Qubes devices.
