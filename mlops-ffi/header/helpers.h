/* Helpers of this header; the library does not have them. */

#ifdef __cplusplus
extern "C" {
#endif

/* The text of a string literal. */
#ifdef __cplusplus
#define MLOPS_STR(literal) (mlops_str{("" literal), sizeof(literal) - 1})
#else
#define MLOPS_STR(literal) ((mlops_str){("" literal), sizeof(literal) - 1})
#endif

/* No text: for arguments that are not given. */
#define MLOPS_STR_EMPTY MLOPS_STR("")

/* The text up to its NUL; NULL is the empty text. */
static inline mlops_str mlops_cstr(const char *text) {
  mlops_str str;
  str.ptr = text;
  str.len = text == NULL ? 0 : strlen(text);
  return str;
}

/* A param that is text. */
static inline mlops_param mlops_param_text(mlops_str key, mlops_str value) {
  mlops_param param = {key, value, 0, 0.0, MLOPS_PARAM_TEXT, 0};
  return param;
}

/* A param that is an integer. */
static inline mlops_param mlops_param_int(mlops_str key, int64_t value) {
  mlops_param param = {key, {NULL, 0}, value, 0.0, MLOPS_PARAM_INT, 0};
  return param;
}

/* A param that is a floating point number. */
static inline mlops_param mlops_param_double(mlops_str key, double value) {
  mlops_param param = {key, {NULL, 0}, 0, value, MLOPS_PARAM_FLOAT, 0};
  return param;
}

/* A param that is true (not 0) or false. */
static inline mlops_param mlops_param_bool(mlops_str key, int32_t value) {
  mlops_param param = {key, {NULL, 0}, value != 0, 0.0, MLOPS_PARAM_BOOL, 0};
  return param;
}

/* Points with these values: steps count up from 0, the time is now. */
static inline mlops_points mlops_points_of(const double *values, size_t count) {
  mlops_points points = {NULL, NULL, values, count};
  return points;
}

/* Columns of a gate. */
static inline mlops_gate_column mlops_gate_numbers(const double *values, size_t count) {
  mlops_gate_column column = {sizeof(mlops_gate_column), MLOPS_GATE_NUMBERS, values, NULL, NULL, count};
  return column;
}

static inline mlops_gate_column mlops_gate_integers(const int64_t *values, size_t count) {
  mlops_gate_column column = {sizeof(mlops_gate_column), MLOPS_GATE_INTEGERS, NULL, values, NULL, count};
  return column;
}

static inline mlops_gate_column mlops_gate_texts(const mlops_str *values, size_t count) {
  mlops_gate_column column = {sizeof(mlops_gate_column), MLOPS_GATE_TEXTS, NULL, NULL, values, count};
  return column;
}

/* Initialisers: each sets the size of its struct and the defaults. */
#define MLOPS_BUF_INIT {NULL, 0, 0}
#define MLOPS_POINTS_INIT {NULL, NULL, NULL, 0}
#define MLOPS_OPEN_OPTIONS_INIT {sizeof(mlops_open_options), 0, 0, 0, {NULL, 0}, 0, 0, MLOPS_DURABILITY_DEFAULT}
#define MLOPS_GC_OPTIONS_INIT {sizeof(mlops_gc_options), 1, 0, 0, 600000000}
#define MLOPS_SYNC_OPTIONS_INIT                                                                                        \
  {sizeof(mlops_sync_options), 0, MLOPS_ON_CONFLICT_SKIP, 0, 0, 0, NULL, 0, NULL, 0, {NULL, 0}, MLOPS_TIME_NONE}
#define MLOPS_PAGE_OPTIONS_INIT {sizeof(mlops_page_options), MLOPS_VIEW_ACTIVE, 0, {NULL, 0}}
#define MLOPS_EXPERIMENT_QUERY_INIT                                                                                    \
  {sizeof(mlops_experiment_query), MLOPS_VIEW_ACTIVE, {NULL, 0}, NULL, 0, 0, {NULL, 0}}
#define MLOPS_EXPERIMENT_INFO_INIT {sizeof(mlops_experiment_info), 0, {NULL, 0}, {NULL, 0}, 0, 0}
#define MLOPS_SYSTEM_METRICS_OPTIONS_INIT {sizeof(mlops_system_metrics_options), 1, 10000000, {NULL, 0}}
#define MLOPS_RUN_OPTIONS_INIT                                                                                         \
  {sizeof(mlops_run_options), 0,         {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0},      {NULL, 0},                    \
   {NULL, 0},                 {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL,      0,              MLOPS_TIME_NONE}
#define MLOPS_DATASET_INPUT_INIT                                                                                       \
  {sizeof(mlops_dataset_input), 0,         {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0},                       \
   {NULL, 0},                   {NULL, 0}, NULL,      0,         MLOPS_DURABILITY_DEFAULT}
#define MLOPS_MODEL_INIT {sizeof(mlops_model), 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL, 0}
#define MLOPS_BATCH_INIT {sizeof(mlops_batch), 0, NULL, 0, NULL, 0, NULL, 0, MLOPS_DURABILITY_DEFAULT}
#define MLOPS_RUN_INFO_INIT                                                                                            \
  {sizeof(mlops_run_info), 0, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0, 0}
#define MLOPS_METRIC_SUMMARY_INIT {sizeof(mlops_metric_summary), 0, {NULL, 0}, 0.0, 0, 0, 0.0, 0.0, 0}
#define MLOPS_COLUMN_INIT {sizeof(mlops_column), MLOPS_COLUMN_TEXT, {NULL, 0}}
#define MLOPS_CELL_INIT {sizeof(mlops_cell), MLOPS_COLUMN_TEXT, 1, 0, {NULL, 0}, 0.0, MLOPS_TIME_NONE}
#define MLOPS_CONSOLE_OPTIONS_INIT {sizeof(mlops_console_options), 1, 3000000, 4194304}
#define MLOPS_REPORT_OPTIONS_INIT {sizeof(mlops_report_options), 0, {NULL, 0}, 4194304, 25165824, 4000}
#define MLOPS_RUN_QUERY_INIT                                                                                           \
  {sizeof(mlops_run_query), MLOPS_VIEW_ACTIVE, NULL, 0, {NULL, 0}, NULL, 0, 0, {NULL, 0}}
#define MLOPS_MODEL_QUERY_INIT {sizeof(mlops_model_query), 0, {NULL, 0}, NULL, 0, 0, {NULL, 0}}
#define MLOPS_VERSION_OPTIONS_INIT                                                                                     \
  {sizeof(mlops_version_options), 1, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL, 0}
#define MLOPS_PROMOTE_OPTIONS_INIT {sizeof(mlops_promote_options), 0, 0, 0, {NULL, 0}, {NULL, 0}, MLOPS_GENERATION_ANY}
#define MLOPS_GATE_INIT                                                                                                \
  {sizeof(mlops_gate), 0, {NULL, 0}, {NULL, 0}, MLOPS_VERSION_NONE, NULL, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}}
#define MLOPS_GATE_COLUMN_INIT {sizeof(mlops_gate_column), MLOPS_GATE_NUMBERS, NULL, NULL, NULL, 0}
#define MLOPS_GATE_COSTS_INIT                                                                                          \
  {sizeof(mlops_gate_costs), 0, NULL, 0, MLOPS_GATE_COST_UNKNOWN, MLOPS_GATE_COST_UNKNOWN, MLOPS_GATE_COST_UNKNOWN}
#define MLOPS_GATE_EVALUATE_OPTIONS_INIT {sizeof(mlops_gate_evaluate_options), 0, {NULL, 0}, {NULL, 0}, 0}
#define MLOPS_GATE_RUN_OPTIONS_INIT {sizeof(mlops_gate_run_options), 0, 0, 0, {NULL, 0}, {NULL, 0}}
#define MLOPS_GATE_REPORT_INFO_INIT                                                                                    \
  {sizeof(mlops_gate_report_info), MLOPS_VERDICT_ERROR, 7, 0, 0, 0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, 0,                   \
   {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}}
#define MLOPS_GATE_CHECK_INIT                                                                                          \
  {sizeof(mlops_gate_check), MLOPS_VERDICT_ERROR, 0, 0, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0.0, 0.0, 0.0,     \
   0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, MLOPS_GATE_COUNT_NONE, MLOPS_GATE_COUNT_NONE}
#define MLOPS_GATE_WARNING_INIT {sizeof(mlops_gate_warning), 0, {NULL, 0}, {NULL, 0}}
#define MLOPS_STATS_T_RESULT_INIT {sizeof(mlops_stats_t_result), 0, 0.0, 0.0, 0.0, 0.0, 0.0}
#define MLOPS_STATS_F_RESULT_INIT {sizeof(mlops_stats_f_result), 0, 0.0, 0.0}
#define MLOPS_STATS_TOST_RESULT_INIT {sizeof(mlops_stats_tost_result), 0, 0.0, 0.0, 0.0}
#define MLOPS_STATS_WILCOXON_RESULT_INIT {sizeof(mlops_stats_wilcoxon_result), 0, 0.0, 0.0}
#define MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT {sizeof(mlops_stats_diebold_mariano_result), 0, 0.0, 0.0}
#define MLOPS_STATS_MCNEMAR_RESULT_INIT {sizeof(mlops_stats_mcnemar_result), 0, 0.0, 0.0, 0.0, 0.0}
#define MLOPS_STATS_DELONG_RESULT_INIT {sizeof(mlops_stats_delong_result), 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0}
#define MLOPS_STATS_INTERVAL_INIT {sizeof(mlops_stats_interval), 0, 0.0, 0.0}
#define MLOPS_ARTIFACT_INIT {sizeof(mlops_artifact), 0, {NULL, 0}, {NULL, 0}, 0}

#ifdef __cplusplus
}
#endif
