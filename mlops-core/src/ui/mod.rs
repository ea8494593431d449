//! What people look at: a report of runs or of a gate as one file of HTML, curves as SVG or in a terminal, and what differs between
//! runs.
//!
//! Nothing here reaches the network, and all that was stored is escaped: [`report`] hands its data to the page as JSON
//! that no text can leave, [`svg`] and [`html`] escape what stands in markup.

mod collect;
pub mod compare;
mod gate;
pub mod html;
mod images;
pub(crate) mod json;
mod page;
pub mod plot;
mod report;
pub mod svg;
mod thin;
mod ticks;

#[cfg(test)]
mod tests;

pub use compare::{Comparison, Row, compare};
pub use gate::gate_html;
#[cfg(feature = "cli")]
pub(crate) use report::write_whole;
pub use report::{LeftOut, Report, ReportOptions, report, write_report};
pub use svg::metric_svg;
