//! Logs of the program: to standard error, our own rooms as asked, everybody else's warnings.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The rooms whose steps may be logged.
const OURS: [&str; 4] = ["device_core", "device_bus", "plugboard_service", "qubesd_sim"];

/// Begins to log; called once. `verbosity` 0 = what an administrator wants to read, 1 = steps, 2 = calls and events.
pub(crate) fn begin(verbosity: u8) {
    let level = match verbosity {
        0 => LevelFilter::INFO,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let targets = OURS.iter().fold(Targets::new().with_default(LevelFilter::WARN), |targets, room| {
        targets.with_target(*room, level)
    });
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(verbosity > 0)
        .with_ansi(false);
    // The journal writes the time itself.
    let lines = if std::env::var_os("JOURNAL_STREAM").is_some() {
        lines.without_time().boxed()
    } else {
        lines.boxed()
    };
    tracing_subscriber::registry().with(lines.with_filter(targets)).init();
}
