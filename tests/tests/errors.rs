//! The table of errors in ARCHITECTURE.md, held to the code.

use device_core::error::ErrorKind;

#[test]
fn every_kind_of_error_stands_in_the_table_with_its_names() {
    let page = std::fs::read_to_string(format!("{}/../ARCHITECTURE.md", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.contains("org.plugboard.Devices1.Error."))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    assert_eq!(rows.len(), ErrorKind::ALL.len());
    for (row, kind) in rows.iter().zip(ErrorKind::ALL) {
        let name = device_bus::error::name_of(kind);
        assert_eq!(row[1], format!("{kind:?}"));
        assert_eq!(row[2], format!("`{name}`"));
        assert_eq!(device_bus::error::kind_of(name), Some(kind));
        assert!(!row[4].is_empty(), "{kind:?} needs advice");
    }
}
