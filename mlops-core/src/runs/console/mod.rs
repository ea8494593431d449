//! What a process says on standard output and standard error, kept with a run.
//!
//! [`Runs::capture_console`](super::Runs::capture_console) leads the descriptors 1 and 2 into a pipe, so that what C
//! libraries and child processes say comes along, and a thread passes everything on to where it went before (`tee.rs`).
//! `lines.rs` makes one state of what a progress bar writes again and again; `chunks.rs` keeps the text as the artifacts
//! `console/000001.log`, `console/000002.log`...: the last one is replaced every few seconds until it has 8 KiB, so that
//! what is written anew is bounded, and a run that is killed keeps what was said until then. `read.rs` puts them together.

mod chunks;
mod lines;
mod read;
#[cfg(unix)]
mod tee;
#[cfg(not(unix))]
#[path = "no_tee.rs"]
mod tee;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chunks::Recorder;
use parking_lot::Mutex;

use super::Run;
use super::store::Runs;
use crate::base::forked::PerProcess;
use crate::base::os;
use crate::error::Result;

/// The folder of the artifacts.
pub(super) const FOLDER: &str = "console";

/// What is captured by this process.
static CAPTURES: PerProcess<Mutex<Vec<Arc<Recorder>>>> = PerProcess::new();

/// How the console is captured.
#[derive(Clone, Debug)]
pub struct ConsoleOptions {
    /// Lead the descriptors of standard output and error here. False: only what [`ConsoleCapture::write`] is given.
    /// Default: true.
    pub descriptors: bool,
    /// How soon what was said is kept with the run. Default: 3 seconds.
    pub flush_every: Duration,
    /// What is held while it cannot be kept, in bytes; what is more is dropped and counted. Default: 4 MiB.
    pub buffer_bytes: usize,
}

impl Default for ConsoleOptions {
    fn default() -> Self {
        Self { descriptors: true, flush_every: Duration::from_secs(3), buffer_bytes: 4 << 20 }
    }
}

/// Where something was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleStream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// What is said is kept with a run, until this is ended or dropped. Captures of one process may overlap: each keeps all
/// that is said while it lasts. A forked child goes on saying what it says into its parent's, which it cannot end.
#[derive(Debug)]
pub struct ConsoleCapture {
    recorder: Arc<Recorder>,
    forks: usize,
}

impl ConsoleCapture {
    fn start(run: Arc<dyn Run>, next: u32, options: &ConsoleOptions) -> Result<Self> {
        let forks = os::forks();
        let recorder = Recorder::start(run, next, options)?;
        if options.descriptors
            && let Err(error) = tee::attach(&recorder)
        {
            recorder.finish();
            return Err(error);
        }
        CAPTURES.get().lock().push(recorder.clone());
        Ok(Self { recorder, forks })
    }

    /// Waits, a moment at most, until what was said by the descriptors before the call has come here: so that what is
    /// written next stands behind it.
    pub fn settle(&self) {
        if self.forks == os::forks() {
            tee::settle();
        }
    }

    /// Adds what a host says by other ways than the descriptors, such as a notebook.
    pub fn write(&self, stream: ConsoleStream, text: &[u8]) {
        if self.forks == os::forks() {
            self.recorder.push(stream, text);
        }
    }

    /// Ends the capture: what was said before the call is kept, and the descriptors lead where they led. Returns how many
    /// bytes were dropped. Ending twice is fine.
    pub fn end(&self) -> u64 {
        if self.forks != os::forks() {
            return 0;
        }
        end(&self.recorder)
    }
}

impl Drop for ConsoleCapture {
    fn drop(&mut self) {
        self.end();
    }
}

fn end(recorder: &Arc<Recorder>) -> u64 {
    CAPTURES.get().lock().retain(|other| !Arc::ptr_eq(other, recorder));
    tee::detach(recorder);
    recorder.finish()
}

/// Ends every capture of this process, as it exits.
pub(crate) fn end_captures() {
    let captures = CAPTURES.get().try_lock_for(Duration::from_secs(1)).map(|captures| captures.clone());
    for recorder in captures.unwrap_or_default() {
        end(&recorder);
    }
}

impl Runs {
    /// Keeps what this process says with a run, from now on.
    ///
    /// ```no_run
    /// use mlops_core::Store;
    /// use mlops_core::runs::{ConsoleOptions, RunOptions, RunStatus};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("")?;
    /// let run = store.runs().start(RunOptions::default())?;
    /// let console = store.runs().capture_console(run.id(), &ConsoleOptions::default())?;
    /// println!("the loss is 0.1");
    /// console.end();
    /// run.end(RunStatus::Finished)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `NotFound`, `InvalidState` if the run is deleted, `ReadOnly`; `Unsupported` for descriptors on this platform; `Io` if
    /// the system has no pipe or thread for it.
    pub fn capture_console(&self, run_id: &str, options: &ConsoleOptions) -> Result<ConsoleCapture> {
        let run = self.open(run_id)?;
        let next = self.console_parts(run_id)?.last().map_or(1, |(number, _)| number + 1);
        ConsoleCapture::start(run, next, options)
    }
}
