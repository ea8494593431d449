//! Calling a function of this process.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::log::Event;
use super::super::store::LocalRegistry;
use super::consumer::ConsumerOptions;
use crate::error::{Error, Result};

/// How long nothing is waited for before it is looked whether the subscription was dropped.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Keeps a function of [`LocalRegistry::on`] called, and the store open, until it is dropped.
#[must_use = "the function is called for as long as this is kept"]
pub struct Subscription {
    ended: Arc<AtomicBool>,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
    }
}

impl LocalRegistry {
    /// Has a function called with every event that is wanted, in a thread of its own and in order, whichever process made the
    /// change. An error, or a panic, has the event come again later, before the next.
    ///
    /// # Errors
    /// As [`consumer`](Self::consumer); `Io` if there can be no thread.
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use mlops_core::Store;
    /// use mlops_core::registry::{ConsumerOptions, ModelRegistry};
    ///
    /// # fn main() -> mlops_core::Result<()> {
    /// let store = Store::open("memory:")?;
    /// let (tell, told) = mpsc::channel();
    /// let _kept = store.registry().on(&ConsumerOptions::default(), move |event| {
    ///     tell.send(event.model.clone()).map_err(|e| e.to_string())
    /// })?;
    /// store.registry().create_model("fraud", None, &[])?;
    /// assert_eq!(told.recv().unwrap(), "fraud");
    /// # Ok(())
    /// # }
    /// ```
    pub fn on(
        &self,
        options: &ConsumerOptions,
        mut function: impl FnMut(&Event) -> Result<(), String> + Send + 'static,
    ) -> Result<Subscription> {
        let mut consumer = self.consumer(options)?;
        let ended = Arc::new(AtomicBool::new(false));
        let of_thread = ended.clone();
        let work = move || {
            while !of_thread.load(Ordering::Acquire) {
                match consumer.wait(LOOK_EVERY) {
                    Ok(Some(event)) if !of_thread.load(Ordering::Acquire) => {
                        let done = catch_unwind(AssertUnwindSafe(|| function(&event)))
                            .unwrap_or_else(|_| Err("the function panicked".into()));
                        // What cannot be noted comes again.
                        let _ = match done {
                            Ok(()) => consumer.done(event.seq),
                            Err(why) => consumer.failed(&why).map(drop),
                        };
                    }
                    Ok(_) => {}
                    // Such as an owner of the store that went away.
                    Err(_) => std::thread::sleep(LOOK_EVERY),
                }
            }
        };
        let begun = std::thread::Builder::new().name("mlops-events".into()).spawn(work);
        begun.map_err(|e| Error::io("start a thread for", std::path::Path::new("events of the registry"), e))?;
        Ok(Subscription { ended })
    }
}
