//! A small qubesd: the same socket, bytes, events, rules and refusals over worlds written in TOML.
