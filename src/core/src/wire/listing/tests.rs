//! Lists read from lines as real and as bad as they come.

use super::*;

fn usb() -> (QubeName, DeviceClass) {
    (QubeName::new("sys-usb").unwrap(), DeviceClass::Usb)
}

#[test]
fn a_device_line_survives_the_round_trip() {
    let line = "2-1:0781:5567:4C53:u080650 device_id='0781:5567:4C53:u080650' port_id='2-1' devclass='usb' \
                backend_domain='sys-usb' vendor='SanDisk Corp.' product='Cruzer Blade' manufacturer='SanDisk' \
                name='Cruzer_Blade' serial='4C53' attachment='work' interfaces='u080650'";
    let (backend, class) = usb();
    let (devices, faults) = exposed(line.as_bytes(), &backend, &class);
    assert_eq!(faults, []);
    assert_eq!(write_exposed(devices.first().unwrap()).unwrap(), line);
}

#[test]
fn one_bad_line_hides_no_other() {
    let data = b"2-1:a:b interfaces='u080650'\n2-2:c:d broken\n:x \n\xff\n2-3:e:f port_id='9-9'\n2-4:x:y \n";
    let (backend, class) = usb();
    let (devices, faults) = exposed(data, &backend, &class);
    let ports: Vec<_> = devices.iter().map(|d| d.port.id.as_str()).collect();
    assert_eq!(ports, ["2-1", "2-2", "2-3", "2-4"]);
    assert_eq!(faults.len(), 4);
    assert_eq!(devices.get(1).map(|d| d.interfaces.as_slice()), Some([Interface::UNKNOWN].as_slice()));
}

#[test]
fn wildcards_in_assignments_mean_any() {
    let line =
        b"sys-usb+*:0781:5567 device_id='0781:5567' port_id='*' devclass='usb' backend_domain='sys-usb' \
                 mode='ask-to-attach' frontend_domain='work' _read-only='yes'\n";
    let (_, class) = usb();
    let (found, faults) = assigned(line, &QubeName::new("work").unwrap(), &class);
    assert_eq!(faults, []);
    let found = found.first().unwrap();
    assert_eq!((found.port.as_ref(), found.mode), (None, Mode::AskToAttach));
    assert_eq!(found.options.value("read-only"), Some("yes"));
    assert_eq!(write_assigned(found).unwrap().as_bytes(), line.strip_suffix(b"\n").unwrap());
}

#[test]
fn a_thousand_devices_of_one_backend_are_read() {
    let lines: Vec<_> = (0..1000).map(|n| format!("1-{n}:a:b interfaces='u030101'\n")).collect();
    let data = lines.concat();
    let (backend, class) = usb();
    assert_eq!(exposed(data.as_bytes(), &backend, &class).0.len(), 1000);
}
