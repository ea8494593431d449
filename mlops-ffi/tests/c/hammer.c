/* Eight threads on one store handle and one shared run, while others read. */

#include "check.h"

#include <pthread.h>

enum { THREADS = 8, POINTS = 200 };

struct job {
  const mlops_store *store;
  const mlops_run *shared;
  int number;
};

static void *work(void *argument) {
  const struct job *job = argument;
  char name[64];
  mlops_run *own = NULL;
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  snprintf(name, sizeof name, "thread-%d", job->number);
  options.run_id = mlops_cstr(name);
  OK(mlops_run_start(job->store, &options, &own, &error));
  for (int i = 0; i < POINTS; i++) {
    OK(mlops_run_log_metric(job->shared, MLOPS_STR("shared"), i, i, MLOPS_TIME_NONE, &error));
    OK(mlops_run_log_metric(own, MLOPS_STR("own"), i, i, MLOPS_TIME_NONE, &error));
    OK(mlops_run_set_tag(job->shared, MLOPS_STR("last"), mlops_cstr(name), &error));
    /* an error of one thread is not seen by the others */
    FAILS(MLOPS_INVALID_ARGUMENT, "metric", mlops_run_log_metric(own, MLOPS_STR_EMPTY, i, i, MLOPS_TIME_NONE, &error));
    if (i % 20 == 0) {
      mlops_run_query query = MLOPS_RUN_QUERY_INIT;
      mlops_runs *runs = NULL;
      OK(mlops_run_search(job->store, &query, &runs, &error));
      CHECK(mlops_runs_count(runs) >= 1);
      mlops_runs_free(runs);
    }
  }
  const mlops_bytes bytes = {name, strlen(name)};
  OK(mlops_run_log_artifact_bytes(job->shared, mlops_cstr(name), bytes, &error));
  OK(mlops_run_end(own, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(own);
  return NULL;
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  mlops_store *store = open_store(argv[1]);
  mlops_run *shared = start_run(store, "shared");
  struct job jobs[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (struct job){store, shared, i};
    CHECK(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  OK(mlops_run_end(shared, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(shared);

  mlops_series *series = NULL;
  mlops_points points = MLOPS_POINTS_INIT;
  OK(mlops_metric_history(store, MLOPS_STR("shared"), MLOPS_STR("shared"), &series, &error));
  OK(mlops_series_points(series, &points, &error));
  CHECK(points.count == (size_t)THREADS * POINTS);
  mlops_series_free(series);
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *runs = NULL;
  query.filter = MLOPS_STR("attributes.status = 'FINISHED'");
  OK(mlops_run_search(store, &query, &runs, &error));
  CHECK(mlops_runs_count(runs) == THREADS + 1);
  mlops_runs_free(runs);
  mlops_artifacts *artifacts = NULL;
  OK(mlops_artifact_list(store, MLOPS_STR("shared"), MLOPS_STR_EMPTY, &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == THREADS);
  mlops_artifacts_free(artifacts);
  OK(mlops_store_close(store, &error));
  mlops_store_free(store);
  puts("hammer: ok");
  return 0;
}
