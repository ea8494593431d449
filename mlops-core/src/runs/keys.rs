//! The storage keys of the pillar; `docs/FORMAT.md` lists them.

use uuid::Uuid;

use crate::base::limits::{PATH_BYTES, RUN_ID_CHARS, STORAGE_KEY_BYTES};
use crate::error::{Error, Result};
use crate::storage::Op;

/// Which section of a run a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SectionKind {
    Params = b'p' as isize,
    Tags = b't' as isize,
    Metrics = b'm' as isize,
    Artifacts = b'a' as isize,
    Segments = b's' as isize,
    Conflicts = b'c' as isize,
    Inputs = b'i' as isize,
}

/// The counter of experiment ids.
pub(super) const NEXT_EXPERIMENT: &[u8] = b"c/experiment";
/// All experiments.
pub(super) const EXPERIMENTS: &[u8] = b"e/";
/// All runs.
pub(super) const RUNS: &[u8] = b"r/";
/// All runs with a large change that is not wholly applied.
pub(super) const PENDING: &[u8] = b"q/";

/// The number of the next segment of columns; there once all that is not in columns is listed as changed.
pub(super) const COLUMNS: &[u8] = b"c/columns";
/// The segments of columns; the segment's number follows.
pub(super) const SEGMENTS: &[u8] = b"k/";
/// The runs that changed since their row was made; the run's id follows.
pub(super) const UNFOLDED: &[u8] = b"u/";

/// What only records of the spool change: runs, their pages, points and places, but not whether they are deleted; and what
/// is made from that.
pub(super) const OF_RECORDS: &[&[u8]] =
    &[RUNS, b"p/", b"t/", b"x/", b"l/", b"h/", PENDING, COLUMNS, SEGMENTS, UNFOLDED];
/// Experiments, which records make by name.
pub(super) const OF_EXPERIMENTS: &[&[u8]] = &[EXPERIMENTS, b"n/", NEXT_EXPERIMENT];

fn join(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// The number behind an experiment's id; ids are numbers as text.
pub(super) fn experiment_number(id: &str) -> Result<u64> {
    let canonical = id.parse::<u64>().ok().filter(|number| number.to_string() == id);
    canonical.ok_or_else(|| Error::NotFound {
        what: "experiment",
        id: id.into(),
        hint: "; ids are numbers, `mlops experiments list` shows them".into(),
    })
}

/// An experiment's record.
pub(super) fn experiment(number: u64) -> Vec<u8> {
    join(&[EXPERIMENTS, &number.to_be_bytes()])
}

/// The experiment that has a name.
pub(super) fn experiment_name(name: &str) -> Vec<u8> {
    join(&[b"n/", name.as_bytes()])
}

/// A run's record.
pub(super) fn run(id: &str) -> Vec<u8> {
    join(&[RUNS, id.as_bytes()])
}

// The longest key of a section, an artifact's path, fits behind the longest run id.
const _: () = assert!("p/".len() + RUN_ID_CHARS + "/a".len() + PATH_BYTES <= STORAGE_KEY_BYTES);

/// The pages of one section of a run; the first key of a page follows.
pub(super) fn pages(run: &str, section: SectionKind) -> Vec<u8> {
    join(&[b"p/", run.as_bytes(), b"/", &[section as u8]])
}

/// The pages of all sections of a run.
pub(super) fn all_pages(run: &str) -> Vec<u8> {
    join(&[b"p/", run.as_bytes(), b"/"])
}

/// True for the key of a page of a run.
pub(super) fn is_page(key: &[u8]) -> bool {
    key.starts_with(b"p/")
}

/// The name of a segment among those of its run, in their order.
pub(super) fn segment(number: u64) -> String {
    format!("{number:012}")
}

/// What is noted of a run that other stores have, too.
pub(super) fn note(run: &str) -> Vec<u8> {
    join(&[b"y/", run.as_bytes()])
}

/// When a run was deleted.
pub(super) fn deleted(run: &str) -> Vec<u8> {
    join(&[b"d/", run.as_bytes()])
}

/// When a run was forked from another, or rewound, for the last time. Such a commit was asked for: that its key is none of
/// [`OF_RECORDS`] says so.
pub(super) fn edited(run: &str) -> Vec<u8> {
    join(&[b"f/", run.as_bytes()])
}

/// The points of a run that are not sealed; the entry's number follows.
pub(super) fn tails(run: &str) -> Vec<u8> {
    join(&[b"t/", run.as_bytes(), b"/"])
}

/// True if a batch seals points that are stored: their blob must be on the disk before they go.
pub(super) fn removes_tail(ops: &[Op]) -> bool {
    ops.iter().any(|op| matches!(op, Op::Delete { key } if key.starts_with(b"t/")))
}

/// One entry of [`tails`].
pub(super) fn tail(run: &str, number: u32) -> Vec<u8> {
    join(&[&tails(run), &number.to_be_bytes()])
}

/// The runs of an experiment; the run's id follows.
pub(super) fn experiment_runs(number: u64) -> Vec<u8> {
    join(&[b"x/", &number.to_be_bytes(), b"/"])
}

/// One entry of [`experiment_runs`].
pub(super) fn experiment_run(number: u64, run: &str) -> Vec<u8> {
    join(&[&experiment_runs(number), run.as_bytes()])
}

/// The runs that a writer started or resumed and that are not ended; the run's id follows.
pub(super) fn live_runs(writer: Uuid) -> Vec<u8> {
    join(&[b"l/", writer.as_bytes(), b"/"])
}

/// One entry of [`live_runs`].
pub(super) fn live_run(writer: Uuid, run: &str) -> Vec<u8> {
    join(&[&live_runs(writer), run.as_bytes()])
}

/// The writers that hold a run together; the writer follows.
pub(super) fn holders(run: &str) -> Vec<u8> {
    join(&[b"h/", run.as_bytes(), b"/"])
}

/// One entry of [`holders`].
pub(super) fn holder(run: &str, writer: Uuid) -> Vec<u8> {
    join(&[&holders(run), writer.as_bytes()])
}

/// One entry of [`SEGMENTS`].
pub(super) fn segment_of_columns(number: u64) -> Vec<u8> {
    join(&[SEGMENTS, &number.to_be_bytes()])
}

/// One entry of [`UNFOLDED`].
pub(super) fn unfolded(run: &str) -> Vec<u8> {
    join(&[UNFOLDED, run.as_bytes()])
}

/// Says that a run has a large change that is not wholly applied.
pub(super) fn pending(run: &str) -> Vec<u8> {
    join(&[PENDING, run.as_bytes()])
}
