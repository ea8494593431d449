/* What stands beside a run: its console, reports, comparisons and curves, contexts and definitions read back, durability,
 * ends after the fact, export and import, lists of sweeps. Argument: an empty folder. */

#include "check.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static int has(const mlops_buf *text, const char *part) { return text->data != NULL && strstr(text->data, part) != NULL; }

static void console(const mlops_store *store) {
  mlops_console_options options = MLOPS_CONSOLE_OPTIONS_INIT;
  mlops_console *console = NULL;
  mlops_buf said = MLOPS_BUF_INIT;
  int64_t dropped = -1;
  mlops_run *run = start_run(store, "says");
  OK(mlops_run_console(store, MLOPS_STR("says"), &said, &error));
  CHECK(said.len == 0);
  mlops_buf_free(&said);
  OK(mlops_run_capture_console(store, MLOPS_STR("says"), &options, &console, &error));
  printf("by stdio\n");
  CHECK(write(2, "by the descriptor\n", 18) == 18);
  CHECK(system("echo by a child") == 0);
  OK(mlops_console_settle(console, &error));
  const char line[] = "by hand\n";
  OK(mlops_console_write(console, MLOPS_CONSOLE_ERROR, (mlops_bytes){line, sizeof line - 1}, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_CONSOLE_OUTPUT", mlops_console_write(console, 9, (mlops_bytes){line, 1}, &error));
  OK(mlops_console_end(console, &dropped, &error));
  CHECK(dropped == 0);
  OK(mlops_console_end(console, &dropped, &error));
  mlops_console_free(console);
  printf("behind it\n");
  OK(mlops_run_console(store, MLOPS_STR("says"), &said, &error));
  CHECK(has(&said, "by stdio\n") && has(&said, "by the descriptor\n") && has(&said, "by a child\n"));
  CHECK(has(&said, "by hand\n") && !has(&said, "behind it"));
  mlops_buf_free(&said);

  /* Only what is handed over; freed without an end. */
  options.descriptors = 0;
  OK(mlops_run_capture_console(store, MLOPS_STR("says"), &options, &console, &error));
  printf("not kept\n");
  OK(mlops_console_write(console, MLOPS_CONSOLE_OUTPUT, (mlops_bytes){"\xff more\n", 7}, &error));
  mlops_console_free(console);
  OK(mlops_run_console(store, MLOPS_STR("says"), &said, &error));
  CHECK(has(&said, "\xff more\n") && !has(&said, "not kept"));
  mlops_buf_free(&said);
  options.flush_every_us = -1;
  FAILS(MLOPS_INVALID_ARGUMENT, "flush_every_us",
        mlops_run_capture_console(store, MLOPS_STR("says"), &options, &console, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
}

static void curves(const mlops_store *store) {
  const mlops_tag context[] = {{MLOPS_STR("subset"), MLOPS_STR("train")}};
  const mlops_str runs[] = {MLOPS_STR("first"), MLOPS_STR("second")};
  mlops_report_options options = MLOPS_REPORT_OPTIONS_INIT;
  mlops_buf key = MLOPS_BUF_INIT, buf = MLOPS_BUF_INIT;
  mlops_series *series = NULL;
  mlops_points points;
  OK(mlops_series_key(MLOPS_STR("loss"), context, 1, &key, &error));
  OK(mlops_series_key_json((mlops_str){key.data, key.len}, &buf, &error));
  CHECK(strcmp(buf.data, "{\"key\":\"loss\",\"context\":{\"subset\":\"train\"}}") == 0);
  mlops_buf_free(&buf);
  for (int i = 0; i < 2; i++) {
    mlops_run *run = start_run(store, i == 0 ? "first" : "second");
    for (int step = 0; step < 4; step++) {
      OK(mlops_run_log_metric(run, MLOPS_STR("epoch"), step / 2, step, MLOPS_TIME_NONE, &error));
      OK(mlops_run_log_metric(run, MLOPS_STR("loss"), i + 1.0 / (step + 1), step, MLOPS_TIME_NONE, &error));
    }
    OK(mlops_run_log_metric(run, (mlops_str){key.data, key.len}, 3.0, 0, MLOPS_TIME_NONE, &error));
    OK(mlops_run_log_param_int(run, MLOPS_STR("depth"), i, &error));
    OK(mlops_run_define_metric(run, MLOPS_STR("loss"), MLOPS_STR("{\"step_metric\": \"epoch\", \"goal\": \"minimize\"}"), &error));
    OK(mlops_run_log_media(run, MLOPS_STR("sample"), MLOPS_MEDIA_TEXT, (mlops_bytes){"a text", 6}, 1, &buf, &error));
    mlops_buf_free(&buf);
    OK(mlops_run_log_artifact_bytes(run, MLOPS_STR("notes.txt"), (mlops_bytes){"notes", 5}, &error));
    OK(mlops_run_end_at(run, MLOPS_RUN_FINISHED, 4000000000000000, &error));
    OK(mlops_run_end_at(run, MLOPS_RUN_FINISHED, MLOPS_TIME_NONE, &error));
    OK(mlops_run_end_at(run, MLOPS_RUN_FINISHED, 4000000000000000, &error));
    mlops_run_free(run);
  }
  mlops_buf_free(&key);
  mlops_run_data *data = NULL;
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  OK(mlops_run_get(store, runs[0], &data, &error));
  OK(mlops_run_data_info(data, &info, &error));
  CHECK(info.ended_at == 4000000000000000);
  mlops_run_data_free(data);

  OK(mlops_metric_contexts_json(store, runs[0], MLOPS_STR("loss"), &buf, &error));
  CHECK(strcmp(buf.data, "[{},{\"subset\":\"train\"}]") == 0);
  mlops_buf_free(&buf);
  OK(mlops_run_metric_definitions_json(store, runs[0], &buf, &error));
  CHECK(strcmp(buf.data, "{\"loss\":{\"step_metric\":\"epoch\",\"goal\":\"minimize\"}}") == 0);
  mlops_buf_free(&buf);
  OK(mlops_metric_history_by(store, runs[0], MLOPS_STR("loss"), MLOPS_STR("epoch"), &series, &error));
  OK(mlops_series_points(series, &points, &error));
  CHECK(points.count == 4 && mlops_series_at(series)[1] == 0.0 && mlops_series_at(series)[3] == 1.0);
  CHECK(points.values[3] == 0.25);
  mlops_series_free(series);
  OK(mlops_metric_history(store, runs[0], MLOPS_STR("loss"), &series, &error));
  CHECK(mlops_series_at(series) == NULL && mlops_series_at(NULL) == NULL);
  mlops_series_free(series);

  OK(mlops_media_history_json(store, runs[0], MLOPS_STR("sample"), 0, &buf, &error));
  CHECK(has(&buf, "\"kind\":\"text\"") && has(&buf, "\"step\":1"));
  mlops_buf_free(&buf);
  OK(mlops_media_history_json(store, runs[0], MLOPS_STR("sample"), MLOPS_MEDIA_IMAGE, &buf, &error));
  CHECK(strcmp(buf.data, "[]") == 0);
  mlops_buf_free(&buf);

  OK(mlops_run_compare_json(store, runs, 2, 1, &buf, &error));
  CHECK(has(&buf, "\"params\":{\"depth\":[\"0\",\"1\"]}") && has(&buf, "\"run_id\":\"second\"") && !has(&buf, "\"epoch\""));
  mlops_buf_free(&buf);
  OK(mlops_run_compare_json(store, runs, 2, 0, &buf, &error));
  CHECK(has(&buf, "\"epoch\":[{\"count\":4"));
  mlops_buf_free(&buf);
  OK(mlops_metric_plot(store, runs[0], MLOPS_STR("loss"), 60, 5, &buf, &error));
  CHECK(has(&buf, "step"));
  mlops_buf_free(&buf);
  OK(mlops_metric_svg(store, runs, 2, MLOPS_STR("loss"), &buf, &error));
  CHECK(strncmp(buf.data, "<svg", 4) == 0);
  mlops_buf_free(&buf);

  options.title = MLOPS_STR("Losses & gains");
  char report[8192];
  snprintf(report, sizeof report, "%s", path("report.html"));
  OK(mlops_report_write(store, runs, 2, mlops_cstr(report), &options, &buf, &error));
  CHECK(has(&buf, "\"left_out\":[]"));
  mlops_buf_free(&buf);
  FILE *stream = fopen(report, "r");
  CHECK(stream != NULL && fgetc(stream) == '<' && fclose(stream) == 0);
  FAILS(MLOPS_INVALID_ARGUMENT, "at least one run", mlops_report_write(store, runs, 0, mlops_cstr(report), &options, &buf, &error));
  options.points = 3;
  FAILS(MLOPS_INVALID_ARGUMENT, "10 to 100,000", mlops_report_write(store, runs, 2, mlops_cstr(report), &options, &buf, &error));
}

static void durability_and_folders(const mlops_store *store) {
  mlops_run *run = start_run(store, "durable"), *full = NULL;
  mlops_artifacts *artifacts = NULL;
  OK(mlops_run_with_durability(run, MLOPS_DURABILITY_FULL, &full, &error));
  OK(mlops_run_log_metric(full, MLOPS_STR("loss"), 1.0, 0, MLOPS_TIME_NONE, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "durability", mlops_run_with_durability(run, 7, &full, &error));
  mlops_run_free(full);
  OK(mlops_run_with_durability(run, MLOPS_DURABILITY_DEFAULT, &full, &error));
  CHECK(is(mlops_run_id(full), "durable"));
  mlops_run_free(full);
  char folder[8192];
  snprintf(folder, sizeof folder, "%s", path("inside"));
  CHECK(mkdir(folder, 0700) == 0);
  FILE *file = fopen(path("inside/a.txt"), "w");
  CHECK(file != NULL && fputs("a", file) > 0 && fclose(file) == 0);
  OK(mlops_run_log_artifacts(run, mlops_cstr(folder), MLOPS_STR("kept"), &error));
  OK(mlops_artifact_list(store, MLOPS_STR("durable"), MLOPS_STR("kept/a.txt"), &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == 1);
  mlops_artifacts_free(artifacts);
  const mlops_file files[] = {{MLOPS_STR("many/a"), {"a", 1}}, {MLOPS_STR("many/b"), {NULL, 0}}};
  const mlops_file wrong[] = {{MLOPS_STR("other/a"), {"a", 1}}, {MLOPS_STR("../b"), {"b", 1}}};
  const mlops_file none = {MLOPS_STR("c"), {NULL, 2}};
  OK(mlops_run_log_files(run, files, 2, &error));
  OK(mlops_run_log_files(run, NULL, 0, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "../b", mlops_run_log_files(run, wrong, 2, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "bytes of file", mlops_run_log_files(run, &none, 1, &error));
  OK(mlops_artifact_list(store, MLOPS_STR("durable"), MLOPS_STR_EMPTY, &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == 2);
  mlops_artifacts_free(artifacts);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
}

static void carried(const mlops_store *store) {
  const mlops_str first = MLOPS_STR("first");
  mlops_sync_options options = MLOPS_SYNC_OPTIONS_INIT;
  mlops_buf report = MLOPS_BUF_INIT;
  mlops_run_data *data = NULL;
  mlops_store *elsewhere = open_store("memory:");
  char dest[8192];
  snprintf(dest, sizeof dest, "%s", path("carried"));
  options.run_ids = &first;
  options.run_ids_count = 1;
  OK(mlops_store_export(store, mlops_cstr(dest), &options, &report, &error));
  CHECK(has(&report, "\"new\":[\"first\"]"));
  mlops_buf_free(&report);
  options.run_ids_count = 0;
  OK(mlops_store_import(elsewhere, mlops_cstr(dest), &options, &report, &error));
  mlops_buf_free(&report);
  OK(mlops_run_get(elsewhere, first, &data, &error));
  mlops_run_data_free(data);
  options.run_ids_count = 1;
  snprintf(dest, sizeof dest, "%s", path("plain"));
  OK(mlops_store_export_files(store, mlops_cstr(dest), &options, 0, &report, &error));
  CHECK(has(&report, "\"runs\":1,"));
  mlops_buf_free(&report);
  FAILS(MLOPS_ALREADY_EXISTS, "overwrite", mlops_store_export_files(store, mlops_cstr(dest), &options, 0, &report, &error));
  OK(mlops_store_export_files(store, mlops_cstr(dest), &options, 1, &report, &error));
  mlops_buf_free(&report);
  options.run_ids_count = 0;
  OK(mlops_store_import(elsewhere, mlops_cstr(dest), &options, &report, &error));
  CHECK(has(&report, "\"unchanged\":1"));
  mlops_buf_free(&report);
  FAILS(MLOPS_NOT_FOUND, "store", mlops_store_import(elsewhere, mlops_cstr(path("none")), &options, &report, &error));
  CHECK(mlops_store_id(store).len == 36 && mlops_store_id(NULL).len == 0);
  CHECK(mlops_store_sharing(store) == MLOPS_SHARING_PRIVATE && !mlops_store_is_read_only(store));
  mlops_store_free(elsewhere);
}

static void sweeps(const mlops_store *store) {
  const mlops_str definition = MLOPS_STR(
      "{\"name\": \"made\", \"method\": \"grid\", \"metric\": \"loss\", \"space\": {\"x\": [1, 2]}, \"early_stopping\": "
      "{\"rule\": \"halving\", \"factor\": 2}}");
  mlops_sweep *sweep = NULL;
  mlops_trial *trial = NULL;
  mlops_buf text = MLOPS_BUF_INIT;
  int32_t decision = -1;
  OK(mlops_sweep_create(store, definition, &sweep, &error));
  mlops_sweep *other = NULL;
  FAILS(MLOPS_ALREADY_EXISTS, "made", mlops_sweep_create(store, definition, &other, &error));
  for (int i = 0; i < 2; i++) {
    OK(mlops_sweep_take(sweep, &trial, &error));
    CHECK(mlops_trial_attempt(trial) == 1 && !mlops_trial_should_stop(trial));
    OK(mlops_trial_report(trial, i, 1, &decision, &error));
    CHECK(mlops_trial_should_stop(trial) == (decision == MLOPS_TRIAL_STOP));
    OK(mlops_trial_end(trial, MLOPS_RUN_FINISHED, &error));
    mlops_trial_free(trial);
  }
  CHECK(decision == MLOPS_TRIAL_STOP && mlops_trial_attempt(NULL) == 0 && !mlops_trial_should_stop(NULL));
  OK(mlops_sweep_list_json(store, &text, &error));
  CHECK(text.data[0] == '[' && has(&text, "\"name\":\"made\"") && has(&text, "\"finished\":1"));
  mlops_buf_free(&text);
  mlops_sweep_free(sweep);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  mlops_store *store = open_store(path("store"));
  console(store);
  curves(store);
  durability_and_folders(store);
  carried(store);
  sweeps(store);
  mlops_store_free(store);
  puts("beside: ok");
  return 0;
}
