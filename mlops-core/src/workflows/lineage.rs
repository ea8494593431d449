//! Finding what something was made of, and what was made of it.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::lineage_of::Named;
use crate::error::{Code, Error, Result};
use crate::lineage::{EdgeKind, Lineage, LineageNode, NodeKind, NodeState};
use crate::logged_models::LoggedModels;
use crate::registry::{Action, Decision, FilesOf, LocalRegistry, ModelQuery, ModelRegistry, ModelVersion, Stage};
use crate::runs::{DatasetInput, Lifecycle, RunData, RunQuery, Runs, View, tags};

/// More nodes are not looked for.
const MOST_NODES: usize = 2_000;
/// So many items are read at a time.
const PAGE: usize = 1_000;

/// A node whose neighbours are still to be found, and in which direction.
type Step = (Named, bool);

/// What it is read from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    pub(crate) runs: &'a Runs,
    pub(crate) models: &'a LoggedModels,
    pub(crate) registry: &'a LocalRegistry,
}

/// What was made of runs, logged models and versions, by their ids.
#[derive(Debug, Default)]
struct Made {
    versions: BTreeMap<String, Vec<(String, u64)>>,
    models: BTreeMap<String, Vec<String>>,
}

/// Where a version is from.
#[derive(Debug, Default)]
struct Origin {
    run_id: Option<String>,
    model_id: Option<String>,
    source: String,
    /// The data sets of its manifest.
    data: Vec<Value>,
}

#[derive(Debug)]
struct Search<'a> {
    of: &'a Sources<'a>,
    graph: Lineage,
    steps: VecDeque<Step>,
    /// Read once, if it is asked for.
    made: Option<Made>,
}

impl Sources<'_> {
    /// All that something was made of, and all that was made of it.
    pub(crate) fn lineage(&self, what: &str) -> Result<Lineage> {
        let root = self.named(what)?;
        let graph = Lineage::of(self.node(&root)?);
        let steps = VecDeque::from([(root.clone(), true), (root, false)]);
        let mut search = Search { of: self, graph, steps, made: None };
        while let Some((named, up)) = search.steps.pop_front() {
            if up { search.up(&named)? } else { search.down(&named)? }
        }
        Ok(search.graph)
    }

    fn run(&self, id: &str) -> Result<Option<RunData>> {
        none_if_gone(self.runs.get(id))
    }

    fn version(&self, name: &str, number: u64) -> Result<Option<ModelVersion>> {
        none_if_gone(self.registry.get_version(name, number))
    }

    fn node(&self, named: &Named) -> Result<LineageNode> {
        let (kind, id) = (named.kind(), named.id());
        let node = |label: String| LineageNode::new(kind, &id, label);
        let unknown = |label: &str| LineageNode { state: NodeState::Unknown, ..LineageNode::new(kind, &id, label) };
        Ok(match named {
            Named::Run(run_id) => match self.run(run_id)? {
                None => unknown(run_id),
                Some(run) => {
                    let mut found = node(format!("{run_id} ({})", run.info.run_name));
                    found.notes.push(format!("{} of {}, {}", run.info.status, run.info.user, run.info.started_at));
                    if let Some(commit) = run.tags.get(tags::GIT_COMMIT) {
                        found.notes.push(format!("commit {commit}"));
                    }
                    found.state = state_of(run.info.lifecycle);
                    found
                }
            },
            Named::LoggedModel(model_id) => match none_if_gone(self.models.get(model_id))? {
                None => unknown(model_id),
                Some(found) => LineageNode {
                    state: state_of(found.model.lifecycle),
                    ..node(format!("{model_id} ({})", found.model.name))
                },
            },
            Named::Version(name, number) => {
                self.version_node(name, *number, node(format!("{name} version {number}")))?
            }
            Named::Dataset(digest) => node(digest.clone()),
            Named::Source(uri) => unknown(uri),
        })
    }

    fn version_node(&self, name: &str, number: u64, mut node: LineageNode) -> Result<LineageNode> {
        if self.version(name, number)?.is_none() {
            let left = self.registry.deleted_versions(name)?.into_iter().find(|left| left.version == number);
            node.state = if left.is_some() { NodeState::Deleted } else { NodeState::Unknown };
            node.notes.extend(left.map(|left| {
                let why = left.reason.map_or_else(String::new, |reason| format!(" ({reason})"));
                format!("deleted by {}, event {}, {}{why}", left.actor, left.event, left.at)
            }));
            return Ok(node);
        }
        for gate in self.registry.gate_results(name, number)? {
            let against = gate.baseline.map_or_else(|| "nothing".into(), |baseline| format!("version {baseline}"));
            let why = gate.why.map_or_else(String::new, |why| format!(" ({why})"));
            let verdict = gate.verdict.as_str();
            node.notes.push(format!("gate `{}`: {verdict} against {against}, event {}{why}", gate.gate, gate.id));
        }
        for said in self.registry.status(name, number, Stage::Production, "")?.approvals {
            let (of, void) = (said.approval, said.void);
            if of.decision != Decision::Withdrawn {
                let void = void.map_or_else(String::new, |void| format!(", void: {void}"));
                let (decision, target) = (of.decision.as_str(), of.target.as_str());
                node.notes.push(format!("{decision} for {target} by {}, event {}{void}", of.actor.name, of.id));
            }
        }
        Ok(node)
    }

    /// Where a version is from, also of one that is gone: its run, its logged model and its source.
    fn origin(&self, name: &str, number: u64) -> Result<Origin> {
        if let Some(version) = self.version(name, number)? {
            let manifest = none_if_gone(self.registry.version_manifest(name, number))?.flatten();
            let data = manifest.as_ref().and_then(|manifest| manifest.get("data")?.as_array().cloned());
            let (run_id, model_id) = (version.info.run_id, version.info.model_id);
            return Ok(Origin { run_id, model_id, source: version.info.source, data: data.unwrap_or_default() });
        }
        let made = self.registry.history(name)?.into_iter().rev();
        let mut made = made.filter(|event| event.action == Action::VersionCreated && event.version == Some(number));
        let source = made.find_map(|event| event.to).unwrap_or_default();
        Ok(Origin { source, ..Origin::default() })
    }
}

impl Made {
    fn version(&mut self, of: (String, u64), source: &str, model_id: Option<String>, run_id: Option<String>) {
        let near = match (FilesOf::of_source(source), model_id, run_id) {
            (Some(FilesOf::Version { name, number }), ..) => Named::Version(name, number),
            (_, Some(model), _) | (Some(FilesOf::LoggedModel { id: model, .. }), ..) => Named::LoggedModel(model),
            (_, _, Some(run)) | (Some(FilesOf::Run { id: run, .. }), ..) => Named::Run(run),
            _ => Named::Source(source.into()),
        };
        self.versions.entry(format!("{}:{}", near.kind().as_str(), near.id())).or_default().push(of);
    }
}

impl Search<'_> {
    /// Adds a neighbour, and has it looked at later. An edge goes as the data do.
    fn found(&mut self, named: Named, near: &str, kind: EdgeKind, up: bool) -> Result<()> {
        let node = format!("{}:{}", named.kind().as_str(), named.id());
        if self.graph.get(&node).is_none() {
            if self.graph.nodes.len() >= MOST_NODES {
                self.graph.is_whole = false;
                return Ok(());
            }
            let found = self.of.node(&named)?;
            self.graph.node(found);
            self.steps.push_back((named, up));
        }
        let (from, to) = if up { (node.as_str(), near) } else { (near, node.as_str()) };
        self.graph.edge(from, to, kind);
        Ok(())
    }

    fn dataset(&mut self, name: &str, digest: &str, context: Option<&str>, run: &str) {
        let id = if digest.is_empty() { name } else { digest };
        let mut node = LineageNode::new(NodeKind::Dataset, id, format!("{name} {digest}"));
        node.notes.extend(context.map(|context| format!("used for {context}")));
        if self.graph.get(&node.id).is_none() && self.graph.nodes.len() >= MOST_NODES {
            self.graph.is_whole = false;
            return;
        }
        self.graph.edge(&node.id, run, EdgeKind::Used);
        self.graph.node(node);
    }

    fn up(&mut self, named: &Named) -> Result<()> {
        let near = format!("{}:{}", named.kind().as_str(), named.id());
        match named {
            Named::Run(id) => {
                let run = self.of.run(id)?;
                for DatasetInput { name, digest, tags, .. } in run.iter().flat_map(|run| &run.inputs) {
                    let context = tags.get(crate::runs::DATASET_CONTEXT).map(String::as_str);
                    self.dataset(name, digest, context, &near);
                }
                for model in self.of.models.links(id)?.inputs {
                    self.found(Named::LoggedModel(model), &near, EdgeKind::Used, true)?;
                }
                if let Some(parent) = run.and_then(|run| run.info.parent_run_id) {
                    self.found(Named::Run(parent), &near, EdgeKind::Contains, true)?;
                }
            }
            Named::LoggedModel(id) => {
                let run = none_if_gone(self.of.models.get(id))?.and_then(|found| found.model.source_run_id);
                if let Some(run) = run {
                    self.found(Named::Run(run), &near, EdgeKind::Logged, true)?;
                }
            }
            Named::Version(name, number) => self.version_up(name, *number, &near)?,
            Named::Dataset(_) | Named::Source(_) => {}
        }
        Ok(())
    }

    fn version_up(&mut self, name: &str, number: u64, near: &str) -> Result<()> {
        let Origin { run_id, model_id, source, data } = self.of.origin(name, number)?;
        let named = FilesOf::of_source(&source);
        match (&named, &model_id) {
            (Some(FilesOf::Version { name, number }), _) => {
                return self.found(Named::Version(name.clone(), *number), near, EdgeKind::Copied, true);
            }
            (_, Some(model)) | (Some(FilesOf::LoggedModel { id: model, .. }), None) => {
                self.found(Named::LoggedModel(model.clone()), near, EdgeKind::Registered, true)?;
            }
            _ => {}
        }
        let of_source = match named {
            Some(FilesOf::Run { id, .. }) => Some(id),
            _ => None,
        };
        let run = run_id.or(of_source).filter(|id| !id.is_empty());
        if let Some(run) = &run {
            // By way of the logged model, if that says so.
            let by_model = model_id.as_ref().map(|id| none_if_gone(self.of.models.get(id))).transpose()?.flatten();
            if by_model.and_then(|found| found.model.source_run_id).as_ref() != Some(run) {
                self.found(Named::Run(run.clone()), near, EdgeKind::Registered, true)?;
            }
            // What the run itself says no more.
            if self.of.run(run)?.is_none() {
                let text = |set: &Value, key: &str| set.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
                for set in &data {
                    let (name, digest) = (text(set, "name"), text(set, "digest"));
                    let context = set.get("context").and_then(Value::as_str);
                    self.dataset(&name, &digest, context, &format!("run:{run}"));
                }
            }
        }
        if run.is_none()
            && model_id.is_none()
            && !matches!(FilesOf::of_source(&source), Some(FilesOf::LoggedModel { .. }))
        {
            self.found(Named::Source(source), near, EdgeKind::Registered, true)?;
        }
        Ok(())
    }

    fn down(&mut self, named: &Named) -> Result<()> {
        let near = format!("{}:{}", named.kind().as_str(), named.id());
        match named {
            Named::Dataset(digest) => {
                for run in self.of.runs_with(&format!("datasets.digest = {}", quoted(digest)))? {
                    if self.graph.nodes.iter().any(|node| node.id == near && node.label == *digest)
                        && let Some(set) = run.inputs.iter().find(|set| set.digest == *digest)
                        && let Some(node) = self.graph.nodes.iter_mut().find(|node| node.id == near)
                    {
                        node.label = format!("{} {digest}", set.name);
                    }
                    self.found(Named::Run(run.info.run_id), &near, EdgeKind::Used, false)?;
                }
            }
            Named::Run(id) => {
                for run in self.of.runs_with(&format!("tags.`{}` = {}", tags::PARENT_RUN, quoted(id)))? {
                    self.found(Named::Run(run.info.run_id), &near, EdgeKind::Contains, false)?;
                }
                let mut models = self.made()?.models.get(id).cloned().unwrap_or_default();
                models.extend(self.of.models.links(id)?.outputs.into_iter().map(|(model, _)| model));
                for model in models {
                    self.found(Named::LoggedModel(model), &near, EdgeKind::Logged, false)?;
                }
                self.versions_of(&near, EdgeKind::Registered)?;
            }
            Named::LoggedModel(_) | Named::Source(_) => self.versions_of(&near, EdgeKind::Registered)?,
            Named::Version(name, number) => {
                self.versions_of(&near, EdgeKind::Copied)?;
                self.places(name, *number, &near)?;
            }
        }
        Ok(())
    }

    fn versions_of(&mut self, near: &str, kind: EdgeKind) -> Result<()> {
        for (name, number) in self.made()?.versions.get(near).cloned().unwrap_or_default() {
            self.found(Named::Version(name, number), near, kind, false)?;
        }
        Ok(())
    }

    /// The stages and aliases of a version.
    fn places(&mut self, name: &str, number: u64, near: &str) -> Result<()> {
        let Some(version) = self.of.version(name, number)? else { return Ok(()) };
        let Some(model) = self.of.registry.find_model(name)? else { return Ok(()) };
        for (slot, state) in model.slots.iter().filter(|(_, state)| state.production == Some(number)) {
            let label =
                if slot.is_empty() { format!("{name} Production") } else { format!("{name} Production in {slot}") };
            let mut node = LineageNode::new(NodeKind::Stage, &format!("{name}/Production/{slot}"), label);
            let event = self.of.registry.events(state.event.saturating_sub(1), 1)?.pop();
            node.notes.extend(event.map(|event| event.to_line()));
            self.graph.edge(near, &node.id, EdgeKind::IsIn);
            self.graph.node(node);
        }
        if !matches!(version.info.stage, Stage::Production | Stage::None) {
            let stage = version.info.stage.as_str();
            let node =
                LineageNode::new(NodeKind::Stage, &format!("{name}/{stage}/{number}"), format!("{name} {stage}"));
            self.graph.edge(near, &node.id, EdgeKind::IsIn);
            self.graph.node(node);
        }
        for alias in &version.aliases {
            let node = LineageNode::new(NodeKind::Alias, &format!("{name}@{alias}"), format!("{name}@{alias}"));
            self.graph.edge(near, &node.id, EdgeKind::IsIn);
            self.graph.node(node);
        }
        Ok(())
    }

    fn made(&mut self) -> Result<&Made> {
        if self.made.is_none() {
            self.made = Some(self.of.all_made()?);
        }
        self.made.as_ref().ok_or_else(|| Error::internal("what was read is not there"))
    }
}

impl Sources<'_> {
    fn all_made(&self) -> Result<Made> {
        let mut made = Made::default();
        let mut query = ModelQuery { max_results: PAGE, ..ModelQuery::default() };
        loop {
            let page = self.registry.search_versions(&query)?;
            for version in page.items {
                made.version(
                    (version.name, version.version),
                    &version.info.source,
                    version.info.model_id,
                    version.info.run_id,
                );
            }
            query.page_token = page.next_page_token;
            if query.page_token.is_none() {
                break;
            }
        }
        self.add_deleted(&mut made)?;
        for found in self.models.list(&[], View::All)? {
            if let Some(run) = found.model.source_run_id {
                made.models.entry(run).or_default().push(found.model.model_id);
            }
        }
        Ok(made)
    }

    /// The versions that are gone, as the log of events tells of them.
    fn add_deleted(&self, made: &mut Made) -> Result<()> {
        let mut sources: BTreeMap<(String, u64), String> = BTreeMap::new();
        let mut after = 0;
        loop {
            let events = self.registry.events(after, PAGE)?;
            let Some(last) = events.last() else { break };
            after = last.seq;
            for event in events {
                let (model, version) = (event.model, event.version.unwrap_or_default());
                match event.action {
                    Action::VersionCreated => drop(sources.insert((model, version), event.to.unwrap_or_default())),
                    Action::VersionDeleted => {
                        if let Some(source) = sources.remove(&(model.clone(), version)) {
                            made.version((model, version), &source, None, None);
                        }
                    }
                    Action::ModelDeleted => {
                        let gone = sources.extract_if(.., |(of, _), _| *of == model).collect::<Vec<_>>();
                        gone.into_iter().for_each(|(of, source)| made.version(of, &source, None, None));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    pub(super) fn runs_with(&self, filter: &str) -> Result<Vec<RunData>> {
        let query = RunQuery {
            filter: filter.into(),
            max_results: MOST_NODES,
            order_by: vec!["start_time ASC".into()],
            view: View::All,
            ..RunQuery::default()
        };
        Ok(self.runs.search(&query)?.items)
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

const fn state_of(lifecycle: Lifecycle) -> NodeState {
    match lifecycle {
        Lifecycle::Deleted => NodeState::Deleted,
        Lifecycle::Active => NodeState::Present,
    }
}

/// None for what is not there, and for ids that nothing can have: MLflow takes any text for them.
pub(super) fn none_if_gone<T>(found: Result<T>) -> Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(e) if matches!(e.code(), Code::NotFound | Code::InvalidArgument) => Ok(None),
        Err(e) => Err(e),
    }
}
