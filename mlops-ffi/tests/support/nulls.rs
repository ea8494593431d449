//! Writes a C program that calls every function with each of its pointers wrong in turn.

use std::fmt::Write as _;

/// One parameter of a declaration.
struct Parameter {
    kind: String,
    name: String,
}

impl Parameter {
    fn parse(text: &str) -> Self {
        let text = text.replace("struct ", "");
        let split = text.rfind([' ', '*']).unwrap() + 1;
        let (kind, name) = text.split_at(split);
        Self { kind: kind.trim().replace(" *", "*"), name: name.to_owned() }
    }

    fn is_err(&self) -> bool {
        self.kind == "mlops_error**"
    }

    /// A value that the call accepts, as far as it gets to look at it.
    fn good(&self) -> String {
        match self.kind.as_str() {
            "const mlops_store*" => "store".into(),
            "const mlops_run*" => "run".into(),
            "const mlops_run_data*" => "run_data".into(),
            "const mlops_runs*" => "runs".into(),
            "const mlops_series*" => "series".into(),
            "const mlops_experiment*" => "experiment".into(),
            "const mlops_experiments*" => "experiments".into(),
            "const mlops_artifacts*" => "artifacts".into(),
            "const mlops_sweep*" => "sweep".into(),
            "const mlops_trial*" => "trial".into(),
            "const mlops_table*" => "table".into(),
            "const mlops_console*" => "console".into(),
            "const mlops_watch*" => "watch".into(),
            "const mlops_gate_definition*" => "gate_definition".into(),
            "const mlops_gate_inputs*" => "gate_inputs".into(),
            "const mlops_gate_report*" => "gate_report".into(),
            // An array, whose length is 1.
            "const mlops_str*" => "&a_mlops_str".into(),
            "mlops_str" => "MLOPS_STR(\"fuzz\")".into(),
            "mlops_bytes" => "some_bytes".into(),
            "size_t" if self.name.ends_with("count") => "1".into(),
            "size_t" | "int32_t" | "int64_t" => "0".into(),
            "double" => "0.0".into(),
            kind => {
                let name = kind.trim_start_matches("const ").trim_end_matches('*');
                let depth = kind.matches('*').count();
                match depth {
                    1 => format!("&a_{name}"),
                    // What belongs to a list comes out const, what the caller frees does not.
                    2 if !kind.starts_with("const ") && ["mlops_run_data", "mlops_experiment"].contains(&name) => {
                        format!("&an_{name}_pointer")
                    }
                    2 => format!("&a_{name}_pointer"),
                    _ => panic!("no value for {kind} {}", self.name),
                }
            }
        }
    }

    /// Values that the call must refuse.
    fn bad(&self) -> Vec<&'static str> {
        match self.kind.as_str() {
            "mlops_str" => vec!["null_str", "broken_str"],
            "mlops_bytes" => vec!["null_bytes"],
            kind if kind.ends_with('*') && !self.is_err() => vec!["NULL"],
            _ => vec![],
        }
    }
}

/// The program for these declarations, and how many calls it makes.
pub(crate) fn program(declarations: &[(String, String)]) -> (String, usize) {
    let mut calls = String::new();
    let mut count = 0;
    for (name, declaration) in declarations {
        let (_, parameters) = declaration.split_once('(').unwrap();
        let parameters = parameters.trim_end_matches(");").trim();
        if parameters == "void" {
            continue;
        }
        let parameters: Vec<_> = parameters.split(',').map(|text| Parameter::parse(text.trim())).collect();
        if !declaration.starts_with("mlops_status ") {
            // These take NULL as nothing.
            let arguments: Vec<_> =
                parameters.iter().map(|p| if p.kind.ends_with('*') { "NULL".into() } else { p.good() }).collect();
            writeln!(calls, "  (void){name}({});", arguments.join(", ")).unwrap();
            count += 1;
            continue;
        }
        for (at, parameter) in parameters.iter().enumerate() {
            for bad in parameter.bad() {
                for err in ["NULL", "&error"] {
                    let argument = |(other, p): (usize, &Parameter)| match other {
                        _ if p.is_err() => err.to_owned(),
                        _ if other == at => bad.to_owned(),
                        _ => p.good(),
                    };
                    let arguments: Vec<_> = parameters.iter().enumerate().map(argument).collect();
                    writeln!(calls, "  CALL({name}({}));", arguments.join(", ")).unwrap();
                    count += 1;
                }
            }
        }
    }
    (format!("{SETUP}{calls}{END}"), count)
}

const SETUP: &str = r#"/* Made by the tests: every function, each of its pointers wrong in turn. */

#include "check.h"

#define CALL(call)                                                                               \
  do {                                                                                           \
    mlops_status status = (call);                                                                \
    if (status != MLOPS_INVALID_ARGUMENT) {                                                      \
      fprintf(stderr, "%s: %s: %s\n", #call, mlops_status_name(status), mlops_error_message(error)); \
      return 1;                                                                                  \
    }                                                                                            \
    mlops_error_free(error);                                                                     \
    error = NULL;                                                                                \
    CHECK(untouched());                                                                          \
  } while (0)

/* Outputs: pointers that no failed call may change. */
static char somewhere;
#define POINTER(type) static type *a_##type##_pointer = (type *)(void *)&somewhere
POINTER(mlops_store);
POINTER(mlops_run);
static const mlops_run_data *a_mlops_run_data_pointer = (const mlops_run_data *)(const void *)&somewhere;
static mlops_run_data *an_mlops_run_data_pointer = (mlops_run_data *)(void *)&somewhere;
POINTER(mlops_runs);
POINTER(mlops_series);
static const mlops_experiment *a_mlops_experiment_pointer = (const mlops_experiment *)(const void *)&somewhere;
static mlops_experiment *an_mlops_experiment_pointer = (mlops_experiment *)(void *)&somewhere;
POINTER(mlops_experiments);
POINTER(mlops_artifacts);
POINTER(mlops_alert_subscription);
POINTER(mlops_sweep);
POINTER(mlops_trial);
POINTER(mlops_table);
POINTER(mlops_console);
POINTER(mlops_watch);
POINTER(mlops_watch_subscription);
POINTER(mlops_gate_definition);
POINTER(mlops_gate_inputs);
POINTER(mlops_gate_report);
static int32_t a_int32_t = 77;
static int64_t a_int64_t = 77;
static size_t a_size_t = 77;
static uint64_t a_uint64_t = 77;
static double a_double = 77.0;
static struct ArrowArray a_ArrowArray;
static struct ArrowSchema a_ArrowSchema;
static struct ArrowArrayStream a_ArrowArrayStream;

static mlops_buf a_mlops_buf = MLOPS_BUF_INIT;
static mlops_points a_mlops_points = MLOPS_POINTS_INIT;
static mlops_open_options a_mlops_open_options = MLOPS_OPEN_OPTIONS_INIT;
static mlops_gc_options a_mlops_gc_options = MLOPS_GC_OPTIONS_INIT;
static mlops_sync_options a_mlops_sync_options = MLOPS_SYNC_OPTIONS_INIT;
static mlops_page_options a_mlops_page_options = MLOPS_PAGE_OPTIONS_INIT;
static mlops_experiment_query a_mlops_experiment_query = MLOPS_EXPERIMENT_QUERY_INIT;
static mlops_experiment_info a_mlops_experiment_info = MLOPS_EXPERIMENT_INFO_INIT;
static mlops_system_metrics_options a_mlops_system_metrics_options = MLOPS_SYSTEM_METRICS_OPTIONS_INIT;
static mlops_run_options a_mlops_run_options = MLOPS_RUN_OPTIONS_INIT;
static mlops_batch a_mlops_batch = MLOPS_BATCH_INIT;
static mlops_dataset_input a_mlops_dataset_input = MLOPS_DATASET_INPUT_INIT;
static mlops_model a_mlops_model = MLOPS_MODEL_INIT;
static mlops_run_info a_mlops_run_info = MLOPS_RUN_INFO_INIT;
static mlops_metric_summary a_mlops_metric_summary = MLOPS_METRIC_SUMMARY_INIT;
static mlops_run_query a_mlops_run_query = MLOPS_RUN_QUERY_INIT;
static mlops_model_query a_mlops_model_query = MLOPS_MODEL_QUERY_INIT;
static mlops_version_options a_mlops_version_options = MLOPS_VERSION_OPTIONS_INIT;
static mlops_promote_options a_mlops_promote_options = MLOPS_PROMOTE_OPTIONS_INIT;
static mlops_gate a_mlops_gate = MLOPS_GATE_INIT;
static mlops_gate_column a_mlops_gate_column = MLOPS_GATE_COLUMN_INIT;
static mlops_gate_costs a_mlops_gate_costs = MLOPS_GATE_COSTS_INIT;
static mlops_gate_evaluate_options a_mlops_gate_evaluate_options = MLOPS_GATE_EVALUATE_OPTIONS_INIT;
static mlops_gate_run_options a_mlops_gate_run_options = MLOPS_GATE_RUN_OPTIONS_INIT;
static mlops_gate_report_info a_mlops_gate_report_info = MLOPS_GATE_REPORT_INFO_INIT;
static mlops_gate_check a_mlops_gate_check = MLOPS_GATE_CHECK_INIT;
static mlops_gate_warning a_mlops_gate_warning = MLOPS_GATE_WARNING_INIT;
static mlops_stats_t_result a_mlops_stats_t_result = MLOPS_STATS_T_RESULT_INIT;
static mlops_stats_f_result a_mlops_stats_f_result = MLOPS_STATS_F_RESULT_INIT;
static mlops_stats_tost_result a_mlops_stats_tost_result = MLOPS_STATS_TOST_RESULT_INIT;
static mlops_stats_wilcoxon_result a_mlops_stats_wilcoxon_result = MLOPS_STATS_WILCOXON_RESULT_INIT;
static mlops_stats_diebold_mariano_result a_mlops_stats_diebold_mariano_result = MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT;
static mlops_stats_mcnemar_result a_mlops_stats_mcnemar_result = MLOPS_STATS_MCNEMAR_RESULT_INIT;
static mlops_stats_delong_result a_mlops_stats_delong_result = MLOPS_STATS_DELONG_RESULT_INIT;
static mlops_stats_interval a_mlops_stats_interval = MLOPS_STATS_INTERVAL_INIT;
static mlops_artifact a_mlops_artifact = MLOPS_ARTIFACT_INIT;
static mlops_column a_mlops_column = MLOPS_COLUMN_INIT;
static mlops_cell a_mlops_cell = MLOPS_CELL_INIT;
static mlops_console_options a_mlops_console_options = MLOPS_CONSOLE_OPTIONS_INIT;
static mlops_report_options a_mlops_report_options = MLOPS_REPORT_OPTIONS_INIT;
static mlops_file a_mlops_file = {{"a", 1}, {"b", 1}};
static mlops_str a_mlops_str = {"fuzz", 4};
static mlops_tag a_mlops_tag = {{"k", 1}, {"v", 1}};
static void listen(void *user_data, mlops_str alert) {
  (void)user_data;
  (void)alert;
}
static mlops_alert_listener a_mlops_alert_listener = {listen, NULL};
static void see(void *user_data, int64_t version, int64_t changes) {
  (void)user_data;
  (void)version;
  (void)changes;
}
static mlops_watch_listener a_mlops_watch_listener = {see, NULL};
static int32_t judge(void *user_data, const uint32_t *rows, size_t count, double *candidate, double *baseline) {
  (void)user_data;
  (void)rows;
  (void)count;
  (void)candidate;
  (void)baseline;
  return 0;
}
static mlops_gate_function a_mlops_gate_function = {judge, NULL};
static mlops_param a_mlops_param = {{"k", 1}, {"v", 1}, 0, 0.0, MLOPS_PARAM_TEXT, 0};

static int untouched(void) {
  return (char *)a_mlops_store_pointer == &somewhere && (char *)a_mlops_run_pointer == &somewhere &&
         (const char *)a_mlops_run_data_pointer == &somewhere && (char *)an_mlops_run_data_pointer == &somewhere &&
         (char *)a_mlops_runs_pointer == &somewhere && (char *)a_mlops_series_pointer == &somewhere &&
         (const char *)a_mlops_experiment_pointer == &somewhere &&
         (char *)an_mlops_experiment_pointer == &somewhere && (char *)a_mlops_experiments_pointer == &somewhere &&
         (char *)a_mlops_artifacts_pointer == &somewhere &&
         (char *)a_mlops_alert_subscription_pointer == &somewhere && a_mlops_buf.data == NULL &&
         a_mlops_points.values == NULL && a_mlops_run_info.run_id.ptr == NULL && a_mlops_artifact.path.ptr == NULL &&
         a_mlops_experiment_info.name.ptr == NULL && a_mlops_metric_summary.key.ptr == NULL &&
         (char *)a_mlops_sweep_pointer == &somewhere && (char *)a_mlops_trial_pointer == &somewhere && a_int32_t == 77 &&
         (char *)a_mlops_table_pointer == &somewhere && (char *)a_mlops_console_pointer == &somewhere &&
         (char *)a_mlops_watch_pointer == &somewhere && (char *)a_mlops_watch_subscription_pointer == &somewhere &&
         (char *)a_mlops_gate_definition_pointer == &somewhere && (char *)a_mlops_gate_inputs_pointer == &somewhere &&
         (char *)a_mlops_gate_report_pointer == &somewhere && a_mlops_gate_report_info.gate.ptr == NULL &&
         a_mlops_gate_check.name.ptr == NULL && a_mlops_gate_warning.code.ptr == NULL && a_uint64_t == 77 &&
         a_double == 77.0 && a_mlops_stats_t_result.df == 0.0 && a_mlops_stats_f_result.f == 0.0 &&
         a_mlops_stats_tost_result.p_value == 0.0 && a_mlops_stats_wilcoxon_result.p_value == 0.0 &&
         a_mlops_stats_diebold_mariano_result.p_value == 0.0 && a_mlops_stats_mcnemar_result.p_value == 0.0 &&
         a_mlops_stats_delong_result.positives == 0 && a_mlops_stats_interval.upper == 0.0 &&
         a_int64_t == 77 && a_size_t == 77 && a_mlops_column.name.ptr == NULL && a_mlops_cell.time == MLOPS_TIME_NONE &&
         a_ArrowArray.release == NULL && a_ArrowSchema.release == NULL && a_ArrowArrayStream.release == NULL;
}

int main(void) {
  mlops_error *error = NULL;
  const mlops_str null_str = {NULL, 3};
  const mlops_str broken_str = {"\xc3\x28", 2};
  const mlops_bytes null_bytes = {NULL, 3};
  const mlops_bytes some_bytes = {"abc", 3};
  mlops_store *store = open_store("memory:");
  mlops_run *run = start_run(store, "fuzz");
  mlops_run_data *run_data = NULL;
  mlops_runs *runs = NULL;
  mlops_series *series = NULL;
  mlops_experiment *experiment = NULL;
  mlops_experiments *experiments = NULL;
  mlops_artifacts *artifacts = NULL;
  mlops_sweep *sweep = NULL;
  mlops_trial *trial = NULL;
  mlops_table *table = NULL;
  mlops_console *console = NULL;
  mlops_watch *watch = NULL;
  mlops_gate_definition *gate_definition = NULL;
  mlops_gate_inputs *gate_inputs = NULL;
  mlops_gate_report *gate_report = NULL;
  const mlops_console_options quiet = {sizeof quiet, 0, 0, 0};
  OK(mlops_run_log_param(run, MLOPS_STR("k"), MLOPS_STR("v"), &error));
  OK(mlops_run_log_metric(run, MLOPS_STR("m"), 1.0, 0, 0, &error));
  OK(mlops_run_log_artifact_bytes(run, MLOPS_STR("a"), some_bytes, &error));
  OK(mlops_run_get(store, MLOPS_STR("fuzz"), &run_data, &error));
  OK(mlops_run_search(store, &a_mlops_run_query, &runs, &error));
  OK(mlops_metric_history(store, MLOPS_STR("fuzz"), MLOPS_STR("m"), &series, &error));
  OK(mlops_experiment_create(store, MLOPS_STR("fuzz"), &a_mlops_tag, 1, &experiment, &error));
  OK(mlops_experiment_list(store, &a_mlops_page_options, &experiments, &error));
  OK(mlops_artifact_list(store, MLOPS_STR("fuzz"), MLOPS_STR_EMPTY, &artifacts, &error));
  OK(mlops_sweep_ensure(store, MLOPS_STR("{\"metric\": \"m\", \"max_trials\": 9}"), &sweep, &error));
  OK(mlops_sweep_take(sweep, &trial, &error));
  OK(mlops_run_search_table(store, &a_mlops_run_query, NULL, 0, &table, &error));
  OK(mlops_watch_open(store, MLOPS_STR("fuzz"), MLOPS_STR_EMPTY, MLOPS_STR_EMPTY, &watch, &error));
  OK(mlops_run_capture_console(store, MLOPS_STR("fuzz"), &quiet, &console, &error));
  OK(mlops_gate_definition_from_toml(MLOPS_STR("name = \"g\"\n[primary]\nmetric = \"accuracy\"\n"), &gate_definition, &error));
  OK(mlops_gate_inputs_create(&gate_inputs, &error));
  OK(mlops_gate_evaluate(gate_definition, gate_inputs, &a_mlops_gate_evaluate_options, &gate_report, &error));

"#;

const END: &str = r#"
  mlops_gate_report_free(gate_report);
  mlops_gate_inputs_free(gate_inputs);
  mlops_gate_definition_free(gate_definition);
  mlops_console_free(console);
  mlops_watch_free(watch);
  mlops_table_free(table);
  mlops_trial_free(trial);
  mlops_sweep_free(sweep);
  mlops_artifacts_free(artifacts);
  mlops_experiments_free(experiments);
  mlops_experiment_free(experiment);
  mlops_series_free(series);
  mlops_runs_free(runs);
  mlops_run_data_free(run_data);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  mlops_store_free(store);
  puts("nulls: ok");
  return 0;
}
"#;
