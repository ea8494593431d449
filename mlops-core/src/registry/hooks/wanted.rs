//! Which events are wanted.

use super::super::log::{Action, Event};
use super::super::types::Stage;
use crate::error::{Error, Result};

/// What may be said of events that are wanted, beside the name of an [`Action`]; `*` is all.
pub const EVENT_KINDS: &[&str] = &[
    "*",
    "registered",
    "requested",
    "approved",
    "rejected",
    "withdrawn",
    "staged",
    "promoted",
    "rolled_back",
    "archived",
    "deleted",
    "gate",
    "policy",
];

/// The events that a consumer wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    kinds: Vec<String>,
    /// In lower case.
    model: Option<String>,
}

impl Wanted {
    /// Events of one of these kinds, or all if none is said, of this model or of any.
    pub(super) fn new(kinds: &[String], model: Option<&str>) -> Result<Self> {
        for kind in kinds {
            if !EVENT_KINDS.contains(&kind.as_str()) && !Action::ALL.iter().any(|action| action.as_str() == kind) {
                let actions: Vec<_> = Action::ALL.iter().map(|action| action.as_str()).collect();
                return Err(Error::InvalidArgument {
                    what: "kind of event".into(),
                    value: kind.chars().take(100).collect(),
                    expected: format!("{}, or an action: {}", EVENT_KINDS.join(", "), actions.join(", ")),
                });
            }
        }
        let model = model.map(super::super::names::model).transpose()?;
        Ok(Self { kinds: kinds.to_vec(), model })
    }

    pub(super) fn takes(&self, event: &Event) -> bool {
        let named = |name: &str| self.model.as_ref().is_none_or(|model| model.eq_ignore_ascii_case(name));
        let was_named = || event.action == Action::ModelRenamed && event.from.as_deref().is_some_and(named);
        (named(&event.model) || was_named())
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| event.is_of(kind)))
    }
}

impl Event {
    /// True if it is of a kind: the name of its action, or one of [`EVENT_KINDS`].
    pub fn is_of(&self, kind: &str) -> bool {
        let goes_to = |stage: Stage| {
            let is_move = matches!(self.action, Action::StageChanged | Action::RolledBack);
            is_move && self.to.as_deref() == Some(stage.as_str())
        };
        let is_action = |actions: &[Action]| actions.contains(&self.action);
        match kind {
            "*" => true,
            "registered" => is_action(&[Action::VersionCreated]),
            "requested" => is_action(&[Action::ApprovalRequested]),
            "withdrawn" => is_action(&[Action::ApprovalWithdrawn]),
            "staged" => goes_to(Stage::Staging),
            "promoted" => self.action == Action::StageChanged && goes_to(Stage::Production),
            "archived" => goes_to(Stage::Archived) || !self.archived.is_empty(),
            "deleted" => is_action(&[Action::VersionDeleted, Action::ModelDeleted]),
            "gate" => is_action(&[Action::GateRecorded]),
            "policy" => is_action(&[Action::PolicySet]),
            other => self.action.as_str() == other,
        }
    }
}
