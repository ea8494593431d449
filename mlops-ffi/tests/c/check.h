/* What the test programs share: checks that say where they failed. */

#ifndef CHECK_H
#define CHECK_H

#include <mlops.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                               \
    }                                                                        \
  } while (0)

/* The call must succeed; `error` is the variable that it gives its error to. */
#define OK(call)                                                                                         \
  do {                                                                                                   \
    mlops_error *error = NULL;                                                                           \
    mlops_status status = (call);                                                                        \
    if (status != MLOPS_OK || error != NULL) {                                                           \
      fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, mlops_status_name(status),       \
              mlops_error_message(error));                                                               \
      exit(1);                                                                                           \
    }                                                                                                    \
  } while (0)

/* The call must fail with this status, and with a message that has this part. */
#define FAILS(expected, part, call)                                                                      \
  do {                                                                                                   \
    mlops_error *error = NULL;                                                                           \
    mlops_status status = (call);                                                                        \
    if (status != (expected) || error == NULL || mlops_error_code(error) != status ||                    \
        strstr(mlops_error_message(error), part) == NULL) {                                              \
      fprintf(stderr, "%s:%d: %s: %s: %s\n", __FILE__, __LINE__, #call, mlops_status_name(status),       \
              mlops_error_message(error));                                                               \
      exit(1);                                                                                           \
    }                                                                                                    \
    mlops_error_free(error);                                                                             \
  } while (0)

/* Ends a run of which this many records were dropped: the status says so, the run has ended all the same. */
static inline void end_with_dropped(const mlops_run *run, int count) {
  char dropped[64];
  mlops_error *error = NULL;
  snprintf(dropped, sizeof dropped, "\"dropped\":%d,\"ended\":true", count);
  CHECK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error) == MLOPS_OUT_OF_SPACE);
  CHECK(strstr(mlops_error_detail_json(error), dropped) != NULL);
  CHECK(strstr(mlops_error_message(error), "mlops.dropped_records") != NULL);
  mlops_error_free(error);
}

static inline int is(mlops_str text, const char *expected) {
  return text.len == strlen(expected) && memcmp(text.ptr, expected, text.len) == 0 && text.ptr[text.len] == '\0';
}

static inline mlops_store *open_store(const char *uri) {
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  mlops_store *store = NULL;
  options.uri = mlops_cstr(uri);
  OK(mlops_store_open(&options, &store, &error));
  return store;
}

static inline mlops_run *start_run(const mlops_store *store, const char *id) {
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_run *run = NULL;
  options.run_id = mlops_cstr(id);
  OK(mlops_run_start(store, &options, &run, &error));
  return run;
}

/* True if the run has ended, and its tag counts this many dropped records. */
static inline int ended_with_dropped(const mlops_store *store, const char *id, const char *count) {
  mlops_run_data *data = NULL;
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  OK(mlops_run_get(store, mlops_cstr(id), &data, &error));
  OK(mlops_run_data_info(data, &info, &error));
  int found = 0;
  for (size_t i = 0; i < mlops_run_data_tags_count(data); i++) {
    mlops_tag tag;
    OK(mlops_run_data_tag(data, i, &tag, &error));
    found |= is(tag.key, "mlops.dropped_records") && is(tag.value, count);
  }
  mlops_run_data_free(data);
  return found && info.status == MLOPS_RUN_FINISHED;
}

/* The folder that the program works in, set from its arguments. */
static char root[4096];

/* The path of a name in that folder, until the next call of the thread. */
static inline const char *path(const char *name) {
  static _Thread_local char text[8192];
  snprintf(text, sizeof text, "%s/%s", root, name);
  return text;
}

/* How many points the first metric of a run has. */
static inline uint64_t points(const mlops_store *store, const char *run) {
  mlops_run_data *data = NULL;
  mlops_metric_summary summary = MLOPS_METRIC_SUMMARY_INIT;
  OK(mlops_run_get(store, mlops_cstr(run), &data, &error));
  if (mlops_run_data_metrics_count(data) > 0) OK(mlops_run_data_metric(data, 0, &summary, &error));
  mlops_run_data_free(data);
  return summary.count;
}

static inline int32_t status_of_run(const mlops_store *store, const char *run) {
  mlops_run_data *data = NULL;
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  OK(mlops_run_get(store, mlops_cstr(run), &data, &error));
  OK(mlops_run_data_info(data, &info, &error));
  mlops_run_data_free(data);
  return info.status;
}

#endif
