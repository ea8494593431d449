/* Rows for the programs that try the gate: two classes in turn, and models that are wrong every so many rows. */

#ifndef GATE_ROWS_H
#define GATE_ROWS_H

#include "check.h"

enum { ROWS = 500 };
static double targets[ROWS];

static inline void make_targets(void) {
  for (int row = 0; row < ROWS; row++) targets[row] = row % 2;
}

/* What a model says that is wrong in row `first` and every `every` rows after it. */
static inline const double *wrong(double *said, int first, int every) {
  for (int row = 0; row < ROWS; row++) said[row] = row % every == first ? 1 - targets[row] : targets[row];
  return said;
}

static inline void set_targets(const mlops_gate_inputs *inputs) {
  const mlops_gate_column column = mlops_gate_numbers(targets, ROWS);
  OK(mlops_gate_inputs_set_targets(inputs, &column, &error));
}

static inline void say(const mlops_gate_inputs *inputs, int32_t model, const double *said) {
  const mlops_gate_column column = mlops_gate_numbers(said, ROWS);
  OK(mlops_gate_inputs_set_predictions(inputs, model, &column, &error));
}

/* Targets, and models that are wrong every so many rows; the candidate from row 1 on, so that they differ. */
static inline mlops_gate_inputs *inputs_of(int candidate, int baseline) {
  double said[ROWS];
  mlops_gate_inputs *inputs = NULL;
  OK(mlops_gate_inputs_create(&inputs, &error));
  set_targets(inputs);
  say(inputs, MLOPS_GATE_CANDIDATE, wrong(said, 1, candidate));
  say(inputs, MLOPS_GATE_BASELINE, wrong(said, 0, baseline));
  return inputs;
}

/* A gate whose primary metric is held to what `asked` says; `more` is what follows. */
static inline mlops_gate_definition *asks(const char *metric, const char *asked, const char *more) {
  char text[1024];
  mlops_gate_definition *definition = NULL;
  snprintf(text, sizeof text, "name = \"fraud-gate\"\nresamples = 999\n%s\n[primary]\nmetric = \"%s\"\n%s\n%s\n",
           more[0] == '[' ? "" : more, metric, asked, more[0] == '[' ? more : "");
  OK(mlops_gate_definition_from_toml(mlops_cstr(text), &definition, &error));
  return definition;
}

static inline mlops_gate_report *judged(const mlops_gate_definition *definition, const mlops_gate_inputs *inputs) {
  const mlops_gate_evaluate_options options = MLOPS_GATE_EVALUATE_OPTIONS_INIT;
  mlops_gate_report *report = NULL;
  OK(mlops_gate_evaluate(definition, inputs, &options, &report, &error));
  return report;
}

/* The check of a kind. */
static inline mlops_gate_check check_of(const mlops_gate_report *report, const char *kind) {
  mlops_gate_check check = MLOPS_GATE_CHECK_INIT;
  mlops_gate_report_info info = MLOPS_GATE_REPORT_INFO_INIT;
  OK(mlops_gate_report_get_info(report, &info, &error));
  for (size_t index = 0; index < info.checks_count; index++) {
    OK(mlops_gate_report_check(report, index, &check, &error));
    if (is(check.kind, kind)) return check;
  }
  fprintf(stderr, "no check of kind %s\n", kind);
  exit(1);
}

/* The gate must say this, for a reason that has this part. Frees what it is given. */
#define SAYS(expected, part, definition, inputs)                                                          \
  do {                                                                                                    \
    mlops_gate_definition *asked = (definition);                                                          \
    mlops_gate_inputs *handed = (inputs);                                                                 \
    mlops_gate_report *report = judged(asked, handed);                                                    \
    mlops_buf text = MLOPS_BUF_INIT;                                                                      \
    OK(mlops_gate_report_text(report, &text, &error));                                                    \
    if (mlops_gate_report_verdict(report) != (expected) || strstr(text.data, part) == NULL) {             \
      fprintf(stderr, "%s:%d: not %s with %s:\n%s\n", __FILE__, __LINE__, #expected, part, text.data);     \
      exit(1);                                                                                            \
    }                                                                                                     \
    mlops_buf_free(&text);                                                                                \
    mlops_gate_report_free(report);                                                                       \
    mlops_gate_inputs_free(handed);                                                                       \
    mlops_gate_definition_free(asked);                                                                    \
  } while (0)

#endif
