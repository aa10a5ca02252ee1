//! What the kernel tells of a running process: memory, turns on a processor, time.

use std::fs;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::desktop::PATIENCE;
use crate::programs::pause;

/// Length of a tick of `/proc/PID/stat`: `USER_HZ` is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// How often a process came to a processor and left it, and how long it was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Turns {
    /// Context switches of all its threads, of their own will or not.
    pub(crate) switches: u64,
    /// Ticks in user and kernel mode.
    pub(crate) ticks: u64,
}

impl Turns {
    /// What came since an earlier reading.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            switches: self.switches.saturating_sub(earlier.switches),
            ticks: self.ticks.saturating_sub(earlier.ticks),
        }
    }

    /// The time on a processor.
    pub(crate) fn time(self) -> Duration {
        TICK * u32::try_from(self.ticks).unwrap_or(u32::MAX)
    }
}

/// The turns of a process so far.
pub(crate) fn turns(pid: u32) -> Outcome<Turns> {
    let mut switches = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may end between the list and the question.
        let status = fs::read_to_string(thread?.path().join("status")).unwrap_or_default();
        switches +=
            numbers(&status, "voluntary_ctxt_switches:") + numbers(&status, "nonvoluntary_ctxt_switches:");
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold blanks; the fields behind it do not. User and system time are the 12th and 13th of them.
    let fields: Vec<&str> = stat.rsplit_once(')').ok_or("bad stat")?.1.split_whitespace().collect();
    let ticks = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Turns { switches, ticks })
}

/// How long all threads of a process were on a processor so far, and how long they waited for one that was taken.
pub(crate) fn processor(pid: u32) -> Outcome<(Duration, Duration)> {
    let mut sums = [0; 2];
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
        for (sum, word) in sums.iter_mut().zip(text.split_whitespace()) {
            *sum += word.parse::<u64>().unwrap_or(0);
        }
    }
    Ok((Duration::from_nanos(sums[0]), Duration::from_nanos(sums[1])))
}

/// Returns once none of these processes came to a processor for so long.
pub(crate) fn wait_until_still(pids: &[u32], time: Duration) -> Outcome<()> {
    let end = Instant::now() + PATIENCE;
    let all = || pids.iter().map(|pid| turns(*pid)).collect::<Outcome<Vec<_>>>();
    let mut before = all()?;
    while Instant::now() < end {
        pause(time);
        let now = all()?;
        if now == before {
            return Ok(());
        }
        before = now;
    }
    Err("the programs do not come to rest".into())
}

/// Threads of a process.
pub(crate) fn threads(pid: u32) -> Outcome<usize> {
    Ok(fs::read_dir(format!("/proc/{pid}/task"))?.count())
}

/// Proportional set size in KiB: what the process would free by ending, shared pages by share.
pub(crate) fn proportional_set(pid: u32) -> Outcome<u64> {
    Ok(numbers(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?, "Pss:"))
}

/// The highest resident set so far in KiB; `None` once the process has no memory any more.
pub(crate) fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(numbers(&status, "VmHWM:")).filter(|peak| *peak > 0)
}

/// The number behind a key at the beginning of a line.
fn numbers(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
