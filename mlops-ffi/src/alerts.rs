//! Alerts of runs, and who is told of them.

use std::ffi::c_void;
use std::time::Duration;

use mlops_core::Result;
use mlops_core::runs::{Alert, AlertLevel, AlertSubscription, RaisedAlert, on_alert};

use crate::args::{Handle, Input, check_pointer, refuse};
use crate::boundary::export;
use crate::json;
use crate::runs::mlops_run;
use crate::store::mlops_store;
use crate::text::{Text, mlops_buf, mlops_str};

/// Good to know.
pub const MLOPS_ALERT_INFO: i32 = 0;
/// Something may be wrong.
pub const MLOPS_ALERT_WARN: i32 = 1;
/// Something is wrong.
pub const MLOPS_ALERT_ERROR: i32 = 2;

/// Keeps a listener told of alerts, until it is freed with `mlops_alert_subscription_free`.
#[derive(Debug)]
pub struct mlops_alert_subscription {
    _kept: AlertSubscription,
}

impl Handle for mlops_alert_subscription {}

/// Who is told of alerts: `callback` is called with `user_data` and the alert as JSON, `{"run_id", "title", "text",
/// "level": "WARN", "at": microseconds}`, in the thread that raises it. The text lives for the call, and ends with a NUL
/// that its length does not count. The callback must not unwind.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct mlops_alert_listener {
    /// What is called.
    pub callback: Option<unsafe extern "C" fn(user_data: *mut c_void, alert: mlops_str)>,
    /// What it is given; it may be called from any thread that raises an alert.
    pub user_data: *mut c_void,
}

/// A listener that is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listener(mlops_alert_listener);

// SAFETY: the caller says that the callback may be called from any thread with its data.
unsafe impl Send for Listener {}
// SAFETY: as above.
unsafe impl Sync for Listener {}

impl Listener {
    fn tell(self, alert: &RaisedAlert) {
        let Ok(text) = json::text(alert) else { return };
        let text = Text::new(text);
        let mlops_alert_listener { callback, user_data } = self.0;
        if let Some(callback) = callback {
            // SAFETY: the caller's own function, and its data; the text lives until it returns.
            unsafe { callback(user_data, text.view()) };
        }
    }
}

impl Input for mlops_alert_listener {
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

fn level(number: i32) -> Result<AlertLevel> {
    match number {
        MLOPS_ALERT_INFO => Ok(AlertLevel::Info),
        MLOPS_ALERT_WARN => Ok(AlertLevel::Warn),
        MLOPS_ALERT_ERROR => Ok(AlertLevel::Error),
        other => Err(refuse(
            "level of an alert",
            other.to_string(),
            "MLOPS_ALERT_INFO, MLOPS_ALERT_WARN or MLOPS_ALERT_ERROR",
        )),
    }
}

export! {
    /// Raises an alert: it is recorded in the run, and told to the listeners of `mlops_on_alert` and to the user's command,
    /// whose failures the run does not notice. Within `wait_us` microseconds after one of the same title nothing is done.
    ///
    /// Threads: any. Since 0.1.
    pub fn mlops_run_alert(
        run: *const mlops_run,
        title: mlops_str,
        text: mlops_str,
        alert_level: i32,
        wait_us: i64,
    ) -> mlops_status {
        let wait = u64::try_from(wait_us).map_err(|_| refuse("wait_us", wait_us.to_string(), "microseconds, 0 or more"))?;
        let (title, text) = (title.to_owned(), text.to_owned());
        run.run.alert(&Alert { title, text, level: level(alert_level)?, wait: Duration::from_micros(wait) }).map(drop)
    }

    /// The alerts of a run as JSON, the oldest first: a list of `{"run_id", "title", "text", "level", "at"}`.
    ///
    /// `*out` is freed with `mlops_buf_free`. Threads: any. Since 0.1.
    pub fn mlops_run_alerts_json(store: *const mlops_store, run_id: mlops_str, out: *mut mlops_buf) -> mlops_status {
        out.set(json::text(&store.store.runs().alerts(run_id)?)?.into());
        Ok(())
    }

    /// Has a listener told of every alert that this process raises from now on, after it was recorded.
    ///
    /// `*out` is freed with `mlops_alert_subscription_free`, which ends it. Threads: any. Since 0.1.
    pub fn mlops_on_alert(
        listener: *const mlops_alert_listener,
        out: *mut *mut mlops_alert_subscription,
    ) -> mlops_status {
        out.give(mlops_alert_subscription { _kept: on_alert(move |alert| listener.tell(alert)) });
        Ok(())
    }

    /// Ends a subscription. NULL is fine. A call of the listener that is under way in another thread goes on.
    ///
    /// Threads: any, but nobody may use the subscription any more. Since 0.1.
    pub fn mlops_alert_subscription_free(subscription: *mut mlops_alert_subscription) {
        drop(subscription);
    }
}
