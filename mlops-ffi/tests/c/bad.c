/* Bad input: each a clear error, and nothing half-written. Arguments: an empty folder; or "open" and a store. */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* The library's writes come here first: a full disk is a switch. */
static volatile int disk_is_full = 0;

ssize_t write(int file, const void *bytes, size_t count) {
  if (disk_is_full && file > 2) return errno = ENOSPC, -1;
  return syscall(SYS_write, file, bytes, count);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
  if (disk_is_full) return errno = ENOSPC, -1;
  return syscall(SYS_pwrite64, file, bytes, count, offset);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  if (disk_is_full && file > 2) return errno = ENOSPC, -1;
  return syscall(SYS_writev, file, parts, count);
}


static void names(const mlops_store *store, const mlops_run *run) {
  char long_key[501];
  memset(long_key, 'k', sizeof long_key);
  const mlops_str too_long = {long_key, sizeof long_key};
  const mlops_str longest = {long_key, sizeof long_key - 1};
  const mlops_str key = MLOPS_STR("key");
  FAILS(MLOPS_INVALID_ARGUMENT, "500 bytes", mlops_run_log_param(run, MLOPS_STR_EMPTY, key, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "not blank", mlops_run_log_metric(run, MLOPS_STR("  "), 1, 0, 0, &error));
  FAILS(MLOPS_LIMIT_EXCEEDED, "limit of 500", mlops_run_log_param(run, too_long, key, &error));
  FAILS(MLOPS_LIMIT_EXCEEDED, "limit of 500", mlops_run_set_tag(run, too_long, key, &error));
  OK(mlops_run_log_param(run, longest, key, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "control", mlops_run_log_metric(run, MLOPS_STR("a\nb"), 1, 0, 0, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "control", mlops_run_log_metric(run, MLOPS_STR("a\0b"), 1, 0, 0, &error));

  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_run *other = NULL;
  options.run_id = MLOPS_STR("not/an/id");
  FAILS(MLOPS_INVALID_ARGUMENT, "not/an/id", mlops_run_start(store, &options, &other, &error));
  options.run_id = MLOPS_STR("bad");
  FAILS(MLOPS_ALREADY_EXISTS, "bad", mlops_run_start(store, &options, &other, &error));
  options.run_id = MLOPS_STR_EMPTY;
  options.experiment_id = MLOPS_STR("12345");
  FAILS(MLOPS_NOT_FOUND, "12345", mlops_run_start(store, &options, &other, &error));
  mlops_experiment *experiment = NULL;
  FAILS(MLOPS_LIMIT_EXCEEDED, "500", mlops_experiment_create(store, too_long, NULL, 0, &experiment, &error));
  FAILS(MLOPS_NOT_FOUND, "77", mlops_experiment_get(store, MLOPS_STR("77"), &experiment, &error));
  CHECK(other == NULL && experiment == NULL);
}

static void texts(const mlops_store *store, const mlops_run *run) {
  const mlops_str broken = MLOPS_STR("ab\xff" "c");
  const mlops_str nothing = {NULL, 4};
  const mlops_str endless = {"x", SIZE_MAX};
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *runs = NULL;
  FAILS(MLOPS_INVALID_ARGUMENT, "ab\\xffc", mlops_run_log_param(run, broken, MLOPS_STR("v"), &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "from byte 2", mlops_run_set_tag(run, MLOPS_STR("k"), broken, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "NULL", mlops_run_set_tag(run, MLOPS_STR("k"), nothing, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "memory", mlops_run_set_tag(run, MLOPS_STR("k"), endless, &error));
  query.filter = broken;
  FAILS(MLOPS_INVALID_ARGUMENT, "query.filter", mlops_run_search(store, &query, &runs, &error));
  query.filter = MLOPS_STR("metrics.loss <");
  FAILS(MLOPS_INVALID_ARGUMENT, "", mlops_run_search(store, &query, &runs, &error));
  query.filter = MLOPS_STR_EMPTY;
  query.page_token = MLOPS_STR("no such token");
  FAILS(MLOPS_INVALID_ARGUMENT, "token", mlops_run_search(store, &query, &runs, &error));
  query.page_token = MLOPS_STR_EMPTY;
  query.view = 9;
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_VIEW_ALL", mlops_run_search(store, &query, &runs, &error));
  query.view = MLOPS_VIEW_ALL;
  query.order_by_count = 1;
  FAILS(MLOPS_INVALID_ARGUMENT, "query.order_by", mlops_run_search(store, &query, &runs, &error));
  query.struct_size = 0;
  FAILS(MLOPS_INVALID_ARGUMENT, "INIT", mlops_run_search(store, &query, &runs, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_RUN_FAILED", mlops_run_end(run, 42, &error));
  CHECK(runs == NULL);
}

static void values(const mlops_store *store, const mlops_run *run) {
  OK(mlops_run_log_param_double(run, MLOPS_STR("rate"), 0.1, &error));
  FAILS(MLOPS_CONFLICT, "rate", mlops_run_log_param_double(run, MLOPS_STR("rate"), 0.2, &error));
  OK(mlops_run_log_param(run, MLOPS_STR("rate"), MLOPS_STR("0.1"), &error)); /* the same text is no conflict */

  /* a batch with one bad part leaves nothing */
  const mlops_param params[] = {mlops_param_int(MLOPS_STR("new"), 1), mlops_param_int(MLOPS_STR("rate"), 3)};
  const mlops_tag tags[] = {{MLOPS_STR("new"), MLOPS_STR("1")}};
  const mlops_metric metrics[] = {{MLOPS_STR("new"), 1.0, 0, MLOPS_TIME_NONE}};
  mlops_batch batch = MLOPS_BATCH_INIT;
  batch.params = params;
  batch.params_count = 2;
  batch.tags = tags;
  batch.tags_count = 1;
  batch.metrics = metrics;
  batch.metrics_count = 1;
  FAILS(MLOPS_CONFLICT, "rate", mlops_run_log_batch(run, &batch, &error));
  FAILS(MLOPS_CONFLICT, "rate", mlops_run_log_params(run, params, 2, &error));
  mlops_param odd = mlops_param_int(MLOPS_STR("odd"), 1);
  odd.kind = 99;
  FAILS(MLOPS_INVALID_ARGUMENT, "99", mlops_run_log_params(run, &odd, 1, &error));
  batch.params = NULL;
  FAILS(MLOPS_INVALID_ARGUMENT, "batch.params", mlops_run_log_batch(run, &batch, &error));
  const mlops_points points = {NULL, NULL, NULL, 3};
  FAILS(MLOPS_INVALID_ARGUMENT, "points.values", mlops_run_log_series(run, MLOPS_STR("s"), &points, &error));

  mlops_run_data *data = NULL;
  OK(mlops_run_get(store, MLOPS_STR("bad"), &data, &error));
  CHECK(mlops_run_data_params_count(data) == 2 && mlops_run_data_metrics_count(data) == 0);
  mlops_tag tag;
  for (size_t i = 0; i < mlops_run_data_tags_count(data); i++) {
    OK(mlops_run_data_tag(data, i, &tag, &error));
    CHECK(!is(tag.key, "new"));
  }
  mlops_run_data_free(data);
}

static void unknown(const mlops_store *store, const mlops_run *run) {
  const mlops_str nobody = MLOPS_STR("nobody");
  const mlops_str bad = MLOPS_STR("bad");
  const mlops_bytes bytes = {"x", 1};
  mlops_run *other = NULL;
  mlops_run_data *data = NULL;
  mlops_series *series = NULL;
  mlops_artifacts *artifacts = NULL;
  mlops_buf buf = MLOPS_BUF_INIT;
  FAILS(MLOPS_NOT_FOUND, "nobody", mlops_run_get(store, nobody, &data, &error));
  FAILS(MLOPS_NOT_FOUND, "nobody", mlops_run_resume(store, nobody, &other, &error));
  FAILS(MLOPS_NOT_FOUND, "nobody", mlops_run_open(store, nobody, &other, &error));
  FAILS(MLOPS_NOT_FOUND, "nobody", mlops_run_delete(store, nobody, &error));
  FAILS(MLOPS_NOT_FOUND, "nobody", mlops_metric_history(store, nobody, bad, &series, &error));
  FAILS(MLOPS_NOT_FOUND, "nobody", mlops_artifact_list(store, nobody, MLOPS_STR_EMPTY, &artifacts, &error));
  FAILS(MLOPS_NOT_FOUND, "missing.txt", mlops_artifact_read(store, bad, MLOPS_STR("missing.txt"), &buf, &error));
  FAILS(MLOPS_NOT_FOUND, "missing.txt",
        mlops_artifact_download(store, bad, MLOPS_STR("missing.txt"), mlops_cstr(root), &buf, &error));
  FAILS(MLOPS_NOT_FOUND, "no-such-file",
        mlops_run_log_artifact(run, mlops_cstr(path("no-such-file")), MLOPS_STR_EMPTY, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "..", mlops_run_log_artifact_bytes(run, MLOPS_STR("../up"), bytes, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "a/../..", mlops_run_log_artifact_bytes(run, MLOPS_STR("a/../../b"), bytes, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "/etc", mlops_run_log_artifact_bytes(run, MLOPS_STR("/etc/x"), bytes, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "..", mlops_artifact_read(store, bad, MLOPS_STR("../x"), &buf, &error));
  OK(mlops_artifact_list(store, bad, MLOPS_STR_EMPTY, &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == 0); /* nothing of it was kept */
  mlops_artifacts_free(artifacts);
  CHECK(other == NULL && data == NULL && series == NULL && buf.data == NULL);
}

static void opening(const char *self) {
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  mlops_store *store = NULL;
  options.must_exist = 1;
  options.uri = mlops_cstr(path("never made"));
  FAILS(MLOPS_NOT_FOUND, "never made", mlops_store_open(&options, &store, &error));
  CHECK(access(options.uri.ptr, F_OK) != 0);

  /* what is made is new, and whose it is is said then */
  mlops_open_options create = MLOPS_OPEN_OPTIONS_INIT;
  create.uri = mlops_cstr(path("made"));
  create.must_be_new = 1;
  create.sharing = 2;
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_SHARING_GROUP", mlops_store_open(&create, &store, &error));
  create.sharing = MLOPS_SHARING_GROUP;
  OK(mlops_store_open(&create, &store, &error));
  mlops_store_free(store);
  store = NULL;
  struct stat made;
  CHECK(stat(create.uri.ptr, &made) == 0 && (made.st_mode & 07777) == 02770);
  FAILS(MLOPS_ALREADY_EXISTS, "made", mlops_store_open(&create, &store, &error));
  /* a program that was compiled before these fields */
  create.struct_size = offsetof(mlops_open_options, sharing);
  OK(mlops_store_open(&create, &store, &error));
  mlops_store_free(store);
  store = NULL;
  mlops_open_options shared = MLOPS_OPEN_OPTIONS_INIT;
  shared.uri = mlops_cstr(path("store"));
  shared.sharing = MLOPS_SHARING_GROUP;
  FAILS(MLOPS_INVALID_STATE, "chgrp", mlops_store_open(&shared, &store, &error));

  /* another process shares it, and is told who does not answer */
  char *arguments[] = {(char *)self, (char *)"open", (char *)path("store"), NULL};
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    execv(self, arguments);
    _exit(100);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What the other process does. */
static int open_elsewhere(const char *uri) {
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  mlops_store *store = NULL;
  char holder[64];
  snprintf(holder, sizeof holder, "process %d", (int)getppid());
  options.uri = mlops_cstr(uri);
  OK(mlops_store_open(&options, &store, &error));
  mlops_run_data *data = NULL;
  OK(mlops_run_get(store, MLOPS_STR("bad"), &data, &error));
  mlops_run_data_free(data);
  mlops_store_free(store);
  store = NULL;
  CHECK(setenv("MLOPS_OWNER_WAIT", "0.3", 1) == 0 && kill(getppid(), SIGSTOP) == 0);
  FAILS(MLOPS_LOCKED, holder, mlops_store_open(&options, &store, &error));
  FAILS(MLOPS_LOCKED, uri, mlops_store_open(&options, &store, &error));
  FAILS(MLOPS_LOCKED, "let it go on (kill -CONT", mlops_store_open(&options, &store, &error));
  mlops_error *error = NULL;
  CHECK(mlops_store_open(&options, &store, &error) == MLOPS_LOCKED);
  snprintf(holder, sizeof holder, "\"pid\":%d", (int)getppid());
  CHECK(strstr(mlops_error_detail_json(error), holder) && strstr(mlops_error_detail_json(error), "\"host\":\""));
  mlops_error_free(error);
  CHECK(mlops_status_is_retryable(MLOPS_LOCKED) && store == NULL);
  CHECK(kill(getppid(), SIGCONT) == 0);
  OK(mlops_store_open(&options, &store, &error));
  mlops_store_free(store);
  return 0;
}

static void read_only(void) {
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  mlops_store *store = NULL;
  options.read_only = 1;
  options.uri = mlops_cstr(path("store"));
  OK(mlops_store_open(&options, &store, &error));
  CHECK(mlops_store_is_read_only(store));
  mlops_run_options run_options = MLOPS_RUN_OPTIONS_INIT;
  mlops_run *run = NULL;
  FAILS(MLOPS_READ_ONLY, "read-only", mlops_run_start(store, &run_options, &run, &error));
  FAILS(MLOPS_READ_ONLY, "read-only", mlops_run_delete(store, MLOPS_STR("bad"), &error));
  mlops_run_data *data = NULL;
  OK(mlops_run_get(store, MLOPS_STR("bad"), &data, &error));
  mlops_run_data_free(data);
  mlops_store_free(store);
}

static void full_disk(void) {
  const mlops_str key = MLOPS_STR("loss");
  mlops_store *store = open_store(path("full"));
  mlops_run *run = start_run(store, "full");
  OK(mlops_run_log_metric(run, key, 1.0, 0, MLOPS_TIME_NONE, &error));
  disk_is_full = 1;
  const mlops_bytes bytes = {root, sizeof root};
  FAILS(MLOPS_OUT_OF_SPACE, "", mlops_run_log_metric(run, key, 2.0, 1, MLOPS_TIME_NONE, &error));
  /* The caller knows: what follows is counted, but for what must be on the disk. */
  OK(mlops_run_log_metric(run, key, 2.0, 1, MLOPS_TIME_NONE, &error));
  OK(mlops_run_log_artifact_bytes(run, MLOPS_STR("big"), bytes, &error));
  const mlops_metric point = {key, 2.0, 1, MLOPS_TIME_NONE};
  mlops_batch batch = MLOPS_BATCH_INIT;
  batch.metrics = &point;
  batch.metrics_count = 1;
  batch.durability = MLOPS_DURABILITY_FULL;
  FAILS(MLOPS_OUT_OF_SPACE, "", mlops_run_log_batch(run, &batch, &error));
  disk_is_full = 0;
  OK(mlops_run_log_metric(run, key, 3.0, 2, MLOPS_TIME_NONE, &error));
  end_with_dropped(run, 4);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  /* Closing may say that the store stopped when its disk was full; opening again mends that. */
  mlops_run_free(run);
  disk_is_full = 1; /* also at the end: the index fails then, too */
  (void)mlops_store_close(store, NULL);
  disk_is_full = 0;
  mlops_store_free(store);

  store = open_store(path("full"));
  CHECK(ended_with_dropped(store, "full", "4"));
  mlops_series *series = NULL;
  mlops_points points = MLOPS_POINTS_INIT;
  OK(mlops_metric_history(store, MLOPS_STR("full"), key, &series, &error));
  OK(mlops_series_points(series, &points, &error));
  CHECK(points.count == 2 && points.values[0] == 1.0 && points.values[1] == 3.0);
  mlops_series_free(series);
  mlops_artifacts *artifacts = NULL;
  OK(mlops_artifact_list(store, MLOPS_STR("full"), MLOPS_STR_EMPTY, &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == 0);
  mlops_artifacts_free(artifacts);
  mlops_store_free(store);
}

static const char marker[] = "a marker that is nowhere else";
static int flipped = 0;

static int flip(const char *name, const struct stat *about, int kind, struct FTW *walk) {
  (void)about;
  (void)walk;
  if (kind != FTW_F) return 0;
  static char bytes[1 << 20];
  int file = open(name, O_RDWR);
  ssize_t length = file < 0 ? 0 : read(file, bytes, sizeof bytes);
  char *found = length <= 0 ? NULL : memmem(bytes, (size_t)length, marker, sizeof marker - 1);
  if (found != NULL) {
    const char other = (char)(*found ^ 1);
    CHECK(pwrite(file, &other, 1, found - bytes) == 1);
    flipped++;
  }
  if (file >= 0) close(file);
  return 0;
}

static void corrupt_blob(void) {
  static char large[40000];
  memset(large, 'x', sizeof large);
  memcpy(large + 20000, marker, sizeof marker - 1);
  const mlops_bytes bytes = {large, sizeof large};
  mlops_store *store = open_store(path("corrupt"));
  mlops_run *run = start_run(store, "corrupt");
  OK(mlops_run_log_artifact_bytes(run, MLOPS_STR("large"), bytes, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  OK(mlops_store_close(store, &error));
  mlops_store_free(store);

  CHECK(nftw(path("corrupt"), flip, 8, FTW_PHYS) == 0 && flipped == 1);
  mlops_buf report = MLOPS_BUF_INIT;
  OK(mlops_fsck(mlops_cstr(path("corrupt")), 0, &report, &error));
  CHECK(strstr(report.data, "\"problem\":"));
  mlops_buf_free(&report);
  store = open_store(path("corrupt"));
  FAILS(MLOPS_CORRUPT, "damaged at byte",
        mlops_artifact_read(store, MLOPS_STR("corrupt"), MLOPS_STR("large"), &report, &error));
  CHECK(report.data == NULL);
  mlops_store_free(store);
}

static void read_only_folder(void) {
  if (geteuid() == 0) {
    puts("bad: a folder without write permission: skipped, root may write anywhere");
    return;
  }
  CHECK(mkdir(path("closed"), 0500) == 0);
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  mlops_store *store = NULL;
  options.uri = mlops_cstr(path("closed/store"));
  FAILS(MLOPS_READ_ONLY, "closed", mlops_store_open(&options, &store, &error));
}

static void inside(void) {
  FAILS(MLOPS_INTERNAL, "asked for by a test", mlops__test_panic(&error));
  CHECK(mlops__test_panic(NULL) == MLOPS_INTERNAL);
  CHECK(strcmp(mlops_error_detail_json(NULL), "{}") == 0 && mlops_error_code(NULL) == MLOPS_OK);
  CHECK(strcmp(mlops_status_name(MLOPS_NOT_FOUND), "MLOPS_NOT_FOUND") == 0);
  CHECK(strcmp(mlops_status_name(-1), "MLOPS_UNKNOWN") == 0 && strcmp(mlops_status_name(0), "MLOPS_OK") == 0);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "open") == 0) return open_elsewhere(argv[2]);
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  inside();

  mlops_store *store = open_store(path("store"));
  mlops_run *run = start_run(store, "bad");
  names(store, run);
  texts(store, run);
  values(store, run);
  unknown(store, run);
  opening(argv[0]);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  mlops_store_free(store);

  read_only();
  full_disk();
  corrupt_blob();
  read_only_folder();
  puts("bad: ok");
  return 0;
}
