/* Plays calls of experiments, runs and sweeps. */

#include "runner.h"

#include <sys/stat.h>

static struct {
  char name[64];
  mlops_run *run;
  mlops_trial *trial;
} runs[RUNS];
static mlops_sweep *sweep;

mlops_run *run_of(const char *name) {
  for (int i = 0; i < RUNS; i++)
    if (strcmp(runs[i].name, name) == 0) return runs[i].run;
  fprintf(stderr, "no run %s\n", name);
  exit(1);
}

static void keep(const char *name, mlops_run *run) {
  for (int i = 0; i < RUNS; i++) {
    if (runs[i].run != NULL && strcmp(runs[i].name, name) != 0) continue;
    mlops_run_free(runs[i].run);
    snprintf(runs[i].name, sizeof runs[i].name, "%s", name);
    runs[i].run = run;
    return;
  }
  exit(1);
}

/* Writes a file beneath the folder for files; its folders are made. */
static const char *file(const char *name, const char *hex) {
  static char path[4096];
  snprintf(path, sizeof path, "%s/%s", files, name);
  for (char *slash = path + strlen(files) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    mkdir(path, 0700);
    *slash = '/';
  }
  const mlops_bytes bytes = unhex(hex);
  FILE *stream = fopen(path, "wb");
  CHECK(stream != NULL && fwrite(bytes.ptr, 1, bytes.len, stream) == bytes.len && fclose(stream) == 0);
  return path;
}

static mlops_param param_of(char **fields) {
  const mlops_str key = mlops_cstr(fields[0]);
  const char *kind = fields[1];
  const char *value = fields[2];
  if (strcmp(kind, "int") == 0) return mlops_param_int(key, strtoll(value, NULL, 10));
  if (strcmp(kind, "float") == 0) return mlops_param_double(key, strtod(value, NULL));
  if (strcmp(kind, "bool") == 0) return mlops_param_bool(key, strcmp(value, "True") == 0);
  mlops_param text = mlops_param_text(key, mlops_cstr(value));
  if (strcmp(kind, "none") == 0) text.kind = MLOPS_PARAM_NONE;
  return text;
}

static mlops_metric metric_of(char **fields) {
  return (mlops_metric){mlops_cstr(fields[0]), strtod(fields[1], NULL), strtoll(fields[2], NULL, 10),
                        strtoll(fields[3], NULL, 10) * 1000};
}

/* What is no number and no artifact of the user's. */
static mlops_status typed(struct call *call, const mlops_run *run, mlops_error **error) {
  static const char *const kinds[] = {"text", "image", "table", "histogram"};
  char **f = call->fields;
  mlops_buf buf = MLOPS_BUF_INIT;
  mlops_status status;
  if (strcmp(call->name, "log_in_context") == 0) {
    mlops_tag context[FIELDS];
    const mlops_metric m = metric_of(f + 1);
    size_t count = tags_of(f + 5, call->count - 5, context);
    status = mlops_series_key(m.key, context, count, &buf, error);
    if (status == MLOPS_OK) {
      status = mlops_run_log_metric(run, (mlops_str){buf.data, buf.len}, m.value, m.step, m.at, error);
    }
  } else {
    int32_t kind = 1;
    while (strcmp(kinds[kind - 1], f[2]) != 0) kind++;
    const int64_t step = strtoll(f[4], NULL, 10);
    status = mlops_run_log_media(run, mlops_cstr(f[1]), kind, unhex(f[3]), step, &buf, error);
  }
  mlops_buf_free(&buf);
  return status;
}

static mlops_status fork_run(struct call *call, const mlops_run *from, mlops_error **error) {
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_run *run = NULL;
  options.run_name = mlops_cstr(call->fields[0]);
  const int64_t step = strtoll(call->fields[2], NULL, 10);
  mlops_status status = mlops_run_fork(store, mlops_run_id(from), step, &options, &run, error);
  if (status == MLOPS_OK) keep(call->fields[0], run);
  return status;
}

static mlops_status take(struct call *call, mlops_error **error) {
  mlops_trial *trial = NULL;
  mlops_run *run = NULL;
  mlops_status status = mlops_sweep_take(sweep, &trial, error);
  if (status != MLOPS_OK) return status;
  CHECK(trial != NULL);
  status = mlops_trial_run(trial, &run, error);
  if (status == MLOPS_OK) keep(call->fields[1], run);
  for (int i = 0; i < RUNS; i++)
    if (runs[i].run == run) runs[i].trial = trial;
  return status;
}

static mlops_trial *trial_of(const char *name) {
  const mlops_run *run = run_of(name);
  for (int i = 0; i < RUNS; i++)
    if (runs[i].run == run) return runs[i].trial;
  return NULL;
}

static int32_t level_of(const char *text) {
  if (strcmp(text, "INFO") == 0) return MLOPS_ALERT_INFO;
  return strcmp(text, "WARN") == 0 ? MLOPS_ALERT_WARN : MLOPS_ALERT_ERROR;
}

static int32_t status_of(const char *text) {
  if (strcmp(text, "FINISHED") == 0) return MLOPS_RUN_FINISHED;
  return strcmp(text, "FAILED") == 0 ? MLOPS_RUN_FAILED : MLOPS_RUN_KILLED;
}

/* Each param by the function that a user would take for it. */
static mlops_status log_param(const mlops_run *run, mlops_param param, mlops_error **error) {
  switch (param.kind) {
    case MLOPS_PARAM_INT:
      return mlops_run_log_param_int(run, param.key, param.integer, error);
    case MLOPS_PARAM_FLOAT:
      return mlops_run_log_param_double(run, param.key, param.number, error);
    case MLOPS_PARAM_BOOL:
      return mlops_run_log_param_bool(run, param.key, (int32_t)param.integer, error);
    case MLOPS_PARAM_TEXT:
      return mlops_run_log_param(run, param.key, param.text, error);
    default:
      return mlops_run_log_params(run, &param, 1, error);
  }
}

static mlops_status start(struct call *call, mlops_error **error) {
  mlops_tag tags[FIELDS];
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_run *run = NULL;
  options.run_name = mlops_cstr(call->fields[0]);
  options.experiment_name = mlops_cstr(call->fields[1]);
  if (call->fields[2][0] != '\0') options.parent_run_id = mlops_run_id(run_of(call->fields[2]));
  options.description = mlops_cstr(call->fields[3]);
  options.tags = tags;
  options.tags_count = tags_of(call->fields + 4, call->count - 4, tags);
  mlops_status status = mlops_run_start(store, &options, &run, error);
  if (status == MLOPS_OK) keep(call->fields[0], run);
  return status;
}

static mlops_status batch(struct call *call, mlops_error **error) {
  mlops_param params[FIELDS];
  mlops_tag tags[FIELDS];
  mlops_metric metrics[FIELDS];
  mlops_batch all = MLOPS_BATCH_INIT;
  char **at = call->fields + 3;
  all.params = params;
  all.params_count = strtoul(call->fields[1], NULL, 10);
  for (size_t i = 0; i < all.params_count; i++, at += 3) params[i] = param_of(at);
  all.tags = tags;
  all.tags_count = tags_of(at, 2 * atoi(call->fields[2]), tags);
  at += 2 * all.tags_count;
  all.metrics = metrics;
  for (; at < call->fields + call->count; at += 4) metrics[all.metrics_count++] = metric_of(at);
  return mlops_run_log_batch(run_of(call->fields[0]), &all, error);
}

static mlops_status series(struct call *call, mlops_error **error) {
  int64_t steps[FIELDS];
  int64_t times[FIELDS];
  double values[FIELDS];
  mlops_points points = {steps, times, values, 0};
  for (char **at = call->fields + 2; at < call->fields + call->count; at += 3, points.count++) {
    steps[points.count] = strtoll(at[0], NULL, 10);
    times[points.count] = strtoll(at[1], NULL, 10) * 1000;
    values[points.count] = strtod(at[2], NULL);
  }
  return mlops_run_log_series(run_of(call->fields[0]), mlops_cstr(call->fields[1]), &points, error);
}

static mlops_status input(struct call *call, mlops_error **error) {
  mlops_tag tags[FIELDS];
  mlops_dataset_input all = MLOPS_DATASET_INPUT_INIT;
  char **f = call->fields;
  all.name = mlops_cstr(f[1]);
  all.digest = mlops_cstr(f[2]);
  all.source_type = mlops_cstr(f[3]);
  all.source = mlops_cstr(f[4]);
  all.schema = mlops_cstr(f[5]);
  all.profile = mlops_cstr(f[6]);
  all.context = mlops_cstr(f[7]);
  all.tags = tags;
  all.tags_count = tags_of(f + 8, call->count - 8, tags);
  return mlops_run_log_input(run_of(f[0]), &all, error);
}

/* A call that changes an experiment, which it names; MLOPS_OK and *known 0 for any other. */
static mlops_status edit_experiment(struct call *call, int *known, mlops_error **error) {
  char **f = call->fields;
  const char *name = call->name;
  mlops_experiment *found = NULL;
  mlops_experiment_info info = MLOPS_EXPERIMENT_INFO_INIT;
  mlops_tag tags[FIELDS];
  mlops_status status;
  *known = strstr(name, "_experiment") != NULL;
  if (!*known) return MLOPS_OK;
  CHECK(mlops_experiment_find(store, mlops_cstr(f[0]), &found, error) == MLOPS_OK && found != NULL);
  CHECK(mlops_experiment_get_info(found, &info, error) == MLOPS_OK);
  if (strcmp(name, "delete_experiment") == 0) {
    status = mlops_experiment_delete(store, info.experiment_id, error);
  } else if (strcmp(name, "restore_experiment") == 0) {
    status = mlops_experiment_restore(store, info.experiment_id, error);
  } else if (strcmp(name, "rename_experiment") == 0) {
    status = mlops_experiment_rename(store, info.experiment_id, mlops_cstr(f[1]), error);
  } else if (strcmp(name, "tag_experiment") == 0) {
    size_t count = tags_of(f + 1, call->count - 1, tags);
    status = mlops_experiment_set_tags(store, info.experiment_id, tags, count, error);
  } else {
    status = mlops_experiment_delete_tag(store, info.experiment_id, mlops_cstr(f[1]), error);
  }
  mlops_experiment_free(found);
  return status;
}

mlops_status play_run(struct call *call, mlops_error **error) {
  char **f = call->fields;
  const char *name = call->name;
  mlops_status status;
  if (strcmp(name, "create_experiment") == 0) {
    mlops_tag tags[FIELDS];
    mlops_experiment *made = NULL;
    size_t count = tags_of(f + 1, call->count - 1, tags);
    status = mlops_experiment_create(store, mlops_cstr(f[0]), tags, count, &made, error);
    mlops_experiment_free(made);
    return status;
  }
  if (strcmp(name, "start_run") == 0) return start(call, error);
  if (strcmp(name, "fork_run") == 0) return fork_run(call, run_of(f[1]), error);
  if (strcmp(name, "take_trial") == 0) return take(call, error);
  if (strcmp(name, "ensure_sweep") == 0) return mlops_sweep_ensure(store, mlops_cstr(f[1]), &sweep, error);
  int known = 0;
  status = edit_experiment(call, &known, error);
  if (known) return status;
  const mlops_run *run = run_of(f[0]);
  if (strcmp(name, "resume_run") == 0) {
    mlops_run *again = NULL;
    status = mlops_run_resume(store, mlops_run_id(run), &again, error);
    if (status == MLOPS_OK) keep(f[0], again);
    return status;
  }
  if (strcmp(name, "log_param") == 0) return log_param(run, param_of(f + 1), error);
  if (strcmp(name, "log_metric") == 0) {
    const mlops_metric m = metric_of(f + 1);
    return mlops_run_log_metric(run, m.key, m.value, m.step, m.at, error);
  }
  if (strcmp(name, "log_batch") == 0) return batch(call, error);
  if (strcmp(name, "log_series") == 0) return series(call, error);
  if (strcmp(name, "set_tag") == 0) return mlops_run_set_tag(run, mlops_cstr(f[1]), mlops_cstr(f[2]), error);
  if (strcmp(name, "delete_tag") == 0) return mlops_run_delete_tag(run, mlops_cstr(f[1]), error);
  if (strcmp(name, "log_input") == 0) return input(call, error);
  if (strcmp(name, "log_bytes") == 0) return mlops_run_log_artifact_bytes(run, mlops_cstr(f[1]), unhex(f[2]), error);
  if (strcmp(name, "log_file") == 0)
    return mlops_run_log_artifact(run, mlops_cstr(file(f[1], f[3])), mlops_cstr(f[2]), error);
  if (strcmp(name, "log_folder") == 0) {
    char path[4096];
    for (int i = 2; i + 1 < call->count; i += 2) {
      snprintf(path, sizeof path, "%s/%s", f[1], f[i]);
      file(path, f[i + 1]);
    }
    snprintf(path, sizeof path, "%s/%s", files, f[1]);
    return mlops_run_log_artifact(run, mlops_cstr(path), MLOPS_STR_EMPTY, error);
  }
  if (strcmp(name, "end_run") == 0) return mlops_run_end(run, status_of(f[1]), error);
  if (strcmp(name, "delete_run") == 0) return mlops_run_delete(store, mlops_run_id(run), error);
  if (strcmp(name, "restore_run") == 0) return mlops_run_restore(store, mlops_run_id(run), error);
  if (strcmp(name, "log_in_context") == 0 || strcmp(name, "log_media") == 0) return typed(call, run, error);
  if (strcmp(name, "define_metric") == 0)
    return mlops_run_define_metric(run, mlops_cstr(f[1]), mlops_cstr(f[2]), error);
  if (strcmp(name, "alert") == 0)
    return mlops_run_alert(run, mlops_cstr(f[1]), mlops_cstr(f[2]), level_of(f[3]), 0, error);
  if (strcmp(name, "set_note") == 0) return mlops_run_set_note(run, mlops_cstr(f[1]), error);
  if (strcmp(name, "rewind_run") == 0)
    return mlops_run_rewind(store, mlops_run_id(run), strtoll(f[1], NULL, 10), error);
  if (strcmp(name, "report") == 0) {
    int32_t decision = -1;
    status = mlops_trial_report(trial_of(f[0]), strtod(f[1], NULL), strtoll(f[2], NULL, 10), &decision, error);
    CHECK(decision == (strcmp(f[3], "stop") == 0 ? MLOPS_TRIAL_STOP : MLOPS_TRIAL_CONTINUE));
    return status;
  }
  if (strcmp(name, "end_trial") == 0) return mlops_trial_end(trial_of(f[0]), status_of(f[1]), error);
  fprintf(stderr, "no call %s\n", name);
  exit(1);
}

void free_runs(void) {
  for (int i = 0; i < RUNS; i++) {
    mlops_trial_free(runs[i].trial);
    mlops_run_free(runs[i].run);
  }
  mlops_sweep_free(sweep);
}
