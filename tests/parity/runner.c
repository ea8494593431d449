/* Plays the scenario from C, and prints what a store holds as JSON.
 *
 *   runner play STORE LINES FILES    LINES: one call a line, fields with tabs between them
 *   runner dump STORE LINES          LINES: one question a line, in the same form */

#include "check.h"

#include <math.h>
#include <sys/stat.h>

enum { FIELDS = 64, RUNS = 16 };

/* One call: its name, the error it must give ("-": none), its other fields. */
struct call {
  char *name;
  char *fails;
  char *fields[FIELDS];
  int count;
};

static struct {
  char name[64];
  mlops_run *run;
  mlops_trial *trial;
} runs[RUNS];
static mlops_sweep *sweep;
static mlops_store *store;
static const char *files;

static mlops_run *run_of(const char *name) {
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

static void unescape(char *text) {
  char *to = text;
  for (char *from = text; *from != '\0'; from++, to++) {
    if (*from == '\\') {
      from++;
      *to = *from == 't' ? '\t' : *from == 'n' ? '\n' : *from;
    } else {
      *to = *from;
    }
  }
  *to = '\0';
}

static struct call split(char *line) {
  struct call call = {0};
  char *all[FIELDS + 2];
  int count = 0;
  line[strcspn(line, "\n")] = '\0';
  for (char *at = line; at != NULL && count < FIELDS + 2;) {
    char *end = strchr(at, '\t');
    if (end != NULL) *end++ = '\0';
    unescape(at);
    all[count++] = at;
    at = end;
  }
  CHECK(count >= 2);
  call.name = all[0];
  call.fails = all[1];
  call.count = count - 2;
  memcpy(call.fields, all + 2, sizeof(char *) * (size_t)call.count);
  return call;
}

static mlops_bytes unhex(const char *hex) {
  static unsigned char bytes[4096];
  size_t length = strlen(hex) / 2;
  for (size_t i = 0; i < length; i++) {
    unsigned int byte = 0;
    CHECK(sscanf(hex + 2 * i, "%2x", &byte) == 1);
    bytes[i] = (unsigned char)byte;
  }
  return (mlops_bytes){bytes, length};
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

static size_t tags_of(char **fields, int count, mlops_tag *tags) {
  for (int i = 0; i < count / 2; i++) tags[i] = (mlops_tag){mlops_cstr(fields[2 * i]), mlops_cstr(fields[2 * i + 1])};
  return (size_t)count / 2;
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

/* What somebody says of a version. */
static mlops_status say(char **f, mlops_error **error) {
  mlops_buf out = MLOPS_BUF_INIT;
  const int64_t version = strtoll(f[2], NULL, 10);
  const mlops_str model = mlops_cstr(f[1]);
  const mlops_str actor = mlops_cstr(f[3]);
  const mlops_str reason = mlops_cstr(f[4]);
  mlops_status status;
  if (strcmp(f[0], "request") == 0) {
    status = mlops_model_version_request_approval(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  } else if (strcmp(f[0], "approve") == 0) {
    status = mlops_model_version_approve(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  } else if (strcmp(f[0], "reject") == 0) {
    status = mlops_model_version_reject(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  } else {
    status = mlops_model_version_withdraw(store, model, version, MLOPS_STR_EMPTY, actor, reason, &out, error);
  }
  mlops_buf_free(&out);
  return status;
}

/* A call that brings a version to production or back, or notes a gate. */
static mlops_status move(struct call *call, mlops_error **error) {
  char **f = call->fields;
  const mlops_str model = mlops_cstr(f[0]);
  mlops_buf out = MLOPS_BUF_INIT;
  int64_t number = 0;
  mlops_status status;
  if (strcmp(call->name, "promote") == 0) {
    mlops_promote_options options = MLOPS_PROMOTE_OPTIONS_INIT;
    options.slot = mlops_cstr(f[2]);
    options.expect = strtoll(f[3], NULL, 10);
    status = mlops_model_version_promote(store, model, strtoll(f[1], NULL, 10), &options, mlops_cstr(f[4]),
                                         mlops_cstr(f[5]), &number, &out, error);
  } else if (strcmp(call->name, "rollback") == 0) {
    status = mlops_registered_model_rollback(store, model, mlops_cstr(f[1]), strtoll(f[2], NULL, 10), mlops_cstr(f[3]),
                                             mlops_cstr(f[4]), &number, &out, error);
  } else {
    mlops_gate gate = MLOPS_GATE_INIT;
    const mlops_metric metric = {mlops_cstr(f[5]), strtod(f[6], NULL), 0, 0};
    gate.baseline = strtoll(f[2], NULL, 10);
    gate.name = mlops_cstr(f[3]);
    gate.verdict = mlops_cstr(f[4]);
    gate.metrics = &metric;
    gate.metrics_count = 1;
    status = mlops_model_version_record_gate(store, model, strtoll(f[1], NULL, 10), &gate, mlops_cstr(f[7]),
                                             MLOPS_STR_EMPTY, &out, error);
  }
  mlops_buf_free(&out);
  return status;
}

static mlops_status register_version(struct call *call, mlops_error **error) {
  char **f = call->fields;
  mlops_tag tags[FIELDS];
  mlops_version_options options = MLOPS_VERSION_OPTIONS_INIT;
  char source[512];
  int64_t version = 0;
  snprintf(source, sizeof source, "runs:/%s/%s", mlops_run_id(run_of(f[1])).ptr, f[2]);
  options.source = mlops_cstr(source);
  options.tags = tags;
  options.tags_count = tags_of(f + 3, call->count - 3, tags);
  return mlops_model_version_create(store, mlops_cstr(f[0]), &options, MLOPS_STR_EMPTY, MLOPS_STR_EMPTY, &version, error);
}

/* A call of the registry; MLOPS_OK and *known 0 for any other. */
static mlops_status edit_registry(struct call *call, int *known, mlops_error **error) {
  char **f = call->fields;
  const char *name = call->name;
  const mlops_str none = MLOPS_STR_EMPTY;
  const mlops_str first = mlops_cstr(f[0]);
  const mlops_str second = call->count > 1 ? mlops_cstr(f[1]) : none;
  const mlops_str third = call->count > 2 ? mlops_cstr(f[2]) : none;
  const int64_t version = call->count > 1 ? strtoll(f[1], NULL, 10) : 0;
  int64_t copied = 0;
  *known = 1;
  if (strcmp(name, "create_model") == 0) {
    mlops_tag tags[FIELDS];
    size_t count = tags_of(f + 2, call->count - 2, tags);
    return mlops_registered_model_create(store, first, second, tags, count, none, none, error);
  }
  if (strcmp(name, "describe_model") == 0)
    return mlops_registered_model_describe(store, first, second, none, none, error);
  if (strcmp(name, "rename_model") == 0) return mlops_registered_model_rename(store, first, second, none, none, error);
  if (strcmp(name, "delete_model") == 0) return mlops_registered_model_delete(store, first, 0, none, none, error);
  if (strcmp(name, "register_version") == 0) return register_version(call, error);
  if (strcmp(name, "copy_version") == 0)
    return mlops_model_version_copy(store, first, version, third, none, none, &copied, error);
  if (strcmp(name, "describe_version") == 0)
    return mlops_model_version_describe(store, first, version, third, none, none, error);
  if (strcmp(name, "tag_version") == 0)
    return mlops_model_version_set_tag(store, first, version, third, mlops_cstr(f[3]), none, none, error);
  if (strcmp(name, "untag_version") == 0)
    return mlops_model_version_delete_tag(store, first, version, third, none, none, error);
  if (strcmp(name, "delete_version") == 0)
    return mlops_model_version_delete(store, first, version, 0, none, none, error);
  if (strcmp(name, "set_alias") == 0)
    return mlops_registered_model_set_alias(store, first, second, strtoll(f[2], NULL, 10), none, none, error);
  if (strcmp(name, "delete_alias") == 0)
    return mlops_registered_model_delete_alias(store, first, second, none, none, error);
  if (strcmp(name, "set_stage") == 0)
    return mlops_model_version_set_stage(store, first, version, third, 0, MLOPS_GENERATION_ANY, none, none, error);
  if (strcmp(name, "set_policy") == 0)
    return mlops_registry_set_policy(store, first, none, second, third, mlops_cstr(f[3]), error);
  if (strcmp(name, "say") == 0) return say(f, error);
  if (strcmp(name, "promote") == 0 || strcmp(name, "rollback") == 0 || strcmp(name, "record_gate") == 0)
    return move(call, error);
  *known = 0;
  return MLOPS_OK;
}

static mlops_status make(struct call *call, mlops_error **error) {
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
  status = edit_registry(call, &known, error);
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

static void play(const char *lines) {
  char line[8192];
  FILE *stream = fopen(lines, "r");
  CHECK(stream != NULL);
  while (fgets(line, sizeof line, stream) != NULL) {
    struct call call = split(line);
    mlops_error *error = NULL;
    mlops_status status = make(&call, &error);
    const char *expected = strcmp(call.fails, "-") == 0 ? "MLOPS_OK" : call.fails;
    if (strcmp(mlops_status_name(status), expected) != 0) {
      fprintf(stderr, "%s: %s, not %s: %s\n", call.name, mlops_status_name(status), expected,
              mlops_error_message(error));
      exit(1);
    }
    mlops_error_free(error);
  }
  fclose(stream);
  for (int i = 0; i < RUNS; i++) {
    mlops_trial_free(runs[i].trial);
    mlops_run_free(runs[i].run);
  }
  mlops_sweep_free(sweep);
}

/* Printing JSON. */

static void text(mlops_str str) {
  putchar('"');
  for (size_t i = 0; i < str.len; i++) {
    unsigned char c = (unsigned char)str.ptr[i];
    if (c == '"' || c == '\\') {
      printf("\\%c", c);
    } else if (c < 0x20) {
      printf("\\u%04x", c);
    } else {
      putchar(c);
    }
  }
  putchar('"');
}

static void bits(double value) {
  uint64_t raw;
  memcpy(&raw, &value, sizeof raw);
  if (isnan(value)) {
    printf("\"nan\"");
  } else {
    printf("\"%016llx\"", (unsigned long long)raw);
  }
}

static void tag(mlops_tag tag, size_t i) {
  printf("%s", i == 0 ? "" : ",");
  text(tag.key);
  putchar(':');
  text(tag.value);
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

static void dump_search(struct call *call) {
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

static void dump_sweep(const char *name) {
  mlops_sweep *found = NULL;
  mlops_buf buf = MLOPS_BUF_INIT;
  OK(mlops_sweep_get(store, mlops_cstr(name), &found, &error));
  OK(mlops_sweep_json(found, &buf, &error));
  printf("%s", buf.data);
  mlops_buf_free(&buf);
  mlops_sweep_free(found);
}

/* Prints what a call gave. */
static void print(mlops_buf *buf) {
  printf("%s", buf->data);
  mlops_buf_free(buf);
}

/* The number of the version that a URI names, or of the error. */
static void dump_uri(const char *uri) {
  int64_t version = 0;
  const mlops_status status = mlops_model_version_of_uri(store, mlops_cstr(uri), &version, NULL);
  printf("%lld", status == MLOPS_OK ? (long long)version : (long long)status);
}

/* A model with its versions, which are numbered from 1; those that were deleted are not there. */
static void dump_model(const char *name) {
  mlops_buf buf = MLOPS_BUF_INIT;
  int64_t latest = 0;
  int count = 0;
  char uri[512];
  OK(mlops_registered_model_json(store, mlops_cstr(name), &buf, &error));
  printf("{\"model\":");
  print(&buf);
  printf(",\"versions\":[");
  snprintf(uri, sizeof uri, "models:/%s/latest", name);
  OK(mlops_model_version_of_uri(store, mlops_cstr(uri), &latest, &error));
  for (int64_t version = latest; version > 0; version--) {
    mlops_artifacts *listed = NULL;
    mlops_artifact artifact = MLOPS_ARTIFACT_INIT;
    if (mlops_model_version_json(store, mlops_cstr(name), version, &buf, NULL) != MLOPS_OK) continue;
    printf("%s{\"version\":", count++ == 0 ? "" : ",");
    print(&buf);
    printf(",\"files\":[");
    OK(mlops_model_version_list_files(store, mlops_cstr(name), version, MLOPS_STR_EMPTY, &listed, &error));
    for (size_t i = 0; i < mlops_artifacts_count(listed); i++) {
      OK(mlops_artifacts_at(listed, i, &artifact, &error));
      if (i > 0) putchar(',');
      text(artifact.path);
    }
    mlops_artifacts_free(listed);
    OK(mlops_model_version_status_json(store, mlops_cstr(name), version, MLOPS_STR_EMPTY, MLOPS_STR_EMPTY, &buf, &error));
    printf("],\"can_promote\":%s}", strstr(buf.data, "\"can_promote\":true") == NULL ? "false" : "true");
    mlops_buf_free(&buf);
  }
  printf("]}");
}

/* The answers to the questions of one name. */
static void answers(const char *path, const char *name) {
  char line[8192];
  int count = 0;
  FILE *stream = fopen(path, "r");
  CHECK(stream != NULL);
  while (fgets(line, sizeof line, stream) != NULL) {
    struct call call = split(line);
    if (strcmp(call.name, name) != 0) continue;
    if (count++ > 0) putchar(',');
    if (strcmp(name, "search") == 0) {
      dump_search(&call);
    } else if (strcmp(name, "model") == 0) {
      dump_model(call.fields[0]);
    } else if (strcmp(name, "uri") == 0) {
      dump_uri(call.fields[0]);
    } else {
      dump_sweep(call.fields[0]);
    }
  }
  fclose(stream);
}

static void dump(const char *questions) {
  mlops_page_options options = MLOPS_PAGE_OPTIONS_INIT;
  mlops_experiments *experiments = NULL;
  options.view = MLOPS_VIEW_ALL;
  OK(mlops_experiment_list(store, &options, &experiments, &error));
  printf("{\"experiments\":[");
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

  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *found = NULL;
  query.view = MLOPS_VIEW_ALL;
  OK(mlops_run_search(store, &query, &found, &error));
  printf("],\"runs\":[");
  for (size_t i = 0; i < mlops_runs_count(found); i++) {
    const mlops_run_data *data = NULL;
    OK(mlops_runs_at(found, i, &data, &error));
    printf("%s", i == 0 ? "" : ",");
    dump_run(data);
  }
  mlops_runs_free(found);
  printf("],\"searches\":[");
  answers(questions, "search");
  printf("],\"sweeps\":[");
  answers(questions, "sweep");
  printf("],\"registry\":{\"models\":[");
  answers(questions, "model");
  printf("],\"uris\":[");
  answers(questions, "uri");
  printf("],\"events\":");
  mlops_buf buf = MLOPS_BUF_INIT;
  OK(mlops_registry_events_json(store, 0, 10000, &buf, &error));
  print(&buf);
  OK(mlops_registry_pending_json(store, &buf, &error));
  int pending = 0;
  for (const char *at = buf.data; (at = strstr(at, "\"needed\":")) != NULL; at++) pending++;
  mlops_buf_free(&buf);
  int64_t verified = 0;
  OK(mlops_registry_verify(store, 0, MLOPS_STR_EMPTY, &verified, &error));
  printf(",\"pending\":%d,\"verified\":%lld}}\n", pending, (long long)verified);
}

int main(int argc, char **argv) {
  CHECK(argc >= 3);
  store = open_store(argv[2]);
  if (strcmp(argv[1], "play") == 0) {
    CHECK(argc == 5);
    files = argv[4];
    play(argv[3]);
  } else {
    CHECK(argc == 4);
    dump(argv[3]);
  }
  OK(mlops_store_close(store, &error));
  mlops_store_free(store);
  return 0;
}
