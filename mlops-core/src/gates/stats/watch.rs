//! What a long comparison tells while it runs, and hears.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::error::{Error, Result};

/// A handle on comparisons that run in another thread: how many resamples they have drawn, and that they end. Copies are of the
/// same comparisons.
///
/// ```
/// use mlops_core::gates::stats::{CompareOptions, Watch, compare_by};
/// let watch = Watch::default();
/// let options = CompareOptions { watch: Some(&watch), ..CompareOptions::default() };
/// compare_by("rows", true, 3, &|rows| Ok((rows.len() as f64, 0.0)), &options)?;
/// assert_eq!(watch.drawn(), 2_000);
/// watch.stop();
/// assert!(compare_by("rows", true, 3, &|rows| Ok((rows.len() as f64, 0.0)), &options).is_err());
/// # Ok::<(), mlops_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    is_stopped: AtomicBool,
    drawn: AtomicU64,
}

impl Watch {
    /// Ends what runs, and what would run, with an error.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Relaxed);
    }

    /// How many resamples have been drawn, of all comparisons.
    pub fn drawn(&self) -> u64 {
        self.0.drawn.load(Ordering::Relaxed)
    }

    /// One resample more was drawn.
    pub(super) fn draw(&self) -> Result<()> {
        self.0.drawn.fetch_add(1, Ordering::Relaxed);
        if self.0.is_stopped.load(Ordering::Relaxed) {
            return Err(Error::InvalidState { detail: "the comparison was interrupted".into() });
        }
        Ok(())
    }
}

impl PartialEq for Watch {
    /// True for a copy.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
