//! Other processes, made from this program: what they do, and how they are told.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child as Process, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use mlops_benches::{end, start};
use mlops_core::Store;
use mlops_core::storage::{Durability, Storage};

use super::figures::{Result, check};
use super::work::{self, Committer};

/// The variable that makes this program such a process.
pub(crate) const ROLE: &str = "MLOPS_BENCH_ROLE";
/// How often a process of a crowd logs.
const LOG_EVERY: Duration = Duration::from_millis(1);
/// A call that takes longer may have been the one that became the owner.
const SLOW: Duration = Duration::from_micros(500);
/// Longest time in a loop of calls.
const LOOP: Duration = Duration::from_mins(2);

/// A process that has the store open, and does what it is told in lines.
#[derive(Debug)]
pub(crate) struct Child {
    process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Nanoseconds that opening took, with a first read.
    pub(crate) opened: u64,
}

impl Child {
    /// Starts one and waits until it has the store open.
    pub(crate) fn open(store: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.env(ROLE, store);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("a process without pipes".into());
        };
        let mut child = Self { process, input, output: BufReader::new(output), opened: 0 };
        child.opened = child.line()?.parse()?;
        Ok(child)
    }

    /// Tells it something.
    pub(crate) fn tell(&mut self, what: &str) -> Result<()> {
        Ok(writeln!(self.input, "{what}")?)
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        check(self.output.read_line(&mut line)? > 0, "a process that was told something and ended")?;
        Ok(line.trim_end().into())
    }

    /// Tells it something; the numbers that it says.
    pub(crate) fn ask(&mut self, what: &str) -> Result<Vec<u64>> {
        self.tell(what)?;
        self.numbers()
    }

    pub(crate) fn numbers(&mut self) -> Result<Vec<u64>> {
        let line = self.line()?;
        line.split_whitespace().map(|number| Ok(number.parse()?)).collect()
    }

    /// The one number that it says.
    pub(crate) fn ask_one(&mut self, what: &str) -> Result<u64> {
        self.ask(what)?.first().copied().ok_or_else(|| "no number".into())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The time of the signal, by the clock that all processes share, in nanoseconds.
    pub(crate) fn kill(mut self) -> Result<u64> {
        let at = monotonic();
        self.process.kill()?;
        self.process.wait()?;
        Ok(at)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The other end of a socket pair, which answers every `request` bytes with `answer` bytes.
#[derive(Debug)]
pub(crate) struct Echo {
    process: Process,
    stream: UnixStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Echo {
    pub(crate) fn start(request: usize, answer: usize) -> Result<Self> {
        let (stream, theirs) = UnixStream::pair()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.env(ROLE, format!("echo {request} {answer}")).stdin(Stdio::from(OwnedFd::from(theirs)));
        let process = command.spawn()?;
        let mut echo = Self { process, stream, request: vec![1; request], answer: vec![0; answer] };
        echo.trip()?;
        Ok(echo)
    }

    /// There and back.
    pub(crate) fn trip(&mut self) -> Result<()> {
        self.stream.write_all(&self.request)?;
        self.stream.read_exact(&mut self.answer)?;
        check(self.answer.first() == Some(&2), "an answer")
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The process that owns a store.
pub(crate) fn owner(store: &Path) -> Result<u32> {
    let text = std::fs::read_to_string(store.join("owner"))?;
    let pid = text.split_once("\"pid\":").and_then(|(_, rest)| rest.split_once(','));
    Ok(pid.ok_or("a note without an owner")?.0.parse()?)
}

/// Nanoseconds by a clock that all processes share.
pub(crate) fn monotonic() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    u64::try_from(now.tv_sec * 1_000_000_000 + now.tv_nsec).unwrap_or_default()
}

/// What such a process does.
pub(crate) fn be(role: &str) -> Result<()> {
    let Some(sizes) = role.strip_prefix("echo ") else { return serve(&PathBuf::from(role)) };
    let (request, answer) = sizes.split_once(' ').ok_or("no sizes")?;
    let (mut request, answer) = (vec![0; request.parse()?], vec![2; answer.parse()?]);
    let mut stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    while stream.read_exact(&mut request).is_ok() {
        stream.write_all(&answer)?;
    }
    Ok(())
}

/// Has the store open until nobody tells it anything any more.
fn serve(path: &Path) -> Result<()> {
    let began = Instant::now();
    let store = Store::open(path.to_str().ok_or("a folder without a name in UTF-8")?)?;
    store.storage().get(work::key(0).as_bytes())?;
    say(&[u64::try_from(began.elapsed().as_nanos())?])?;
    let storage = &**store.storage();
    let mut committer = Committer::new(&format!("child-{}", std::process::id()));
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().lines().map_while(std::io::Result::ok).try_for_each(|line| sender.send(line));
        // Whoever made this process is gone, whatever goes on here.
        std::process::exit(0);
    });
    while let Ok(line) = receiver.recv() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = match *words.as_slice() {
            ["get", times] => work::get(storage, times.parse()?)?,
            ["scan", times] => work::scan(storage, times.parse()?)?,
            ["fast", times] => committer.commit_each(storage, times.parse()?, Durability::Fast)?,
            ["fill", entries] => {
                work::fill(storage, entries.parse()?)?;
                vec![u64::try_from(work::count(storage)?)?]
            }
            ["commit", name, threads, millis] => {
                let time = Duration::from_millis(millis.parse()?);
                let (made, nanos) = work::commit_together(storage, name, threads.parse()?, time)?;
                vec![u64::try_from(made)?, nanos]
            }
            ["loop"] => vec![take_over(path, storage)?],
            ["log"] => vec![log(&store, &receiver)?],
            ["resident"] => vec![resident()?],
            _ => return Err(format!("{line} is nothing that this does").into()),
        };
        say(&said)?;
    }
    Ok(())
}

fn say(numbers: &[u64]) -> Result<()> {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    Ok(writeln!(std::io::stdout(), "{}", numbers.join(" "))?)
}

/// Calls until this process owns the store; when the call returned that it did so in.
fn take_over(path: &Path, storage: &dyn Storage) -> Result<u64> {
    say(&[])?;
    let (began, key) = (Instant::now(), work::key(0));
    while began.elapsed() < LOOP {
        let called = Instant::now();
        storage.get(key.as_bytes())?;
        let returned = monotonic();
        if called.elapsed() > SLOW && owner(path).is_ok_and(|owner| owner == std::process::id()) {
            return Ok(returned);
        }
    }
    Err("nobody killed the owner".into())
}

/// Logs a point every millisecond until it is told anything; how many are there.
fn log(store: &Store, told: &mpsc::Receiver<String>) -> Result<u64> {
    let stop = AtomicBool::new(false);
    let run = start(store)?;
    say(&[])?;
    std::thread::scope(|scope| -> Result<()> {
        let logging = scope.spawn(|| -> Result<i64> {
            let mut step = 0;
            while !stop.load(Ordering::Relaxed) {
                run.log_metric("loss", 0.5, step, None)?;
                step += 1;
                std::thread::sleep(LOG_EVERY);
            }
            Ok(step)
        });
        let _ = told.recv();
        stop.store(true, Ordering::Relaxed);
        let logged = logging.join().unwrap_or_else(|_| Err("a thread panicked".into()))?;
        end(&*run)?;
        let found = store.runs().metric_history(run.id(), "loss")?;
        check(i64::try_from(found.len())? == logged, "the points of another process")
    })?;
    Ok(u64::try_from(store.runs().metric_history(run.id(), "loss")?.len())?)
}

/// Memory that this process has in use, in bytes.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib << 10)
}
