/* Forks, rewinds, contexts, definitions, typed series, notes and alerts. */

#include "check.h"

static int told;

static void listen(void *user_data, mlops_str alert) {
  if (strstr(alert.ptr, "\"title\":\"loss is NaN\"") != NULL && strlen(alert.ptr) == alert.len) *(int *)user_data += 1;
}

int main(void) {
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  const mlops_tag context[] = {{MLOPS_STR("subset"), MLOPS_STR("train")}};
  const char histogram[] = "{\"edges\": [0, 1, 2], \"counts\": [3, 4]}";
  const mlops_bytes bytes = {histogram, sizeof histogram - 1};
  const mlops_alert_listener listener = {listen, &told};
  mlops_store *store = open_store("memory:");
  mlops_run *run = start_run(store, "parent"), *fork = NULL;
  mlops_run_data *data = NULL;
  mlops_series *series = NULL;
  mlops_points columns;
  mlops_buf key = MLOPS_BUF_INIT, buf = MLOPS_BUF_INIT;
  mlops_alert_subscription *subscription = NULL;

  OK(mlops_series_key(MLOPS_STR("loss"), context, 1, &key, &error));
  CHECK(strcmp(key.data, "loss{subset=\"train\"}") == 0);
  const mlops_str loss = {key.data, key.len};
  for (int step = 0; step < 10; step++) OK(mlops_run_log_metric(run, loss, 10.0 - step, step, MLOPS_TIME_NONE, &error));
  OK(mlops_run_define_metric(run, MLOPS_STR("loss"), MLOPS_STR("{\"summary\": [\"best\"], \"goal\": \"maximize\"}"), &error));
  CHECK(mlops_run_define_metric(run, MLOPS_STR("loss"), MLOPS_STR("{\"summary\": [\"median\"]}"), NULL) == MLOPS_INVALID_ARGUMENT);
  OK(mlops_run_summary_json(store, MLOPS_STR("parent"), &buf, &error));
  CHECK(strcmp(buf.data, "{\"loss{subset=\\\"train\\\"}\":{\"best\":10.0}}") == 0);
  mlops_buf_free(&buf);
  OK(mlops_run_log_media(run, MLOPS_STR("weights"), MLOPS_MEDIA_HISTOGRAM, bytes, 8, &buf, &error));
  mlops_buf_free(&buf);
  CHECK(mlops_run_log_media(run, MLOPS_STR("weights"), MLOPS_MEDIA_IMAGE, bytes, 8, &buf, NULL) == MLOPS_INVALID_ARGUMENT);
  OK(mlops_run_media_json(store, MLOPS_STR("parent"), &buf, &error));
  CHECK(strstr(buf.data, "\"kind\":\"histogram\"") != NULL);
  mlops_buf_free(&buf);
  OK(mlops_run_set_note(run, MLOPS_STR("a note"), &error));

  OK(mlops_on_alert(&listener, &subscription, &error));
  OK(mlops_run_alert(run, MLOPS_STR("loss is NaN"), MLOPS_STR("at 5"), MLOPS_ALERT_WARN, 60000000, &error));
  OK(mlops_run_alert(run, MLOPS_STR("loss is NaN"), MLOPS_STR("at 6"), MLOPS_ALERT_WARN, 60000000, &error));
  mlops_alert_subscription_free(subscription);
  OK(mlops_run_alert(run, MLOPS_STR("loss is NaN"), MLOPS_STR("at 7"), MLOPS_ALERT_ERROR, 0, &error));
  CHECK(told == 1);
  CHECK(mlops_run_alert(run, MLOPS_STR("t"), MLOPS_STR_EMPTY, 9, 0, NULL) == MLOPS_INVALID_ARGUMENT);
  OK(mlops_run_alerts_json(store, MLOPS_STR("parent"), &buf, &error));
  CHECK(strstr(buf.data, "\"at 7\"") != NULL && strstr(buf.data, "\"at 6\"") == NULL);
  mlops_buf_free(&buf);

  OK(mlops_run_fork(store, MLOPS_STR("parent"), 4, &options, &fork, &error));
  OK(mlops_metric_history(store, mlops_run_id(fork), loss, &series, &error));
  OK(mlops_series_points(series, &columns, &error));
  CHECK(columns.count == 5);
  mlops_series_free(series);
  OK(mlops_run_end(fork, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(fork);
  OK(mlops_run_fork(store, MLOPS_STR("parent"), MLOPS_STEP_ALL, &options, &fork, &error));
  OK(mlops_run_end(fork, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(fork);
  CHECK(mlops_run_fork(store, MLOPS_STR("none"), 4, &options, &fork, NULL) == MLOPS_NOT_FOUND);

  OK(mlops_run_rewind(store, MLOPS_STR("parent"), 2, &error));
  OK(mlops_run_get(store, MLOPS_STR("parent"), &data, &error));
  CHECK(mlops_run_data_metrics_count(data) == 1);
  mlops_run_data_free(data);
  OK(mlops_metric_history(store, MLOPS_STR("parent"), loss, &series, &error));
  OK(mlops_series_points(series, &columns, &error));
  CHECK(columns.count == 3);
  mlops_series_free(series);

  mlops_buf_free(&key);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  mlops_store_free(store);
  puts("series: ok");
  return 0;
}
