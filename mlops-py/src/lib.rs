//! The native module behind the Python package: converts arguments and results, maps errors, releases the GIL.

#![expect(clippy::needless_pass_by_value, reason = "pyo3 hands arguments over by value")]

mod console;
mod convert;
mod errors;
mod events;
mod gates;
mod held;
mod holding;
mod logged_models;
mod models;
mod module;
mod promotions;
mod registry;
mod released;
mod run;
mod series;
mod stats;
mod store;
mod sweeps;
mod table;
mod transfer;
mod ui;
mod watches;

use mimalloc::MiMalloc;
use pyo3::prelude::*;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// `mlops._native`: private; the public API is typed Python over it.
#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::console::{ConsoleCapture, capture_console, read_console};
    #[pymodule_export]
    use super::events::{EventConsumer, lineage};
    #[pymodule_export]
    use super::gates::{
        GateReport, gate_baseline, gate_columns, gate_content_digest, gate_content_hashes, read_gate, run_gate,
        write_gate,
    };
    #[pymodule_export]
    use super::holding::Held;
    #[pymodule_export]
    use super::logged_models::LoggedModels;
    #[pymodule_export]
    use super::models::{
        check_tensor, check_value, download_model, enforce_columns, enforce_params, is_trusted, log_model, model_file,
        model_manifest, open_model_folder, save_model,
    };
    #[pymodule_export]
    use super::module::{
        backup, cli_main, end_open_runs, error_table, fsck, locate, mark_process_failed, param_text, restore, version,
    };
    #[pymodule_export]
    use super::promotions::Promotions;
    #[pymodule_export]
    use super::registry::ModelRegistry;
    #[pymodule_export]
    use super::run::Run;
    #[pymodule_export]
    use super::series::{
        check_media, define_metric, fork_run, log_media, media_history, metric_contexts, metric_history_by, on_alert,
        parse_series_key, raise_alert, read_media, rewind_run, run_alerts, run_point, run_summary, series_key,
    };
    #[pymodule_export]
    use super::stats::{
        Comparison, stats_compare, stats_compare_values, stats_corrected_t, stats_delong, stats_diebold_mariano,
        stats_five_by_two_f, stats_holm, stats_holm_levels, stats_mcnemar, stats_minimal_detectable, stats_newcombe,
        stats_paired_t, stats_rows_needed, stats_rows_needed_for_mean, stats_tost, stats_wald, stats_wilcoxon,
        stats_wilson,
    };
    #[pymodule_export]
    use super::store::Store;
    #[pymodule_export]
    use super::sweeps::{Leaving, Sweep, Trial, ensure_sweep, get_sweep};
    #[pymodule_export]
    use super::table::RunTable;
    #[pymodule_export]
    use super::transfer::{export_files, export_runs, import_runs, sync_stores};
    #[pymodule_export]
    use super::ui::{compare_runs, metric_svg, write_report};
    #[pymodule_export]
    use super::watches::Watch;
}
