//! What a reader of a report has to know beside the checks.

use super::checks::{Warning, count, number, percent, signed};
use super::definition::GateDefinition;
use super::inputs::{GateInputs, Predicted};
use super::rows::{Rows, may_be_classes};
use super::stats::{Comparison, NoteCode};

/// After so many uses the data say more about themselves than about the next candidate.
const WORN: u64 = 20;

/// The notes of a comparison, with the metric's name.
pub(super) fn of_comparison(found: &Comparison) -> Vec<Warning> {
    let notes =
        found.notes.iter().map(|note| Warning::new(note.code.as_str(), format!("{}: {}", found.metric, note.text)));
    notes.collect()
}

/// That the data cannot see what they are asked about.
pub(super) fn of_margin(found: &Comparison, bar: f64) -> Option<Warning> {
    let margin = -bar;
    (margin > 0.0 && found.minimal_detectable > margin && !found.has_note(NoteCode::NoDifference)).then(|| {
        let text = format!(
            "{}: this data cannot see the difference you care about: with {} rows one of {} shows at a power of 80 %, and the margin is {}",
            found.metric,
            count(found.rows),
            number(found.minimal_detectable),
            number(margin)
        );
        Warning::new("cannot_see_margin", text)
    })
}

/// That the data were used often.
pub(super) fn of_use(number: u64) -> Option<Warning> {
    (number > WORN).then(|| {
        let text = format!("use {number} of the same data: candidates are picked for them by now; take new data");
        Warning::new("holdout_worn", text)
    })
}

/// What the inputs show.
pub(super) fn of_inputs(definition: &GateDefinition, inputs: &GateInputs, rows: &Rows) -> Vec<Warning> {
    let mut found = Vec::new();
    found.extend(unlabelled(inputs));
    if definition.cutoff.is_some() {
        let sides = [("candidate", Some(&rows.candidate)), ("baseline", rows.baseline.as_ref())];
        found.extend(sides.into_iter().filter_map(|(whose, said)| undecided(whose, said?)));
    }
    if definition.group.is_none() {
        found.extend(rows.columns.keys().filter_map(|name| ungrouped(name, definition, rows)));
    }
    found
}

/// That a cutoff decided nothing, since only classes are there.
fn undecided(whose: &str, said: &Predicted) -> Option<Warning> {
    let has_classes = said.values.as_ref().is_some_and(may_be_classes);
    (has_classes && said.scores.is_none() && said.probabilities.is_empty()).then(|| {
        let text =
            format!("the {whose} has classes only, which are taken as they are: the cutoff decides nothing of it");
        Warning::new("cutoff_not_used", text)
    })
}

/// That more labels are missing for one model than for the other.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn unlabelled(inputs: &GateInputs) -> Option<Warning> {
    let (candidate, baseline) = inputs.unlabelled.filter(|(candidate, baseline)| candidate != baseline)?;
    let rows = inputs.targets.len() as f64;
    let share = |missing: u64| missing as f64 / (missing as f64 + rows);
    let text = format!(
        "{} of the candidate's rows had no label and {} of the baseline's ({}): those that are left may not be alike",
        percent(share(candidate)),
        percent(share(baseline)),
        signed(share(candidate) - share(baseline))
    );
    Some(Warning::new("missing_labels_differ", text))
}

/// That rows may belong together and the gate does not know.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows")]
fn ungrouped(name: &str, definition: &GateDefinition, rows: &Rows) -> Option<Warning> {
    let is_query = definition.query.as_deref() == Some(name);
    let is_slice = definition.slices.as_ref().is_some_and(|slices| slices.columns.iter().any(|column| column == name));
    if is_query || is_slice || !is_named_like_an_id(name) {
        return None;
    }
    let values = rows.coded(name)?.names.len();
    (values > 1 && (values as f64) < rows.len() as f64 * 0.5).then(|| {
        let text = format!(
            "`{name}` has {} values in {} rows: if rows of one belong together, say so by group = \"{name}\"",
            count(values as u64),
            count(rows.len() as u64)
        );
        Warning::new("ungrouped_ids", text)
    })
}

pub(super) fn is_named_like_an_id(name: &str) -> bool {
    let lower = name.to_lowercase();
    let known = ["user", "customer", "patient", "account", "client", "member", "session", "device", "subject"];
    lower == "id"
        || lower.ends_with("_id")
        || lower.ends_with("id") && name.ends_with("Id")
        || known.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_are_ids_are_known_by_their_names() {
        for name in ["id", "user_id", "userId", "patient", "CUSTOMER"] {
            assert!(is_named_like_an_id(name), "{name}");
        }
        for name in ["country", "paid", "video", "age"] {
            assert!(!is_named_like_an_id(name), "{name}");
        }
    }
}
