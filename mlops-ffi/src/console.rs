//! What a process says on standard output and standard error, kept with a run.

use std::time::Duration;

use mlops_core::runs::{ConsoleCapture, ConsoleOptions, ConsoleStream};
use mlops_core::{Result, Store};

use crate::args::{Handle, Versioned, refuse};
use crate::boundary::export;
use crate::sized::sized_input;
use crate::store::mlops_store;
use crate::text::{mlops_buf, mlops_bytes, mlops_str};

/// Standard output.
pub const MLOPS_CONSOLE_OUTPUT: i32 = 1;
/// Standard error.
pub const MLOPS_CONSOLE_ERROR: i32 = 2;

/// Keeps what is said with a run, until it is ended or freed with `mlops_console_free`.
#[derive(Debug)]
pub struct mlops_console {
    capture: ConsoleCapture,
    /// The store stays open as long as it is written to.
    _store: Store,
}

impl Handle for mlops_console {}

/// How the console is captured. Begin with `MLOPS_CONSOLE_OPTIONS_INIT`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_console_options {
    /// The size of this struct.
    pub struct_size: u32,
    /// Not 0 (default): the descriptors 1 and 2 are led here, with what C libraries and child processes say; it goes on to
    /// where it went before. 0: only what `mlops_console_write` is given.
    pub descriptors: i32,
    /// How soon what was said is kept with the run, in microseconds; default 3,000,000.
    pub flush_every_us: i64,
    /// What is held while it cannot be kept, in bytes; what is more is dropped and counted. Default 4 MiB.
    pub buffer_bytes: usize,
}

impl Versioned for mlops_console_options {
    const DEFAULT: Self = Self { struct_size: 0, descriptors: 1, flush_every_us: 3_000_000, buffer_bytes: 4 << 20 };
}
sized_input!(mlops_console_options);

impl mlops_console_options {
    fn read(&self) -> Result<ConsoleOptions> {
        let flush_every = u64::try_from(self.flush_every_us).map_err(|_| {
            refuse("options.flush_every_us", self.flush_every_us.to_string(), "microseconds, 0 or more")
        })?;
        Ok(ConsoleOptions {
            descriptors: self.descriptors != 0,
            flush_every: Duration::from_micros(flush_every),
            buffer_bytes: self.buffer_bytes,
        })
    }
}

fn stream(number: i32) -> Result<ConsoleStream> {
    match number {
        MLOPS_CONSOLE_OUTPUT => Ok(ConsoleStream::Output),
        MLOPS_CONSOLE_ERROR => Ok(ConsoleStream::Error),
        other => Err(refuse("stream", other.to_string(), "MLOPS_CONSOLE_OUTPUT or MLOPS_CONSOLE_ERROR")),
    }
}

export! {
    /// Keeps what this process says with a run, from now on, as artifacts `console/000001.log`... of the run, of which
    /// progress bars have their newest state only. Captures may overlap: each keeps all that is said while it lasts. A
    /// forked child goes on saying what it says into its parent's, which it cannot end.
    ///
    /// `*out` is freed with `mlops_console_free`. End it before the run. Threads: any; it starts two of its own. Since 0.1.
    pub fn mlops_run_capture_console(
        store: *const mlops_store,
        run_id: mlops_str,
        options: *const mlops_console_options,
        out: *mut *mut mlops_console,
    ) -> mlops_status {
        let capture = store.store.runs().capture_console(run_id, &options.read()?)?;
        out.give(mlops_console { capture, _store: store.store.clone() });
        Ok(())
    }

    /// Adds what a host says by other ways than the descriptors: `stream` is `MLOPS_CONSOLE_OUTPUT` or
    /// `MLOPS_CONSOLE_ERROR`, `text` bytes of any encoding, of lines or parts of them.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_console_write(console: *const mlops_console, stream: i32, text: mlops_bytes) -> mlops_status {
        console.capture.write(crate::console::stream(stream)?, text);
        Ok(())
    }

    /// Waits, a moment at most, until what was said by the descriptors before the call has come here, so that what is
    /// written next stands behind it.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_console_settle(console: *const mlops_console) -> mlops_status {
        console.capture.settle();
        Ok(())
    }

    /// Ends the capture: what was said before the call is kept with the run, and the descriptors lead where they led.
    /// `*dropped` becomes how many bytes were dropped. Ending twice is fine. The handle must still be freed.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_console_end(console: *const mlops_console, dropped: *mut i64) -> mlops_status {
        dropped.set(i64::try_from(console.capture.end()).unwrap_or(i64::MAX));
        Ok(())
    }

    /// Frees a capture, and ends it. NULL is fine.
    ///
    /// Threads: any, but nobody may use it any more. Since 0.1.
    pub fn mlops_console_free(console: *mut mlops_console) {
        drop(console);
    }

    /// What the process of a run said while it was captured; empty if nothing was. It is what was said, which may be no
    /// UTF-8, and steer a terminal.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_console(store: *const mlops_store, run_id: mlops_str, out: *mut mlops_buf) -> mlops_status {
        out.set(store.store.runs().console(run_id)?.into());
        Ok(())
    }
}
