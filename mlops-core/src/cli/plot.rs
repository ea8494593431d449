//! The curves of `mlops runs metrics --plot`.

use super::context::Context;
use super::failure::Failure;
use super::table;
use crate::base::text::float_repr;
use crate::runs::RunData;
use crate::store::Store;
use crate::ui::plot::{PlotOptions, metric_plot};

/// A wider curve says no more, in characters.
const WIDEST: u16 = 200;

pub(super) fn print(store: &Store, run: &RunData, context: &mut Context<'_>) -> Result<(), Failure> {
    let width = context.width.map_or(PlotOptions::default().width, |width| usize::from(width.min(WIDEST)));
    for (at, (key, summary)) in run.metrics.iter().enumerate() {
        if at > 0 {
            context.print("")?;
        }
        let (last, step) = (float_repr(summary.last), summary.last_step);
        context.print(&format!("{}  last {last} at step {step}", table::clean(key)))?;
        let drawn = metric_plot(store, &run.info.run_id, key, PlotOptions { width, ..PlotOptions::default() })?;
        context.print(drawn.trim_end_matches('\n'))?;
    }
    Ok(())
}
