//! `mlops fsck`.

use super::context::{Context, with_way_out};
use super::failure::Failure;
use super::{shape, table};
use crate::error::Code;
use crate::store;

pub(super) fn check(repair: bool, context: &mut Context<'_>) -> Result<u8, Failure> {
    let report = store::fsck(&context.store, repair).map_err(with_way_out)?;
    let whole = report.findings.is_empty() && report.lost.is_empty();
    let code = if whole { 0 } else { Code::Corrupt.row().exit_code };
    if context.json {
        context.print_json(&shape::Check::new(&report))?;
        return Ok(code);
    }
    // A sentence a finding: paths and problems are too long for columns.
    for finding in &report.findings {
        let place = format!("{} at byte {}", finding.path.display(), finding.offset);
        context.print(&table::clean(&format!("{place}: {}", finding.problem)))?;
        match &finding.repair {
            Some(done) => context.print(&table::clean(&format!("  repaired: {done}")))?,
            None if repair => context.print("  not repaired")?,
            None => {}
        }
    }
    for run in &report.made_again {
        context
            .print(&table::clean(&format!("made again: run {run}, from its sealed points; what came later is lost")))?;
    }
    for what in &report.lost {
        context.print(&table::clean(&format!("lost: {what}")))?;
    }
    let mended = report.findings.iter().filter(|finding| finding.repair.is_some()).count();
    let found = match (report.findings.len(), repair) {
        (0, _) if whole => "nothing is wrong".to_owned(),
        (0, _) => "no file is damaged, but runs refer to what is not there".to_owned(),
        (1, false) => "1 place is damaged".to_owned(),
        (count, false) => format!("{count} places are damaged"),
        (1, true) => format!("1 place was damaged, {mended} repaired"),
        (count, true) => format!("{count} places were damaged, {mended} repaired"),
    };
    context.print(&format!("checked {} files, {}: {found}", report.files, table::size(report.bytes)))?;
    if !repair && !report.findings.is_empty() {
        context.note("`mlops fsck --repair` mends what can be mended")?;
    }
    Ok(code)
}
