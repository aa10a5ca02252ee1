//! Looking again before a server is contradicted that reported success.
//!
//! # Source
//! Admin API facts 5.3: who has a USB device its backend notes by itself. It does so a moment after the attach, and up to a
//! second after the answer to the detach; until then lists tell the former state, and another attach is refused.

use std::time::Duration;

use tokio::time::sleep;

/// How long is waited between one look and the next: three seconds in all, and little where it is over soon.
const WAITS: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(450),
    Duration::from_millis(900),
    Duration::from_millis(1300),
];

/// What a look finds as soon as it `is_good`; what the last one finds otherwise.
pub async fn look_until<T, L: Future<Output = T>>(
    mut look: impl FnMut() -> L,
    is_good: impl Fn(&T) -> bool,
) -> T {
    for wait in WAITS {
        let found = look().await;
        if is_good(&found) {
            return found;
        }
        sleep(wait).await;
    }
    look().await
}
