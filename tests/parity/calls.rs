//! The calls of the scenario, and their form as lines, for languages without JSON.

use std::collections::BTreeMap;

use mlops_core::error::TABLE;
use mlops_core::runs::MetricDefinition;
use serde::Deserialize;

/// One call, and the class of error that it must give.
#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    #[serde(flatten)]
    pub(crate) call: Call,
    pub(crate) fails: Option<String>,
}

/// What a caller may do. Floats are text, since JSON has neither NaN nor infinities.
#[derive(Debug, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(crate) enum Call {
    CreateExperiment {
        name: String,
        tags: BTreeMap<String, String>,
    },
    DeleteExperiment {
        experiment: String,
    },
    RestoreExperiment {
        experiment: String,
    },
    RenameExperiment {
        experiment: String,
        name: String,
    },
    TagExperiment {
        experiment: String,
        tags: BTreeMap<String, String>,
    },
    UntagExperiment {
        experiment: String,
        key: String,
    },
    StartRun {
        run: String,
        experiment: String,
        parent: Option<String>,
        description: Option<String>,
        tags: BTreeMap<String, String>,
    },
    ResumeRun {
        run: String,
    },
    LogParam {
        run: String,
        #[serde(flatten)]
        param: Param,
    },
    LogMetric {
        run: String,
        #[serde(flatten)]
        metric: Metric,
    },
    LogBatch {
        run: String,
        params: Vec<Param>,
        tags: BTreeMap<String, String>,
        metrics: Vec<Metric>,
    },
    LogSeries {
        run: String,
        key: String,
        steps: Vec<i64>,
        times: Vec<i64>,
        values: Vec<String>,
    },
    SetTag {
        run: String,
        key: String,
        value: String,
    },
    DeleteTag {
        run: String,
        key: String,
    },
    LogInput {
        run: String,
        #[serde(flatten)]
        input: Input,
    },
    LogBytes {
        run: String,
        path: String,
        hex: String,
    },
    LogFile {
        run: String,
        name: String,
        folder: String,
        hex: String,
    },
    LogFolder {
        run: String,
        folder: String,
        files: BTreeMap<String, String>,
    },
    EndRun {
        run: String,
        status: String,
    },
    DeleteRun {
        run: String,
    },
    RestoreRun {
        run: String,
    },
    LogInContext {
        run: String,
        context: BTreeMap<String, String>,
        #[serde(flatten)]
        metric: Metric,
    },
    DefineMetric {
        run: String,
        name: String,
        definition: MetricDefinition,
    },
    LogMedia {
        run: String,
        key: String,
        kind: String,
        hex: String,
        step: i64,
    },
    Alert {
        run: String,
        title: String,
        text: String,
        level: String,
    },
    SetNote {
        run: String,
        text: String,
    },
    ForkRun {
        run: String,
        from: String,
        step: i64,
    },
    RewindRun {
        run: String,
        step: i64,
    },
    EnsureSweep {
        sweep: String,
        definition: serde_json::Value,
    },
    TakeTrial {
        sweep: String,
        run: String,
    },
    Report {
        run: String,
        value: String,
        step: i64,
        decision: String,
    },
    EndTrial {
        run: String,
        status: String,
    },
    CreateModel {
        model: String,
        description: String,
        tags: BTreeMap<String, String>,
    },
    DescribeModel {
        model: String,
        description: String,
    },
    RenameModel {
        model: String,
        to: String,
    },
    DeleteModel {
        model: String,
    },
    RegisterVersion {
        model: String,
        run: String,
        path: String,
        tags: BTreeMap<String, String>,
    },
    CopyVersion {
        model: String,
        version: i64,
        to: String,
    },
    DescribeVersion {
        model: String,
        version: i64,
        description: String,
    },
    TagVersion {
        model: String,
        version: i64,
        key: String,
        value: String,
    },
    UntagVersion {
        model: String,
        version: i64,
        key: String,
    },
    DeleteVersion {
        model: String,
        version: i64,
    },
    SetAlias {
        model: String,
        alias: String,
        version: i64,
    },
    DeleteAlias {
        model: String,
        alias: String,
    },
    SetStage {
        model: String,
        version: i64,
        stage: String,
    },
    SetPolicy {
        model: String,
        fields: serde_json::Value,
        actor: String,
        reason: String,
    },
    Say {
        decision: String,
        model: String,
        version: i64,
        actor: String,
        reason: String,
    },
    RecordGate {
        model: String,
        version: i64,
        baseline: i64,
        gate: String,
        verdict: String,
        metric: String,
        value: String,
        actor: String,
    },
    Promote {
        model: String,
        version: i64,
        slot: String,
        expect: i64,
        actor: String,
        reason: String,
    },
    Rollback {
        model: String,
        slot: String,
        to: i64,
        actor: String,
        reason: String,
    },
}

/// What is asked of every store: searches, as tables with counts, and sweeps by name.
#[derive(Debug, Deserialize)]
pub(crate) struct Questions {
    pub(crate) searches: Vec<Search>,
    pub(crate) sweeps: Vec<String>,
    pub(crate) models: Vec<String>,
    pub(crate) uris: Vec<String>,
}

/// A search for a table.
#[derive(Debug, Deserialize)]
pub(crate) struct Search {
    pub(crate) filter: String,
    pub(crate) order_by: Vec<String>,
    pub(crate) columns: Vec<String>,
}

/// A param, as text and type.
#[derive(Debug, Deserialize)]
pub(crate) struct Param {
    pub(crate) key: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: String,
}

/// A point; `at` in milliseconds, which every language can give.
#[derive(Debug, Deserialize)]
pub(crate) struct Metric {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) step: i64,
    pub(crate) at: i64,
}

/// A data set as an input.
#[derive(Debug, Deserialize)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) digest: String,
    pub(crate) source_type: String,
    pub(crate) source: String,
    pub(crate) schema: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) context: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// Reads the scenario.
pub(crate) fn read(text: &str) -> Vec<Step> {
    serde_json::from_str(text).unwrap()
}

/// Reads the questions.
pub(crate) fn questions(text: &str) -> Questions {
    serde_json::from_str(text).unwrap()
}

/// The questions as lines.
pub(crate) fn question_lines(questions: &Questions) -> String {
    let search = |search: &Search| {
        let orders = [search.order_by.len().to_string()];
        let head = ["search".to_owned(), "-".to_owned(), search.filter.clone()];
        let parts = head.into_iter().chain(orders).chain(search.order_by.iter().cloned());
        parts.chain(search.columns.iter().cloned()).collect::<Vec<_>>().join("\t")
    };
    let sweeps = questions.sweeps.iter().map(|name| format!("sweep\t-\t{name}"));
    let models = questions.models.iter().map(|name| format!("model\t-\t{name}"));
    let uris = questions.uris.iter().map(|uri| format!("uri\t-\t{uri}"));
    questions.searches.iter().map(search).chain(sweeps).chain(models).chain(uris).collect::<Vec<_>>().join("\n")
}

/// The bytes of hex digits.
pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// One line a call: its name, the C constant of its error or `-`, and its fields, with tabs between them.
pub(crate) fn lines(steps: &[Step]) -> String {
    steps.iter().map(|step| line(step) + "\n").collect()
}

fn line(step: &Step) -> String {
    let fails = step.fails.as_deref().map_or("-", |class| {
        TABLE.iter().find(|row| row.python_class == class).unwrap_or_else(|| panic!("no class {class}")).c_constant
    });
    let mut fields: Vec<String> = Vec::new();
    let name = match &step.call {
        Call::CreateExperiment { name, tags } => {
            fields.push(name.clone());
            push_tags(&mut fields, tags);
            "create_experiment"
        }
        Call::DeleteExperiment { experiment } => push(&mut fields, &[experiment], "delete_experiment"),
        Call::RestoreExperiment { experiment } => push(&mut fields, &[experiment], "restore_experiment"),
        Call::RenameExperiment { experiment, name } => push(&mut fields, &[experiment, name], "rename_experiment"),
        Call::TagExperiment { experiment, tags } => {
            fields.push(experiment.clone());
            push_tags(&mut fields, tags);
            "tag_experiment"
        }
        Call::UntagExperiment { experiment, key } => push(&mut fields, &[experiment, key], "untag_experiment"),
        Call::StartRun { run, experiment, parent, description, tags } => {
            fields.extend([run.clone(), experiment.clone()]);
            fields.extend([parent.clone().unwrap_or_default(), description.clone().unwrap_or_default()]);
            push_tags(&mut fields, tags);
            "start_run"
        }
        Call::ResumeRun { run } => push(&mut fields, &[run], "resume_run"),
        Call::LogParam { run, param } => push(&mut fields, &[run, &param.key, &param.kind, &param.value], "log_param"),
        Call::LogMetric { run, metric } => {
            fields.push(run.clone());
            push_metric(&mut fields, metric);
            "log_metric"
        }
        Call::LogBatch { run, params, tags, metrics } => {
            fields.extend([run.clone(), params.len().to_string(), tags.len().to_string()]);
            for param in params {
                push(&mut fields, &[&param.key, &param.kind, &param.value], "");
            }
            push_tags(&mut fields, tags);
            for metric in metrics {
                push_metric(&mut fields, metric);
            }
            "log_batch"
        }
        Call::LogSeries { run, key, steps, times, values } => {
            fields.extend([run.clone(), key.clone()]);
            for ((step, at), value) in steps.iter().zip(times).zip(values) {
                fields.extend([step.to_string(), at.to_string(), value.clone()]);
            }
            "log_series"
        }
        Call::SetTag { run, key, value } => push(&mut fields, &[run, key, value], "set_tag"),
        Call::DeleteTag { run, key } => push(&mut fields, &[run, key], "delete_tag"),
        Call::LogInput { run, input } => {
            push(&mut fields, &[run, &input.name, &input.digest, &input.source_type, &input.source], "");
            let rest = [&input.schema, &input.profile, &input.context];
            fields.extend(rest.map(|text| text.clone().unwrap_or_default()));
            push_tags(&mut fields, &input.tags);
            "log_input"
        }
        Call::LogBytes { run, path, hex } => push(&mut fields, &[run, path, hex], "log_bytes"),
        Call::LogFile { run, name, folder, hex } => push(&mut fields, &[run, name, folder, hex], "log_file"),
        Call::LogFolder { run, folder, files } => {
            fields.extend([run.clone(), folder.clone()]);
            push_tags(&mut fields, files);
            "log_folder"
        }
        Call::EndRun { run, status } => push(&mut fields, &[run, status], "end_run"),
        Call::DeleteRun { run } => push(&mut fields, &[run], "delete_run"),
        Call::RestoreRun { run } => push(&mut fields, &[run], "restore_run"),
        Call::LogInContext { run, context, metric } => {
            fields.push(run.clone());
            push_metric(&mut fields, metric);
            push_tags(&mut fields, context);
            "log_in_context"
        }
        Call::DefineMetric { run, name, definition } => {
            let definition = serde_json::to_string(definition).unwrap();
            push(&mut fields, &[run, name, &definition], "define_metric")
        }
        Call::LogMedia { run, key, kind, hex, step } => {
            push(&mut fields, &[run, key, kind, hex, &step.to_string()], "log_media")
        }
        Call::Alert { run, title, text, level } => push(&mut fields, &[run, title, text, level], "alert"),
        Call::SetNote { run, text } => push(&mut fields, &[run, text], "set_note"),
        Call::ForkRun { run, from, step } => push(&mut fields, &[run, from, &step.to_string()], "fork_run"),
        Call::RewindRun { run, step } => push(&mut fields, &[run, &step.to_string()], "rewind_run"),
        Call::EnsureSweep { sweep, definition } => {
            push(&mut fields, &[sweep, &definition_of(sweep, definition)], "ensure_sweep")
        }
        Call::TakeTrial { sweep, run } => push(&mut fields, &[sweep, run], "take_trial"),
        Call::Report { run, value, step, decision } => {
            push(&mut fields, &[run, value, &step.to_string(), decision], "report")
        }
        Call::EndTrial { run, status } => push(&mut fields, &[run, status], "end_trial"),
        other => of_the_registry(other, &mut fields),
    };
    let escape = |field: &String| field.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n");
    let head = [name.to_owned(), fails.to_owned()];
    head.into_iter().chain(fields.iter().map(escape)).collect::<Vec<_>>().join("\t")
}

/// The fields of a call of the registry.
fn of_the_registry(call: &Call, fields: &mut Vec<String>) -> &'static str {
    match call {
        Call::CreateModel { model, description, tags } => {
            push(fields, &[model, description], "");
            push_tags(fields, tags);
            "create_model"
        }
        Call::DescribeModel { model, description } => push(fields, &[model, description], "describe_model"),
        Call::RenameModel { model, to } => push(fields, &[model, to], "rename_model"),
        Call::DeleteModel { model } => push(fields, &[model], "delete_model"),
        Call::RegisterVersion { model, run, path, tags } => {
            push(fields, &[model, run, path], "");
            push_tags(fields, tags);
            "register_version"
        }
        Call::CopyVersion { model, version, to } => push(fields, &[model, &version.to_string(), to], "copy_version"),
        Call::DescribeVersion { model, version, description } => {
            push(fields, &[model, &version.to_string(), description], "describe_version")
        }
        Call::TagVersion { model, version, key, value } => {
            push(fields, &[model, &version.to_string(), key, value], "tag_version")
        }
        Call::UntagVersion { model, version, key } => {
            push(fields, &[model, &version.to_string(), key], "untag_version")
        }
        Call::DeleteVersion { model, version } => push(fields, &[model, &version.to_string()], "delete_version"),
        Call::SetAlias { model, alias, version } => push(fields, &[model, alias, &version.to_string()], "set_alias"),
        Call::DeleteAlias { model, alias } => push(fields, &[model, alias], "delete_alias"),
        Call::SetStage { model, version, stage } => push(fields, &[model, &version.to_string(), stage], "set_stage"),
        Call::SetPolicy { model, fields: policy, actor, reason } => {
            push(fields, &[model, &policy.to_string(), actor, reason], "set_policy")
        }
        Call::Say { decision, model, version, actor, reason } => {
            push(fields, &[decision, model, &version.to_string(), actor, reason], "say")
        }
        Call::RecordGate { model, version, baseline, gate, verdict, metric, value, actor } => {
            let (version, baseline) = (version.to_string(), baseline.to_string());
            push(fields, &[model, &version, &baseline, gate, verdict, metric, value, actor], "record_gate")
        }
        Call::Promote { model, version, slot, expect, actor, reason } => {
            push(fields, &[model, &version.to_string(), slot, &expect.to_string(), actor, reason], "promote")
        }
        Call::Rollback { model, slot, to, actor, reason } => {
            push(fields, &[model, slot, &to.to_string(), actor, reason], "rollback")
        }
        other => panic!("no line for {other:?}"),
    }
}

/// The definition of a sweep as text, with its name.
pub(crate) fn definition_of(sweep: &str, definition: &serde_json::Value) -> String {
    let mut whole = definition.clone();
    whole["name"] = sweep.into();
    whole.to_string()
}

fn push(fields: &mut Vec<String>, more: &[&String], name: &'static str) -> &'static str {
    fields.extend(more.iter().map(|field| (*field).clone()));
    name
}

fn push_tags(fields: &mut Vec<String>, tags: &BTreeMap<String, String>) {
    for (key, value) in tags {
        fields.extend([key.clone(), value.clone()]);
    }
}

fn push_metric(fields: &mut Vec<String>, metric: &Metric) {
    fields.extend([metric.key.clone(), metric.value.clone(), metric.step.to_string(), metric.at.to_string()]);
}
