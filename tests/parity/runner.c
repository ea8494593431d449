/* Plays the scenario from C, and prints what a store holds as JSON.
 *
 *   runner play STORE LINES FILES    LINES: one call a line, fields with tabs between them
 *   runner dump STORE LINES          LINES: one question a line, in the same form */

#include "runner.h"

mlops_store *store;
const char *files;

static mlops_status make(struct call *call, mlops_error **error) {
  int known = 0;
  const mlops_status status = play_registry(call, &known, error);
  return known ? status : play_run(call, error);
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
  free_runs();
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
  printf("{\"experiments\":[");
  dump_experiments();
  printf("],\"runs\":[");
  dump_runs();
  printf("],\"searches\":[");
  answers(questions, "search");
  printf("],\"sweeps\":[");
  answers(questions, "sweep");
  printf("],\"registry\":{\"models\":[");
  answers(questions, "model");
  printf("],\"uris\":[");
  answers(questions, "uri");
  printf("],\"events\":");
  dump_log();
  printf("}}\n");
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
