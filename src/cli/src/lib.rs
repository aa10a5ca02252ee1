//! The qvm-device command line: list, attach and detach devices straight on the Admin API.
