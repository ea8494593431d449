//! What a report shows, read from the store and bounded.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::compare::Comparison;
use super::images;
use super::json::Number;
use super::report::{LeftOut, ReportOptions};
use super::thin::thin;
use crate::base::time::Timestamp;
use crate::error::Result;
use crate::runs::{ArtifactInfo, MetricDefinitions, RunData, Series, tags};
use crate::store::Store;

/// Points of all curves together.
const ALL_POINTS: usize = 400_000;
/// Fewest points of a curve, however many curves there are.
const FEWEST_POINTS: usize = 100;
/// Curves of all metrics and runs together.
const CURVES: usize = 4_000;
/// Rows of a table: params, tags, metrics.
const ROWS: usize = 1_000;
/// Files listed of one run.
const FILES: usize = 500;
/// Characters of all cells of all tables together, of one cell at most and at least, and of a note.
const ALL_CHARS: usize = 16 << 20;
const CELL_CHARS: usize = 2_000;
const LEAST_CELL_CHARS: usize = 60;
const NOTE_CHARS: usize = 20_000;

/// The data of a page. Rows of tables hold a cell for each run, in the order of the runs.
#[derive(Serialize)]
pub(super) struct Collected {
    pub(super) title: String,
    made_at: String,
    version: &'static str,
    runs: Vec<RunShape>,
    params: Vec<RowShape<String>>,
    tags: Vec<RowShape<String>>,
    metrics: Vec<RowShape<MetricShape>>,
    curves: Vec<CurveShape>,
    /// Images by the name of their bytes.
    images: BTreeMap<String, String>,
    pub(super) left_out: Vec<LeftOut>,
}

#[derive(Serialize)]
struct RunShape {
    id: String,
    name: String,
    status: &'static str,
    deleted: bool,
    experiment: String,
    started: String,
    started_us: i64,
    ended: Option<String>,
    lasted_us: i64,
    user: String,
    host: String,
    source: Option<String>,
    commit: Option<String>,
    dirty: bool,
    parent: Option<String>,
    note: Option<String>,
    artifacts: Vec<FileShape>,
    /// How many files there are.
    files: usize,
}

#[derive(Serialize)]
struct FileShape {
    path: String,
    bytes: u64,
    digest: String,
    /// The image is in the page.
    shown: bool,
}

#[derive(Serialize)]
struct RowShape<T> {
    key: String,
    differs: bool,
    cells: Vec<Option<T>>,
}

#[derive(Serialize)]
struct MetricShape {
    last: Number,
    step: String,
    min: Number,
    max: Number,
    count: u64,
    /// How many values are NaN or infinite; None if the points were not read.
    gaps: Option<usize>,
}

#[derive(Serialize)]
struct CurveShape {
    run: usize,
    key: String,
    /// How many points were logged; fewer may be here.
    count: usize,
    steps: Vec<i64>,
    /// Microseconds since the run began.
    times: Vec<i64>,
    values: Vec<Number>,
}

/// Reads what a report shows.
pub(super) fn collect(store: &Store, ids: &[&str], options: &ReportOptions, made_at: Timestamp) -> Result<Collected> {
    let runs = ids.iter().map(|id| store.runs().get(id)).collect::<Result<Vec<_>>>()?;
    let mut compared = Comparison::of(&runs);
    compared.tags.retain(|row| row.key != tags::DESCRIPTION);
    let mut left_out = Vec::new();
    let cells = runs.len() * (compared.params.len().min(ROWS) + compared.tags.len().min(ROWS)).max(1);
    let chars = (ALL_CHARS / cells).clamp(LEAST_CELL_CHARS, CELL_CHARS);
    bound(&mut compared.params, "params", &mut left_out);
    bound(&mut compared.tags, "tags", &mut left_out);
    bound(&mut compared.metrics, "metrics", &mut left_out);

    let mut metrics: Vec<RowShape<MetricShape>> = compared
        .metrics
        .into_iter()
        .map(|row| {
            row_shape(row, |found| MetricShape {
                last: Number(found.last),
                step: found.last_step.to_string(),
                min: Number(found.min),
                max: Number(found.max),
                count: found.count,
                gaps: None,
            })
        })
        .collect();
    let curves = curves(store, &runs, &mut metrics, options.points, &mut left_out)?;
    let mut pictures = Pictures { left: options.images_bytes, most: options.image_bytes, ..Pictures::default() };
    let mut shapes = Vec::new();
    for run in &runs {
        shapes.push(run_shape(store, run, made_at, &mut pictures)?);
    }
    left_out.append(&mut pictures.left_out);
    let title = options.title.clone().unwrap_or_else(|| match runs.as_slice() {
        [one] => one.info.run_name.clone(),
        many => format!("Comparison of {} runs", many.len()),
    });
    Ok(Collected {
        title,
        made_at: made_at.to_string(),
        version: env!("CARGO_PKG_VERSION"),
        runs: shapes,
        params: compared.params.into_iter().map(|row| row_shape(row, |text| cut(&text, chars))).collect(),
        tags: compared.tags.into_iter().map(|row| row_shape(row, |text| cut(&text, chars))).collect(),
        metrics,
        curves,
        images: pictures.found,
        left_out,
    })
}

fn row_shape<T, U>(row: super::compare::Row<T>, shape: impl Fn(T) -> U) -> RowShape<U> {
    RowShape { key: row.key, differs: row.differs, cells: row.cells.into_iter().map(|cell| cell.map(&shape)).collect() }
}

/// Keeps as many rows as a page shows, those that differ before others.
fn bound<T>(rows: &mut Vec<super::compare::Row<T>>, what: &str, left_out: &mut Vec<LeftOut>) {
    let more = rows.len().saturating_sub(ROWS);
    if more > 0 {
        rows.sort_by_key(|row| !row.differs);
        rows.truncate(ROWS);
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        left_out.push(LeftOut { what: format!("{more} {what}"), why: format!("the page shows {ROWS} {what}") });
    }
}

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), text.len()),
    }
}

/// The points of metrics that have more than one, of as many as a page draws.
fn curves(
    store: &Store,
    runs: &[RunData],
    metrics: &mut [RowShape<MetricShape>],
    points: usize,
    left_out: &mut Vec<LeftOut>,
) -> Result<Vec<CurveShape>> {
    let defined: Vec<_> = runs.iter().map(|run| MetricDefinitions::of(&run.tags)).collect();
    let is_hidden = |key: &str| defined.iter().any(|of| of.is_hidden(key));
    let is_curve =
        |row: &RowShape<MetricShape>| row.cells.iter().flatten().any(|found| found.count > 1) && !is_hidden(&row.key);
    let mut rows: Vec<&mut RowShape<MetricShape>> = metrics.iter_mut().filter(|row| is_curve(row)).collect();
    let of = |row: &RowShape<MetricShape>| row.cells.iter().flatten().count();
    let mut drawn = 0;
    let shown = rows.iter().take_while(|row| {
        drawn += of(row);
        drawn <= CURVES
    });
    let shown = shown.count();
    if shown < rows.len() {
        let what = format!(
            "the curves of {} metrics, beginning with {}",
            rows.len() - shown,
            rows.get(shown).map_or("", |row| &row.key)
        );
        left_out.push(LeftOut { what, why: format!("the page draws {CURVES} curves") });
    }
    let total: usize = rows.iter().take(shown).map(|row| of(row)).sum();
    let most = points.min((ALL_POINTS / total.max(1)).max(FEWEST_POINTS));
    let mut found = Vec::new();
    for row in rows.iter_mut().take(shown) {
        for (at, (run, cell)) in runs.iter().zip(&mut row.cells).enumerate() {
            let Some(cell) = cell else { continue };
            let series = store.runs().metric_history(&run.info.run_id, &row.key)?;
            cell.gaps = Some(series.values.iter().filter(|value| !value.is_finite()).count());
            found.push(curve(at, &row.key, run, &series, most));
        }
    }
    Ok(found)
}

fn curve(at: usize, key: &str, run: &RunData, series: &Series, most: usize) -> CurveShape {
    let kept = thin(series, most);
    let start = run.info.started_at.as_micros();
    CurveShape {
        run: at,
        key: key.to_owned(),
        count: series.values.len(),
        steps: kept.steps,
        times: kept.times.into_iter().map(|time| time.saturating_sub(start)).collect(),
        values: kept.values.into_iter().map(Number).collect(),
    }
}

fn run_shape(store: &Store, run: &RunData, made_at: Timestamp, pictures: &mut Pictures) -> Result<RunShape> {
    let info = &run.info;
    let tag = |key: &str| run.tags.get(key).map(|text| cut(text, CELL_CHARS));
    let mut files = Vec::new();
    walk(store, &info.run_id, None, &mut files)?;
    let count = files.len();
    let mut artifacts = Vec::new();
    for file in files {
        let digest = file.digest.map(|digest| digest.to_string()).unwrap_or_default();
        let shown = images::is_image(&file.path) && pictures.add(store, run, &file, &digest)?;
        if shown || artifacts.len() < FILES {
            artifacts.push(FileShape { path: file.path, bytes: file.size_bytes, digest, shown });
        }
    }
    let ended = info.ended_at.unwrap_or(made_at).as_micros();
    Ok(RunShape {
        id: info.run_id.clone(),
        name: info.run_name.clone(),
        status: info.status.as_str(),
        deleted: info.lifecycle == crate::runs::Lifecycle::Deleted,
        experiment: store.runs().get_experiment(&info.experiment_id)?.name,
        started: info.started_at.to_string(),
        started_us: info.started_at.as_micros(),
        ended: info.ended_at.map(|at| at.to_string()),
        lasted_us: ended.saturating_sub(info.started_at.as_micros()).max(0),
        user: info.user.clone(),
        host: info.host.clone(),
        source: tag(tags::SOURCE_NAME),
        commit: tag(tags::GIT_COMMIT),
        dirty: run.tags.get(tags::GIT_DIRTY).is_some_and(|text| text == "true"),
        parent: info.parent_run_id.clone(),
        note: run.tags.get(tags::DESCRIPTION).map(|text| cut(text, NOTE_CHARS)),
        artifacts,
        files: count,
    })
}

/// Every file beneath a folder, in the order of the paths.
fn walk(store: &Store, run: &str, folder: Option<&str>, found: &mut Vec<ArtifactInfo>) -> Result<()> {
    for entry in store.runs().list_artifacts(run, folder)? {
        if entry.is_dir {
            walk(store, run, Some(&entry.path), found)?;
        } else {
            found.push(entry);
        }
    }
    Ok(())
}

/// The images of a page, each once.
#[derive(Default)]
struct Pictures {
    found: BTreeMap<String, String>,
    /// Those that are no images.
    refused: BTreeSet<String>,
    left: u64,
    most: u64,
    left_out: Vec<LeftOut>,
}

impl Pictures {
    /// True if the image is in the page; else that is noted.
    fn add(&mut self, store: &Store, run: &RunData, file: &ArtifactInfo, digest: &str) -> Result<bool> {
        if self.found.contains_key(digest) {
            return Ok(true);
        }
        let size = file.size_bytes;
        let why = if size > self.most {
            format!("it has {size} bytes, and an image may have {}", self.most)
        } else if size > self.left {
            "the images before it take the place there is for images".to_owned()
        } else if self.refused.contains(digest) {
            "its bytes are not those of an image of this kind".to_owned()
        } else if let Some(url) =
            images::data_url(&file.path, &store.runs().read_artifact(&run.info.run_id, &file.path)?)
        {
            self.left -= size;
            self.found.insert(digest.to_owned(), url);
            return Ok(true);
        } else {
            self.refused.insert(digest.to_owned());
            "its bytes are not those of an image of this kind".to_owned()
        };
        self.left_out.push(LeftOut { what: format!("the image {} of run {}", file.path, run.info.run_name), why });
        Ok(false)
    }
}
