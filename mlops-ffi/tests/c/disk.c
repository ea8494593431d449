/* Disks that do not take what they should. Arguments: what to do, and a folder.
 *
 *   disk full FOLDER        the folder is a small file system of its own
 *   disk make FOLDER        leaves a store behind
 *   disk read-only FOLDER   the same folder, now on a file system that is mounted for reading
 *   disk limit FOLDER       no file may grow beyond what this process is allowed
 *   disk newer FOLDER       a store that a later version wrote */

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static const mlops_str key = {"loss", 4};

static size_t points_of(const mlops_store *store, const char *run) {
  mlops_series *series = NULL;
  mlops_points points = MLOPS_POINTS_INIT;
  OK(mlops_metric_history(store, mlops_cstr(run), key, &series, &error));
  OK(mlops_series_points(series, &points, &error));
  size_t count = points.count;
  for (size_t i = 0; i < count; i++) CHECK(points.values[i] == (double)i);
  mlops_series_free(series);
  return count;
}

/* Takes all that is left of the disk. */
static void fill(const char *name) {
  static const char block[4096];
  int file = open(name, O_CREAT | O_WRONLY, 0600);
  CHECK(file >= 0);
  while (write(file, block, sizeof block) > 0) continue;
  CHECK(errno == ENOSPC);
  close(file);
}

static void full(void) {
  mlops_store *store = open_store(path("store"));
  mlops_run *run = start_run(store, "full");
  size_t logged = 0;
  OK(mlops_run_log_metric(run, key, (double)logged++, 0, MLOPS_TIME_NONE, &error));
  OK(mlops_store_flush(store, &error));
  fill(path("filler"));

  /* what is acknowledged counts; the page that the spool has begun may still take some */
  mlops_status status = MLOPS_OK;
  for (int i = 0; i < 100000 && status == MLOPS_OK; i++) {
    status = mlops_run_log_metric(run, key, (double)logged, 0, MLOPS_TIME_NONE, NULL);
    if (status == MLOPS_OK) logged++;
  }
  CHECK(status == MLOPS_OUT_OF_SPACE);
  /* training goes on: what is lost is counted */
  int dropped = 1;
  for (; dropped < 1001; dropped++) OK(mlops_run_log_metric(run, key, -1, 0, MLOPS_TIME_NONE, &error));
  static const char large[100000];
  const mlops_bytes bytes = {large, sizeof large};
  OK(mlops_run_log_artifact_bytes(run, MLOPS_STR("big"), bytes, &error));
  dropped++;
  mlops_store *other = NULL;
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  options.uri = mlops_cstr(path("other"));
  FAILS(MLOPS_OUT_OF_SPACE, "other", mlops_store_open(&options, &other, &error));
  CHECK(mlops_status_is_retryable(MLOPS_OUT_OF_SPACE) && other == NULL);

  /* with room again it goes on, and of what was refused nothing is there */
  CHECK(unlink(path("filler")) == 0);
  OK(mlops_run_log_metric(run, key, (double)logged++, 0, MLOPS_TIME_NONE, &error));
  end_with_dropped(run, dropped);
  mlops_run_free(run);
  (void)mlops_store_close(store, NULL);
  mlops_store_free(store);
  store = open_store(path("store"));
  CHECK(ended_with_dropped(store, "full", "1002"));
  CHECK(points_of(store, "full") == logged);
  mlops_artifacts *artifacts = NULL;
  OK(mlops_artifact_list(store, MLOPS_STR("full"), MLOPS_STR_EMPTY, &artifacts, &error));
  CHECK(mlops_artifacts_count(artifacts) == 0);
  mlops_artifacts_free(artifacts);
  mlops_store_free(store);
}

static void make(void) {
  mlops_store *store = open_store(path("store"));
  mlops_run *run = start_run(store, "made");
  OK(mlops_run_log_metric(run, key, 0, 0, MLOPS_TIME_NONE, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  mlops_store_free(store);
}

static void read_only(void) {
  mlops_store *store = NULL;
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  options.uri = mlops_cstr(path("store"));
  /* without asking for it: what is there can be read, and a change says why it is refused */
  OK(mlops_store_open(&options, &store, &error));
  CHECK(points_of(store, "made") == 1);
  mlops_run *none = NULL;
  FAILS(MLOPS_READ_ONLY, path("store"), mlops_run_resume(store, MLOPS_STR("made"), &none, &error));
  mlops_store_free(store);
  store = NULL;
  options.uri = mlops_cstr(path("new"));
  FAILS(MLOPS_READ_ONLY, "new", mlops_store_open(&options, &store, &error));
  options.uri = mlops_cstr(path("store"));
  options.read_only = 1;
  OK(mlops_store_open(&options, &store, &error));
  CHECK(points_of(store, "made") == 1);
  mlops_run *run = NULL;
  FAILS(MLOPS_READ_ONLY, "read-only", mlops_run_resume(store, MLOPS_STR("made"), &run, &error));
  mlops_buf local = MLOPS_BUF_INIT;
  FAILS(MLOPS_READ_ONLY, "down",
        mlops_artifact_download(store, MLOPS_STR("made"), MLOPS_STR_EMPTY, mlops_cstr(path("down")), &local, &error));
  CHECK(run == NULL && local.data == NULL);
  mlops_store_free(store);
}

static void limit(void) {
  mlops_store *store = open_store(path("store"));
  mlops_run *run = start_run(store, "limit");
  const struct rlimit none = {256 << 10, RLIM_INFINITY};
  CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR && setrlimit(RLIMIT_FSIZE, &none) == 0);
  static const char large[1 << 20];
  const mlops_bytes bytes = {large, sizeof large};
  /* not MLOPS_OUT_OF_SPACE: room on the disk does not help, and trying again neither */
  FAILS(MLOPS_IO, "File too large", mlops_run_log_artifact_bytes(run, MLOPS_STR("big"), bytes, &error));
  OK(mlops_run_log_metric(run, key, 0, 0, MLOPS_TIME_NONE, &error));
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  CHECK(points_of(store, "limit") == 1);
  mlops_store_free(store);
}

/* The checksum that the file ends with. */
static uint32_t crc32_of(const char *bytes, size_t length) {
  uint32_t crc = ~UINT32_C(0);
  for (size_t i = 0; i < length; i++) {
    crc ^= (unsigned char)bytes[i];
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (UINT32_C(0xedb88320) & (0 - (crc & 1)));
  }
  return ~crc;
}

static void newer(void) {
  char text[256];
  make();
  FILE *stream = fopen(path("store/format"), "r+");
  CHECK(stream != NULL);
  size_t length = fread(text, 1, sizeof text - 1, stream);
  text[length] = '\0';
  char *version = strstr(text, "format 1\n");
  char *checksum = strstr(text, "crc32 ");
  CHECK(version != NULL && checksum != NULL);
  version[strlen("format ")] = '2';
  rewind(stream);
  fprintf(stream, "%.*scrc32 %08x\n", (int)(checksum - text), text, crc32_of(text, (size_t)(checksum - text)));
  CHECK(fclose(stream) == 0);

  mlops_store *store = NULL;
  mlops_open_options options = MLOPS_OPEN_OPTIONS_INIT;
  options.uri = mlops_cstr(path("store"));
  for (options.read_only = 0; options.read_only < 2; options.read_only++)
    FAILS(MLOPS_NEWER_FORMAT, "upgrade mlops", mlops_store_open(&options, &store, &error));
  mlops_buf report = MLOPS_BUF_INIT;
  FAILS(MLOPS_NEWER_FORMAT, "store/format", mlops_fsck(options.uri, 1, &report, &error));
  CHECK(store == NULL && report.data == NULL);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  snprintf(root, sizeof root, "%s", argv[2]);
  if (strcmp(argv[1], "full") == 0) full();
  if (strcmp(argv[1], "make") == 0) make();
  if (strcmp(argv[1], "read-only") == 0) read_only();
  if (strcmp(argv[1], "limit") == 0) limit();
  if (strcmp(argv[1], "newer") == 0) newer();
  puts("disk: ok");
  return 0;
}
