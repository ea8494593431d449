/* The whole path: what is logged comes back. Argument: an empty folder. */

#include "check.h"

#include <math.h>

static void log_everything(const mlops_store *store, const char *folder) {
  const mlops_tag begin[] = {{MLOPS_STR("team"), MLOPS_STR("vision")}, {MLOPS_STR("gone"), MLOPS_STR("soon")}};
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_run *run = NULL;
  options.run_id = MLOPS_STR("first");
  options.run_name = MLOPS_STR("the first");
  options.experiment_name = MLOPS_STR("curves");
  options.user = MLOPS_STR("ada");
  options.tags = begin;
  options.tags_count = 2;
  options.started_at = 1700000000000000;
  OK(mlops_run_start(store, &options, &run, &error));
  CHECK(is(mlops_run_id(run), "first"));

  OK(mlops_run_log_param(run, MLOPS_STR("model"), MLOPS_STR("tree"), &error));
  OK(mlops_run_log_param_int(run, MLOPS_STR("depth"), INT64_MAX, &error));
  OK(mlops_run_log_param_double(run, MLOPS_STR("rate"), 1e-05, &error));
  OK(mlops_run_log_param_bool(run, MLOPS_STR("shuffle"), 1, &error));
  OK(mlops_run_log_param(run, MLOPS_STR("model"), MLOPS_STR("tree"), &error)); /* the same again is fine */
  const mlops_param more[] = {mlops_param_text(MLOPS_STR("empty"), MLOPS_STR("")),
                              mlops_param_double(MLOPS_STR("nan"), NAN)};
  OK(mlops_run_log_params(run, more, 2, &error));

  OK(mlops_run_log_metric(run, MLOPS_STR("loss"), 0.5, 0, 1700000000000001, &error));
  OK(mlops_run_log_metric(run, MLOPS_STR("loss"), INFINITY, 1, 1700000000000002, &error));
  OK(mlops_run_log_metric(run, MLOPS_STR("loss"), NAN, 2, 1700000000000003, &error));
  const int64_t steps[] = {-5, 7};
  const int64_t times[] = {1700000000000000, 1700000000000001};
  const double values[] = {-0.0, 1.0 / 3.0};
  const mlops_points points = {steps, times, values, 2};
  OK(mlops_run_log_series(run, MLOPS_STR("curve"), &points, &error));

  const mlops_metric metrics[] = {{MLOPS_STR("batched"), 2.0, 3, MLOPS_TIME_NONE}};
  const mlops_tag tags[] = {{MLOPS_STR("stage"), MLOPS_STR("done \xe2\x9c\x93")}};
  mlops_batch batch = MLOPS_BATCH_INIT;
  batch.metrics = metrics;
  batch.metrics_count = 1;
  batch.tags = tags;
  batch.tags_count = 1;
  OK(mlops_run_log_batch(run, &batch, &error));
  OK(mlops_run_set_tag(run, MLOPS_STR("team"), MLOPS_STR("speech"), &error));
  OK(mlops_run_delete_tag(run, MLOPS_STR("gone"), &error));
  FAILS(MLOPS_NOT_FOUND, "never there", mlops_run_delete_tag(run, MLOPS_STR("never there"), &error));

  mlops_dataset_input input = MLOPS_DATASET_INPUT_INIT;
  input.name = MLOPS_STR("iris");
  input.digest = MLOPS_STR("0a1b2c3d");
  input.source_type = MLOPS_STR("local");
  input.source = MLOPS_STR("{\"uri\": \"iris.csv\"}");
  input.context = MLOPS_STR("training");
  input.tags = tags;
  input.tags_count = 1;
  OK(mlops_run_log_input(run, &input, &error));
  input.durability = MLOPS_DURABILITY_FULL;
  OK(mlops_run_log_input(run, &input, &error)); /* the same again changes nothing */

  const mlops_bytes bytes = {"a\0b", 3};
  OK(mlops_run_log_artifact_bytes(run, MLOPS_STR("model/weights.bin"), bytes, &error));
  char file[4096];
  snprintf(file, sizeof file, "%s/notes.txt", folder);
  FILE *stream = fopen(file, "w");
  CHECK(stream != NULL && fputs("remember", stream) >= 0 && fclose(stream) == 0);
  OK(mlops_run_log_artifact(run, mlops_cstr(file), MLOPS_STR("docs"), &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
}

static const mlops_param *param(const mlops_run_data *data, const char *key, mlops_param *out) {
  for (size_t i = 0; i < mlops_run_data_params_count(data); i++) {
    OK(mlops_run_data_param(data, i, out, &error));
    if (is(out->key, key)) return out;
  }
  return NULL;
}

static const char *tag(const mlops_run_data *data, const char *key) {
  mlops_tag out;
  for (size_t i = 0; i < mlops_run_data_tags_count(data); i++) {
    OK(mlops_run_data_tag(data, i, &out, &error));
    if (is(out.key, key)) return out.value.ptr;
  }
  return NULL;
}

static void read_run(const mlops_store *store) {
  mlops_run_data *data = NULL;
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  OK(mlops_run_get(store, MLOPS_STR("first"), &data, &error));
  OK(mlops_run_data_info(data, &info, &error));
  CHECK(is(info.run_id, "first") && is(info.run_name, "the first") && is(info.user, "ada"));
  CHECK(info.status == MLOPS_RUN_FINISHED && info.lifecycle == MLOPS_LIFECYCLE_ACTIVE);
  CHECK(info.started_at == 1700000000000000 && info.ended_at > info.started_at && info.parent_run_id.len == 0);

  mlops_param found;
  CHECK(mlops_run_data_params_count(data) == 6);
  CHECK(param(data, "model", &found) && found.kind == MLOPS_PARAM_TEXT && is(found.text, "tree"));
  CHECK(param(data, "depth", &found) && found.kind == MLOPS_PARAM_INT && found.integer == INT64_MAX);
  CHECK(is(found.text, "9223372036854775807"));
  CHECK(param(data, "rate", &found) && found.kind == MLOPS_PARAM_FLOAT && found.number == 1e-05);
  CHECK(is(found.text, "1e-05"));
  CHECK(param(data, "shuffle", &found) && found.kind == MLOPS_PARAM_BOOL && found.integer == 1);
  CHECK(is(found.text, "True"));
  CHECK(param(data, "empty", &found) && found.kind == MLOPS_PARAM_TEXT && is(found.text, ""));
  CHECK(param(data, "nan", &found) && isnan(found.number) && is(found.text, "nan"));
  FAILS(MLOPS_INVALID_ARGUMENT, "below the count, 6", mlops_run_data_param(data, 6, &found, &error));

  CHECK(strcmp(tag(data, "team"), "speech") == 0 && strcmp(tag(data, "stage"), "done \xe2\x9c\x93") == 0);
  CHECK(tag(data, "gone") == NULL);

  mlops_metric_summary metric = MLOPS_METRIC_SUMMARY_INIT;
  CHECK(mlops_run_data_metrics_count(data) == 3);
  OK(mlops_run_data_metric(data, 1, &metric, &error));
  CHECK(is(metric.key, "curve") && metric.count == 2 && metric.last_step == 7 && metric.last == 1.0 / 3.0);
  OK(mlops_run_data_metric(data, 2, &metric, &error));
  CHECK(is(metric.key, "loss") && metric.count == 3 && isnan(metric.last) && metric.min == 0.5 && isinf(metric.max));

  mlops_buf json = MLOPS_BUF_INIT;
  OK(mlops_run_data_json(data, &json, &error));
  CHECK(json.data[json.len] == '\0' && strlen(json.data) == json.len);
  CHECK(strstr(json.data, "\"rate\":{\"text\":\"1e-05\",\"type\":\"float\"}"));
  const char *inputs = strstr(json.data, "\"inputs\":[{\"digest\":\"0a1b2c3d\",\"name\":\"iris\"");
  CHECK(inputs && strstr(inputs, "\"mlflow.data.context\":\"training\""));
  CHECK(!strstr(inputs, "},{"));
  CHECK(strstr(json.data, "\"last\":\"NaN\"") && strstr(json.data, "\"max\":\"Infinity\""));
  mlops_buf_free(&json);
  mlops_buf_free(&json);
  mlops_run_data_free(data);
}

static void read_points(const mlops_store *store) {
  mlops_series *series = NULL;
  mlops_points points = MLOPS_POINTS_INIT;
  OK(mlops_metric_history(store, MLOPS_STR("first"), MLOPS_STR("curve"), &series, &error));
  OK(mlops_series_points(series, &points, &error));
  CHECK(points.count == 2 && points.steps[0] == -5 && points.times[1] == 1700000000000001);
  CHECK(points.values[0] == 0.0 && signbit(points.values[0]) && points.values[1] == 1.0 / 3.0);

  mlops_run *other = start_run(store, "copy"); /* a series goes back in as it came out */
  OK(mlops_run_log_series(other, MLOPS_STR("copied"), &points, &error));
  const double values[] = {1.0, 2.0, 3.0};
  const mlops_points plain = mlops_points_of(values, 3);
  OK(mlops_run_log_series(other, MLOPS_STR("plain"), &plain, &error));
  const mlops_points none = MLOPS_POINTS_INIT;
  OK(mlops_run_log_series(other, MLOPS_STR("none"), &none, &error));
  OK(mlops_run_end(other, MLOPS_RUN_KILLED, &error));
  mlops_run_free(other);
  mlops_series_free(series);

  OK(mlops_metric_history(store, MLOPS_STR("copy"), MLOPS_STR("plain"), &series, &error));
  OK(mlops_series_points(series, &points, &error));
  CHECK(points.count == 3 && points.steps[2] == 2 && points.values[2] == 3.0 && points.times[0] == points.times[2]);
  mlops_series_free(series);
  OK(mlops_metric_history(store, MLOPS_STR("copy"), MLOPS_STR("never logged"), &series, &error));
  OK(mlops_series_points(series, &points, &error));
  CHECK(points.count == 0);
  mlops_series_free(series);
}

static void read_artifacts(const mlops_store *store, const char *folder) {
  mlops_artifacts *artifacts = NULL;
  mlops_artifact artifact = MLOPS_ARTIFACT_INIT;
  OK(mlops_artifact_list(store, MLOPS_STR("first"), MLOPS_STR_EMPTY, &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == 2);
  OK(mlops_artifacts_at(artifacts, 0, &artifact, &error));
  CHECK(artifact.is_dir == 1 && is(artifact.path, "docs") && artifact.digest.len == 0);
  mlops_artifacts_free(artifacts);
  OK(mlops_artifact_list(store, MLOPS_STR("first"), MLOPS_STR("model"), &artifacts, &error));
  OK(mlops_artifacts_at(artifacts, 0, &artifact, &error));
  CHECK(artifact.is_dir == 0 && is(artifact.path, "model/weights.bin") && artifact.size_bytes == 3);
  CHECK(artifact.digest.len == 71 && strncmp(artifact.digest.ptr, "blake3:", 7) == 0);
  mlops_buf buf = MLOPS_BUF_INIT;
  OK(mlops_artifacts_json(artifacts, &buf, &error));
  CHECK(strstr(buf.data, "\"size_bytes\":3"));
  mlops_buf_free(&buf);
  mlops_artifacts_free(artifacts);

  OK(mlops_artifact_read(store, MLOPS_STR("first"), MLOPS_STR("model/weights.bin"), &buf, &error));
  CHECK(buf.len == 3 && memcmp(buf.data, "a\0b", 4) == 0);
  mlops_buf_free(&buf);
  char dest[4096];
  snprintf(dest, sizeof dest, "%s/down", folder);
  OK(mlops_artifact_download(store, MLOPS_STR("first"), MLOPS_STR("docs/notes.txt"), mlops_cstr(dest), &buf, &error));
  char text[16] = {0};
  FILE *stream = fopen(buf.data, "r");
  CHECK(stream != NULL && fread(text, 1, sizeof text, stream) == 8 && strcmp(text, "remember") == 0);
  fclose(stream);
  mlops_buf_free(&buf);
}

static size_t count(const mlops_store *store, mlops_run_query query) {
  mlops_runs *runs = NULL;
  OK(mlops_run_search(store, &query, &runs, &error));
  size_t found = mlops_runs_count(runs);
  mlops_runs_free(runs);
  return found;
}

static void find_runs(const mlops_store *store) {
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  CHECK(count(store, query) == 2);
  query.filter = MLOPS_STR("params.model = 'tree'");
  CHECK(count(store, query) == 1);
  query.filter = MLOPS_STR("params.model = 'forest'");
  CHECK(count(store, query) == 0);
  const mlops_str zero = MLOPS_STR("0");
  mlops_run_query in_default = MLOPS_RUN_QUERY_INIT;
  in_default.experiment_ids = &zero;
  in_default.experiment_ids_count = 1;
  CHECK(count(store, in_default) == 1);

  /* page by page, in an order */
  const mlops_str order = MLOPS_STR("attributes.start_time ASC");
  mlops_run_query pages = MLOPS_RUN_QUERY_INIT;
  mlops_runs *runs = NULL;
  const mlops_run_data *data = NULL;
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  pages.order_by = &order;
  pages.order_by_count = 1;
  pages.max_results = 1;
  OK(mlops_run_search(store, &pages, &runs, &error));
  OK(mlops_runs_at(runs, 0, &data, &error));
  OK(mlops_run_data_info(data, &info, &error));
  CHECK(is(info.run_id, "first") && mlops_runs_count(runs) == 1);
  mlops_runs *second = NULL;
  pages.page_token = mlops_runs_next_page_token(runs);
  OK(mlops_run_search(store, &pages, &second, &error));
  mlops_runs_free(runs);
  OK(mlops_runs_at(second, 0, &data, &error));
  OK(mlops_run_data_info(data, &info, &error));
  CHECK(is(info.run_id, "copy") && info.status == MLOPS_RUN_KILLED && mlops_runs_next_page_token(second).len == 0);
  mlops_buf json = MLOPS_BUF_INIT;
  OK(mlops_runs_json(second, &json, &error));
  CHECK(strstr(json.data, "\"next_page_token\":null") && strstr(json.data, "\"run_id\":\"copy\""));
  mlops_buf_free(&json);
  mlops_runs_free(second);

  OK(mlops_run_delete(store, MLOPS_STR("copy"), &error));
  mlops_run_query deleted = MLOPS_RUN_QUERY_INIT;
  CHECK(count(store, deleted) == 1);
  deleted.view = MLOPS_VIEW_DELETED;
  CHECK(count(store, deleted) == 1);
  OK(mlops_run_restore(store, MLOPS_STR("copy"), &error));
  CHECK(count(store, deleted) == 0);
}

static void resume_and_nest(const mlops_store *store) {
  mlops_run *parent = NULL;
  mlops_run *child = NULL;
  mlops_run *again = NULL;
  mlops_run_data *data = NULL;
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  OK(mlops_run_resume(store, MLOPS_STR("copy"), &parent, &error));
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  options.parent_run_id = mlops_run_id(parent);
  OK(mlops_run_start(store, &options, &child, &error));
  OK(mlops_run_open(store, mlops_run_id(child), &again, &error));
  OK(mlops_run_log_metric(again, MLOPS_STR("m"), 1.0, 0, MLOPS_TIME_NONE, &error));
  OK(mlops_run_get(store, mlops_run_id(child), &data, &error));
  OK(mlops_run_data_info(data, &info, &error));
  CHECK(is(info.parent_run_id, "copy") && info.status == MLOPS_RUN_RUNNING && info.ended_at == MLOPS_TIME_NONE);
  CHECK(info.run_id.len == 32 && info.run_name.len > 0 && mlops_run_data_metrics_count(data) == 1);
  mlops_run_data_free(data);
  OK(mlops_run_end(child, MLOPS_RUN_FAILED, &error));
  OK(mlops_run_end(parent, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(again);
  mlops_run_free(child);
  mlops_run_free(parent);
}

/* Hidden with its runs, and back with them. */
static void edited_experiment(const mlops_store *store) {
  const mlops_tag tags[] = {{MLOPS_STR("team"), MLOPS_STR("growth")}, {MLOPS_STR("note"), MLOPS_STR("x")}};
  const mlops_str order = MLOPS_STR("name ASC");
  mlops_experiment *made = NULL;
  mlops_experiment_info info = MLOPS_EXPERIMENT_INFO_INIT;
  OK(mlops_experiment_create(store, MLOPS_STR("draft"), NULL, 0, &made, &error));
  OK(mlops_experiment_get_info(made, &info, &error));
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  options.experiment_id = info.experiment_id;
  options.run_id = MLOPS_STR("hidden");
  mlops_run *run = NULL;
  OK(mlops_run_start(store, &options, &run, &error));
  mlops_system_metrics_options system = MLOPS_SYSTEM_METRICS_OPTIONS_INIT;
  OK(mlops_run_log_system_metrics(store, MLOPS_STR("hidden"), &system, &error));
  system.interval_us = 0;
  FAILS(MLOPS_INVALID_ARGUMENT, "interval", mlops_run_log_system_metrics(store, MLOPS_STR("hidden"), &system, &error));
  OK(mlops_run_stop_system_metrics(store, MLOPS_STR("hidden"), &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  OK(mlops_experiment_rename(store, info.experiment_id, MLOPS_STR("edited"), &error));
  FAILS(MLOPS_ALREADY_EXISTS, "made", mlops_experiment_rename(store, info.experiment_id, MLOPS_STR("made"), &error));
  OK(mlops_experiment_set_tags(store, info.experiment_id, tags, 2, &error));
  OK(mlops_experiment_delete_tag(store, info.experiment_id, MLOPS_STR("note"), &error));
  FAILS(MLOPS_NOT_FOUND, "note", mlops_experiment_delete_tag(store, info.experiment_id, MLOPS_STR("note"), &error));

  mlops_experiment_query query = MLOPS_EXPERIMENT_QUERY_INIT;
  mlops_experiments *page = NULL;
  query.filter = MLOPS_STR("tags.team = 'growth' AND name LIKE 'ed%'");
  query.order_by = &order;
  query.order_by_count = 1;
  OK(mlops_experiment_search(store, &query, &page, &error));
  CHECK(mlops_experiments_count(page) == 1);
  mlops_experiments_free(page);
  query.filter = MLOPS_STR("metrics.loss < 1");
  FAILS(MLOPS_INVALID_ARGUMENT, "creation_time", mlops_experiment_search(store, &query, &page, &error));

  mlops_run_data *data = NULL;
  mlops_run_info run_info = MLOPS_RUN_INFO_INIT;
  OK(mlops_experiment_delete(store, info.experiment_id, &error));
  FAILS(MLOPS_NOT_FOUND, "deleted already", mlops_experiment_delete(store, info.experiment_id, &error));
  OK(mlops_run_get(store, MLOPS_STR("hidden"), &data, &error));
  OK(mlops_run_data_info(data, &run_info, &error));
  CHECK(run_info.lifecycle == MLOPS_LIFECYCLE_DELETED);
  mlops_run_data_free(data);
  OK(mlops_experiment_restore(store, info.experiment_id, &error));
  OK(mlops_run_get(store, MLOPS_STR("hidden"), &data, &error));
  OK(mlops_run_data_info(data, &run_info, &error));
  CHECK(run_info.lifecycle == MLOPS_LIFECYCLE_ACTIVE);
  mlops_run_data_free(data);
  mlops_experiment_free(made);
}

static void experiments(const mlops_store *store) {
  const mlops_tag tags[] = {{MLOPS_STR("owner"), MLOPS_STR("ada")}};
  mlops_experiment *made = NULL;
  mlops_experiment *found = NULL;
  mlops_experiment_info info = MLOPS_EXPERIMENT_INFO_INIT;
  OK(mlops_experiment_create(store, MLOPS_STR("made"), tags, 1, &made, &error));
  OK(mlops_experiment_get_info(made, &info, &error));
  CHECK(is(info.name, "made") && info.lifecycle == MLOPS_LIFECYCLE_ACTIVE && info.created_at > 0);
  CHECK(mlops_experiment_tags_count(made) == 1);
  mlops_tag tag;
  OK(mlops_experiment_tag(made, 0, &tag, &error));
  CHECK(is(tag.key, "owner") && is(tag.value, "ada"));
  OK(mlops_experiment_get(store, info.experiment_id, &found, &error));
  mlops_experiment_free(found);
  OK(mlops_experiment_find(store, MLOPS_STR("made"), &found, &error));
  CHECK(found != NULL);
  mlops_experiment_free(found);
  OK(mlops_experiment_find(store, MLOPS_STR("not there"), &found, &error));
  CHECK(found == NULL);
  OK(mlops_experiment_ensure(store, MLOPS_STR("made"), &found, &error));
  mlops_buf json = MLOPS_BUF_INIT;
  OK(mlops_experiment_json(found, &json, &error));
  CHECK(strstr(json.data, "\"tags\":{\"owner\":\"ada\"}"));
  mlops_buf_free(&json);
  mlops_experiment_free(found);
  FAILS(MLOPS_ALREADY_EXISTS, "made", mlops_experiment_create(store, MLOPS_STR("made"), NULL, 0, &found, &error));
  mlops_experiment_free(made);

  mlops_page_options options = MLOPS_PAGE_OPTIONS_INIT;
  mlops_experiments *page = NULL;
  const mlops_experiment *item = NULL;
  OK(mlops_experiment_list(store, &options, &page, &error));
  CHECK(mlops_experiments_count(page) == 3 && mlops_experiments_next_page_token(page).len == 0);
  OK(mlops_experiments_at(page, 0, &item, &error));
  OK(mlops_experiment_get_info(item, &info, &error));
  CHECK(is(info.experiment_id, "0") && is(info.name, "Default"));
  mlops_experiments_free(page);
  edited_experiment(store);
}

/* Counted first, then done; what a run has stays. */
static void collect(const mlops_store *store) {
  mlops_gc_options options = MLOPS_GC_OPTIONS_INIT;
  mlops_buf report = MLOPS_BUF_INIT;
  static char large[100000];
  const mlops_bytes bytes = {large, sizeof large};
  mlops_run *run = start_run(store, "collected");
  OK(mlops_run_log_artifact_bytes(run, MLOPS_STR("large"), bytes, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  OK(mlops_run_delete(store, mlops_run_id(run), &error));
  options.deleted_runs = 1;
  options.older_than_us = -1;
  FAILS(MLOPS_INVALID_ARGUMENT, "older_than_us", mlops_store_gc(store, &options, &report, &error));
  options.older_than_us = 0;
  OK(mlops_store_gc(store, &options, &report, &error));
  CHECK(strstr(report.data, "\"dry_run\":true,\"runs\":1,\"models\":{\"count\":0,\"bytes\":0},\"large_blobs\":{\"count\":1,\"bytes\":100000}"));
  mlops_buf_free(&report);
  options.dry_run = 0;
  OK(mlops_store_gc(store, &options, &report, &error));
  CHECK(strstr(report.data, "\"dry_run\":false,\"runs\":1,\"models\":{\"count\":0,\"bytes\":0},\"large_blobs\":{\"count\":1,\"bytes\":100000}"));
  mlops_buf_free(&report);
  OK(mlops_store_gc(store, &options, &report, &error));
  CHECK(strstr(report.data, "\"runs\":0,\"models\":{\"count\":0,\"bytes\":0},\"large_blobs\":{\"count\":0"));
  mlops_buf_free(&report);
  mlops_run_free(run);
}

/* A copy made while the store is open is a store itself, and can be restored. */
static void backup_and_restore(const mlops_store *store, const char *folder) {
  char copy[4096], again[4096], inside[4096];
  snprintf(copy, sizeof copy, "%s/backup", folder);
  snprintf(again, sizeof again, "%s/again", folder);
  snprintf(inside, sizeof inside, "%s/store/inside", folder);
  mlops_buf report = MLOPS_BUF_INIT;
  OK(mlops_store_backup(store, mlops_cstr(copy), 0, &report, &error));
  CHECK(strstr(report.data, "\"findings\":[],\"lost\":[]"));
  mlops_buf_free(&report);
  FAILS(MLOPS_ALREADY_EXISTS, "empty", mlops_store_backup(store, mlops_cstr(copy), 0, &report, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "outside", mlops_store_backup(store, mlops_cstr(inside), 0, &report, &error));
  OK(mlops_restore(mlops_cstr(copy), mlops_cstr(again), 0, &report, &error));
  CHECK(strstr(report.data, again));
  mlops_buf_free(&report);
  FAILS(MLOPS_NOT_FOUND, "none", mlops_restore(MLOPS_STR("none"), mlops_cstr(inside), 0, &report, &error));
  CHECK(report.data == NULL);
  mlops_store *restored = open_store(again);
  read_run(restored);
  mlops_store_free(restored);
}

/* Runs go into another store, once; what has changed in both is reported. */
static void sync_and_move(const mlops_store *store) {
  mlops_store *other = open_store("memory:");
  mlops_experiment *experiment = NULL;
  mlops_experiment_info info = MLOPS_EXPERIMENT_INFO_INIT;
  mlops_sync_options options = MLOPS_SYNC_OPTIONS_INIT;
  const mlops_str only[] = {MLOPS_STR("synced")};
  mlops_buf report = MLOPS_BUF_INIT;
  mlops_run *run = start_run(store, "synced");
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  options.run_ids = only;
  options.run_ids_count = 1;
  options.dry_run = 1;
  OK(mlops_store_sync(store, other, &options, &report, &error));
  CHECK(strstr(report.data, "\"dry_run\":true") && strstr(report.data, "\"new\":[\"synced\"]"));
  mlops_buf_free(&report);
  options.dry_run = 0;
  OK(mlops_store_sync(store, other, &options, &report, &error));
  CHECK(strstr(report.data, "\"new\":[\"synced\"]"));
  mlops_buf_free(&report);
  OK(mlops_store_sync(store, other, &options, &report, &error));
  CHECK(strstr(report.data, "\"unchanged\":1"));
  mlops_buf_free(&report);
  OK(mlops_experiment_ensure(other, MLOPS_STR("moved"), &experiment, &error));
  OK(mlops_experiment_get_info(experiment, &info, &error));
  OK(mlops_run_move(other, only[0], info.experiment_id, &error));
  FAILS(MLOPS_NOT_FOUND, "99", mlops_run_move(other, only[0], MLOPS_STR("99"), &error));
  OK(mlops_run_set_tag(run, MLOPS_STR("note"), MLOPS_STR("here"), &error));
  OK(mlops_store_sync(store, other, &options, &report, &error));
  CHECK(strstr(report.data, "\"differs\":\"experiment; tags note\",\"resolution\":\"skip\""));
  mlops_buf_free(&report);
  options.on_conflict = MLOPS_ON_CONFLICT_THEIRS;
  FAILS(MLOPS_INVALID_ARGUMENT, "another", mlops_store_sync(store, store, &options, &report, &error));
  options.on_conflict = 7;
  FAILS(MLOPS_INVALID_ARGUMENT, "on_conflict", mlops_store_sync(store, other, &options, &report, &error));
  mlops_experiment_free(experiment);
  mlops_run_free(run);
  mlops_store_free(other);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  char path[4096];
  snprintf(path, sizeof path, "%s/store", argv[1]);
  mlops_store *store = open_store(path);
  mlops_store *clone = NULL;
  OK(mlops_store_clone(store, &clone, &error));
  CHECK(mlops_store_uri(clone).len >= strlen("/store") && !mlops_store_is_read_only(clone));

  log_everything(store, argv[1]);
  mlops_store_free(store); /* the clone keeps it open */
  read_run(clone);
  read_points(clone);
  read_artifacts(clone, argv[1]);
  find_runs(clone);
  resume_and_nest(clone);
  experiments(clone);
  backup_and_restore(clone, argv[1]);
  collect(clone);
  sync_and_move(clone);
  OK(mlops_store_flush(clone, &error));
  OK(mlops_store_close(clone, &error));
  FAILS(MLOPS_INVALID_STATE, "closed", mlops_store_flush(clone, &error));
  FAILS(MLOPS_INVALID_STATE, "closed", mlops_store_close(clone, &error));
  mlops_store_free(clone);

  mlops_buf report = MLOPS_BUF_INIT;
  OK(mlops_fsck(mlops_cstr(path), 0, &report, &error));
  CHECK(strstr(report.data, "\"findings\":[]"));
  mlops_buf_free(&report);

  store = open_store(path); /* and all of it is there after opening again */
  read_run(store);
  mlops_store_free(store);
  puts("whole: ok");
  return 0;
}
