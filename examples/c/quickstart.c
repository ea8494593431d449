/* Tracks a training loop from C: open a store, log a run, find it again and read its curve back.
 *
 *   cc quickstart.c $(pkg-config --cflags --libs mlops) -lm -o quickstart && ./quickstart
 *
 * The first argument is the store: a path, or nothing for the nearest `.mlops/`. */

#include <math.h>
#include <mlops.h>
#include <stdio.h>
#include <stdlib.h>

enum { STEPS = 100 };

/* Ends the program with the library's message if a call failed. */
static void check(mlops_status status, mlops_error **error) {
  if (status != MLOPS_OK) {
    fprintf(stderr, "%s: %s\n", mlops_status_name(status), mlops_error_message(*error));
    mlops_error_free(*error);
    exit(1);
  }
}

static void train(const mlops_store *store, double learning_rate) {
  mlops_error *error = NULL;
  mlops_run *run = NULL;
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  options.experiment_name = MLOPS_STR("quickstart-c");
  options.description = MLOPS_STR("gradient descent on a parabola");
  check(mlops_run_start(store, &options, &run, &error), &error);

  const mlops_param params[] = {
      mlops_param_double(MLOPS_STR("learning_rate"), learning_rate),
      mlops_param_int(MLOPS_STR("steps"), STEPS),
      mlops_param_text(MLOPS_STR("optimizer"), MLOPS_STR("gradient descent")),
  };
  check(mlops_run_log_params(run, params, sizeof params / sizeof *params, &error), &error);

  double weight = 5.0;
  double losses[STEPS];
  for (size_t step = 0; step < STEPS; step++) {
    losses[step] = weight * weight;
    weight -= learning_rate * 2.0 * weight;
  }
  const mlops_points points = mlops_points_of(losses, STEPS);
  check(mlops_run_log_series(run, MLOPS_STR("loss"), &points, &error), &error);
  check(mlops_run_log_metric(run, MLOPS_STR("final_weight"), weight, STEPS, MLOPS_TIME_NONE, &error), &error);

  const mlops_bytes model = {&weight, sizeof weight};
  check(mlops_run_log_artifact_bytes(run, MLOPS_STR("model/weight.bin"), model, &error), &error);
  check(mlops_run_end(run, MLOPS_RUN_FINISHED, &error), &error);
  mlops_run_free(run);
}

static void show_best(const mlops_store *store) {
  mlops_error *error = NULL;
  mlops_runs *runs = NULL;
  const mlops_str order = MLOPS_STR("metrics.loss ASC");
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  query.filter = MLOPS_STR("metrics.loss < 10");
  query.order_by = &order;
  query.order_by_count = 1;
  check(mlops_run_search(store, &query, &runs, &error), &error);

  printf("runs with a final loss below 10, best first:\n");
  mlops_run_info best = MLOPS_RUN_INFO_INIT;
  for (size_t i = 0; i < mlops_runs_count(runs); i++) {
    const mlops_run_data *data = NULL;
    mlops_run_info info = MLOPS_RUN_INFO_INIT;
    mlops_param rate;
    check(mlops_runs_at(runs, i, &data, &error), &error);
    check(mlops_run_data_info(data, &info, &error), &error);
    check(mlops_run_data_param(data, 0, &rate, &error), &error);
    printf("  %s = %s\n", rate.key.ptr, rate.text.ptr);
    if (i == 0) best = info;
  }

  mlops_series *series = NULL;
  mlops_points points = MLOPS_POINTS_INIT;
  check(mlops_metric_history(store, best.run_id, MLOPS_STR("loss"), &series, &error), &error);
  check(mlops_series_points(series, &points, &error), &error);
  printf("loss of the best: %zu points, from %g at step %lld to %.3g at step %lld\n", points.count, points.values[0],
         (long long)points.steps[0], points.values[points.count - 1], (long long)points.steps[points.count - 1]);
  mlops_series_free(series);

  mlops_buf bytes = MLOPS_BUF_INIT;
  double weight = NAN;
  check(mlops_artifact_read(store, best.run_id, MLOPS_STR("model/weight.bin"), &bytes, &error), &error);
  if (bytes.len == sizeof weight) memcpy(&weight, bytes.data, sizeof weight);
  mlops_buf_free(&bytes);
  printf("weight of the best: %.3g\n", weight);
  mlops_runs_free(runs);
}

int main(int argc, char **argv) {
  mlops_error *error = NULL;
  mlops_store *store = NULL;
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  options.uri = mlops_cstr(argc > 1 ? argv[1] : NULL);
  check(mlops_store_open(&options, &store, &error), &error);

  train(store, 0.001);
  train(store, 0.01);
  train(store, 0.1);
  show_best(store);

  check(mlops_store_close(store, &error), &error);
  mlops_store_free(store);
  return 0;
}
