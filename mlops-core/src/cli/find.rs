//! What the words on the command line stand for.

use super::failure::Failure;
use crate::error::Error;
use crate::runs::{RunData, RunQuery, Runs, View};

/// How many candidates the error about an ambiguous beginning lists.
const LISTED: usize = 10;

/// The run with this id, or the only one whose id begins so, deleted or not.
pub(super) fn run(runs: &Runs, word: &str) -> Result<RunData, Failure> {
    let missing = match runs.get(word) {
        Err(error @ Error::NotFound { .. }) => error,
        other => return Ok(other?),
    };
    let mut query = RunQuery { filter: format!("run_id LIKE '{word}%'"), view: View::All, ..RunQuery::default() };
    let mut found = Vec::new();
    loop {
        let page = runs.search(&query)?;
        // `_` is a letter of ids and stands for any letter in LIKE.
        found.extend(page.items.into_iter().filter(|run| run.info.run_id.starts_with(word)));
        query.page_token = page.next_page_token;
        if query.page_token.is_none() {
            break;
        }
    }
    let count = found.len();
    match (found.pop(), count) {
        (Some(run), 1) => Ok(run),
        (Some(last), _) => {
            found.push(last);
            let mut ids: Vec<String> = found.into_iter().map(|run| run.info.run_id).take(LISTED).collect();
            ids.sort();
            let more = if count > LISTED { ", ..." } else { "" };
            Err(Error::InvalidArgument {
                what: "run".into(),
                value: word.into(),
                expected: format!("more of the run's id; {count} runs begin so: {}{more}", ids.join(", ")),
            }
            .into())
        }
        (None, _) => Err(missing.into()),
    }
}

/// The id of the experiment with this name, else with this id.
pub(super) fn experiment_id(runs: &Runs, word: &str) -> Result<String, Failure> {
    if let Some(experiment) = runs.find_experiment(word)? {
        return Ok(experiment.experiment_id);
    }
    match runs.get_experiment(word) {
        Ok(experiment) => Ok(experiment.experiment_id),
        Err(Error::NotFound { .. } | Error::InvalidArgument { .. }) => Err(Error::NotFound {
            what: "experiment",
            id: word.into(),
            hint: "; `mlops experiments list` shows what there is".into(),
        }
        .into()),
        Err(error) => Err(error.into()),
    }
}
