/* Calls in odd orders: what a user may do by mistake has an answer, and never hangs. Argument: an empty folder. */

#include "check.h"

#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static const mlops_str first = {"first", 5};
static const mlops_str key = {"loss", 4};

static mlops_status log_one(const mlops_run *run, mlops_error **error) {
  return mlops_run_log_metric(run, key, 1, 0, MLOPS_TIME_NONE, error);
}

static void ends(const mlops_store *store) {
  mlops_run *run = start_run(store, "first");
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FAILED, &error)); /* the last word counts */
  CHECK(status_of_run(store, "first") == MLOPS_RUN_FAILED);
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_RUN_KILLED", mlops_run_end(run, MLOPS_RUN_RUNNING, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_RUN_KILLED", mlops_run_end(run, MLOPS_RUN_SCHEDULED, &error));
  OK(log_one(run, &error)); /* a result that comes late */
  CHECK(points(store, "first") == 1 && status_of_run(store, "first") == MLOPS_RUN_FAILED);

  OK(mlops_run_delete(store, first, &error));
  OK(mlops_run_delete(store, first, &error));
  mlops_run *other = NULL;
  FAILS(MLOPS_INVALID_STATE, "restore", log_one(run, &error));
  FAILS(MLOPS_INVALID_STATE, "restore", mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  FAILS(MLOPS_INVALID_STATE, "restore", mlops_run_open(store, first, &other, &error));
  FAILS(MLOPS_INVALID_STATE, "restore", mlops_run_resume(store, first, &other, &error));
  OK(mlops_run_restore(store, first, &error));
  OK(mlops_run_restore(store, first, &error));
  OK(log_one(run, &error));
  CHECK(points(store, "first") == 2 && other == NULL);
  mlops_run_free(run);
}

static void stores_before_runs(void) {
  mlops_store *store = open_store(path("before"));
  mlops_run *run = start_run(store, "outlives");
  OK(mlops_store_close(store, &error));
  OK(log_one(run, &error));
  mlops_store_free(store);
  OK(log_one(run, &error)); /* the run keeps the folder open */

  store = open_store(path("before")); /* and who opens it again shares it */
  CHECK(points(store, "outlives") == 2);
  OK(mlops_store_flush(store, &error));
  mlops_store *second = open_store(path("before"));
  OK(mlops_store_close(store, &error));
  OK(mlops_store_flush(second, &error)); /* closing is of one opening */
  mlops_store_free(store);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  CHECK(status_of_run(second, "outlives") == MLOPS_RUN_FINISHED);
  mlops_store_free(second);
}

static void *open_log_free(void *number) {
  for (int i = 0; i < 5; i++) {
    char id[32];
    snprintf(id, sizeof id, "thread-%d-%d", *(int *)number, i);
    mlops_store *store = open_store(path("threads"));
    mlops_store *clone = NULL;
    OK(mlops_store_clone(store, &clone, &error));
    mlops_store_free(store);
    mlops_run *run = start_run(clone, id);
    mlops_store_free(clone);
    OK(log_one(run, &error));
    OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
    mlops_run_free(run);
  }
  return NULL;
}

static void threads(void) {
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  int numbers[THREADS];
  for (int i = 0; i < THREADS; i++) {
    numbers[i] = i;
    CHECK(pthread_create(&threads[i], NULL, open_log_free, &numbers[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  mlops_store *store = open_store(path("threads"));
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *runs = NULL;
  OK(mlops_run_search(store, &query, &runs, &error));
  CHECK(mlops_runs_count(runs) == (size_t)THREADS * 5);
  mlops_runs_free(runs);
  mlops_store_free(store);
}

static void paths(void) {
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  mlops_store *store = open_store(path("\xe6\x97\xa5\xe6\x9c\xac \xe2\x98\x83/\xc3\xbc"));
  CHECK(strstr(mlops_store_uri(store).ptr, "\xe6\x97\xa5\xe6\x9c\xac \xe2\x98\x83/\xc3\xbc") != NULL);
  mlops_store_free(store);
  store = NULL;

  char long_name[8192];
  memset(long_name, 'n', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  options.uri = mlops_cstr(long_name);
  FAILS(MLOPS_IO, "name too long", mlops_store_open(&options, &store, &error));
  options.uri = (mlops_str){"a\0b", 3};
  FAILS(MLOPS_INVALID_ARGUMENT, "a\\0b", mlops_store_open(&options, &store, &error));
  options.uri = MLOPS_STR("ftp://somewhere");
  FAILS(MLOPS_UNSUPPORTED, "ftp", mlops_store_open(&options, &store, &error));
  options.uri = MLOPS_STR("/dev/null");
  FAILS(MLOPS_IO, "/dev/null", mlops_store_open(&options, &store, &error));
  CHECK(store == NULL);

  /* relative to where it was opened, wherever the program goes then */
  CHECK(chdir(root) == 0);
  store = open_store("relative");
  CHECK(chdir("/") == 0);
  mlops_run *run = start_run(store, "moved");
  OK(log_one(run, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_buf local = MLOPS_BUF_INIT;
  FAILS(MLOPS_INVALID_ARGUMENT, "dest",
        mlops_artifact_download(store, mlops_run_id(run), MLOPS_STR_EMPTY, MLOPS_STR_EMPTY, &local, &error));
  mlops_run_free(run);
  mlops_store_free(store);
  CHECK(access(path("relative/format"), F_OK) == 0);
}

static void empty(void) {
  mlops_store *store = open_store(path("empty"));
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *runs = NULL;
  const mlops_run_data *data = NULL;
  OK(mlops_run_search(store, &query, &runs, &error));
  CHECK(mlops_runs_count(runs) == 0 && mlops_runs_next_page_token(runs).len == 0);
  FAILS(MLOPS_INVALID_ARGUMENT, "below the count, 0", mlops_runs_at(runs, 0, &data, &error));
  mlops_runs_free(runs);
  mlops_store_free(store);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  CHECK(realpath(argv[1], root) != NULL);
  mlops_store *store = open_store(path("store"));
  ends(store);
  mlops_store_free(store);
  stores_before_runs();
  threads();
  paths();
  empty();
  puts("odd: ok");
  return 0;
}
