//! Many processes on one store, beside what the kernel takes for the same work, in turn in one run: a logged value
//! beside a `write(2)`, a commit beside an `fdatasync`, a peer's call beside a message over a socket pair; and how long
//! it takes to go on after the owner was killed.
//!
//! `--json PATH` writes what was found; without it the medians are printed. The names of parts (logging, commits, trips,
//! takeover) measure those only. Sizes are tiny unless times are taken.

#[path = "shared/child.rs"]
mod child;
#[path = "shared/commits.rs"]
mod commits;
#[path = "shared/figures.rs"]
mod figures;
#[path = "shared/logging.rs"]
mod logging;
#[path = "shared/takeover.rs"]
mod takeover;
#[path = "shared/trips.rs"]
mod trips;
#[path = "shared/work.rs"]
mod work;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use figures::{Figures, Result};

/// Where stores are made: a folder on the disk.
const TARGET: &str = env!("CARGO_TARGET_TMPDIR");
/// How often each alternative has its turn.
const REPETITIONS: usize = 5;
/// Whatever takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(4);

type Part = fn(&mut Figures) -> Result<()>;

fn main() -> Result<()> {
    if let Ok(role) = std::env::var(child::ROLE) {
        return child::be(&role);
    }
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE);
        let _ = writeln!(std::io::stderr(), "something hangs: given up");
        std::process::exit(1);
    });
    let mut figures = Figures::default();
    let parts: [(&str, Part); 4] = [
        ("logging", logging::measure),
        ("commits", commits::measure),
        ("trips", trips::measure),
        ("takeover", takeover::measure),
    ];
    let named = |part: &str| std::env::args().any(|argument| argument == part);
    let some = parts.iter().any(|(part, _)| named(part));
    for (_, measure) in parts.iter().filter(|(part, _)| !some || named(part)) {
        measure(&mut figures)?;
    }
    match json() {
        Some(path) => std::fs::write(path, figures.json())?,
        None => write!(std::io::stdout(), "{}", figures.text())?,
    }
    Ok(())
}

/// The file that `--json` names.
fn json() -> Option<PathBuf> {
    std::env::args().skip_while(|argument| argument != "--json").nth(1).map(PathBuf::from)
}

fn repetitions() -> usize {
    mlops_benches::size(REPETITIONS, 1)
}
