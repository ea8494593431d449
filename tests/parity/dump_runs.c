/* Prints what a store holds of experiments, runs and sweeps as JSON. */

#include "runner.h"

#include <math.h>

static void bits(double value) {
  uint64_t raw;
  memcpy(&raw, &value, sizeof raw);
  if (isnan(value)) {
    printf("\"nan\"");
  } else {
    printf("\"%016llx\"", (unsigned long long)raw);
  }
}

static const char *lifecycle(int32_t number) { return number == MLOPS_LIFECYCLE_ACTIVE ? "active" : "deleted"; }

static const char *status_text(int32_t number) {
  switch (number) {
    case MLOPS_RUN_RUNNING:
      return "RUNNING";
    case MLOPS_RUN_SCHEDULED:
      return "SCHEDULED";
    case MLOPS_RUN_FINISHED:
      return "FINISHED";
    case MLOPS_RUN_FAILED:
      return "FAILED";
    default:
      return "KILLED";
  }
}

static void dump_params(const mlops_run_data *data) {
  static const char *const kinds[] = {"text", "int", "float", "bool", "none"};
  mlops_param param;
  for (size_t i = 0; i < mlops_run_data_params_count(data); i++) {
    OK(mlops_run_data_param(data, i, &param, &error));
    printf("%s", i == 0 ? "" : ",");
    text(param.key);
    printf(":{\"type\":\"%s\",\"text\":", kinds[param.kind]);
    text(param.text);
    putchar('}');
  }
}

static void dump_metrics(const mlops_run_data *data, mlops_str run_id) {
  mlops_metric_summary summary = MLOPS_METRIC_SUMMARY_INIT;
  for (size_t i = 0; i < mlops_run_data_metrics_count(data); i++) {
    mlops_series *series = NULL;
    mlops_points points = MLOPS_POINTS_INIT;
    OK(mlops_run_data_metric(data, i, &summary, &error));
    OK(mlops_metric_history(store, run_id, summary.key, &series, &error));
    OK(mlops_series_points(series, &points, &error));
    printf("%s", i == 0 ? "" : ",");
    text(summary.key);
    printf(":{\"points\":[");
    for (size_t p = 0; p < points.count; p++) {
      printf("%s[%lld,%lld,", p == 0 ? "" : ",", (long long)points.steps[p], (long long)points.times[p]);
      bits(points.values[p]);
      putchar(']');
    }
    mlops_series_free(series);
    printf("],\"last_step\":%lld,\"last_at\":%lld,\"count\":%llu,\"last\":", (long long)summary.last_step,
           (long long)summary.last_at, (unsigned long long)summary.count);
    bits(summary.last);
    printf(",\"min\":");
    bits(summary.min);
    printf(",\"max\":");
    bits(summary.max);
    putchar('}');
  }
}

static void dump_artifacts(mlops_str run_id, mlops_str folder, int *count) {
  mlops_artifacts *artifacts = NULL;
  mlops_artifact artifact = MLOPS_ARTIFACT_INIT;
  OK(mlops_artifact_list(store, run_id, folder, &artifacts, &error));
  for (size_t i = 0; i < mlops_artifacts_count(artifacts); i++) {
    OK(mlops_artifacts_at(artifacts, i, &artifact, &error));
    if (artifact.is_dir) {
      dump_artifacts(run_id, artifact.path, count);
      continue;
    }
    mlops_buf content = MLOPS_BUF_INIT;
    OK(mlops_artifact_read(store, run_id, artifact.path, &content, &error));
    printf("%s{\"path\":", (*count)++ == 0 ? "" : ",");
    text(artifact.path);
    printf(",\"size\":%llu,\"digest\":", (unsigned long long)artifact.size_bytes);
    text(artifact.digest);
    printf(",\"content\":\"");
    for (size_t b = 0; b < content.len; b++) printf("%02x", (unsigned char)content.data[b]);
    printf("\"}");
    mlops_buf_free(&content);
  }
  mlops_artifacts_free(artifacts);
}

/* The inputs as the JSON of a run has them: its keys are sorted, and a quote inside a text is escaped. */
static void dump_inputs(const mlops_run_data *data) {
  mlops_buf json = MLOPS_BUF_INIT;
  OK(mlops_run_data_json(data, &json, &error));
  const char *inputs = strstr(json.data, "\"inputs\":[");
  CHECK(inputs != NULL);
  const char *end = strstr(inputs, ",\"metrics\":{");
  CHECK(end != NULL);
  printf("%.*s", (int)(end - inputs), inputs);
  mlops_buf_free(&json);
}

/* What a function says about a run as JSON. */
static void json(const char *name, mlops_status (*of)(const mlops_store *, mlops_str, mlops_buf *, mlops_error **),
                 mlops_str run_id) {
  mlops_buf buf = MLOPS_BUF_INIT;
  OK(of(store, run_id, &buf, &error));
  printf(",\"%s\":%s", name, buf.data);
  mlops_buf_free(&buf);
}

static void dump_run(const mlops_run_data *data) {
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  mlops_experiment_info experiment_info = MLOPS_EXPERIMENT_INFO_INIT;
  mlops_experiment *experiment = NULL;
  OK(mlops_run_data_info(data, &info, &error));
  OK(mlops_experiment_get(store, info.experiment_id, &experiment, &error));
  OK(mlops_experiment_get_info(experiment, &experiment_info, &error));
  printf("{\"id\":");
  text(info.run_id);
  printf(",\"name\":");
  text(info.run_name);
  printf(",\"experiment\":");
  text(experiment_info.name);
  printf(",\"status\":\"%s\",\"lifecycle\":\"%s\",\"ended\":%s,\"parent\":", status_text(info.status),
         lifecycle(info.lifecycle), info.ended_at == MLOPS_TIME_NONE ? "false" : "true");
  if (info.parent_run_id.len == 0) {
    printf("null");
  } else {
    text(info.parent_run_id);
  }
  mlops_experiment_free(experiment);
  printf(",\"params\":{");
  dump_params(data);
  printf("},\"tags\":{");
  mlops_tag found;
  for (size_t i = 0; i < mlops_run_data_tags_count(data); i++) {
    OK(mlops_run_data_tag(data, i, &found, &error));
    tag(found, i);
  }
  printf("},\"metrics\":{");
  dump_metrics(data, info.run_id);
  printf("},\"artifacts\":[");
  int count = 0;
  dump_artifacts(info.run_id, MLOPS_STR_EMPTY, &count);
  printf("],");
  dump_inputs(data);
  json("media", mlops_run_media_json, info.run_id);
  json("alerts", mlops_run_alerts_json, info.run_id);
  json("summary", mlops_run_summary_json, info.run_id);
  putchar('}');
}

void dump_search(struct call *call) {
  static const char *const kinds[] = {"text", "number", "time"};
  mlops_str texts[FIELDS];
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_table *table = NULL;
  size_t count = 0;
  for (int i = 2; i < call->count; i++) texts[i - 2] = mlops_cstr(call->fields[i]);
  query.view = MLOPS_VIEW_ALL;
  query.filter = mlops_cstr(call->fields[0]);
  query.order_by = texts;
  query.order_by_count = strtoul(call->fields[1], NULL, 10);
  const size_t columns = (size_t)call->count - 2 - query.order_by_count;
  OK(mlops_run_search_table(store, &query, texts + query.order_by_count, columns, &table, &error));
  OK(mlops_run_count(store, &query, &count, &error));
  CHECK(mlops_table_columns_count(table) == columns);
  printf("{\"count\":%zu,\"columns\":[", count);
  for (size_t c = 0; c < columns; c++) {
    mlops_column column = MLOPS_COLUMN_INIT;
    OK(mlops_table_column(table, c, &column, &error));
    printf("%s[", c == 0 ? "" : ",");
    text(column.name);
    printf(",\"%s\"]", kinds[column.kind]);
  }
  printf("],\"rows\":[");
  for (size_t r = 0; r < mlops_table_rows_count(table); r++) {
    printf("%s[", r == 0 ? "" : ",");
    for (size_t c = 0; c < columns; c++) {
      mlops_cell cell = MLOPS_CELL_INIT;
      OK(mlops_table_cell(table, r, c, &cell, &error));
      if (c > 0) putchar(',');
      if (cell.is_null) {
        printf("null");
      } else if (cell.kind == MLOPS_COLUMN_NUMBER) {
        bits(cell.number);
      } else {
        text(cell.text);
      }
    }
    putchar(']');
  }
  printf("]}");
  mlops_table_free(table);
}

void dump_sweep(const char *name) {
  mlops_sweep *found = NULL;
  mlops_buf buf = MLOPS_BUF_INIT;
  OK(mlops_sweep_get(store, mlops_cstr(name), &found, &error));
  OK(mlops_sweep_json(found, &buf, &error));
  printf("%s", buf.data);
  mlops_buf_free(&buf);
  mlops_sweep_free(found);
}

void dump_experiments(void) {
  mlops_page_options options = MLOPS_PAGE_OPTIONS_INIT;
  mlops_experiments *experiments = NULL;
  options.view = MLOPS_VIEW_ALL;
  OK(mlops_experiment_list(store, &options, &experiments, &error));
  for (size_t i = 0; i < mlops_experiments_count(experiments); i++) {
    const mlops_experiment *experiment = NULL;
    mlops_experiment_info info = MLOPS_EXPERIMENT_INFO_INIT;
    mlops_tag found;
    OK(mlops_experiments_at(experiments, i, &experiment, &error));
    OK(mlops_experiment_get_info(experiment, &info, &error));
    printf("%s{\"name\":", i == 0 ? "" : ",");
    text(info.name);
    printf(",\"lifecycle\":\"%s\",\"tags\":{", lifecycle(info.lifecycle));
    for (size_t t = 0; t < mlops_experiment_tags_count(experiment); t++) {
      OK(mlops_experiment_tag(experiment, t, &found, &error));
      tag(found, t);
    }
    printf("}}");
  }
  mlops_experiments_free(experiments);
}

void dump_runs(void) {
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *found = NULL;
  query.view = MLOPS_VIEW_ALL;
  OK(mlops_run_search(store, &query, &found, &error));
  for (size_t i = 0; i < mlops_runs_count(found); i++) {
    const mlops_run_data *data = NULL;
    OK(mlops_runs_at(found, i, &data, &error));
    printf("%s", i == 0 ? "" : ",");
    dump_run(data);
  }
  mlops_runs_free(found);
}
