//! What was said, on its way into artifacts of the run.
//!
//! Whoever says something only appends to a buffer of bounded size; a thread of its own brings it into the store, so that
//! one that is slow or away holds up nobody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::lines::Lines;
use super::{ConsoleOptions, ConsoleStream, FOLDER};
use crate::error::{Error, Result};
use crate::runs::{Run, RunExt};

/// An artifact that has grown to this is not written again, in bytes.
const CHUNK_BYTES: usize = 8 << 10;
/// What is taken at once, in bytes.
const PART_BYTES: usize = 64 << 10;
/// So much is kept at once, without waiting, in bytes.
const HURRY_BYTES: usize = 256 << 10;
/// How long who says something waits for room, once; what then does not fit is dropped until there is room again.
const ROOM_PATIENCE: Duration = Duration::from_secs(2);
/// The longest time until something is kept.
const LONGEST: Duration = Duration::from_hours(1);
/// How long the end of a capture waits until the rest is kept.
const END_PATIENCE: Duration = Duration::from_secs(10);

/// Keeps what is said with one run.
#[derive(Debug)]
pub(super) struct Recorder {
    run: Arc<dyn Run>,
    flush_every: Duration,
    buffer_bytes: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: Lines,
    /// Whole lines that are in no artifact that is full.
    text: Vec<u8>,
    /// When the first of what is in no artifact at all was said.
    since: Option<Instant>,
    /// What is being written, and has to be written again if that fails.
    writing: usize,
    /// The number of the next artifact.
    next: u32,
    dropped: u64,
    /// What of that the text does not say yet.
    untold: u64,
    /// Somebody waits for room.
    hurry: bool,
    /// The store does not take it: nobody waits for room.
    stalled: bool,
    ending: bool,
    ended: bool,
}

impl Recorder {
    /// Starts the thread; the first artifact has the number `next`.
    pub(super) fn start(run: Arc<dyn Run>, next: u32, options: &ConsoleOptions) -> Result<Arc<Self>> {
        let recorder = Arc::new(Self {
            run,
            flush_every: options.flush_every.min(LONGEST),
            buffer_bytes: options.buffer_bytes,
            state: Mutex::new(State { next, ..State::default() }),
            changed: Condvar::new(),
        });
        let of_thread = recorder.clone();
        let started = std::thread::Builder::new().name("mlops-console".into()).spawn(move || of_thread.keep());
        started.map_err(|e| Error::io("start a thread for", FOLDER.as_ref(), e))?;
        Ok(recorder)
    }

    /// Takes what was said; waits for the store a moment at most, where more is said than it takes.
    pub(super) fn push(&self, stream: ConsoleStream, text: &[u8]) {
        // In parts that have room.
        text.chunks(PART_BYTES).for_each(|part| self.push_part(stream, part));
    }

    fn push_part(&self, stream: ConsoleStream, text: &[u8]) {
        let mut state = self.state.lock();
        if state.ending {
            return;
        }
        let deadline = Instant::now() + ROOM_PATIENCE;
        let is_full = |state: &State| state.text.len() + state.writing + text.len() > self.buffer_bytes;
        while is_full(&state) && !state.stalled && !state.ending {
            state.hurry = true;
            self.changed.notify_all();
            state.stalled = self.changed.wait_until(&mut state, deadline).timed_out();
        }
        if is_full(&state) {
            state.dropped += text.len() as u64;
            state.untold += text.len() as u64;
            return;
        }
        if state.untold > 0 {
            let rest = state.lines.finish();
            state.text.extend_from_slice(&rest);
            let note = format!("\n[mlops: {} bytes of output are missing here]\n", state.untold);
            state.text.extend_from_slice(note.as_bytes());
            state.untold = 0;
        }
        let State { lines, text: whole, .. } = &mut *state;
        lines.push(stream, text, whole);
        let news = state.since.is_none();
        if news {
            state.since = Some(Instant::now());
        }
        if news || state.text.len() >= HURRY_BYTES {
            self.changed.notify_all();
        }
    }

    /// Keeps the rest and ends the thread, if the store is not away for long; returns how many bytes were dropped.
    pub(super) fn finish(&self) -> u64 {
        let mut state = self.state.lock();
        state.ending = true;
        self.changed.notify_all();
        let deadline = Instant::now() + END_PATIENCE;
        while !state.ended {
            if self.changed.wait_until(&mut state, deadline).timed_out() {
                let left = (state.text.len() + state.writing) as u64;
                return state.dropped + left;
            }
        }
        state.dropped
    }

    /// The thread.
    fn keep(&self) {
        let mut failures = 0_u32;
        loop {
            let ending = self.wait(failures);
            let done = self.flush(ending);
            failures = if done { 0 } else { failures.saturating_add(1) };
            if ending {
                // What could not be kept now will not be: the run may be gone.
                let mut state = self.state.lock();
                if !done {
                    let left = state.text.len() as u64;
                    state.dropped += left;
                }
                state.ended = true;
                self.changed.notify_all();
                return;
            }
        }
    }

    /// Waits until something is to be written; true if it is the last time.
    fn wait(&self, failures: u32) -> bool {
        let mut state = self.state.lock();
        // What failed is tried again later each time.
        let pause = self.flush_every * 2_u32.pow(failures.min(4));
        let not_before = (failures > 0).then(|| Instant::now() + pause);
        loop {
            if state.ending {
                return true;
            }
            let due = match (state.since, not_before) {
                (Some(_), Some(not_before)) => Some(not_before),
                (None, None) if state.hurry => return false,
                (Some(_), None) if state.hurry || state.text.len() >= HURRY_BYTES => return false,
                (Some(since), None) => Some(since + self.flush_every),
                (None, _) => None,
            };
            match due {
                Some(due) if due <= Instant::now() => return false,
                Some(due) => drop(self.changed.wait_until(&mut state, due)),
                None => self.changed.wait(&mut state),
            }
        }
    }

    /// Writes the artifact that is not full, or fills it. True if that is done.
    fn flush(&self, last: bool) -> bool {
        let (path, content, full) = {
            let mut state = self.state.lock();
            let hurry = std::mem::take(&mut state.hurry);
            if state.since.is_none() && !last && !hurry {
                return true;
            }
            state.since = None;
            if last {
                let rest = state.lines.finish();
                state.text.extend_from_slice(&rest);
            }
            let full = last || hurry || state.text.len() >= CHUNK_BYTES;
            let path = format!("{FOLDER}/{:06}.log", state.next);
            if full {
                // Lines that are not whole are for the next artifact.
                let content = std::mem::take(&mut state.text);
                state.writing = content.len();
                (path, content, true)
            } else {
                (path, [state.text.clone(), state.lines.unfinished()].concat(), false)
            }
        };
        let kept = content.is_empty() || self.run.log_bytes(&path, &content).is_ok();
        let mut state = self.state.lock();
        state.writing = 0;
        state.stalled = !kept;
        self.changed.notify_all();
        if kept {
            state.next += u32::from(full && !content.is_empty());
            if full && !last && !state.lines.unfinished().is_empty() {
                state.since.get_or_insert_with(Instant::now);
            }
        } else {
            if full {
                let later = std::mem::replace(&mut state.text, content);
                state.text.extend_from_slice(&later);
            }
            state.since.get_or_insert_with(Instant::now);
        }
        kept
    }
}
