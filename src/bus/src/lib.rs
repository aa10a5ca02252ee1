//! The D-Bus contract of Plugboard: names, paths, shapes, proxies and error names.
