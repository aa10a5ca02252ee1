//! What the kernel tells of a running process: memory, turns on a processor, time.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::desktop::PATIENCE;
use crate::programs::pause;

/// Length of a tick of `/proc/PID/stat`: `USER_HZ` is 100 on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// How often each thread of a process came to a processor and left it, and how long they were there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Turns {
    /// Context switches by thread, of its own will or not.
    threads: BTreeMap<OsString, u64>,
    /// Ticks in user and kernel mode.
    ticks: u64,
}

impl Turns {
    /// Context switches since an earlier reading. A thread that has ended meanwhile came to a processor for that.
    pub(crate) fn switches_since(&self, earlier: &Self) -> u64 {
        let grown = |(thread, now): (&OsString, &u64)| {
            now.saturating_sub(earlier.threads.get(thread).copied().unwrap_or_default())
        };
        let ended = earlier.threads.keys().filter(|thread| !self.threads.contains_key(*thread)).count();
        self.threads.iter().map(grown).sum::<u64>() + ended as u64
    }

    /// The time on a processor since an earlier reading.
    pub(crate) fn time_since(&self, earlier: &Self) -> Duration {
        TICK * u32::try_from(self.ticks.saturating_sub(earlier.ticks)).unwrap_or(u32::MAX)
    }
}

/// The turns of a process so far.
pub(crate) fn turns(pid: u32) -> Outcome<Turns> {
    let mut threads = BTreeMap::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = thread?;
        // A thread may end between the list and the question.
        let Ok(status) = fs::read_to_string(thread.path().join("status")) else { continue };
        let switches =
            number(&status, "voluntary_ctxt_switches:") + number(&status, "nonvoluntary_ctxt_switches:");
        threads.insert(thread.file_name(), switches);
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold blanks; the fields behind it do not. User and system time are the 12th and 13th of them.
    let fields: Vec<&str> = stat.rsplit_once(')').ok_or("bad stat")?.1.split_whitespace().collect();
    let ticks = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Turns { threads, ticks })
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
    Ok(number(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?, "Pss:"))
}

/// How many other processes map this library: with each of them the share of a process gets smaller.
pub(crate) fn sharers(library: &str, pid: u32) -> usize {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let others = processes.filter(|entry| entry.file_name() != *pid.to_string());
    others
        .filter(|entry| {
            fs::read_to_string(entry.path().join("maps")).is_ok_and(|maps| maps.contains(library))
        })
        .count()
}

/// The highest resident set so far in KiB; `None` once the process has no memory any more.
pub(crate) fn peak(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(number(&status, "VmHWM:")).filter(|peak| *peak > 0)
}

/// The number behind a key at the beginning of a line.
fn number(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
