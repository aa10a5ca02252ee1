//! Tests that see the whole house. Nothing may import this crate.
