/* Structs that grow: callers who know fewer fields, and callers who know more. Argument: an empty folder. */

#include "check.h"

#include <stddef.h>

/* A later version's options: one field more. */
struct later_options {
  mlops_run_options known;
  uint64_t priority;
};

struct later_info {
  mlops_run_info known;
  uint64_t priority;
};

static void as_input(const mlops_store *store) {
  mlops_run *run = NULL;
  struct later_options later = {MLOPS_RUN_OPTIONS_INIT, 0};
  later.known.struct_size = sizeof later;
  OK(mlops_run_start(store, &later.known, &run, &error)); /* zero: as if it was not there */
  mlops_run_free(run);
  run = NULL;
  later.priority = 1;
  FAILS(MLOPS_UNSUPPORTED, "install a newer libmlops", mlops_run_start(store, &later.known, &run, &error));

  /* an earlier version's options: what is behind run_id is not read */
  mlops_run_options earlier = MLOPS_RUN_OPTIONS_INIT;
  earlier.struct_size = offsetof(mlops_run_options, experiment_id);
  earlier.run_id = MLOPS_STR("earlier");
  earlier.experiment_id = (mlops_str){NULL, 77};
  earlier.tags_count = 99;
  OK(mlops_run_start(store, &earlier, &run, &error));
  CHECK(is(mlops_run_id(run), "earlier"));
  mlops_run_free(run);
  run = NULL;

  const uint32_t never[] = {0, 4, 1 << 20, UINT32_MAX};
  for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
    mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
    options.struct_size = never[i];
    FAILS(MLOPS_INVALID_ARGUMENT, "INIT", mlops_run_start(store, &options, &run, &error));
  }
  CHECK(run == NULL);
}

static void as_output(const mlops_store *store) {
  mlops_run_data *data = NULL;
  OK(mlops_run_get(store, MLOPS_STR("earlier"), &data, &error));
  struct later_info later = {MLOPS_RUN_INFO_INIT, 5};
  later.known.struct_size = sizeof later;
  OK(mlops_run_data_info(data, &later.known, &error));
  CHECK(is(later.known.run_id, "earlier") && later.priority == 0 && later.known.struct_size == sizeof later);

  mlops_run_info earlier = MLOPS_RUN_INFO_INIT;
  earlier.struct_size = offsetof(mlops_run_info, experiment_id);
  earlier.started_at = 42;
  OK(mlops_run_data_info(data, &earlier, &error));
  CHECK(is(earlier.run_id, "earlier") && earlier.started_at == 42 && earlier.experiment_id.ptr == NULL);
  earlier.struct_size = 0;
  FAILS(MLOPS_INVALID_ARGUMENT, "INIT", mlops_run_data_info(data, &earlier, &error));
  mlops_run_data_free(data);
}

/* What must be 0 gets a meaning later: a program that sets it is not for this version. */
static void reserved(const mlops_store *store) {
  mlops_run *run = NULL;
  mlops_store *other = NULL;
  mlops_open_options open = MLOPS_OPEN_OPTIONS_INIT;
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_batch batch = MLOPS_BATCH_INIT;
  mlops_param param = mlops_param_int(MLOPS_STR("k"), 1);
  mlops_gc_options gc = MLOPS_GC_OPTIONS_INIT;
  mlops_buf report = MLOPS_BUF_INIT;
  open.uri = MLOPS_STR("memory:");
  gc.reserved = 1;
  open.reserved = -1;
  options.reserved = 1;
  batch.reserved = 1;
  param.reserved = 1;
  FAILS(MLOPS_UNSUPPORTED, "options", mlops_store_open(&open, &other, &error));
  FAILS(MLOPS_UNSUPPORTED, "options", mlops_store_gc(store, &gc, &report, &error));
  FAILS(MLOPS_UNSUPPORTED, "options", mlops_run_start(store, &options, &run, &error));
  OK(mlops_run_open(store, MLOPS_STR("earlier"), &run, &error));
  FAILS(MLOPS_UNSUPPORTED, "batch", mlops_run_log_batch(run, &batch, &error));
  FAILS(MLOPS_UNSUPPORTED, "param", mlops_run_log_params(run, &param, 1, &error));
  mlops_run_free(run);
}

/* The levels are numbers of their own: another is a mistake, and an older caller's struct ends before them. */
static void durability(const char *uri) {
  mlops_store *store = NULL;
  mlops_run *run = NULL;
  mlops_open_options open = MLOPS_OPEN_OPTIONS_INIT;
  mlops_batch batch = MLOPS_BATCH_INIT;
  const mlops_metric point = {MLOPS_STR("loss"), 1.0, 0, MLOPS_TIME_NONE};
  open.uri = mlops_cstr(uri);
  open.durability = 3;
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_DURABILITY_FULL", mlops_store_open(&open, &store, &error));
  open.durability = MLOPS_DURABILITY_FULL;
  OK(mlops_store_open(&open, &store, &error));
  run = start_run(store, "full");
  batch.metrics = &point;
  batch.metrics_count = 1;
  for (batch.durability = MLOPS_DURABILITY_DEFAULT; batch.durability <= MLOPS_DURABILITY_FULL; batch.durability++)
    OK(mlops_run_log_batch(run, &batch, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "batch.durability", mlops_run_log_batch(run, &batch, &error));
  batch.struct_size = offsetof(mlops_batch, durability);
  OK(mlops_run_log_batch(run, &batch, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  mlops_store_free(store);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  mlops_store *store = open_store(argv[1]);
  durability(argv[1]);
  as_input(store);
  as_output(store);
  reserved(store);
  mlops_store_free(store);
  puts("sizes: ok");
  return 0;
}
