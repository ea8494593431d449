//! `mlops runs note` and `mlops runs alerts`.

use super::context::Context;
use super::failure::Failure;
use super::table::{self, Table};
use super::{find, shape};
use crate::runs::{RunExt, tags};

pub(super) fn note(word: &str, text: Option<&str>, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = if text.is_some() { context.open_to_change()? } else { context.open()? };
    let run = find::run(store.runs(), word)?;
    let run_id = run.info.run_id.as_str();
    let note = match text {
        Some(text) => {
            store.runs().open(run_id)?.set_note(text)?;
            store.close()?;
            Some(text).filter(|text| !text.is_empty())
        }
        None => run.tags.get(tags::DESCRIPTION).map(String::as_str),
    };
    if context.json {
        return context.print_json(&shape::Note { run_id, note });
    }
    match note {
        Some(note) => context.print(&note.lines().map(table::clean).collect::<Vec<_>>().join("\n")),
        None => context.note("no note"),
    }
}

pub(super) fn alerts(word: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let run_id = find::run(store.runs(), word)?.info.run_id;
    let alerts = store.runs().alerts(&run_id)?;
    if context.json {
        let alerts = alerts.iter().map(shape::AlertShape::new).collect();
        return context.print_json(&shape::Alerts { run_id: &run_id, alerts });
    }
    if alerts.is_empty() {
        return context.note("no alerts");
    }
    let mut rows = Table::new(&["AT", "LEVEL", "TITLE", "TEXT"]);
    for alert in alerts {
        rows.row([table::time(alert.at), alert.level.to_string(), alert.title, alert.text]);
    }
    context.print_table(&rows)
}
