//! Alerts: recorded in the run, and handed to callbacks and to the user's command.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::handle::Handle;
use super::store::Runs;
use super::types::Batch;
use super::{Run, tags};
use crate::base::forked::PerProcess;
use crate::base::limits;
use crate::base::names;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::settings::alerts::AlertCommand;

/// Longest text of an alert, in bytes.
const TEXT_BYTES: usize = 64 << 10;

/// How much an alert matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AlertLevel {
    /// Good to know.
    #[default]
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}

impl AlertLevel {
    /// `INFO`, `WARN` or `ERROR`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

impl FromStr for AlertLevel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = [Self::Info, Self::Warn, Self::Error].into_iter().find(|level| level.name() == text);
        found.ok_or_else(|| Error::InvalidArgument {
            what: "level of an alert".into(),
            value: text.escape_debug().take(300).collect(),
            expected: "INFO, WARN or ERROR".into(),
        })
    }
}

impl fmt::Display for AlertLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an alert says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alert {
    /// What it is about: 1 to 500 bytes; alerts of one title are one alert for as long as `wait` says.
    pub title: String,
    /// The text: up to 64 KiB.
    pub text: String,
    /// How much it matters; default: INFO.
    pub level: AlertLevel,
    /// For how long after one of the same title in the same run this one is not raised; default: 0.
    pub wait: Duration,
}

/// An alert of a run, as it was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RaisedAlert {
    /// The run.
    pub run_id: String,
    /// What it is about.
    pub title: String,
    /// The text.
    pub text: String,
    /// How much it matters.
    pub level: AlertLevel,
    /// When it was raised.
    pub at: Timestamp,
}

/// An alert as a tag holds it.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    title: String,
    text: String,
    level: AlertLevel,
    /// Microseconds.
    at: i64,
}

type Callback = dyn Fn(&RaisedAlert) + Send + Sync;

/// The callbacks of this process; a forked child has none of its parent's.
static CALLBACKS: PerProcess<Mutex<Vec<Weak<Callback>>>> = PerProcess::new();

/// Keeps a callback of [`on_alert`] called, until it is dropped.
#[must_use = "the callback is called for as long as this is kept"]
pub struct AlertSubscription {
    _callback: Arc<Callback>,
}

impl fmt::Debug for AlertSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlertSubscription").finish_non_exhaustive()
    }
}

/// Has a callback called for every alert that this process raises from now on, in the thread that raises it and after it
/// was recorded. A panic in it is caught: the run does not notice.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use mlops_core::runs::{Alert, RunOptions, on_alert};
///
/// # fn main() -> mlops_core::Result<()> {
/// # let store = mlops_core::Store::open("memory:")?;
/// static COUNT: AtomicUsize = AtomicUsize::new(0);
/// let _kept = on_alert(|alert| {
///     assert_eq!(alert.title, "loss is NaN");
///     COUNT.fetch_add(1, Ordering::SeqCst);
/// });
/// let run = store.runs().start(RunOptions::default())?;
/// run.alert(&Alert { title: "loss is NaN".into(), ..Alert::default() })?;
/// assert_eq!(COUNT.load(Ordering::SeqCst), 1);
/// # Ok(())
/// # }
/// ```
pub fn on_alert(callback: impl Fn(&RaisedAlert) + Send + Sync + 'static) -> AlertSubscription {
    let callback: Arc<Callback> = Arc::new(callback);
    let mut all = CALLBACKS.get().lock();
    all.retain(|one| one.strong_count() > 0);
    all.push(Arc::downgrade(&callback));
    AlertSubscription { _callback: callback }
}

/// Hands an alert to whoever wants it; nothing of what they do comes back.
fn deliver(alert: &RaisedAlert) {
    let callbacks: Vec<_> = CALLBACKS.get().lock().iter().filter_map(Weak::upgrade).collect();
    for callback in callbacks {
        let _ = catch_unwind(AssertUnwindSafe(|| callback(alert)));
    }
    if let Some(command) = AlertCommand::of_this_user() {
        command.run(&serde_json::to_vec(alert).unwrap_or_default());
    }
}

impl Handle {
    /// Records an alert and hands it on.
    pub(super) fn raise(&self, alert: &Alert) -> Result<bool> {
        names::check_key("title of an alert", &alert.title)?;
        limits::check(|| format!("the text of alert `{}`", alert.title), alert.text.len(), TEXT_BYTES, "bytes")?;
        let core = &self.runs.core;
        let at = core.clock.now();
        let waits = |last: Timestamp| !alert.wait.is_zero() && at.since(last) < alert.wait;
        let known = self.known.state.lock().alerts.get(&alert.title).copied();
        let last = match known {
            None if !alert.wait.is_zero() => {
                // Another process may have raised it.
                let tags = core.for_reading()?.view(&self.known.id)?.into_data(&*core.blobs)?.tags;
                of_tags(&self.known.id, &tags).filter(|one| one.title == alert.title).map(|one| one.at).max()
            }
            known => known,
        };
        let previous = {
            // Of two threads that raise it at the same time, one does.
            let mut state = self.known.state.lock();
            let newest = state.alerts.get(&alert.title).copied().max(last);
            if newest.is_some_and(waits) {
                newest.and_then(|newest| state.alerts.insert(alert.title.clone(), newest));
                return Ok(false);
            }
            state.alerts.insert(alert.title.clone(), at)
        };
        let Alert { title, text, level, .. } = alert.clone();
        let raised = RaisedAlert { run_id: self.known.id.clone(), title, text, level, at };
        if let Err(error) =
            self.log_batch(&Batch { tags: vec![tag(&raised, &core.ids.next_hex())?], ..Batch::default() })
        {
            let mut state = self.known.state.lock();
            match previous {
                Some(before) => state.alerts.insert(alert.title.clone(), before),
                None => state.alerts.remove(&alert.title),
            };
            return Err(error);
        }
        deliver(&raised);
        Ok(true)
    }
}

fn tag(alert: &RaisedAlert, id: &str) -> Result<(String, String)> {
    let RaisedAlert { title, text, level, at, .. } = alert.clone();
    let stored = Stored { title, text, level, at: at.as_micros() };
    let json = serde_json::to_string(&stored).map_err(|e| Error::internal(format!("cannot write JSON: {e}")))?;
    let id = id.get(id.len().saturating_sub(8)..).unwrap_or(id);
    Ok((format!("{}{:016}-{id}", tags::ALERT, stored.at), json))
}

/// The alerts among the tags of a run. One that is none, as others may write it, is passed over.
fn of_tags<'a>(run_id: &'a str, tags: &'a BTreeMap<String, String>) -> impl Iterator<Item = RaisedAlert> + 'a {
    tags.iter().filter(|(key, _)| key.starts_with(tags::ALERT)).filter_map(|(_, value)| {
        let Stored { title, text, level, at } = serde_json::from_str(value).ok()?;
        Some(RaisedAlert { run_id: run_id.into(), title, text, level, at: Timestamp::from_micros(at) })
    })
}

impl Runs {
    /// The alerts of a run, the oldest first.
    ///
    /// # Errors
    /// `NotFound` for an unknown run.
    pub fn alerts(&self, run_id: &str) -> Result<Vec<RaisedAlert>> {
        let tags = self.get(run_id)?.tags;
        let mut alerts: Vec<_> = of_tags(run_id, &tags).collect();
        alerts.sort_by_key(|alert| alert.at);
        Ok(alerts)
    }
}
