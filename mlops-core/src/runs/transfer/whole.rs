//! A run as it is stored, with all that its record says.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::base::digests::{Digest, DigestHasher};
use crate::base::time::Timestamp;
use crate::blob::BlobStore;
use crate::error::{Error, Result};
use crate::runs::codec;
use crate::runs::core::Core;
use crate::runs::doc::{RunDoc, StoredArtifact, StoredParam, StoredText};
use crate::runs::drain;
use crate::runs::editing::TailEntry;
use crate::runs::inputs::StoredInput;
use crate::runs::keys::{self, SectionKind};
use crate::runs::section::for_each_entry;
use crate::runs::series::{self, Points, SegmentRef};
use crate::runs::types::{Experiment, Lifecycle, MetricSummary, Origin, RunInfo, Series};
use crate::storage::{KeyRange, Storage};

/// How often a read is tried again because the run changed under it.
const TRIES: usize = 100;

/// A run, all sections loaded, but for its points: those that are sealed are blobs.
#[derive(Clone, Debug)]
pub(super) struct Whole {
    /// The bytes of its record.
    pub(super) stored: Vec<u8>,
    /// The digest of all that storage has of it: what has the same is the same, but not the other way round.
    pub(super) fingerprint: Digest,
    pub(super) version: u64,
    /// The last process to start or resume it, and how many of its records storage has.
    pub(super) writer: Option<(Uuid, u64)>,
    pub(super) info: RunInfo,
    pub(super) experiment: Experiment,
    pub(super) params: BTreeMap<String, StoredParam>,
    pub(super) tags: BTreeMap<String, StoredText>,
    pub(super) metrics: BTreeMap<String, MetricSummary>,
    pub(super) artifacts: BTreeMap<String, StoredArtifact>,
    pub(super) conflicts: BTreeMap<String, StoredParam>,
    pub(super) segments: BTreeMap<String, SegmentRef>,
    /// Entries of points that are not sealed, and the bytes that they count as.
    pub(super) tail: Vec<Points>,
    pub(super) tail_bytes: u64,
    pub(super) copy: Option<Digest>,
    pub(super) inputs: BTreeMap<String, StoredInput>,
    pub(super) origin: Option<Origin>,
}

impl Whole {
    /// The run as it is at one moment; None if there is none.
    pub(super) fn load(core: &Core, run: &str) -> Result<Option<Self>> {
        let stored = || core.storage.get(&keys::run(run));
        for _ in 0..TRIES {
            let Some(before) = stored()? else { return Ok(None) };
            let read = Self::read(core, before.clone());
            // What cannot be read of a run that changed meanwhile is read again.
            let Some(after) = stored()? else { return Ok(None) };
            match read {
                Ok(Some(read)) if read.stored == after => return Ok(Some(read)),
                Err(error) if before == after => return Err(error),
                _ => {}
            }
        }
        let detail = format!("the run `{run}` changes faster than it can be read; sync again in a moment");
        Err(Error::Busy { detail })
    }

    /// None if a large change is not wholly applied: it is by now.
    fn read(core: &Core, stored: Vec<u8>) -> Result<Option<Self>> {
        let storage = &*core.storage;
        // Every field is named, so that who adds one to the record comes by here: it belongs into `Whole`, into what
        // `content.rs` compares, and into what `write.rs` writes.
        let RunDoc {
            version,
            info,
            writer,
            params,
            tags,
            metrics,
            artifacts,
            segments,
            conflicts,
            tail,
            pending,
            copy,
            inputs,
            origin,
        } = codec::decode("a run", &stored)?;
        let run = info.run_id.clone();
        if pending.is_some() {
            drain::unpack(storage, &*core.blobs, &run)?;
            return Ok(None);
        }
        let at = |section| keys::pages(&run, section);
        let mut hasher = DigestHasher::new();
        hasher.update(&stored);
        for prefix in [keys::all_pages(&run), keys::tails(&run)] {
            for_each_entry(storage, KeyRange::prefix(prefix), |key, value| {
                hasher.update(key);
                hasher.update(value);
                Ok(())
            })?;
        }
        let mut entries = Vec::new();
        if tail.first < tail.next {
            let range = KeyRange { start: keys::tail(&run, tail.first), end: Some(keys::tail(&run, tail.next)) };
            for_each_entry(storage, range, |_, value| {
                let TailEntry(points) = codec::decode("the points of a run", value)?;
                entries.push(points);
                Ok(())
            })?;
        }
        Ok(Some(Self {
            fingerprint: hasher.finish(),
            version,
            writer: writer.map_or(Ok(None), |writer| drained(storage, writer))?,
            experiment: experiment_of(core, &info.experiment_id)?,
            params: params.load(storage, &at(SectionKind::Params))?,
            tags: tags.load(storage, &at(SectionKind::Tags))?,
            metrics: metrics.load(storage, &at(SectionKind::Metrics))?,
            artifacts: artifacts.load(storage, &at(SectionKind::Artifacts))?,
            conflicts: conflicts.load(storage, &at(SectionKind::Conflicts))?,
            segments: segments.load(storage, &at(SectionKind::Segments))?,
            tail: entries,
            tail_bytes: tail.bytes,
            copy,
            inputs: inputs.load(storage, &at(SectionKind::Inputs))?,
            origin,
            info,
            stored,
        }))
    }

    /// Visits the points of every metric in the order in which they were logged, some at a time.
    pub(super) fn for_each_points(&self, blobs: &dyn BlobStore, mut visit: impl FnMut(&str, &Series)) -> Result<()> {
        for segment in self.segments.values() {
            for (key, series) in series::open(blobs, segment, None)? {
                visit(&key, &series);
            }
        }
        for (key, series) in self.tail.iter().flatten() {
            visit(key, series);
        }
        Ok(())
    }

    /// Visits the blobs that the run cannot do without.
    pub(super) fn for_each_blob(&self, mut visit: impl FnMut(Digest)) {
        self.params.values().chain(self.conflicts.values()).filter_map(StoredParam::blob).for_each(&mut visit);
        self.tags.values().filter_map(StoredText::blob).for_each(&mut visit);
        self.artifacts.values().for_each(|artifact| visit(artifact.blob));
        self.segments.values().for_each(|segment| visit(segment.blob));
        self.inputs.values().flat_map(StoredInput::blobs).for_each(visit);
    }
}

/// A run's experiment; one like it if its record is lost.
pub(super) fn experiment_of(core: &Core, id: &str) -> Result<Experiment> {
    let found = core.find_experiment(id)?;
    Ok(found.unwrap_or_else(|| Experiment {
        experiment_id: id.into(),
        name: format!("experiment {id}"),
        lifecycle: Lifecycle::Active,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        tags: BTreeMap::new(),
    }))
}

/// How far a writer is drained; None if its files are gone.
fn drained(storage: &dyn Storage, writer: Uuid) -> Result<Option<(Uuid, u64)>> {
    let (mark, bytes) = drain::stored_mark(storage, writer)?;
    Ok(bytes.map(|_| (writer, mark.seq)))
}

impl Whole {
    /// A run that nothing was logged to, in the place of one that does not exist.
    pub(super) fn nothing(like: &Self) -> Self {
        Self { fingerprint: like.fingerprint, ..Self::new(like.info.clone(), like.experiment.clone()) }
    }

    /// A run that nothing was logged to yet.
    pub(super) fn new(info: RunInfo, experiment: Experiment) -> Self {
        Self {
            stored: Vec::new(),
            fingerprint: Digest::of(b""),
            version: 0,
            writer: None,
            info,
            experiment,
            params: BTreeMap::new(),
            tags: BTreeMap::new(),
            metrics: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            segments: BTreeMap::new(),
            tail: Vec::new(),
            tail_bytes: 0,
            copy: None,
            inputs: BTreeMap::new(),
            origin: None,
        }
    }
}
