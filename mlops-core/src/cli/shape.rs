//! The shape of the JSON answers. What is named here is promised by the help texts.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::table::steers;
use crate::base::findings::Finding;
use crate::base::time::Timestamp;
use crate::runs::{
    ArtifactInfo, DatasetInput, Experiment, MetricSummary, Origin, RaisedAlert, RunData, RunInfo, Series,
};
use crate::store::{BackupReport, FsckReport};
use crate::ui::json::Number;
use crate::ui::{Comparison, LeftOut, Row};

/// Writes a value as one line of JSON. Characters that steer a terminal stand there as escapes.
pub(super) fn to_line(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("strings as keys, and no serializer of ours fails");
    // JSON's own syntax is ASCII, so what is replaced stands inside a string; all of it has four hex digits.
    text.chars().fold(String::with_capacity(text.len()), |mut line, character| {
        match character {
            steering if steers(steering) => line.extend(format!("\\u{:04x}", u32::from(steering)).chars()),
            other => line.push(other),
        }
        line
    })
}

/// A time as RFC 3339 text.
struct Time(Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// The answer of `runs list`.
#[derive(Serialize)]
pub(super) struct RunPage<'a> {
    pub(super) runs: Vec<RunShape<'a>>,
    pub(super) next_page_token: Option<&'a str>,
}

/// A run without points and files.
#[derive(Serialize)]
pub(super) struct RunShape<'a> {
    run_id: &'a str,
    experiment_id: &'a str,
    run_name: &'a str,
    status: &'static str,
    started_at: Time,
    ended_at: Option<Time>,
    user: &'a str,
    host: &'a str,
    lifecycle: &'static str,
    parent_run_id: Option<&'a str>,
    params: BTreeMap<&'a str, String>,
    tags: &'a BTreeMap<String, String>,
    metrics: BTreeMap<&'a str, Metric>,
    inputs: &'a [DatasetInput],
    origin: Option<&'a Origin>,
}

impl<'a> RunShape<'a> {
    pub(super) fn new(data: &'a RunData) -> Self {
        let info = &data.info;
        Self {
            run_id: &info.run_id,
            experiment_id: &info.experiment_id,
            run_name: &info.run_name,
            status: info.status.as_str(),
            started_at: Time(info.started_at),
            ended_at: info.ended_at.map(Time),
            user: &info.user,
            host: &info.host,
            lifecycle: info.lifecycle.as_str(),
            parent_run_id: info.parent_run_id.as_deref(),
            params: data.params.iter().map(|(key, value)| (key.as_str(), value.text())).collect(),
            tags: &data.tags,
            metrics: data.metrics.iter().map(|(key, summary)| (key.as_str(), Metric::new(summary, None))).collect(),
            inputs: &data.inputs,
            origin: data.origin.as_ref(),
        }
    }
}

/// The answer of `runs fork`.
#[derive(Serialize)]
pub(super) struct Fork<'a> {
    pub(super) run_id: &'a str,
    pub(super) run_name: &'a str,
    pub(super) forked_from: &'a str,
}

/// The answer of `runs rewind`.
#[derive(Serialize)]
pub(super) struct Rewind<'a> {
    pub(super) run_id: &'a str,
    pub(super) step: i64,
    pub(super) dry_run: bool,
    pub(super) metrics: usize,
}

/// The answer of `runs note`.
#[derive(Serialize)]
pub(super) struct Note<'a> {
    pub(super) run_id: &'a str,
    pub(super) note: Option<&'a str>,
}

/// The answer of `runs alerts`.
#[derive(Serialize)]
pub(super) struct Alerts<'a> {
    pub(super) run_id: &'a str,
    pub(super) alerts: Vec<AlertShape<'a>>,
}

/// An alert of a run.
#[derive(Serialize)]
pub(super) struct AlertShape<'a> {
    at: Time,
    level: &'static str,
    title: &'a str,
    text: &'a str,
}

impl<'a> AlertShape<'a> {
    pub(super) fn new(alert: &'a RaisedAlert) -> Self {
        Self { at: Time(alert.at), level: alert.level.name(), title: &alert.title, text: &alert.text }
    }
}

/// The answer of `runs metrics`.
#[derive(Serialize)]
pub(super) struct Metrics<'a> {
    pub(super) run_id: &'a str,
    pub(super) metrics: BTreeMap<&'a str, Metric>,
}

/// What a run says about one metric.
#[derive(Serialize)]
pub(super) struct Metric {
    last: Number,
    last_step: i64,
    last_at: Time,
    min: Number,
    max: Number,
    count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<Points>,
}

impl Metric {
    pub(super) fn new(summary: &MetricSummary, points: Option<Series>) -> Self {
        Self {
            last: Number(summary.last),
            last_step: summary.last_step,
            last_at: Time(summary.last_at),
            min: Number(summary.min),
            max: Number(summary.max),
            count: summary.count,
            points: points.map(|points| Points {
                steps: points.steps,
                times_us: points.times,
                values: points.values.into_iter().map(Number).collect(),
            }),
        }
    }
}

#[derive(Serialize)]
struct Points {
    steps: Vec<i64>,
    times_us: Vec<i64>,
    values: Vec<Number>,
}

/// The answer of `runs compare`.
#[derive(Serialize)]
pub(super) struct Compared<'a> {
    runs: Vec<ComparedRun<'a>>,
    params: BTreeMap<&'a str, &'a [Option<String>]>,
    tags: BTreeMap<&'a str, &'a [Option<String>]>,
    metrics: BTreeMap<&'a str, Vec<Option<Metric>>>,
}

#[derive(Serialize)]
struct ComparedRun<'a> {
    run_id: &'a str,
    run_name: &'a str,
    status: &'static str,
}

impl<'a> Compared<'a> {
    pub(super) fn new(compared: &'a Comparison) -> Self {
        let texts = |rows: &'a [Row<String>]| rows.iter().map(|row| (row.key.as_str(), row.cells.as_slice())).collect();
        let summaries = |row: &'a Row<MetricSummary>| {
            row.cells.iter().map(|cell| cell.as_ref().map(|summary| Metric::new(summary, None))).collect()
        };
        let run = |run: &'a RunInfo| ComparedRun {
            run_id: &run.run_id,
            run_name: &run.run_name,
            status: run.status.as_str(),
        };
        Self {
            runs: compared.runs.iter().map(run).collect(),
            params: texts(&compared.params),
            tags: texts(&compared.tags),
            metrics: compared.metrics.iter().map(|row| (row.key.as_str(), summaries(row))).collect(),
        }
    }
}

/// The answer of `report`.
#[derive(Serialize)]
pub(super) struct ReportShape<'a> {
    pub(super) path: &'a str,
    pub(super) runs: &'a [String],
    pub(super) bytes: u64,
    pub(super) left_out: &'a [LeftOut],
}

/// The answer of `runs artifacts`.
#[derive(Serialize)]
pub(super) struct Artifacts<'a> {
    pub(super) run_id: &'a str,
    pub(super) artifacts: Vec<Artifact<'a>>,
}

/// One file or folder.
#[derive(Serialize)]
pub(super) struct Artifact<'a> {
    path: &'a str,
    is_dir: bool,
    size_bytes: u64,
    digest: Option<String>,
}

impl<'a> Artifact<'a> {
    pub(super) fn new(info: &'a ArtifactInfo) -> Self {
        Self {
            path: &info.path,
            is_dir: info.is_dir,
            size_bytes: info.size_bytes,
            digest: info.digest.map(|digest| digest.to_string()),
        }
    }
}

/// The answer of `runs artifacts --download`.
#[derive(Serialize)]
pub(super) struct Download<'a> {
    pub(super) run_id: &'a str,
    pub(super) downloaded_to: String,
}

/// The answer of `experiments list`.
#[derive(Serialize)]
pub(super) struct Experiments<'a> {
    pub(super) experiments: Vec<ExperimentShape<'a>>,
}

/// One experiment.
#[derive(Serialize)]
pub(super) struct ExperimentShape<'a> {
    experiment_id: &'a str,
    name: &'a str,
    lifecycle: &'static str,
    created_at: Time,
    updated_at: Time,
    tags: &'a BTreeMap<String, String>,
}

impl<'a> ExperimentShape<'a> {
    pub(super) fn new(experiment: &'a Experiment) -> Self {
        Self {
            experiment_id: &experiment.experiment_id,
            name: &experiment.name,
            lifecycle: experiment.lifecycle.as_str(),
            created_at: Time(experiment.created_at),
            updated_at: Time(experiment.updated_at),
            tags: &experiment.tags,
        }
    }
}

/// The answer of `fsck`.
#[derive(Serialize)]
pub(super) struct Check<'a> {
    files: u64,
    bytes: u64,
    findings: Vec<FindingShape<'a>>,
    lost: &'a [String],
    made_again: &'a [String],
}

/// One damaged place.
#[derive(Serialize)]
struct FindingShape<'a> {
    path: String,
    offset: u64,
    problem: &'a str,
    repair: Option<&'a str>,
}

impl<'a> FindingShape<'a> {
    fn new(finding: &'a Finding) -> Self {
        Self {
            // A path that is no UTF-8 has no other place in JSON.
            path: finding.path.display().to_string(),
            offset: finding.offset,
            problem: &finding.problem,
            repair: finding.repair.as_deref(),
        }
    }
}

impl<'a> Check<'a> {
    pub(super) fn new(report: &'a FsckReport) -> Self {
        let findings = report.findings.iter().map(FindingShape::new);
        Self {
            files: report.files,
            bytes: report.bytes,
            findings: findings.collect(),
            lost: &report.lost,
            made_again: &report.made_again,
        }
    }
}

/// The answer of `backup` and `restore`.
#[derive(Serialize)]
pub(super) struct Copied<'a> {
    path: String,
    id: String,
    files: u64,
    bytes: u64,
    findings: Vec<FindingShape<'a>>,
    lost: &'a [String],
}

impl<'a> Copied<'a> {
    pub(super) fn new(report: &'a BackupReport) -> Self {
        let BackupReport { path, id, files, bytes, findings, lost } = report;
        Self {
            path: path.display().to_string(),
            id: id.to_string(),
            files: *files,
            bytes: *bytes,
            findings: findings.iter().map(FindingShape::new).collect(),
            lost,
        }
    }
}

/// The answer of `runs move`.
#[derive(Serialize)]
pub(super) struct Relocation<'a> {
    pub(super) experiment_id: &'a str,
    pub(super) name: &'a str,
    pub(super) moved: u64,
}

/// The answer of `trust`.
#[derive(Serialize)]
pub(super) struct Trusted<'a> {
    pub(super) store: &'a str,
    pub(super) id: String,
}

/// The answer of `init`.
#[derive(Serialize)]
pub(super) struct Made<'a> {
    pub(super) store: &'a str,
    pub(super) id: String,
    pub(super) shared: &'static str,
}

/// The answer of `version`.
#[derive(Serialize)]
pub(super) struct About {
    pub(super) version: &'static str,
}
