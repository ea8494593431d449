//! Brings the runs of one store into another.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::blobs::Copier;
use super::content::{self, Chains};
use super::decide::{Relation, Side, relate};
use super::experiments::{Place, places};
use super::note::{Note, Seen};
use super::select::{Selection, select};
use super::types::{OnConflict, PassedOver, SyncConflict, SyncOptions, SyncProgress, SyncReport};
use super::whole::Whole;
use super::write;
use crate::base::digests::Digest;
use crate::error::{Error, Result};
use crate::runs::core::Core;
use crate::runs::drain;
use crate::runs::keys;
use crate::runs::store::Runs;
use crate::runs::types::Lifecycle;
use crate::storage::{Durability, Op, Outcome};

/// Runs that are prepared together: what they name is forced to the disk once, before the first of them is committed.
const GROUP_RUNS: usize = 64;
/// A group ends when so many bytes of blobs were copied for it, or so many entries are to be written.
const GROUP_BYTES: u64 = 64 << 20;
const GROUP_OPS: usize = 20_000;

/// The two stores of a sync.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// The ids of the stores.
    pub(crate) from: Uuid,
    pub(crate) to: Uuid,
    /// What is in the source may run code here.
    pub(crate) trusted: bool,
    /// The source is no store of its own but says what that with the id `from` had, as it notes of each run.
    pub(crate) noted: bool,
}

/// What a sync of runs did, and what it was about.
#[derive(Debug)]
pub(crate) struct Synced {
    pub(crate) report: SyncReport,
    /// Ids of the selected runs.
    pub(crate) runs: Vec<String>,
    /// Of the selected experiments of the source, the id in the destination; empty if it is yet to be made.
    pub(crate) experiments: BTreeMap<String, String>,
}

impl Runs {
    /// Brings runs of another store into this one.
    ///
    /// # Errors
    /// Those of [`Store::sync`](crate::Store).
    pub(crate) fn sync_from(&self, from: &Runs, ends: Ends, options: &SyncOptions<'_>) -> Result<Synced> {
        if Arc::ptr_eq(&self.core, &from.core) {
            return Err(Error::InvalidArgument {
                what: "destination".into(),
                value: "the source itself".into(),
                expected: "another store".into(),
            });
        }
        let to = if options.dry_run {
            self.core.for_reading()?
        } else {
            self.core.check_writable("the destination")?;
            self.core.drain_own()?;
            self.core.clone()
        };
        let source = from.core.for_reading()?;
        let Selection { runs, experiments, skipped } = select(from, &source, options)?;
        let mut report = SyncReport { dry_run: options.dry_run, skipped, ..SyncReport::default() };
        let places = places(&to, &experiments, options, &mut report.experiments)?;
        let copier = Copier::new(&*source.blobs, &*to.blobs);
        let mut syncing = Syncing { from: &source, to: &to, ends, options, places, copier, report };
        let mut progress = SyncProgress { runs: 0, of: runs.len() as u64, bytes: 0 };
        let ids: Vec<&str> = runs.iter().map(|run| run.run_id.as_str()).collect();
        let mut rest = ids.as_slice();
        while !rest.is_empty() {
            let done = syncing.group(rest, &mut |bytes| {
                progress = SyncProgress { runs: progress.runs + 1, bytes, ..progress };
                options.progress.iter().for_each(|show| show(progress));
            })?;
            rest = rest.get(done..).unwrap_or_default();
        }
        let Syncing { copier: Copier { blobs, bytes, .. }, report, places, .. } = syncing;
        if !options.dry_run {
            to.fold_if_due()?;
        }
        let place = |(from, place)| match place {
            Place::Id(to) => Some((from, to)),
            Place::Deleted => None,
        };
        Ok(Synced {
            report: SyncReport { blobs, bytes, ..report },
            runs: runs.into_iter().map(|run| run.run_id).collect(),
            experiments: places.into_iter().filter_map(place).collect(),
        })
    }

    /// Notes that a run came from elsewhere: what of it runs code when it is loaded asks first from now on. For what brings
    /// runs in from other tools, before it brings their files.
    ///
    /// # Errors
    /// `NotFound`, `ReadOnly`, `Io`.
    pub fn mark_foreign(&self, run_id: &str) -> Result<()> {
        let core = &*self.core;
        core.check_writable("the run")?;
        core.drain_own()?;
        core.existing(run_id)?;
        loop {
            let (note, before) = Note::load(&*core.storage, run_id)?;
            if note.foreign {
                return Ok(());
            }
            let ops = Note { foreign: true, ..note }.ops(run_id, before)?;
            if core.storage.apply(&ops, Durability::Full)? == Outcome::Applied {
                return Ok(());
            }
        }
    }

    /// True if a run came from a store that this user did not trust then.
    ///
    /// # Errors
    /// What reading the store gives.
    pub(crate) fn is_foreign(&self, run_id: &str) -> Result<bool> {
        Ok(Note::load(&*self.core.for_reading()?.storage, run_id)?.0.foreign)
    }
}

/// A sync at work.
struct Syncing<'a> {
    from: &'a Core,
    to: &'a Core,
    ends: Ends,
    options: &'a SyncOptions<'a>,
    places: BTreeMap<String, Place>,
    copier: Copier<'a>,
    report: SyncReport,
}

/// What is to be done with a run.
enum Plan {
    /// Nothing, and the report says so.
    Done(Verdict),
    Commit {
        run: String,
        ops: Vec<Op>,
        unpacks: bool,
        verdict: Verdict,
    },
}

/// Where a run stands in the report.
enum Verdict {
    Gone,
    New,
    Updated,
    Unchanged,
    Ahead,
    Conflict(String, OnConflict),
    Skipped(String),
    Failed(String),
}

impl Syncing<'_> {
    /// The first runs of a list; returns how many.
    fn group(&mut self, runs: &[&str], progress: &mut dyn FnMut(u64)) -> Result<usize> {
        // Held until what is put is named.
        let _lease = self.to.blobs.leases().hold()?;
        self.copier.under_new_lease();
        let bytes_before = self.copier.bytes;
        let (mut plans, mut ops) = (Vec::new(), 0);
        for run in runs.iter().take(GROUP_RUNS) {
            let plan = self.plan(run)?;
            if let Plan::Commit { ops: of_run, .. } = &plan {
                ops += of_run.len();
            }
            plans.push((*run, plan));
            if self.copier.bytes - bytes_before > GROUP_BYTES || ops > GROUP_OPS {
                break;
            }
        }
        if ops > 0 {
            self.to.blobs.flush()?;
        }
        let done = plans.len();
        for (run, mut plan) in plans {
            let verdict = loop {
                match plan {
                    Plan::Done(verdict) => break verdict,
                    Plan::Commit { verdict, .. } if self.options.dry_run => break verdict,
                    Plan::Commit { run, ops, unpacks, verdict } => {
                        if self.to.storage.apply(&ops, Durability::Fast)? == Outcome::Applied {
                            self.written(&run, unpacks)?;
                            break verdict;
                        }
                    }
                }
                // Another process changed the run, or what is noted of it.
                plan = self.plan(run)?;
                self.to.blobs.flush()?;
            };
            self.count(run, verdict);
            progress(self.copier.bytes);
        }
        Ok(done)
    }

    /// What is remembered of a run that was written is not so any more.
    fn written(&self, run: &str, unpacks: bool) -> Result<()> {
        if unpacks {
            drain::unpack(&*self.to.storage, &*self.to.blobs, run)?;
        }
        let known = self.to.known.lock().get(run).cloned();
        if let Some(known) = known {
            let lifecycle = self.to.existing(run).map(|doc| doc.info.lifecycle);
            let mut state = known.state.lock();
            state.loaded = false;
            state.params.clear();
            state.series.clear();
            state.artifacts.clear();
            state.deleted = matches!(lifecycle, Ok(Lifecycle::Deleted));
        }
        self.to.count_ended();
        Ok(())
    }

    fn count(&mut self, run: &str, verdict: Verdict) {
        let report = &mut self.report;
        let passed = |reason| PassedOver { run_id: run.into(), reason };
        match verdict {
            Verdict::Gone => {}
            Verdict::New => report.new.push(run.into()),
            Verdict::Updated => report.updated.push(run.into()),
            Verdict::Unchanged => report.unchanged += 1,
            Verdict::Ahead => report.ahead.push(run.into()),
            Verdict::Conflict(differs, resolution) => {
                report.conflicts.push(SyncConflict { run_id: run.into(), differs, resolution });
            }
            Verdict::Skipped(reason) => report.skipped.push(passed(reason)),
            Verdict::Failed(reason) => report.failed.push(passed(reason)),
        }
    }

    /// What is to be done with a run; its blobs are copied by then. One that is damaged does not stand in the way of
    /// the others.
    fn plan(&mut self, run: &str) -> Result<Plan> {
        loop {
            let Some(source) = Whole::load(self.from, run)? else { return Ok(Plan::Done(Verdict::Gone)) };
            match self.plan_for(run, &source) {
                Err(error @ (Error::Corrupt { .. } | Error::Unsupported { .. })) => {
                    // Unless it changed, or was removed for good, while it was copied.
                    if self.from.storage.get(&keys::run(run))?.as_ref() == Some(&source.stored) {
                        return Ok(Plan::Done(Verdict::Failed(error.to_string())));
                    }
                }
                planned => return planned,
            }
        }
    }

    fn plan_for(&mut self, run: &str, source: &Whole) -> Result<Plan> {
        let experiment_id = match self.places.get(&source.info.experiment_id) {
            Some(Place::Id(id)) => id.clone(),
            Some(Place::Deleted) => {
                let name = &source.experiment.name;
                let reason = format!("its experiment `{name}` is deleted in the destination; restore it there");
                return Ok(Plan::Done(Verdict::Skipped(reason)));
            }
            // It was moved since it was selected.
            None => {
                let reason = "it moves to another experiment at this moment; sync again".into();
                return Ok(Plan::Done(Verdict::Skipped(reason)));
            }
        };
        let (source_note, _) = Note::load(&*self.from.storage, run)?;
        let (note, note_bytes) = Note::load(&*self.to.storage, run)?;
        let seen = source_note.of(self.ends.from).filter(|_| self.ends.noted);
        let as_it_was = seen.map(|seen| Whole {
            fingerprint: seen.fingerprint,
            version: seen.version,
            writer: seen.writer,
            ..source.clone()
        });
        let source = as_it_was.as_ref().unwrap_or(source);
        let mut pair = Pair {
            syncing: self,
            run,
            source,
            experiment_id,
            foreign: source_note.foreign,
            source_note,
            note,
            note_bytes,
        };
        pair.plan()
    }
}

/// A run, and what both stores have of it.
struct Pair<'a, 'b> {
    syncing: &'a mut Syncing<'b>,
    run: &'a str,
    source: &'a Whole,
    experiment_id: String,
    /// It is not trusted in the source.
    foreign: bool,
    source_note: Note,
    note: Note,
    note_bytes: Option<Vec<u8>>,
}

impl Pair<'_, '_> {
    fn plan(&mut self) -> Result<Plan> {
        let (from, to) = (self.syncing.from, self.syncing.to);
        self.foreign |= !self.syncing.ends.trusted;
        let Some(dest) = Whole::load(to, self.run)? else {
            let chains = content::chains(self.source, &*from.blobs)?;
            let content = content::digest(self.source, &chains)?;
            return self.take(None, content, Verdict::New);
        };
        let (mut source_chains, mut dest_chains) = (None, None);
        let seen = self.note.of(self.syncing.ends.from).filter(|seen| seen.fingerprint == self.source.fingerprint);
        let source_content = match seen {
            Some(seen) => seen.content,
            None => content::digest(self.source, chains(&mut source_chains, self.source, from)?)?,
        };
        let dest_content = match self.note.content_of(&dest) {
            Some(content) => content,
            None => content::digest(&dest, chains(&mut dest_chains, &dest, to)?)?,
        };
        let relation = relate(
            Side {
                store: self.syncing.ends.from,
                content: source_content,
                version: self.source.version,
                writer: self.source.writer,
                note: &self.source_note,
            },
            Side {
                store: self.syncing.ends.to,
                content: dest_content,
                version: dest.version,
                writer: dest.writer,
                note: &self.note,
            },
        );
        match relation {
            Relation::Same => return self.same(&dest, source_content),
            Relation::Behind => return self.take(Some(&dest), source_content, Verdict::Updated),
            Relation::Ahead => return Ok(Plan::Done(Verdict::Ahead)),
            Relation::Unknown => {}
        }
        let (source_chains, dest_chains) =
            (chains(&mut source_chains, self.source, from)?, chains(&mut dest_chains, &dest, to)?);
        if content::is_grown_from(self.source, &*from.blobs, &dest, dest_chains)? {
            return self.take(Some(&dest), source_content, Verdict::Updated);
        }
        if content::is_grown_from(&dest, &*to.blobs, self.source, source_chains)? {
            return Ok(Plan::Done(Verdict::Ahead));
        }
        let differs = content::differences(&dest, dest_chains, self.source, source_chains);
        let verdict = Verdict::Conflict(differs, self.syncing.options.on_conflict);
        match self.syncing.options.on_conflict {
            OnConflict::Skip => Ok(Plan::Done(verdict)),
            OnConflict::Theirs => {
                // What was only here has not been seen by anybody any more.
                self.note.seen.clear();
                self.take(Some(&dest), source_content, verdict)
            }
            OnConflict::Ours => {
                self.note.see(self.seen(source_content));
                self.note(&dest, verdict)
            }
        }
    }

    fn seen(&self, content: Digest) -> Seen {
        Seen {
            store: self.syncing.ends.from,
            content,
            fingerprint: self.source.fingerprint,
            version: self.source.version,
            writer: self.source.writer,
            at: self.syncing.to.clock.now(),
        }
    }

    /// Both are the same, which is noted unless it is.
    fn same(&mut self, dest: &Whole, content: Digest) -> Result<Plan> {
        let new = self.seen(content);
        let known = self.note.of(new.store).is_some_and(|seen| Seen { at: seen.at, ..new } == *seen);
        let is_current = self.note.content_of(dest) == Some(content);
        let foreign = self.note.foreign && self.foreign;
        if known && is_current && foreign == self.note.foreign {
            return Ok(Plan::Done(Verdict::Unchanged));
        }
        self.note.foreign = foreign;
        self.note.content = Some((content, Digest::of(&dest.stored)));
        self.note.see(new);
        self.note(dest, Verdict::Unchanged)
    }

    /// Writes the note only, while the run is as it is.
    fn note(&mut self, dest: &Whole, verdict: Verdict) -> Result<Plan> {
        let mut ops = vec![Op::check(keys::run(self.run), Some(dest.stored.clone()))];
        ops.extend(self.note.ops(self.run, self.note_bytes.take())?);
        Ok(Plan::Commit { run: self.run.into(), ops, unpacks: false, verdict })
    }

    /// The destination gets what the source has.
    fn take(&mut self, dest: Option<&Whole>, content: Digest, verdict: Verdict) -> Result<Plan> {
        let Syncing { from, to, ends, options, .. } = *self.syncing;
        let mut source = self.source.clone();
        // The copy of the record says again what stands in it, and may be missing.
        if let Some(copy) = source.copy
            && from.blobs.size(&copy)?.is_none()
        {
            source.copy = None;
        }
        if options.dry_run {
            return Ok(Plan::Done(verdict));
        }
        let copier = &mut self.syncing.copier;
        let mut blobs = Vec::new();
        source.for_each_blob(|blob| blobs.push(blob));
        blobs.extend(source.copy);
        blobs.into_iter().try_for_each(|blob| copier.copy(blob))?;
        let written = write::replace(&*to.storage, &*to.blobs, dest, &source, &self.experiment_id, to.clock.now())?;
        let mut ops = written.ops;
        // While a large change is unpacked the record changes once more.
        let key = keys::run(self.run);
        let record = ops.iter().find_map(|op| match op {
            Op::Put { key: put, value } if *put == key && !written.unpacks => Some(Digest::of(value)),
            _ => None,
        });
        self.note.see_all(&self.source_note.seen);
        self.note.seen.retain(|seen| seen.store != ends.to);
        self.note.see(self.seen(content));
        self.note.content = record.map(|record| (content, record));
        self.note.foreign = self.foreign;
        ops.extend(self.note.ops(self.run, self.note_bytes.take())?);
        Ok(Plan::Commit { run: self.run.into(), ops, unpacks: written.unpacks, verdict })
    }
}

/// The points of a run, read once.
fn chains<'a>(read: &'a mut Option<Chains>, run: &Whole, core: &Core) -> Result<&'a Chains> {
    if read.is_none() {
        *read = Some(content::chains(run, &*core.blobs)?);
    }
    read.as_ref().ok_or_else(|| Error::internal("what was just read is gone"))
}
