/* The header twice in one unit, in two units of one program, and its numbers at compile time. */

#ifdef SECOND_UNIT
/* A host that has Arrow's structs already; their guards keep ours away. */
#include <stdint.h>
#define ARROW_C_DATA_INTERFACE
#define ARROW_C_STREAM_INTERFACE
struct ArrowSchema {
  const char *format;
};
struct ArrowArray {
  int64_t length;
};
struct ArrowArrayStream {
  void *private_data;
};
#endif

#include <mlops.h>
#include <mlops.h>

#ifndef __cplusplus
_Static_assert(MLOPS_VERSION_NUMBER == MLOPS_VERSION_MAJOR * 1000000 + MLOPS_VERSION_MINOR * 1000 + MLOPS_VERSION_PATCH,
               "the version's parts are its number");
_Static_assert(sizeof(MLOPS_VERSION) > 5, "the version has three parts");
#endif

#ifdef SECOND_UNIT
mlops_str second_unit(void) { return mlops_cstr("second"); }
#else
mlops_str second_unit(void);

int main(void) {
  mlops_open_options open = MLOPS_OPEN_OPTIONS_INIT;
  mlops_page_options page = MLOPS_PAGE_OPTIONS_INIT;
  mlops_experiment_query wanted = MLOPS_EXPERIMENT_QUERY_INIT;
  mlops_experiment_info experiment = MLOPS_EXPERIMENT_INFO_INIT;
  mlops_system_metrics_options system = MLOPS_SYSTEM_METRICS_OPTIONS_INIT;
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_batch batch = MLOPS_BATCH_INIT;
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  mlops_metric_summary metric = MLOPS_METRIC_SUMMARY_INIT;
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_artifact artifact = MLOPS_ARTIFACT_INIT;
  mlops_points points = MLOPS_POINTS_INIT;
  mlops_buf buf = MLOPS_BUF_INIT;
  int sizes = open.struct_size == sizeof open && page.struct_size == sizeof page &&
              experiment.struct_size == sizeof experiment && options.struct_size == sizeof options &&
              batch.struct_size == sizeof batch && info.struct_size == sizeof info &&
              metric.struct_size == sizeof metric && query.struct_size == sizeof query &&
              artifact.struct_size == sizeof artifact && wanted.struct_size == sizeof wanted &&
              system.struct_size == sizeof system && system.interval_us == 10000000;
  mlops_buf_free(&buf);
  if (strcmp(mlops_version(), MLOPS_VERSION) != 0 || mlops_abi_version() != MLOPS_ABI_VERSION) return 1;
  if (!sizes || options.started_at != MLOPS_TIME_NONE || options.tags != NULL || points.count != 0) return 2;
  return second_unit().len == MLOPS_STR("second").len && MLOPS_STR_EMPTY.len == 0 ? 0 : 3;
}
#endif
