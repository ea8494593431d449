/* Many runs in a loop, lists page by page, and a million points. Arguments: an empty folder, how many runs. */

#include "check.h"

#include <unistd.h>

/* The memory that the process has in use, in kB. */
static long memory(void) {
  long pages = 0;
  FILE *stream = fopen("/proc/self/statm", "r");
  if (stream == NULL) return 0; /* not Linux */
  CHECK(fscanf(stream, "%*d %ld", &pages) == 1);
  fclose(stream);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void log_run(const mlops_store *store, int number) {
  mlops_run *run = NULL;
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  options.experiment_name = MLOPS_STR("many");
  OK(mlops_run_start(store, &options, &run, &error));
  OK(mlops_run_log_param_int(run, MLOPS_STR("number"), number, &error));
  OK(mlops_run_log_metric(run, MLOPS_STR("loss"), number, 0, MLOPS_TIME_NONE, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
}

static size_t page_through_runs(const mlops_store *store, size_t page) {
  const mlops_str order = MLOPS_STR("metrics.loss ASC");
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *runs = NULL;
  size_t seen = 0;
  query.order_by = &order;
  query.order_by_count = 1;
  query.max_results = page;
  do {
    mlops_runs *next = NULL;
    OK(mlops_run_search(store, &query, &next, &error));
    mlops_runs_free(runs); /* it held the token */
    runs = next;
    for (size_t i = 0; i < mlops_runs_count(runs); i++, seen++) {
      const mlops_run_data *data = NULL;
      mlops_metric_summary summary = MLOPS_METRIC_SUMMARY_INIT;
      OK(mlops_runs_at(runs, i, &data, &error));
      OK(mlops_run_data_metric(data, 0, &summary, &error));
      CHECK(summary.last == (double)seen); /* each once, in order */
    }
    query.page_token = mlops_runs_next_page_token(runs);
  } while (query.page_token.len > 0);
  mlops_runs_free(runs);
  return seen;
}

static size_t page_through_experiments(const mlops_store *store) {
  mlops_page_options options = MLOPS_PAGE_OPTIONS_INIT;
  mlops_experiments *experiments = NULL;
  size_t seen = 0;
  options.max_results = 7;
  do {
    mlops_experiments *next = NULL;
    OK(mlops_experiment_list(store, &options, &next, &error));
    mlops_experiments_free(experiments);
    experiments = next;
    seen += mlops_experiments_count(experiments);
    options.page_token = mlops_experiments_next_page_token(experiments);
  } while (options.page_token.len > 0);
  mlops_experiments_free(experiments);
  return seen;
}

static void a_million_points(const mlops_store *store) {
  enum { POINTS = 1000000 };
  double *values = malloc(POINTS * sizeof *values);
  CHECK(values != NULL);
  for (int i = 0; i < POINTS; i++) values[i] = i * 0.5;
  mlops_run *run = start_run(store, "million");
  const mlops_points logged = mlops_points_of(values, POINTS);
  OK(mlops_run_log_series(run, MLOPS_STR("curve"), &logged, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_series *series = NULL;
  mlops_points read = MLOPS_POINTS_INIT;
  OK(mlops_metric_history(store, mlops_run_id(run), MLOPS_STR("curve"), &series, &error));
  OK(mlops_series_points(series, &read, &error));
  CHECK(read.count == POINTS && memcmp(read.values, values, POINTS * sizeof *values) == 0);
  CHECK(read.steps[0] == 0 && read.steps[POINTS - 1] == POINTS - 1);
  mlops_series_free(series);
  mlops_run_free(run);
  free(values);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  const int count = atoi(argv[2]);
  mlops_store *store = open_store(argv[1]);
  int i = 0;
  for (; i < count / 5; i++) log_run(store, i);
  const long before = memory();
  for (; i < count; i++) log_run(store, i);
  /* The index's cache may fill (64 MiB at most); what a run leaves behind may not add up. */
  const long grown = memory() - before;
  if (grown > 48 * 1024) {
    fprintf(stderr, "%d runs more take %ld kB\n", count - count / 5, grown);
    return 1;
  }

  CHECK(page_through_runs(store, (size_t)count / 5 + 7) == (size_t)count);
  for (i = 0; i < 40; i++) {
    char name[32];
    mlops_experiment *made = NULL;
    snprintf(name, sizeof name, "experiment %d", i);
    OK(mlops_experiment_create(store, mlops_cstr(name), NULL, 0, &made, &error));
    mlops_experiment_free(made);
  }
  CHECK(page_through_experiments(store) == 42);
  a_million_points(store);
  OK(mlops_store_close(store, &error));
  mlops_store_free(store);
  puts("many: ok");
  return 0;
}
