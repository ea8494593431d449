//! The graph that ties the pillars: what was made of what. It knows ids only; `workflows/lineage.rs` fills it.

mod draw;

use std::collections::BTreeSet;

use serde_json::{Value, json};

/// What a node stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum NodeKind {
    /// A data set, by its digest.
    Dataset,
    /// A run.
    Run,
    /// A logged model.
    LoggedModel,
    /// A version of a registered model.
    Version,
    /// A place outside of the store.
    Source,
    /// A stage of a registered model.
    Stage,
    /// An alias of a registered model.
    Alias,
}

impl NodeKind {
    /// The name, such as `logged_model`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dataset => "dataset",
            Self::Run => "run",
            Self::LoggedModel => "logged_model",
            Self::Version => "version",
            Self::Source => "source",
            Self::Stage => "stage",
            Self::Alias => "alias",
        }
    }
}

/// Whether the store has what a node stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NodeState {
    /// It is there.
    #[default]
    Present,
    /// It was deleted.
    Deleted,
    /// The store has never had it, or knows no more of it.
    Unknown,
}

impl NodeState {
    /// The name: `present`, `deleted`, `unknown`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Deleted => "deleted",
            Self::Unknown => "unknown",
        }
    }
}

/// Something that was made of others, or that others were made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineageNode {
    /// What tells it from others: the kind, a colon and its own id.
    pub id: String,
    /// What it stands for.
    pub kind: NodeKind,
    /// What it is called.
    pub label: String,
    /// Whether the store has it.
    pub state: NodeState,
    /// What is noted of it, such as results of gates and approvals.
    pub notes: Vec<String>,
}

impl LineageNode {
    /// A node that is there.
    pub fn new(kind: NodeKind, id: &str, label: impl Into<String>) -> Self {
        let id = format!("{}:{id}", kind.as_str());
        Self { id, kind, label: label.into(), state: NodeState::Present, notes: Vec::new() }
    }
}

/// How one comes from the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EdgeKind {
    /// A data set or a model was an input of a run.
    Used,
    /// A run has another nested under it.
    Contains,
    /// A run logged a model.
    Logged,
    /// A version was made of it.
    Registered,
    /// A version was made of another version.
    Copied,
    /// A version is in a stage, or an alias points to it.
    IsIn,
}

impl EdgeKind {
    /// The name, such as `registered`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Contains => "contains",
            Self::Logged => "logged",
            Self::Registered => "registered",
            Self::Copied => "copied",
            Self::IsIn => "is_in",
        }
    }
}

/// That something comes from something else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineageEdge {
    /// The node that was there before.
    pub from: String,
    /// The node that was made of it.
    pub to: String,
    /// How.
    pub kind: EdgeKind,
}

/// All that something was made of, and all that was made of it.
///
/// ```
/// use mlops_core::lineage::{EdgeKind, Lineage, LineageNode, NodeKind};
///
/// let mut graph = Lineage::of(LineageNode::new(NodeKind::Run, "abc", "swift-otter"));
/// graph.node(LineageNode::new(NodeKind::Dataset, "4f1c", "clients"));
/// graph.edge("dataset:4f1c", "run:abc", EdgeKind::Used);
/// assert!(graph.to_text().contains("dataset clients"));
/// assert!(graph.to_mermaid().starts_with("flowchart LR\n"));
/// assert_eq!(graph.to_json()["edges"][0]["kind"], "used");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The id of the node that was asked for.
    pub root: String,
    /// The nodes, in the order in which they were found; the root is the first.
    pub nodes: Vec<LineageNode>,
    /// The edges, each once.
    pub edges: BTreeSet<LineageEdge>,
    /// There is nothing more.
    pub is_whole: bool,
}

impl Lineage {
    /// A graph of one node.
    pub fn of(root: LineageNode) -> Self {
        Self { root: root.id.clone(), nodes: vec![root], edges: BTreeSet::new(), is_whole: true }
    }

    /// Adds a node, unless one of its id is there.
    pub fn node(&mut self, node: LineageNode) {
        if self.get(&node.id).is_none() {
            self.nodes.push(node);
        }
    }

    /// The node of an id.
    pub fn get(&self, id: &str) -> Option<&LineageNode> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// Adds an edge, unless it is there.
    pub fn edge(&mut self, from: &str, to: &str, kind: EdgeKind) {
        self.edges.insert(LineageEdge { from: from.into(), to: to.into(), kind });
    }

    /// The graph as JSON, with keys that stay.
    pub fn to_json(&self) -> Value {
        let node = |node: &LineageNode| {
            json!({
                "id": node.id,
                "kind": node.kind.as_str(),
                "label": node.label,
                "state": node.state.as_str(),
                "notes": node.notes,
            })
        };
        let edge = |edge: &LineageEdge| json!({"from": edge.from, "to": edge.to, "kind": edge.kind.as_str()});
        json!({
            "root": self.root,
            "nodes": self.nodes.iter().map(node).collect::<Vec<_>>(),
            "edges": self.edges.iter().map(edge).collect::<Vec<_>>(),
            "is_whole": self.is_whole,
        })
    }
}
