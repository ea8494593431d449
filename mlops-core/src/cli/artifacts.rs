//! `mlops runs artifacts`.

use std::path::Path;

use super::context::Context;
use super::failure::Failure;
use super::table::{self, Table};
use super::{find, shape};
use crate::error::Error;

pub(super) fn list(word: &str, path: Option<&str>, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let run_id = find::run(store.runs(), word)?.info.run_id;
    let found = store.runs().list_artifacts(&run_id, path)?;
    if let (Some(path), true) = (path, found.is_empty()) {
        let hint = format!("; `mlops runs artifacts {run_id}` shows what the run has");
        return Err(Error::NotFound { what: "artifact", id: path.into(), hint }.into());
    }
    if context.json {
        let artifacts = found.iter().map(shape::Artifact::new).collect();
        return context.print_json(&shape::Artifacts { run_id: &run_id, artifacts });
    }
    if found.is_empty() {
        return context.note("no artifacts");
    }
    let mut rows = Table::new(&["PATH", "SIZE", "DIGEST"]).keep_first_column().may_leave_out(&[2]);
    for artifact in &found {
        if artifact.is_dir {
            rows.row([format!("{}/", artifact.path), String::new(), String::new()]);
        } else {
            let digest = artifact.digest.map(|digest| digest.to_string()).unwrap_or_default();
            rows.row([artifact.path.clone(), table::size(artifact.size_bytes), digest]);
        }
    }
    context.print_table(&rows)
}

pub(super) fn download(
    word: &str,
    path: Option<&str>,
    folder: &Path,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let store = context.open()?;
    let run_id = find::run(store.runs(), word)?.info.run_id;
    let target = store.runs().download_artifacts(&run_id, path, folder)?.display().to_string();
    if context.json {
        return context.print_json(&shape::Download { run_id: &run_id, downloaded_to: target });
    }
    context.print(&format!("downloaded to {}", table::clean(&target)))
}
