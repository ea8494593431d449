//! Watching what is in production, for hosts that serve it.

use std::ffi::c_void;
use std::time::Duration;

use mlops_core::Result;
use mlops_core::registry::{Watch, WatchSubscription, Watched, WatchedVersion};

use crate::args::{Handle, Input, check_pointer, refuse};
use crate::boundary::export;
use crate::registered_models::{MLOPS_VERSION_NONE, signed};
use crate::store::mlops_store;
use crate::text::mlops_str;

/// Waits for as long as it takes.
pub const MLOPS_WAIT_FOREVER: i64 = i64::MAX;

/// Knows which version is in production, or which one an alias points to, whichever process changes it. Freed with
/// `mlops_watch_free`.
#[derive(Debug)]
pub struct mlops_watch {
    watch: Watch,
}

impl Handle for mlops_watch {}

/// Keeps a listener told of changes, until it is freed with `mlops_watch_subscription_free`.
#[derive(Debug)]
pub struct mlops_watch_subscription {
    _kept: WatchSubscription,
}

impl Handle for mlops_watch_subscription {}

/// Who is told of changes: `callback` is called with `user_data`, the version that is there now, or `MLOPS_VERSION_NONE`, and
/// how often it has changed. The callback must not unwind, and should be short.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_watch_listener {
    /// What is called.
    pub callback: Option<unsafe extern "C" fn(user_data: *mut c_void, version: i64, changes: i64)>,
    /// What it is given; it is called from a thread of the library.
    pub user_data: *mut c_void,
}

/// A listener that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listener(mlops_watch_listener);

// SAFETY: the caller says that the callback may be called from a thread of the library with its data.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

impl Listener {
    fn tell(self, seen: WatchedVersion) {
        let mlops_watch_listener { callback, user_data } = self.0;
        if let Some(callback) = callback {
            // SAFETY: the caller's own function, and its data.
            unsafe { callback(user_data, current(seen.version), signed(seen.changes)) };
        }
    }
}

impl Input for mlops_watch_listener {
    type Value<'a> = Listener;

    unsafe fn read<'a>(pointer: *const Self, name: &'static str) -> Result<Self::Value<'a>> {
        check_pointer(pointer, name)?;
        // SAFETY: not NULL, and by contract one of our structs.
        let listener = unsafe { *pointer };
        listener
            .callback
            .map_or_else(|| Err(refuse("listener.callback", "NULL", "a function")), |_| Ok(Listener(listener)))
    }
}

fn current(version: Option<u64>) -> i64 {
    version.map_or(MLOPS_VERSION_NONE, signed)
}

export! {
    /// Watches what is in production in a slot of a model (empty: the one that every model has), or what an alias of it points
    /// to, where `alias` is not empty. The model may be one that is not there yet: it has no version then.
    ///
    /// A thread of the library, one for all watches of a store, looks five times a second, until the last of them is freed:
    /// a change of another process is seen within a second, one of this process at once. While the store cannot be reached
    /// the last version stays. A watch keeps the store open. In a forked child it shows what was seen before the fork.
    /// `*out` is freed with `mlops_watch_free`. Threads: any. Since 0.1.
    pub fn mlops_watch_open(
        store: *const mlops_store,
        model: mlops_str,
        slot: mlops_str,
        alias: mlops_str,
        out: *mut *mut mlops_watch,
    ) -> mlops_status {
        let of = match (slot, alias) {
            (slot, "") => Watched::Slot(slot.into()),
            ("", alias) => Watched::Alias(alias.into()),
            (slot, _) => return Err(refuse("slot", slot, "none beside an alias: one of the two is watched")),
        };
        out.give(mlops_watch { watch: store.store.registry().watch(model, &of)? });
        Ok(())
    }

    /// The version that is there, or `MLOPS_VERSION_NONE`; that for NULL too. It reads one number, and takes some nanoseconds.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_watch_current(watch: *const mlops_watch) -> i64 {
        watch.map_or(MLOPS_VERSION_NONE, |watch| current(watch.watch.current()))
    }

    /// The generation of the slot, that a promotion may expect; 0 for an alias and for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_watch_generation(watch: *const mlops_watch) -> i64 {
        watch.map_or(0, |watch| signed(watch.watch.generation()))
    }

    /// How often it has changed since it is watched; 0 for NULL. It takes some nanoseconds.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_watch_changes(watch: *const mlops_watch) -> i64 {
        watch.map_or(0, |watch| signed(watch.watch.changes()))
    }

    /// Whether it has changed since the last time that this, or `mlops_watch_wait`, said so; of many threads that ask, one is
    /// told. False for NULL. It takes some nanoseconds.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_watch_changed(watch: *const mlops_watch) -> bool {
        watch.is_some_and(|watch| watch.watch.changed())
    }

    /// Waits for a change, for `timeout_us` microseconds at most (`MLOPS_WAIT_FOREVER`: for as long as it takes). `*changed`
    /// becomes 1, or 0 if the time is over first. `MLOPS_INVALID_STATE` in a forked child.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_watch_wait(watch: *const mlops_watch, timeout_us: i64, changed: *mut i32) -> mlops_status {
        let timeout = match u64::try_from(timeout_us) {
            Ok(_) if timeout_us == MLOPS_WAIT_FOREVER => Duration::MAX,
            Ok(micros) => Duration::from_micros(micros),
            Err(_) => return Err(refuse("timeout_us", timeout_us.to_string(), "microseconds, 0 or more")),
        };
        changed.set(i32::from(watch.watch.wait(timeout)?));
        Ok(())
    }

    /// How long ago the store was last looked at with success, in microseconds: a fraction of a second, unless it cannot be
    /// reached. -1 for NULL.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_watch_age(watch: *const mlops_watch) -> i64 {
        watch.map_or(-1, |watch| i64::try_from(watch.watch.age().as_micros()).unwrap_or(i64::MAX))
    }

    /// Has a listener told after each change, until the subscription or the watch is freed. It is told what is there then, and
    /// not of what came and went between two looks.
    ///
    /// `*out` is freed with `mlops_watch_subscription_free`. Threads: any. Since 0.1.
    pub fn mlops_watch_on_change(
        watch: *const mlops_watch,
        listener: *const mlops_watch_listener,
        out: *mut *mut mlops_watch_subscription,
    ) -> mlops_status {
        out.give(mlops_watch_subscription { _kept: watch.watch.on_change(move |seen| listener.tell(seen)) });
        Ok(())
    }

    /// Ends a subscription. NULL is fine. A call of the listener that is under way in another thread goes on.
    ///
    /// Threads: any, but nobody may use the subscription any more. Since 0.1.
    pub fn mlops_watch_subscription_free(subscription: *mut mlops_watch_subscription) {
        drop(subscription);
    }

    /// Frees a watch. NULL is fine.
    ///
    /// Threads: any, but nobody may use the watch any more. Since 0.1.
    pub fn mlops_watch_free(watch: *mut mlops_watch) {
        drop(watch);
    }
}
