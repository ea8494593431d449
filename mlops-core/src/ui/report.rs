//! One file that shows runs: curves, params, metrics, images and artifacts.

use std::path::Path;

use super::collect::collect;
use super::{json, page};
use crate::base::clock::{Clock, SystemClock};
use crate::base::limits;
use crate::base::time::Timestamp;
use crate::error::{Error, Result};
use crate::store::Store;

/// Most runs of a report.
const MOST_RUNS: usize = 200;

/// How a report is made.
#[derive(Clone, Debug)]
pub struct ReportOptions {
    /// The heading; None: the run's name, or how many runs there are.
    pub title: Option<String>,
    /// The largest image to put into the file, in bytes; default 4 MiB. Larger ones are listed as left out.
    pub image_bytes: u64,
    /// How much all images may take together, in bytes before they are coded as text; default 24 MiB.
    pub images_bytes: u64,
    /// Most points of a curve, 10 to 100,000; default 4,000. Of more, the smallest and the largest of every stretch are
    /// kept, and the page says so. With many curves each has fewer, so that all together have at most 400,000.
    pub points: usize,
    /// What the page says about when it was made; None: now.
    pub made_at: Option<Timestamp>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self { title: None, image_bytes: 4 << 20, images_bytes: 24 << 20, points: 4_000, made_at: None }
    }
}

impl ReportOptions {
    /// With this heading.
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }
}

/// Something that a report does not hold, and why.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// What, such as `the image plots/big.png of run swift-otter-412`.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A report that was made.
#[derive(Clone, Debug)]
pub struct Report {
    /// The whole page.
    pub html: String,
    /// What is not in it; the page says the same.
    pub left_out: Vec<LeftOut>,
}

/// Makes a report of runs: one page of HTML that opens without network. The order of `run_ids` is that of the page; a
/// run that is named twice is shown once.
///
/// Stored text is data to the page, never markup or script. The page forbids itself, by a content security policy, to
/// load anything, and runs one script: its own.
///
/// # Errors
/// `NotFound` for an unknown run, `InvalidArgument` for no run, an id that none can have, or a number of points out of
/// its range, `LimitExceeded` for more than 200 runs; what reading gives.
///
/// # Examples
/// ```
/// use mlops_core::Store;
/// use mlops_core::runs::RunOptions;
/// use mlops_core::ui::{ReportOptions, report};
///
/// # fn main() -> mlops_core::Result<()> {
/// let store = Store::open("memory:")?;
/// let run = store.runs().start(RunOptions::default())?;
/// run.log_metric("loss", 0.5, 0, None)?;
/// let made = report(&store, &[run.id()], &ReportOptions::default().with_title("Losses & gains"))?;
/// assert!(made.html.contains("<title>Losses &amp; gains</title>"));
/// # Ok(())
/// # }
/// ```
pub fn report(store: &Store, run_ids: &[&str], options: &ReportOptions) -> Result<Report> {
    let mut ids: Vec<&str> = Vec::new();
    run_ids.iter().for_each(|id| {
        if !ids.contains(id) {
            ids.push(id);
        }
    });
    let wrong = |what: &str, value: String, expected: &str| {
        Err(Error::InvalidArgument { what: what.into(), value, expected: expected.into() })
    };
    if ids.is_empty() {
        return wrong("runs of a report", "none".into(), "the id of at least one run");
    }
    limits::check(|| "a report".into(), ids.len(), MOST_RUNS, "runs")?;
    if !(10..=100_000).contains(&options.points) {
        return wrong("points of a curve", options.points.to_string(), "10 to 100,000");
    }
    let made_at = options.made_at.unwrap_or_else(|| SystemClock.now());
    let collected = collect(store, &ids, options, made_at)?;
    let html = page::html(&collected.title, &json::in_script(&collected)?);
    Ok(Report { html, left_out: collected.left_out })
}

/// Makes a report and writes it to the file `path`, which is replaced when the report is whole.
///
/// # Errors
/// As [`report`]; `Io`, `ReadOnly`, `OutOfSpace` if the file cannot be written.
pub fn write_report(store: &Store, run_ids: &[&str], path: &Path, options: &ReportOptions) -> Result<Report> {
    let made = report(store, run_ids, options)?;
    write_whole(path, &made.html)?;
    Ok(made)
}

/// Writes a report to a file, which is replaced when the report is whole.
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        let id = folder.display().to_string();
        return Err(Error::NotFound { what: "folder", id, hint: "; make it, or name another place".into() });
    }
    if path.is_dir() || path.file_name().is_none() {
        return Err(Error::InvalidArgument {
            what: "path of a report".into(),
            value: path.display().to_string(),
            expected: "the name of a file".into(),
        });
    }
    let written = |place: &Path| std::fs::write(place, text).map_err(|e| Error::io("write", place, e));
    // A link, a pipe or a device is written to; a file is replaced by one that is whole.
    if std::fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        written(path)?;
    } else {
        let whole = folder.join(format!(".mlops-report-{}", std::process::id()));
        let done = written(&whole)
            .and_then(|()| std::fs::rename(&whole, path).map_err(|e| Error::io("rename", &whole, e)))
            .inspect_err(|_| drop(std::fs::remove_file(&whole)));
        done?;
    }
    Ok(())
}
