/* Forked children and what they inherit: an error each time, never a hang. Argument: an empty folder. */

#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

static const mlops_str first = {"forked", 6};
static const mlops_str key = {"loss", 4};

static mlops_status log_one(const mlops_run *run, mlops_error **error) {
  return mlops_run_log_metric(run, key, 1, 0, MLOPS_TIME_NONE, error);
}

/* What a forked child gets from its parent's handles: an error each time, then handles of its own. */
static void in_child(mlops_store *store, mlops_run *run) {
  const mlops_bytes bytes = {"x", 1};
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_run *other = NULL;
  mlops_runs *runs = NULL;
  mlops_run_data *data = NULL;
  mlops_experiment *experiment = NULL;
  mlops_buf buf = MLOPS_BUF_INIT;
  FAILS(MLOPS_INVALID_STATE, "fork", log_one(run, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_run_log_artifact_bytes(run, key, bytes, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_run_start(store, &options, &other, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_run_get(store, first, &data, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_run_search(store, &query, &runs, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_run_delete(store, first, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_experiment_create(store, key, NULL, 0, &experiment, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_artifact_read(store, first, key, &buf, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_store_flush(store, &error));
  FAILS(MLOPS_INVALID_STATE, "fork", mlops_store_close(store, &error));

  mlops_open_options again = MLOPS_OPEN_OPTIONS_INIT;
  mlops_store *own = NULL;
  again.uri = mlops_store_uri(store);
  OK(mlops_store_open(&again, &own, &error)); /* the same store, shared with the parent */
  CHECK(points(own, "forked") == 1);
  OK(mlops_run_open(own, first, &other, &error));
  OK(log_one(other, &error));
  CHECK(points(own, "forked") == 2);
  mlops_run_free(other);
  mlops_store_free(own);

  mlops_run_free(run);
  mlops_store_free(store);
  own = open_store(path("child"));
  run = start_run(own, "of-child");
  OK(log_one(run, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  OK(mlops_store_close(own, &error));
  mlops_store_free(own);
}

static void forks(void) {
  mlops_store *store = open_store(path("forks"));
  mlops_run *run = start_run(store, "forked");
  OK(log_one(run, &error));
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    alarm(60); /* a hang is a failure, and is killed */
    in_child(store, run);
    exit(0);
  }
  int status = 0;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  OK(log_one(run, &error)); /* the parent noticed nothing */
  CHECK(status_of_run(store, "forked") == MLOPS_RUN_RUNNING && points(store, "forked") == 3);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  mlops_store_free(store);
  store = open_store(path("child"));
  CHECK(points(store, "of-child") == 1);
  mlops_store_free(store);
}

/* A watch in a forked child shows what was there and does not hang; the parent's goes on. */
static void watches(void) {
  const mlops_str none = {NULL, 0};
  const mlops_str model = {"fraud", 5};
  const mlops_str alias = {"candidate", 9};
  mlops_store *store = open_store(path("watched"));
  mlops_version_options options = MLOPS_VERSION_OPTIONS_INIT;
  int64_t version = 0;
  options.source = MLOPS_STR("s3://fraud");
  options.must_exist = 0;
  OK(mlops_model_version_create(store, model, &options, none, none, &version, &error));
  mlops_watch *watch = NULL;
  OK(mlops_watch_open(store, model, none, alias, &watch, &error));
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    int32_t changed = 0;
    if (mlops_watch_current(watch) != MLOPS_VERSION_NONE || mlops_watch_changed(watch)) _exit(1);
    if (mlops_watch_wait(watch, 1000, &changed, NULL) != MLOPS_INVALID_STATE) _exit(2);
    mlops_watch_free(watch);
    _exit(0);
  }
  int status = -1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  int32_t changed = 0;
  OK(mlops_registered_model_set_alias(store, model, alias, version, none, none, &error));
  OK(mlops_watch_wait(watch, 30000000, &changed, &error));
  CHECK(changed == 1 && mlops_watch_current(watch) == version);
  mlops_watch_free(watch);
  mlops_store_free(store);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  forks();
  watches();
  puts("fork: ok");
  return 0;
}
