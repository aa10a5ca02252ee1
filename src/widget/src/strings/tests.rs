//! Plurals are counted as the language counts.

use super::*;

#[test]
fn counts_have_plurals() {
    assert_eq!(device_count(1), "1 device");
    assert_eq!(device_count(0), "0 devices");
}
