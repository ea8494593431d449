//! `mlops fsck`.

use super::context::{Context, with_way_out};
use super::failure::Failure;
use super::{shape, table};
use crate::error::Code;
use crate::store;

pub(super) fn check(repair: bool, context: &mut Context<'_>) -> Result<u8, Failure> {
    let report = store::fsck(&context.store, repair).map_err(with_way_out)?;
    let code = if report.findings.is_empty() { 0 } else { Code::Corrupt.row().exit_code };
    if context.json {
        context.print_json(&shape::Check::new(&report))?;
        return Ok(code);
    }
    // A sentence a finding: paths and problems are too long for columns.
    for finding in &report.findings {
        let place = format!("{} at byte {}", finding.path.display(), finding.offset);
        context.print(&table::clean(&format!("{place}: {}", finding.problem)))?;
        if let Some(done) = &finding.repair {
            context.print(&table::clean(&format!("  repaired: {done}")))?;
        }
    }
    let found = match report.findings.len() {
        0 => "nothing is wrong".to_owned(),
        1 => "1 place is damaged".to_owned(),
        count => format!("{count} places are damaged"),
    };
    context.print(&format!("checked {} files, {}: {found}", report.files, table::size(report.bytes)))?;
    if !repair && code != 0 {
        context.note("`mlops fsck --repair` mends what can be mended")?;
    }
    Ok(code)
}
