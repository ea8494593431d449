//! Plays the scenario from Rust.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use mlops_core::registry::{
    By, GateOptions, ModelRegistry, PolicyChanges, PolicyScope, PromoteOptions, Stage, StageOptions, VersionOptions,
    parse_policy,
};
use mlops_core::runs::{
    Alert, AlertLevel, Batch, DatasetInput, ForkOptions, MediaKind, MediaValue, MetricPoint, Run, RunExt, RunOptions,
};
use mlops_core::sweeps::{Decision, Sweep, SweepOptions, Trial};
use mlops_core::{ParamValue, Result, SeriesKey, Store, Timestamp};

use crate::calls::{Call, Input, Metric, Param, Step, bytes, definition_of};

/// Plays all calls on a store; files to be logged are made in `scratch`.
pub(crate) fn play(steps: &[Step], store: &Store, scratch: &Path) {
    let mut player = Player { store, scratch, runs: HashMap::new(), sweeps: HashMap::new(), trials: HashMap::new() };
    for step in steps {
        let got = player.call(&step.call).err().map(|error| error.code().row().python_class);
        assert_eq!(got, step.fails.as_deref(), "{step:?}");
    }
}

struct Player<'a> {
    store: &'a Store,
    scratch: &'a Path,
    runs: HashMap<String, Arc<dyn Run>>,
    sweeps: HashMap<String, Sweep>,
    trials: HashMap<String, Trial>,
}

impl Player<'_> {
    fn call(&mut self, call: &Call) -> Result<()> {
        let runs = self.store.runs();
        match call {
            Call::CreateExperiment { name, tags } => runs.create_experiment(name, &owned(tags)).map(drop),
            Call::DeleteExperiment { experiment } => runs.delete_experiment(&self.experiment(experiment)),
            Call::RestoreExperiment { experiment } => runs.restore_experiment(&self.experiment(experiment)),
            Call::RenameExperiment { experiment, name } => {
                runs.rename_experiment(&self.experiment(experiment), name).map(drop)
            }
            Call::TagExperiment { experiment, tags } => {
                runs.set_experiment_tags(&self.experiment(experiment), &owned(tags)).map(drop)
            }
            Call::UntagExperiment { experiment, key } => {
                runs.delete_experiment_tag(&self.experiment(experiment), key).map(drop)
            }
            Call::StartRun { run, experiment, parent, description, tags } => {
                let started = runs.start(RunOptions {
                    run_name: Some(run.clone()),
                    experiment_name: Some(experiment.clone()),
                    parent_run_id: parent.as_ref().map(|parent| self.run(parent).id().to_owned()),
                    description: description.clone(),
                    tags: owned(tags),
                    ..RunOptions::default()
                })?;
                self.runs.insert(run.clone(), started);
                Ok(())
            }
            Call::ResumeRun { run } => {
                let resumed = runs.resume(self.run(run).id())?;
                self.runs.insert(run.clone(), resumed);
                Ok(())
            }
            Call::LogParam { run, param } => self.run(run).log_param(&param.key, value(param)),
            Call::LogMetric { run, metric } => {
                let Metric { key, value, step, at } = metric;
                self.run(run).log_metric(key, value.parse().unwrap(), *step, Some(Timestamp::from_millis(*at)))
            }
            Call::LogBatch { run, params, tags, metrics } => self.run(run).log_batch(&Batch {
                params: params.iter().map(|param| (param.key.clone(), value(param))).collect(),
                tags: owned(tags),
                metrics: metrics.iter().map(point).collect(),
                ..Batch::default()
            }),
            Call::LogSeries { run, key, steps, times, values } => {
                let times: Vec<_> = times.iter().map(|at| at * 1_000).collect();
                let values: Vec<_> = values.iter().map(|value| value.parse().unwrap()).collect();
                self.run(run).log_series(key, steps, &times, &values)
            }
            Call::SetTag { run, key, value } => self.run(run).set_tag(key, value),
            Call::DeleteTag { run, key } => self.run(run).delete_tag(key),
            Call::LogInput { run, input: given } => self.run(run).log_inputs(&[input(given)]),
            Call::LogBytes { run, path, hex } => self.run(run).log_bytes(path, &bytes(hex)),
            Call::LogFile { run, name, folder, hex } => {
                let local = self.file(name, hex);
                self.run(run).log_artifact(&local, Some(folder))
            }
            Call::LogFolder { run, folder, files } => {
                for (name, hex) in files {
                    self.file(&format!("{folder}/{name}"), hex);
                }
                self.run(run).log_artifact(&self.scratch.join(folder), None)
            }
            Call::EndRun { run, status } => self.run(run).end(status.parse()?),
            Call::DeleteRun { run } => runs.delete(self.run(run).id()),
            Call::RestoreRun { run } => runs.restore(self.run(run).id()),
            other => self.further(other),
        }
    }

    /// What MLflow has no names for.
    fn further(&mut self, call: &Call) -> Result<()> {
        let runs = self.store.runs();
        match call {
            Call::LogInContext { run, context, metric } => {
                let Metric { key, value, step, at } = metric;
                let key = SeriesKey { key: key.clone(), context: context.clone() }.text()?;
                self.run(run).log_metric(&key, value.parse().unwrap(), *step, Some(Timestamp::from_millis(*at)))
            }
            Call::DefineMetric { run, name, definition } => self.run(run).define_metric(name, definition),
            Call::LogMedia { run, key, kind, hex, step } => {
                let value = MediaValue::decode(media_kind(kind), bytes(hex))?;
                self.run(run).log_media(key, &value, *step).map(drop)
            }
            Call::Alert { run, title, text, level } => {
                let level = [AlertLevel::Info, AlertLevel::Warn, AlertLevel::Error]
                    .into_iter()
                    .find(|known| known.name() == level)
                    .unwrap();
                let alert = Alert { title: title.clone(), text: text.clone(), level, ..Alert::default() };
                self.run(run).alert(&alert).map(drop)
            }
            Call::SetNote { run, text } => self.run(run).set_note(text),
            Call::ForkRun { run, from, step } => {
                let options = ForkOptions { run_name: Some(run.clone()), ..ForkOptions::default() };
                let fork = runs.fork(self.run(from).id(), Some(*step), options)?;
                self.runs.insert(run.clone(), fork);
                Ok(())
            }
            Call::RewindRun { run, step } => runs.rewind(self.run(run).id(), *step),
            Call::EnsureSweep { sweep, definition } => {
                let options = SweepOptions::from_json(&definition_of(sweep, definition))?;
                self.sweeps.insert(sweep.clone(), self.store.sweeps().ensure(&options)?);
                Ok(())
            }
            Call::TakeTrial { sweep, run } => {
                let trial = self.sweeps[sweep].take()?.unwrap();
                self.runs.insert(run.clone(), trial.run().clone());
                self.trials.insert(run.clone(), trial);
                Ok(())
            }
            Call::Report { run, value, step, decision } => {
                let decided = self.trials[run].report(value.parse().unwrap(), *step)?;
                assert_eq!(decided == Decision::Stop, decision == "stop", "{run} at {step}");
                Ok(())
            }
            Call::EndTrial { run, status } => self.trials[run].end(status.parse()?),
            other => self.registry(other),
        }
    }

    /// Models and their versions.
    fn registry(&self, call: &Call) -> Result<()> {
        let by = |actor: &String, reason: &String| {
            let given = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
            self.store.registry().by(By { actor: given(actor), reason: given(reason) })
        };
        let number = |version: &i64| u64::try_from(*version).unwrap();
        let some = |version: &i64| Some(number(version)).filter(|number| *number > 0);
        let registry = self.store.registry();
        match call {
            Call::CreateModel { model, description, tags } => {
                registry.create_model(model, Some(description), &owned(tags)).map(drop)
            }
            Call::DescribeModel { model, description } => registry.describe_model(model, Some(description)).map(drop),
            Call::RenameModel { model, to } => registry.rename_model(model, to).map(drop),
            Call::DeleteModel { model } => registry.delete_model(model),
            Call::RegisterVersion { model, run, path, tags } => {
                let source = format!("runs:/{}/{path}", self.run(run).id());
                let options =
                    VersionOptions { source, must_exist: true, tags: owned(tags), ..VersionOptions::default() };
                registry.register(model, &options).map(drop)
            }
            Call::CopyVersion { model, version, to } => registry.copy_version(model, number(version), to).map(drop),
            Call::DescribeVersion { model, version, description } => {
                registry.describe_version(model, number(version), Some(description)).map(drop)
            }
            Call::TagVersion { model, version, key, value } => {
                registry.set_version_tag(model, number(version), key, value)
            }
            Call::UntagVersion { model, version, key } => {
                registry.delete_version_tag(model, number(version), key).map(drop)
            }
            Call::DeleteVersion { model, version } => registry.delete_version(model, number(version)),
            Call::SetAlias { model, alias, version } => registry.set_alias(model, alias, number(version)),
            Call::DeleteAlias { model, alias } => registry.delete_alias(model, alias).map(drop),
            Call::SetStage { model, version, stage } => {
                registry.set_stage(model, number(version), stage.parse()?, StageOptions::default()).map(drop)
            }
            Call::SetPolicy { model, fields, actor, reason } => {
                let scope = PolicyScope { model: Some(model.clone()), stage: Stage::Production };
                let fields = Some(parse_policy(&fields.to_string())?);
                by(actor, reason).set_policies(&PolicyChanges::from([(scope, fields)]))
            }
            Call::Say { decision, model, version, actor, reason } => {
                let (registry, number) = (by(actor, reason), number(version));
                let said = match decision.as_str() {
                    "request" => registry.request_approval(model, number, Stage::Production),
                    "approve" => registry.approve(model, number, Stage::Production),
                    "reject" => registry.reject(model, number, Stage::Production),
                    _ => registry.withdraw(model, number, Stage::Production),
                };
                said.map(drop)
            }
            Call::RecordGate { model, version, baseline, gate, verdict, metric, value, actor } => {
                let options = GateOptions {
                    metrics: BTreeMap::from([(metric.clone(), value.parse().unwrap())]),
                    ..GateOptions::new(gate, some(baseline), verdict.parse()?)
                };
                by(actor, &String::new()).record_gate_result(model, number(version), &options).map(drop)
            }
            Call::Promote { model, version, slot, expect, actor, reason } => {
                let expect = u64::try_from(*expect).ok();
                let options = PromoteOptions { slot: slot.clone(), expect, ..PromoteOptions::default() };
                by(actor, reason).promote(model, number(version), &options).map(drop)
            }
            Call::Rollback { model, slot, to, actor, reason } => {
                by(actor, reason).rollback(model, slot, some(to)).map(drop)
            }
            other => panic!("nobody plays {other:?}"),
        }
    }

    fn experiment(&self, name: &str) -> String {
        self.store.runs().find_experiment(name).unwrap().unwrap().experiment_id
    }

    fn run(&self, name: &str) -> &Arc<dyn Run> {
        &self.runs[name]
    }

    fn file(&self, name: &str, hex: &str) -> std::path::PathBuf {
        let local = self.scratch.join(name);
        std::fs::create_dir_all(local.parent().unwrap()).unwrap();
        std::fs::write(&local, bytes(hex)).unwrap();
        local
    }
}

fn media_kind(name: &str) -> MediaKind {
    match name {
        "image" => MediaKind::Image,
        "table" => MediaKind::Table,
        "histogram" => MediaKind::Histogram,
        _ => MediaKind::Text,
    }
}

fn owned(tags: &BTreeMap<String, String>) -> Vec<(String, String)> {
    tags.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn value(param: &Param) -> ParamValue {
    match param.kind.as_str() {
        "int" => ParamValue::Int(param.value.parse().unwrap()),
        "float" => ParamValue::Float(param.value.parse().unwrap()),
        "bool" => ParamValue::Bool(param.value == "True"),
        "none" => ParamValue::None,
        _ => ParamValue::Text(param.value.clone()),
    }
}

fn input(input: &Input) -> DatasetInput {
    let data = DatasetInput {
        name: input.name.clone(),
        digest: input.digest.clone(),
        source_type: input.source_type.clone(),
        source: input.source.clone(),
        schema: input.schema.clone(),
        profile: input.profile.clone(),
        tags: input.tags.clone(),
    };
    input.context.iter().fold(data, |data, context| data.with_context(context))
}

fn point(metric: &Metric) -> MetricPoint {
    MetricPoint {
        key: metric.key.clone(),
        value: metric.value.parse().unwrap(),
        step: metric.step,
        at: Some(Timestamp::from_millis(metric.at)),
    }
}
