//! The graph for people: a tree as text, and a flowchart of Mermaid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{EdgeKind, Lineage, LineageNode, NodeKind, NodeState};
use crate::base::text::{one_line, steers};

impl Lineage {
    /// The graph as a tree: what it was made of, then what was made of it. What stands above already is not told again. What was
    /// stored is one line wherever it stands.
    pub fn to_text(&self) -> String {
        let mut tree = Tree { graph: self, seen: BTreeSet::new(), text: String::new() };
        tree.seen.insert(self.root.clone());
        if let Some(root) = self.get(&self.root) {
            tree.say(root, "", "");
        }
        for (title, up) in [("made of", true), ("became", false)] {
            if !self.next(&self.root, up).is_empty() {
                let _ = writeln!(tree.text, "{title}");
                tree.below(&self.root, up);
            }
        }
        if !self.is_whole {
            tree.text.push_str("there is more, which is not shown\n");
        }
        tree.text
    }

    /// The graph as a flowchart of Mermaid. What was stored stands there as text: nothing of it is markup.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        let ids: BTreeMap<&str, String> =
            self.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), format!("n{at}"))).collect();
        for node in &self.nodes {
            let Some(id) = ids.get(node.id.as_str()) else { continue };
            let lines = [node.title()].into_iter().chain(node.notes.iter().cloned());
            let label = lines.map(|line| escape(&line)).collect::<Vec<_>>().join("<br/>");
            let (open, close) = match node.kind {
                NodeKind::Dataset | NodeKind::Source => ("[(\"", "\")]"),
                NodeKind::Stage | NodeKind::Alias => ("([\"", "\"])"),
                _ => ("[\"", "\"]"),
            };
            let _ = writeln!(text, "  {id}{open}{label}{close}");
        }
        for edge in &self.edges {
            if let (Some(from), Some(to)) = (ids.get(edge.from.as_str()), ids.get(edge.to.as_str())) {
                let _ = writeln!(text, "  {from} -->|{}| {to}", edge.kind.as_str().replace('_', " "));
            }
        }
        for (state, style) in
            [(NodeState::Deleted, "stroke-dasharray: 5 5"), (NodeState::Unknown, "stroke-dasharray: 2 2")]
        {
            let of: Vec<_> = self.nodes.iter().filter(|node| node.state == state).collect();
            for id in of.iter().filter_map(|node| ids.get(node.id.as_str())) {
                let _ = writeln!(text, "  style {id} {style}");
            }
        }
        if let Some(root) = ids.get(self.root.as_str()) {
            let _ = writeln!(text, "  style {root} stroke-width: 3px");
        }
        text
    }

    /// What is one edge away, with how.
    fn next(&self, id: &str, up: bool) -> Vec<(&LineageNode, EdgeKind)> {
        let one = |edge: &super::LineageEdge| {
            let (near, far) = if up { (&edge.to, &edge.from) } else { (&edge.from, &edge.to) };
            (near == id).then(|| self.get(far)).flatten().map(|node| (node, edge.kind))
        };
        self.edges.iter().filter_map(one).collect()
    }
}

impl LineageNode {
    fn title(&self) -> String {
        let state = match self.state {
            NodeState::Present => "",
            NodeState::Deleted => ", deleted",
            NodeState::Unknown => ", not in this store",
        };
        format!("{} {}{state}", self.kind.as_str().replace('_', " "), one_line(&self.label))
    }
}

#[derive(Debug)]
struct Tree<'a> {
    graph: &'a Lineage,
    seen: BTreeSet<String>,
    text: String,
}

impl Tree<'_> {
    fn say(&mut self, node: &LineageNode, head: &str, below: &str) {
        let _ = writeln!(self.text, "{head}{}", node.title());
        for note in &node.notes {
            let _ = writeln!(self.text, "{below}  {}", one_line(note));
        }
    }

    /// What is behind a node. It keeps its place in a list of its own, so that no depth is too deep.
    fn below(&mut self, id: &str, up: bool) {
        let graph = self.graph;
        let children = |id: &str, indent: &str| {
            let next = graph.next(id, up);
            let last = next.len();
            let with =
                next.into_iter().enumerate().map(|(at, (node, kind))| (node, kind, indent.to_owned(), at + 1 == last));
            with.rev().collect::<Vec<_>>()
        };
        let mut waiting = children(id, "");
        while let Some((node, kind, indent, is_last)) = waiting.pop() {
            let (branch, rest) = if is_last { ("`- ", "   ") } else { ("|- ", "|  ") };
            let how = kind.as_str().replace('_', " ");
            let inner = format!("{indent}{rest}");
            if self.seen.insert(node.id.clone()) {
                self.say(node, &format!("{indent}{branch}{how}: "), &inner);
                waiting.extend(children(&node.id, &inner));
            } else {
                let _ = writeln!(self.text, "{indent}{branch}{how}: {} (above)", node.title());
            }
        }
    }
}

/// A text within quotes of Mermaid, which reads HTML entities and nothing else there.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            c if c.is_alphanumeric() || " .,:/-_@=()".contains(c) => out.push(c),
            c if steers(c) => out.push(' '),
            c => drop(write!(out, "#{};", u32::from(c))),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Lineage {
        let mut version = LineageNode::new(NodeKind::Version, "fraud/3", "fraud version 3");
        version.notes.push("gate \"auc\"]; click n0 <b>".into());
        let mut graph = Lineage::of(version);
        graph.node(LineageNode::new(NodeKind::Run, "abc", "abc"));
        graph.node(LineageNode { state: NodeState::Deleted, ..LineageNode::new(NodeKind::Run, "up", "up") });
        graph.node(LineageNode::new(NodeKind::Dataset, "4f", "clients 4f"));
        graph.node(LineageNode::new(NodeKind::Stage, "fraud", "Production"));
        graph.edge("run:abc", "version:fraud/3", EdgeKind::Registered);
        graph.edge("run:up", "run:abc", EdgeKind::Contains);
        graph.edge("dataset:4f", "run:abc", EdgeKind::Used);
        graph.edge("dataset:4f", "run:up", EdgeKind::Used);
        graph.edge("version:fraud/3", "stage:fraud", EdgeKind::IsIn);
        graph
    }

    #[test]
    fn the_tree_tells_what_it_was_made_of_and_became_and_nothing_twice() {
        let text = sample().to_text();
        let wanted = "version fraud version 3\n  gate \"auc\"]; click n0 <b>\nmade of\n`- registered: run abc\n   \
                      |- used: dataset clients 4f\n   `- contains: run up, deleted\n      `- used: dataset clients 4f (above)\n\
                      became\n`- is in: stage Production\n";
        assert_eq!(text, wanted);
    }

    #[test]
    fn nothing_that_was_stored_looks_like_a_line_of_the_tree() {
        let mut node = LineageNode::new(NodeKind::Version, "fraud/3", "fraud\n`- used: \u{1b}[31mdataset x");
        node.notes.push("by eve (ok)\n  approved by bob\u{2028}".into());
        let text = Lineage::of(node).to_text();
        assert_eq!(text, "version fraud `- used: [31mdataset x\n  by eve (ok)   approved by bob\n");
    }

    #[test]
    fn nothing_that_was_stored_is_markup_of_the_flowchart() {
        let text = sample().to_mermaid();
        assert!(
            text.contains("n0[\"version fraud version 3<br/>gate #34;auc#34;#93;#59; click n0 #60;b#62;\"]"),
            "{text}"
        );
        assert!(text.contains("n3 -->|used| n1") && text.contains("style n2 stroke-dasharray: 5 5"), "{text}");
    }

    #[test]
    fn a_long_chain_is_told_without_running_out_of_stack() {
        let mut graph = Lineage::of(LineageNode::new(NodeKind::Run, "0", "0"));
        for at in 1..2_000 {
            graph.node(LineageNode::new(NodeKind::Run, &at.to_string(), at.to_string()));
            graph.edge(&format!("run:{at}"), &format!("run:{}", at - 1), EdgeKind::Contains);
        }
        assert_eq!(graph.to_text().lines().count(), 2_001);
    }
}
