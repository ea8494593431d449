/* Judges cases from C, and prints a report a line.
 *
 *   gate LINES          LINES: a thing a line, fields with tabs between them; `judge` ends a case
 *   gate LINES STORE    the candidate is fraud@2 of the store, and its result is recorded */

#include "check.h"

enum { FIELDS = 8192 };

/* A line: its name, and what is behind it. */
struct line {
  char *name;
  char *fields[FIELDS];
  size_t count;
};

static mlops_store *store;
static mlops_gate_definition *definition;
static mlops_gate_inputs *inputs;

static void split(char *text, struct line *line) {
  line->count = 0;
  line->name = text;
  for (char *tab = strchr(text, '\t'); tab != NULL; tab = strchr(tab, '\t')) {
    CHECK(line->count < FIELDS);
    *tab++ = '\0';
    line->fields[line->count++] = tab;
  }
}

/* The column behind its kind; it lives until the next call. */
static mlops_gate_column column_of(const struct line *line) {
  static double numbers[FIELDS];
  static int64_t integers[FIELDS];
  static mlops_str texts[FIELDS];
  const size_t count = line->count - 1;
  const char *kind = line->fields[0];
  for (size_t i = 0; i < count; i++) {
    const char *field = line->fields[i + 1];
    numbers[i] = strtod(field, NULL);
    integers[i] = strtoll(field, NULL, 10);
    texts[i] = mlops_cstr(field);
  }
  if (strcmp(kind, "numbers") == 0) return mlops_gate_numbers(numbers, count);
  return strcmp(kind, "integers") == 0 ? mlops_gate_integers(integers, count) : mlops_gate_texts(texts, count);
}

/* Numbers, which may be written as integers; they live until the next call but one. */
static const double *numbers_of(const struct line *line) {
  static double numbers[2][FIELDS];
  static int turn;
  turn = 1 - turn;
  for (size_t i = 1; i < line->count; i++) numbers[turn][i - 1] = strtod(line->fields[i], NULL);
  return numbers[turn];
}

static void define(char *text) {
  char *to = text;
  for (char *from = text; *from != '\0'; to++) {
    const int is_end = from[0] == '\\' && from[1] == 'n';
    *to = is_end ? '\n' : *from;
    from += is_end ? 2 : 1;
  }
  *to = '\0';
  OK(mlops_gate_definition_from_toml(mlops_cstr(text), &definition, &error));
}

/* What a model says: `what` is behind its name. */
static void say(int32_t model, const char *what, const struct line *line) {
  static char names[16][64];
  static mlops_str classes[16];
  static size_t classes_count;
  if (strcmp(what, "classes") == 0) {
    classes_count = line->count - 1;
    CHECK(classes_count <= 16);
    for (size_t i = 0; i < classes_count; i++) {
      /* The line is gone when the probabilities come. */
      snprintf(names[i], sizeof names[i], "%s", line->fields[i + 1]);
      classes[i] = mlops_cstr(names[i]);
    }
  } else if (strcmp(what, "probabilities") == 0) {
    const size_t count = line->count - 1;
    OK(mlops_gate_inputs_set_probabilities(inputs, model, classes, classes_count, numbers_of(line), count, &error));
  } else if (strcmp(what, "scores") == 0) {
    OK(mlops_gate_inputs_set_scores(inputs, model, numbers_of(line), line->count - 1, &error));
  } else {
    const mlops_gate_column column = column_of(line);
    OK(mlops_gate_inputs_set_predictions(inputs, model, &column, &error));
  }
}

static void judge(void) {
  const mlops_gate_evaluate_options options = MLOPS_GATE_EVALUATE_OPTIONS_INIT;
  mlops_gate_run_options kept = MLOPS_GATE_RUN_OPTIONS_INIT;
  mlops_gate_report *report = NULL;
  mlops_buf json = MLOPS_BUF_INIT;
  kept.record = 1;
  kept.count = 1;
  if (store == NULL) {
    OK(mlops_gate_evaluate(definition, inputs, &options, &report, &error));
  } else {
    OK(mlops_gate_run(store, MLOPS_STR("fraud"), 2, definition, inputs, &kept, MLOPS_STR_EMPTY, MLOPS_STR_EMPTY, &report,
                      &error));
  }
  OK(mlops_gate_report_json(report, &json, &error));
  puts(json.data);
  mlops_buf_free(&json);
  mlops_gate_report_free(report);
  mlops_gate_inputs_free(inputs);
  mlops_gate_definition_free(definition);
}

static void hand_in(struct line *line) {
  static char own[256];
  static const double *candidate;
  const char *name = line->name;
  if (strcmp(name, "case") == 0) {
    OK(mlops_gate_inputs_create(&inputs, &error));
  } else if (strcmp(name, "definition") == 0) {
    define(line->fields[0]);
  } else if (strcmp(name, "data") == 0) {
    OK(mlops_gate_inputs_set_data(inputs, mlops_cstr(line->fields[0]), &error));
  } else if (strncmp(name, "candidate.", 10) == 0) {
    say(MLOPS_GATE_CANDIDATE, name + 10, line);
  } else if (strncmp(name, "baseline.", 9) == 0) {
    say(MLOPS_GATE_BASELINE, name + 9, line);
  } else if (strncmp(name, "own.candidate:", 14) == 0) {
    snprintf(own, sizeof own, "%s", name + 14);
    candidate = numbers_of(line);
  } else if (strncmp(name, "own.baseline:", 13) == 0) {
    const double *baseline = numbers_of(line);
    const size_t count = line->count - 1;
    OK(mlops_gate_inputs_set_own(inputs, mlops_cstr(own), candidate, count, baseline, count, &error));
  } else if (strcmp(name, "judge") == 0) {
    judge();
  } else {
    const mlops_gate_column column = column_of(line);
    if (strcmp(name, "targets") == 0) {
      OK(mlops_gate_inputs_set_targets(inputs, &column, &error));
    } else if (strcmp(name, "ids") == 0) {
      OK(mlops_gate_inputs_set_ids(inputs, &column, &error));
    } else {
      CHECK(strncmp(name, "column:", 7) == 0);
      OK(mlops_gate_inputs_set_column(inputs, mlops_cstr(name + 7), &column, &error));
    }
  }
}

int main(int argc, char **argv) {
  static struct line line;
  char *text = NULL;
  size_t capacity = 0;
  CHECK(argc == 2 || argc == 3);
  FILE *stream = fopen(argv[1], "r");
  CHECK(stream != NULL);
  if (argc == 3) store = open_store(argv[2]);
  while (getline(&text, &capacity, stream) > 0) {
    text[strcspn(text, "\n")] = '\0';
    split(text, &line);
    hand_in(&line);
  }
  free(text);
  fclose(stream);
  if (store != NULL) OK(mlops_store_close(store, &error));
  mlops_store_free(store);
  return 0;
}
