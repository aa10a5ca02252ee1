//! The service that mirrors devices on D-Bus and carries out commands.
