//! `mlops runs console`.

use std::time::Duration;

use serde_json::json;

use super::context::Context;
use super::failure::Failure;
use super::{find, table};
use crate::store::Store;

/// How often `--follow` looks.
const LOOK_EVERY: Duration = Duration::from_secs(1);

pub(super) fn console(word: &str, follow: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let store = context.open()?;
    let run_id = find::run(store.runs(), word)?.info.run_id;
    if follow {
        return follow_run(&run_id, context);
    }
    if context.json {
        let text = String::from_utf8_lossy(&store.runs().console(&run_id)?).into_owned();
        return context.print_json(&json!({"run_id": run_id, "text": text}));
    }
    let mut shown = Shown::default();
    shown.show(&store, &run_id, true, context)?;
    if shown.nothing {
        return context.note("nothing was captured; mlops.start_run(log_console=True) does it");
    }
    Ok(())
}

fn follow_run(run_id: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let mut shown = Shown::default();
    loop {
        // What is opened for reading stays as it was then.
        let store = context.open()?;
        let ended = store.runs().get(run_id)?.info.status.is_end();
        shown.show(&store, run_id, ended, context)?;
        context.out.flush()?;
        if ended {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// How far it is shown.
struct Shown {
    part: u32,
    bytes: usize,
    nothing: bool,
}

impl Default for Shown {
    fn default() -> Self {
        Self { part: 0, bytes: 0, nothing: true }
    }
}

impl Shown {
    /// Shows what is new; a line that is not whole only if it is the last time.
    fn show(&mut self, store: &Store, run_id: &str, last: bool, context: &mut Context<'_>) -> Result<(), Failure> {
        let parts = store.runs().console_parts(run_id)?;
        let newest = parts.last().map(|(number, _)| *number);
        let mut rest = Vec::new();
        let from = self.part;
        for (number, path) in parts.into_iter().filter(|(number, _)| *number >= from) {
            let text = store.runs().read_artifact(run_id, &path)?;
            let from = if number == self.part { self.bytes } else { 0 };
            rest.extend_from_slice(text.get(from..).unwrap_or_default());
            (self.part, self.bytes) = (number, text.len());
            let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            let open = rest.split_off(whole);
            self.print(&rest, context)?;
            rest = open;
            if Some(number) == newest && !last {
                self.bytes -= rest.len().min(self.bytes);
            }
        }
        if last && !rest.is_empty() {
            self.print(&rest, context)?;
        }
        Ok(())
    }

    fn print(&mut self, text: &[u8], context: &mut Context<'_>) -> Result<(), Failure> {
        for line in String::from_utf8_lossy(text).lines() {
            self.nothing = false;
            context.print(&table::clean(line))?;
        }
        Ok(())
    }
}
