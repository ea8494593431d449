//! The descriptors 1 and 2, led through a pipe.
//!
//! Where both lead to the same place, a terminal, both share one pipe, so that the order stays exact; else each has its
//! own. A thread reads the pipes, writes everything to where it went before, and hands it to the recorders. It takes no
//! lock that anybody holds who says something, and needs no interpreter, so that a full pipe always empties.
//!
//! At the end the descriptors lead where they led, if nobody else has changed them meanwhile. Children that go on have the
//! pipe still: the thread passes on what they say for as long as this process lives.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::fstat;
use rustix::io::{self, Errno};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::stdio;

use super::ConsoleStream;
use super::chunks::Recorder;
use crate::base::forked::PerProcess;
use crate::base::os::{self, NotForChildren};
use crate::error::{Error, Result};

/// What is read at once, in bytes.
const READ_BYTES: usize = 64 << 10;
/// What a pipe holds, if the system allows it, in bytes.
#[cfg(target_os = "linux")]
const PIPE_BYTES: usize = 1 << 20;
/// How long the end of a capture waits for what was said before it.
const SYNC_PATIENCE: Duration = Duration::from_secs(5);

/// The tee of this process, while it has one.
static TEE: PerProcess<Mutex<Option<Tee>>> = PerProcess::new();

/// The descriptors as they are led.
#[derive(Debug)]
struct Tee {
    shared: Arc<Shared>,
    /// Written to, it has the thread look.
    wake: Kept,
    /// The streams that are led through a pipe, and the pipe's identity.
    led: Vec<(ConsoleStream, (u64, u64), Arc<Kept>)>,
}

/// What the thread shares with those who start and end captures.
#[derive(Debug, Default)]
struct Shared {
    recorders: Mutex<Vec<Arc<Recorder>>>,
    /// How often the thread was woken and has read all that stood in the pipes then.
    synced: Mutex<u64>,
    changed: Condvar,
    /// Nobody captures any more.
    finished: AtomicBool,
}

/// A descriptor that a forked child does not keep: a child that held the reading end would wait for ever, once its parent
/// is gone, instead of being told.
#[derive(Debug)]
struct Kept {
    _note: NotForChildren,
    fd: OwnedFd,
}

impl Kept {
    fn new(fd: OwnedFd) -> Self {
        Self { _note: os::not_for_children(fd.as_fd()), fd }
    }
}

/// One pipe, as the thread has it.
#[derive(Debug)]
struct Source {
    stream: ConsoleStream,
    from: Kept,
    to: Option<Arc<Kept>>,
    open: bool,
}

/// Hands what is said from now on to a recorder.
pub(super) fn attach(recorder: &Arc<Recorder>) -> Result<()> {
    let mut tee = TEE.get().lock();
    if tee.is_none() {
        *tee =
            Some(Tee::install().map_err(|e| Error::io("lead standard output through", Path::new("a pipe"), e.into()))?);
    }
    if let Some(tee) = &*tee {
        flush();
        tee.sync();
        tee.shared.recorders.lock().push(recorder.clone());
    }
    Ok(())
}

/// Waits until what was said has been handed over.
pub(super) fn settle() {
    if let Some(tee) = &*TEE.get().lock() {
        flush();
        tee.sync();
    }
}

/// Ends that; what was said before is handed over first.
pub(super) fn detach(recorder: &Arc<Recorder>) {
    let mut place = TEE.get().lock();
    let Some(tee) = &*place else { return };
    let is_this = |other: &Arc<Recorder>| Arc::ptr_eq(other, recorder);
    let (has_it, last) = {
        let recorders = tee.shared.recorders.lock();
        (recorders.iter().any(is_this), recorders.iter().all(is_this))
    };
    if !has_it {
        return;
    }
    flush();
    if last {
        tee.restore();
    }
    tee.sync();
    tee.shared.recorders.lock().retain(|other| !is_this(other));
    if last {
        tee.shared.finished.store(true, Ordering::Release);
        tee.wake();
        *place = None;
    }
}

/// Has what this process holds back written.
fn flush() {
    let _ = std::io::Write::flush(&mut std::io::stdout());
    os::flush_c_streams();
}

fn identity(fd: BorrowedFd<'_>) -> io::Result<(u64, u64)> {
    let found = fstat(fd)?;
    Ok((found.st_dev, found.st_ino))
}

/// A stream's descriptor of this process; what it is not open for says so when it is used.
fn descriptor(stream: ConsoleStream) -> BorrowedFd<'static> {
    match stream {
        ConsoleStream::Output => stdio::stdout(),
        ConsoleStream::Error => stdio::stderr(),
    }
}

fn lead(stream: ConsoleStream, to: BorrowedFd<'_>) -> io::Result<()> {
    match stream {
        ConsoleStream::Output => stdio::dup2_stdout(to),
        ConsoleStream::Error => stdio::dup2_stderr(to),
    }
}

impl Tee {
    fn install() -> io::Result<Self> {
        // No child is forked between a descriptor's opening and the note that it is not for children.
        let _no_forks = os::no_forks();
        let (wake_from, wake_to) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        let mut sources: Vec<Source> = Vec::new();
        let mut pipes: Vec<((u64, u64), OwnedFd, Arc<Kept>)> = Vec::new();
        let mut led = Vec::new();
        let mut plan = Vec::new();
        for stream in [ConsoleStream::Output, ConsoleStream::Error] {
            // One that is closed stays so.
            let Ok(place) = identity(descriptor(stream)) else { continue };
            let known = pipes.iter().position(|(known, _, _)| *known == place);
            let at = match known {
                Some(at) => at,
                None => {
                    let before = Arc::new(Kept::new(io::fcntl_dupfd_cloexec(descriptor(stream), 3)?));
                    let (from, to) = pipe_with(PipeFlags::CLOEXEC)?;
                    #[cfg(target_os = "linux")]
                    let _ = rustix::pipe::fcntl_setpipe_size(&to, PIPE_BYTES);
                    sources.push(Source { stream, from: Kept::new(from), to: Some(before.clone()), open: true });
                    pipes.push((place, to, before));
                    pipes.len() - 1
                }
            };
            plan.push((stream, at));
        }
        flush();
        let shared = Arc::new(Shared::default());
        let of_thread = shared.clone();
        let wake_from = Kept::new(wake_from);
        let started = std::thread::Builder::new()
            .name("mlops-tee".into())
            .spawn(move || Reader { shared: of_thread, wake: wake_from, sources }.run());
        started.map_err(|_| Errno::AGAIN)?;
        for (stream, at) in plan {
            let Some((_, to, before)) = pipes.get(at) else { continue };
            lead(stream, to.as_fd())?;
            led.push((stream, identity(to.as_fd())?, before.clone()));
        }
        Ok(Self { shared, wake: Kept::new(wake_to), led })
    }

    /// Leads the descriptors where they led, unless somebody has changed them.
    fn restore(&self) {
        for (stream, pipe, before) in &self.led {
            if identity(descriptor(*stream)).is_ok_and(|now| now == *pipe) {
                let _ = lead(*stream, before.fd.as_fd());
            }
        }
    }

    fn wake(&self) {
        // A pipe that is full wakes it, too.
        let _ = io::write(&self.wake.fd, &[1]);
    }

    /// Waits until the thread has read what stands in the pipes; not for ever, since it may be held up by who shows it.
    fn sync(&self) {
        let mut synced = self.shared.synced.lock();
        let wanted = *synced + 1;
        self.wake();
        let deadline = Instant::now() + SYNC_PATIENCE;
        while *synced < wanted && !self.shared.changed.wait_until(&mut synced, deadline).timed_out() {}
    }
}

/// The thread.
#[derive(Debug)]
struct Reader {
    shared: Arc<Shared>,
    wake: Kept,
    sources: Vec<Source>,
}

impl Reader {
    fn run(mut self) {
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let finished = self.shared.finished.load(Ordering::Acquire);
            if finished && self.sources.iter().all(|source| !source.open) {
                return;
            }
            let open = self.sources.iter().filter(|source| source.open);
            let mut waited: Vec<PollFd<'_>> = open.map(|source| PollFd::new(&source.from.fd, PollFlags::IN)).collect();
            if !finished {
                waited.push(PollFd::new(&self.wake.fd, PollFlags::IN));
            }
            match poll(&mut waited, None) {
                Ok(_) | Err(Errno::INTR | Errno::AGAIN) => {}
                Err(_) => return,
            }
            let ready: Vec<bool> = waited.iter().map(|fd| !fd.revents().is_empty()).collect();
            let mut ready = ready.into_iter();
            for source in self.sources.iter_mut().filter(|source| source.open) {
                if ready.next() == Some(true) {
                    self.shared.pass_on(source, &mut buffer);
                }
            }
            if ready.next() == Some(true) {
                self.answer(&mut buffer);
            }
        }
    }

    /// Reads what stands in the pipes by now, and says so.
    fn answer(&mut self, buffer: &mut [u8]) {
        while matches!(io::read(&self.wake.fd, &mut *buffer), Ok(1..)) {}
        for source in self.sources.iter_mut().filter(|source| source.open) {
            let mut left = io::ioctl_fionread(&source.from.fd).unwrap_or(0);
            while left > 0 && source.open {
                left = left.saturating_sub(self.shared.pass_on(source, buffer));
            }
        }
        *self.shared.synced.lock() += 1;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    /// Reads once; returns how many bytes that were.
    fn pass_on(&self, source: &mut Source, buffer: &mut [u8]) -> u64 {
        let text = match io::read(&source.from.fd, &mut *buffer) {
            Ok(0) => {
                source.open = false;
                return 0;
            }
            Ok(count) => buffer.get(..count).unwrap_or_default(),
            Err(Errno::INTR | Errno::AGAIN) => return 0,
            Err(_) => {
                source.open = false;
                return 0;
            }
        };
        if source.to.as_ref().is_some_and(|to| write_all(&to.fd, text).is_err()) {
            // Nobody is there to see it any more.
            source.to = None;
        }
        for recorder in &*self.recorders.lock() {
            recorder.push(source.stream, text);
        }
        text.len() as u64
    }
}

fn write_all(to: &OwnedFd, mut text: &[u8]) -> io::Result<()> {
    while !text.is_empty() {
        match io::write(to, text) {
            Ok(count) => text = text.get(count..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => drop(poll(&mut [PollFd::new(to, PollFlags::OUT)], None)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
