/* What the parts of the runner share: calls as lines, what stands for a run, and printing JSON. */

#ifndef RUNNER_H
#define RUNNER_H

#include "check.h"

enum { FIELDS = 64, RUNS = 16 };

/* One call: its name, the error it must give ("-": none), its other fields. */
struct call {
  char *name;
  char *fails;
  char *fields[FIELDS];
  int count;
};

extern mlops_store *store;
/* The folder for files that are logged. */
extern const char *files;

/* lines.c: calls in, JSON out. */
struct call split(char *line);
mlops_bytes unhex(const char *hex);
size_t tags_of(char **fields, int count, mlops_tag *tags);
void text(mlops_str str);
void tag(mlops_tag tag, size_t i);
/* Prints what a call gave. */
void print(mlops_buf *buf);

/* play_runs.c */
mlops_run *run_of(const char *name);
/* A call of experiments, runs and sweeps. */
mlops_status play_run(struct call *call, mlops_error **error);
void free_runs(void);

/* dump_runs.c */
void dump_experiments(void);
void dump_runs(void);
void dump_search(struct call *call);
void dump_sweep(const char *name);

/* registry.c */
/* A call of the registry; MLOPS_OK and *known 0 for any other. */
mlops_status play_registry(struct call *call, int *known, mlops_error **error);
void dump_model(const char *name);
void dump_uri(const char *uri);
void dump_log(void);

#endif
