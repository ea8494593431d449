/* Four processes of eight threads on one store, one store handle each; one of them is killed. Argument: an empty folder. */

#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, THREADS = 8, POINTS = 150 };

struct job {
  const mlops_store *store;
  int process, number;
};

static void *work(void *argument) {
  const struct job *job = argument;
  char name[64];
  snprintf(name, sizeof name, "run-%d-%d", job->process, job->number);
  mlops_run *own = start_run(job->store, name);
  mlops_run *shared = NULL;
  OK(mlops_run_open(job->store, MLOPS_STR("shared"), &shared, &error));
  for (int i = 0; i < POINTS; i++) {
    OK(mlops_run_log_metric(own, MLOPS_STR("loss"), i, i, MLOPS_TIME_NONE, &error));
    OK(mlops_run_log_metric(shared, mlops_cstr(name), i, i, MLOPS_TIME_NONE, &error));
    if (i % 50 == 0) CHECK(points(job->store, name) == (uint64_t)i + 1);
  }
  const mlops_bytes bytes = {name, strlen(name)};
  OK(mlops_run_log_artifact_bytes(shared, mlops_cstr(name), bytes, &error));
  OK(mlops_run_end(own, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(own);
  mlops_run_free(shared);
  return NULL;
}

/* What each of the processes does; the one that is to be killed says when it is at work, and never ends. */
static int crowd(int process, int out) {
  mlops_store *store = open_store(path("store"));
  struct job jobs[THREADS];
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (struct job){store, process, i};
    CHECK(pthread_create(&threads[i], NULL, work, &jobs[i]) == 0);
  }
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  if (process == 0) {
    mlops_run *left = start_run(store, "left");
    OK(mlops_run_log_metric(left, MLOPS_STR("loss"), 1, 0, MLOPS_TIME_NONE, &error));
    CHECK(write(out, ".", 1) == 1);
    pause();
  }
  OK(mlops_store_close(store, &error));
  mlops_store_free(store);
  return 0;
}

int main(int argc, char **argv) {
  CHECK(argc == 2 || argc == 4);
  snprintf(root, sizeof root, "%s", argv[1]);
  if (argc == 4) return crowd(atoi(argv[2]), atoi(argv[3]));

  mlops_store *store = open_store(path("store"));
  mlops_run *shared = start_run(store, "shared");
  pid_t processes[PROCESSES];
  int ready[2];
  CHECK(pipe(ready) == 0);
  for (int i = 0; i < PROCESSES; i++) {
    processes[i] = fork();
    CHECK(processes[i] >= 0);
    if (processes[i] == 0) {
      char process[16], out[16];
      snprintf(process, sizeof process, "%d", i);
      snprintf(out, sizeof out, "%d", ready[1]);
      execl(argv[0], argv[0], argv[1], process, out, (char *)NULL);
      _exit(100);
    }
  }
  int status = 0;
  for (int i = 1; i < PROCESSES; i++)
    CHECK(waitpid(processes[i], &status, 0) == processes[i] && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  char dot;
  CHECK(read(ready[0], &dot, 1) == 1);
  CHECK(kill(processes[0], SIGKILL) == 0 && waitpid(processes[0], &status, 0) == processes[0]);
  for (int tries = 0; status_of_run(store, "left") != MLOPS_RUN_KILLED; tries++) {
    CHECK(tries < 3000);
    usleep(10000);
  }
  CHECK(points(store, "left") == 1);

  OK(mlops_run_end(shared, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(shared);
  mlops_run_data *data = NULL;
  OK(mlops_run_get(store, MLOPS_STR("shared"), &data, &error));
  CHECK(mlops_run_data_metrics_count(data) == (size_t)PROCESSES * THREADS);
  for (size_t i = 0; i < (size_t)PROCESSES * THREADS; i++) {
    mlops_metric_summary summary = MLOPS_METRIC_SUMMARY_INIT;
    OK(mlops_run_data_metric(data, i, &summary, &error));
    CHECK(summary.count == POINTS);
  }
  mlops_run_data_free(data);
  mlops_run_query query = MLOPS_RUN_QUERY_INIT;
  mlops_runs *runs = NULL;
  query.filter = MLOPS_STR("attributes.status = 'FINISHED'");
  OK(mlops_run_search(store, &query, &runs, &error));
  CHECK(mlops_runs_count(runs) == PROCESSES * THREADS + 1);
  mlops_runs_free(runs);
  mlops_artifacts *artifacts = NULL;
  OK(mlops_artifact_list(store, MLOPS_STR("shared"), MLOPS_STR_EMPTY, &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == PROCESSES * THREADS);
  mlops_artifacts_free(artifacts);
  OK(mlops_store_close(store, &error));
  mlops_store_free(store);
  puts("crowd: ok");
  return 0;
}
