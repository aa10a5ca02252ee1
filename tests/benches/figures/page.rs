//! What was measured, as rows, and the page that keeps them.

use std::fmt::Write as _;
use std::process::Command;

use crate::Outcome;

/// Whether a figure is what it shall be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As good as asked, or better.
    Met,
    /// Not so.
    NotMet,
    /// Nothing was asked; it stands beside for comparison.
    Told,
}

impl Verdict {
    /// Met if this holds.
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Self::Met } else { Self::NotMet }
    }
}

/// One line of a table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What is measured.
    pub(crate) figure: String,
    /// What the Python tools take, on the real server; a dash where nobody measured it.
    pub(crate) peer: String,
    /// What it shall be.
    pub(crate) aim: String,
    /// What it is.
    pub(crate) measured: String,
    /// What nothing could be faster or smaller than, in the same run; a dash where there is no such thing.
    pub(crate) floor: String,
    /// How the two compare.
    pub(crate) verdict: Verdict,
}

impl Row {
    /// A figure that could not be measured; that is not met, and the page says why.
    pub(crate) fn failed(figure: String, reason: &str) -> Self {
        Self {
            figure,
            peer: "–".into(),
            aim: "–".into(),
            measured: format!("not measured: {}", reason.replace(['|', '\n'], " ")),
            floor: "–".into(),
            verdict: Verdict::NotMet,
        }
    }
}

/// One table and what has to be said about it.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Its heading.
    pub(crate) title: &'static str,
    /// Its lines.
    pub(crate) rows: Vec<Row>,
    /// How it was measured, a sentence a line.
    pub(crate) notes: Vec<String>,
}

impl Section {
    /// A section of which nothing could be measured.
    pub(crate) fn failed(title: &'static str, reason: &str) -> Self {
        Self { title, rows: vec![Row::failed(title.to_owned(), reason)], notes: Vec::new() }
    }

    /// The section in Markdown; `load` is how busy the machine was meanwhile.
    pub(crate) fn text(&self, load: &str) -> String {
        let mut text = format!("## {}\n\n", self.title);
        text.push_str(
            "| figure | peer (Python) | aim | measured | floor, same run | |\n|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let verdict = match row.verdict {
                Verdict::Met => "met",
                Verdict::NotMet => "**not met**",
                Verdict::Told => "",
            };
            let Row { figure, peer, aim, measured, floor, .. } = row;
            let _ = writeln!(text, "| {figure} | {peer} | {aim} | {measured} | {floor} | {verdict} |");
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "- {note}");
        }
        let _ = writeln!(text, "- Load of the machine at the end of this: {load}.");
        text
    }
}

/// How many programs wanted a processor in the last minute, ours included.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The head of the page: what it is, and on what machine it was measured.
pub(crate) fn head() -> Outcome<String> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_once(':'))
            .map_or("unknown".into(), |(_, value)| value.trim().to_owned())
    };
    let memory: u64 = value(&read("/proc/meminfo"), "MemTotal").trim_end_matches(" kB").parse().unwrap_or(0);
    let cores = std::thread::available_parallelism()?;
    Ok(format!(
        "# What Plugboard costs\n\n\
         `./dev bench` measures this with a release build, from outside, while the programs run on the simulator.\n\
         A time is the **median** of several runs, with the shortest and the longest in brackets.\n\
         The machine is shared and noisy: counts and ratios hold, times only together with the floor of the same run.\n\
         The peer's figures were taken with the Python tools on the real server under a pretended hypervisor.\n\n\
         - Processor: {}, {cores} cores, shared\n\
         - Memory: {} GiB\n\
         - Kernel: {}\n\
         - Compiler: {}\n\
         - Date: {}\n\
         - Commit: {}\n",
        value(&read("/proc/cpuinfo"), "model name"),
        memory / (1 << 20),
        line(&["uname", "-sr"])?,
        line(&["rustc", "--version"])?,
        line(&["date", "-u", "+%F %H:%M UTC"])?,
        line(&["git", "describe", "--always", "--dirty", "--exclude=*"])?,
    ))
}

fn line(words: &[&str]) -> Outcome<String> {
    let (program, words) = words.split_first().ok_or("no program")?;
    let done = Command::new(program).args(words).current_dir(env!("CARGO_MANIFEST_DIR")).output()?;
    Ok(String::from_utf8_lossy(&done.stdout).trim().to_owned())
}
