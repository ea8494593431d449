//! Params that another process set to another value first: the process that came second is told at its next call.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::core::{Core, Known, KnownState};
use super::doc::StoredParam;
use crate::base::text::ParamValue;
use crate::error::{Error, Result};

/// A param that was acknowledged here, and that another process had set before.
#[derive(Clone, Debug)]
pub(super) struct Contradiction {
    pub(super) run: String,
    pub(super) key: String,
    /// What counts.
    pub(super) first: StoredParam,
    /// What does not.
    pub(super) later: StoredParam,
}

/// The contradictions of one run that its process has not been told of.
#[derive(Debug, Default)]
pub(super) struct Contradicted {
    is_some: AtomicBool,
    all: Mutex<Vec<Contradiction>>,
}

impl Contradicted {
    /// True if somebody is to be told.
    pub(super) fn is_some(&self) -> bool {
        self.is_some.load(Ordering::Relaxed)
    }

    fn add(&self, one: Contradiction) {
        self.all.lock().push(one);
        self.is_some.store(true, Ordering::Release);
    }

    fn take(&self) -> Vec<Contradiction> {
        let mut all = self.all.lock();
        self.is_some.store(false, Ordering::Release);
        mem::take(&mut all)
    }
}

impl Core {
    /// Notes what a drain of this process's records met. No run is locked: who drains may have locked one.
    pub(super) fn contradicted(&self, met: Vec<Contradiction>) {
        if met.is_empty() {
            return;
        }
        let known = self.known.lock();
        for one in met {
            if let Some(run) = known.get(&one.run) {
                run.contradicted.add(one);
            }
        }
    }

    /// The error that tells of the contradictions of a run, once; what is known of those params is what counts from then on.
    ///
    /// # Errors
    /// `Conflict`; `rest` ends its text.
    pub(super) fn tell(&self, known: &Known, state: &mut KnownState, rest: &str) -> Result<()> {
        if !known.contradicted.is_some() {
            return Ok(());
        }
        let mut told: Vec<String> = Vec::new();
        for one in known.contradicted.take() {
            state.params.insert(one.key.clone(), one.first.text_digest());
            let text = |value: StoredParam| {
                value.load(&*self.blobs).map_or_else(|_| "a long text".into(), |value| shown(&value))
            };
            told.push(format!("`{}` is `{}` and not `{}`", one.key, text(one.first), text(one.later)));
        }
        if told.is_empty() {
            return Ok(());
        }
        Err(Error::Conflict {
            detail: format!(
                "another process set {} of run `{}` first: {}; log the value under another name or in another run{rest}",
                if told.len() == 1 { "a param".into() } else { format!("{} params", told.len()) },
                known.id,
                told.join(", "),
            ),
        })
    }
}

/// The beginning of a param's text.
pub(super) fn shown(value: &ParamValue) -> String {
    let text = value.text();
    if text.chars().count() > 80 { text.chars().take(80).collect::<String>() + "..." } else { text }
}
