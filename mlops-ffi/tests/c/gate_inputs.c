/* What a gate is handed: labels of all types, ids, probabilities, slices, own metrics, costs. Argument: an empty folder. */

#include "gate_rows.h"

#include <pthread.h>

static int same_numbers(mlops_gate_check one, mlops_gate_check other) {
  return one.candidate == other.candidate && one.baseline == other.baseline && one.difference == other.difference &&
         one.verdict == other.verdict;
}

/* Labels as numbers, integers and texts, in any order of the rows: what comes out is the same. */
static void labels(void) {
  static int64_t integers[3][ROWS];
  static mlops_str texts[3][ROWS];
  static int64_t ids[ROWS];
  static double turned[ROWS];
  double said[2][ROWS];
  mlops_gate_definition *definition = asks("accuracy", "mode = \"superior\"", "");
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  mlops_gate_report *report = judged(definition, inputs);
  const mlops_gate_check expected = check_of(report, "primary");
  mlops_gate_report_free(report);
  wrong(said[0], 1, 50);
  wrong(said[1], 0, 5);
  const double *const columns[] = {targets, said[0], said[1]};
  for (int of = 0; of < 3; of++) {
    for (int row = 0; row < ROWS; row++) {
      integers[of][row] = (int64_t)columns[of][row];
      texts[of][row] = columns[of][row] > 0 ? MLOPS_STR("betrügt") : MLOPS_STR("ehrlich");
    }
  }
  for (int type = 0; type < 2; type++) {
    const mlops_gate_column of_type[] = {
        type == 0 ? mlops_gate_integers(integers[0], ROWS) : mlops_gate_texts(texts[0], ROWS),
        type == 0 ? mlops_gate_integers(integers[1], ROWS) : mlops_gate_texts(texts[1], ROWS),
        type == 0 ? mlops_gate_integers(integers[2], ROWS) : mlops_gate_texts(texts[2], ROWS),
    };
    OK(mlops_gate_inputs_set_targets(inputs, &of_type[0], &error));
    OK(mlops_gate_inputs_set_predictions(inputs, MLOPS_GATE_CANDIDATE, &of_type[1], &error));
    OK(mlops_gate_inputs_set_predictions(inputs, MLOPS_GATE_BASELINE, &of_type[2], &error));
    report = judged(definition, inputs);
    CHECK(same_numbers(check_of(report, "primary"), expected));
    mlops_gate_report_free(report);
  }
  for (int row = 0; row < ROWS; row++) ids[row] = row;
  const mlops_gate_column column = mlops_gate_integers(ids, ROWS);
  set_targets(inputs);
  OK(mlops_gate_inputs_set_ids(inputs, &column, &error));
  for (int row = 0; row < ROWS; row++) turned[row] = said[0][ROWS - 1 - row];
  for (int row = 0; row < ROWS; row++) ids[row] = ROWS - 1 - row;
  say(inputs, MLOPS_GATE_CANDIDATE, turned);
  say(inputs, MLOPS_GATE_BASELINE, said[1]);
  OK(mlops_gate_inputs_set_prediction_ids(inputs, MLOPS_GATE_CANDIDATE, &column, &error));
  report = judged(definition, inputs);
  CHECK(same_numbers(check_of(report, "primary"), expected));
  mlops_gate_report_free(report);
  mlops_gate_inputs_free(inputs);
  mlops_gate_definition_free(definition);
}

/* Three classes; a model is surer of the true one by `sure`. */
static void probabilities(void) {
  static double values[ROWS][3];
  static int64_t classes_of[ROWS];
  const mlops_str classes[] = {MLOPS_STR("0"), MLOPS_STR("1"), MLOPS_STR("2")};
  mlops_gate_inputs *inputs = NULL;
  OK(mlops_gate_inputs_create(&inputs, &error));
  for (int row = 0; row < ROWS; row++) classes_of[row] = row % 3;
  const mlops_gate_column truth = mlops_gate_integers(classes_of, ROWS);
  OK(mlops_gate_inputs_set_targets(inputs, &truth, &error));
  for (int32_t model = MLOPS_GATE_CANDIDATE; model <= MLOPS_GATE_BASELINE; model++) {
    for (int row = 0; row < ROWS; row++) {
      const double sure = (model == MLOPS_GATE_CANDIDATE ? 0.7 : 0.5) + 0.01 * (row % 20);
      for (int class = 0; class < 3; class++) values[row][class] = class == row % 3 ? sure : (1 - sure) / 2;
    }
    OK(mlops_gate_inputs_set_probabilities(inputs, model, classes, 3, values[0], 3 * (size_t)ROWS, &error));
  }
  SAYS(MLOPS_VERDICT_PASS, "log_loss", asks("log_loss", "mode = \"superior\"", ""), inputs);

  mlops_gate_inputs *binary = inputs_of(50, 5);
  static double scores[2][ROWS];
  for (int row = 0; row < ROWS; row++) {
    for (int model = 0; model < 2; model++) {
      const double noise = 0.01 * ((row * 37 + model * 11) % 100) - 0.5;
      scores[model][row] = 0.5 + (targets[row] - 0.5) * 0.4 + noise * (model == 0 ? 0.3 : 0.9);
    }
  }
  OK(mlops_gate_inputs_set_scores(binary, MLOPS_GATE_CANDIDATE, scores[0], ROWS, &error));
  OK(mlops_gate_inputs_set_scores(binary, MLOPS_GATE_BASELINE, scores[1], ROWS, &error));
  SAYS(MLOPS_VERDICT_PASS, "roc_auc", asks("roc_auc", "mode = \"superior\"", ""), binary);
}

/* Better, but for one country. */
static void slices(void) {
  static mlops_str countries[ROWS];
  double said[ROWS];
  mlops_gate_report_info info = MLOPS_GATE_REPORT_INFO_INIT;
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  for (int row = 0; row < ROWS; row++) countries[row] = row < 100 ? MLOPS_STR("IT") : MLOPS_STR("DE");
  wrong(said, 1, 50);
  for (int row = 0; row < 60; row++) said[row] = 1 - targets[row];
  say(inputs, MLOPS_GATE_CANDIDATE, said);
  const mlops_gate_column column = mlops_gate_texts(countries, ROWS);
  OK(mlops_gate_inputs_set_column(inputs, MLOPS_STR("country"), &column, &error));
  mlops_gate_definition *definition =
      asks("accuracy", "mode = \"superior\"", "[slices]\ncolumns = [\"country\"]\nmargin = 0.05");
  mlops_gate_report *report = judged(definition, inputs);
  CHECK(mlops_gate_report_verdict(report) == MLOPS_VERDICT_FAIL);
  CHECK(check_of(report, "primary").verdict == MLOPS_VERDICT_PASS);
  OK(mlops_gate_report_get_info(report, &info, &error));
  CHECK(strncmp(info.worst_slice.ptr, "country=IT (-0.4", 16) == 0 && info.failed_count == 1);
  mlops_gate_report_free(report);
  mlops_gate_definition_free(definition);
  mlops_gate_inputs_free(inputs);
}

struct profits {
  double candidate[ROWS];
  double baseline[ROWS];
  int calls;
  /* Where the function sets what the next gate looks at; NULL: nowhere. */
  const mlops_gate_inputs *inputs;
};

static int32_t mean_of(void *user_data, const uint32_t *rows, size_t count, double *candidate, double *baseline) {
  struct profits *profits = user_data;
  *candidate = *baseline = 0.0;
  for (size_t i = 0; i < count; i++) {
    *candidate += profits->candidate[rows[i]] / (double)count;
    *baseline += profits->baseline[rows[i]] / (double)count;
  }
  __atomic_add_fetch(&profits->calls, 1, __ATOMIC_SEQ_CST);
  if (profits->inputs != NULL) OK(mlops_gate_inputs_set_failure(profits->inputs, MLOPS_STR("of the next one"), &error));
  return 0;
}

static int32_t gives_up(void *user_data, const uint32_t *rows, size_t count, double *candidate, double *baseline) {
  (void)user_data;
  (void)rows;
  (void)count;
  *candidate = *baseline = 0.0;
  return 42;
}

static void own(void) {
  static struct profits profits;
  const mlops_gate_function function = {mean_of, &profits};
  const mlops_gate_function failing = {gives_up, NULL};
  for (int row = 0; row < ROWS; row++) {
    profits.candidate[row] = 2.0 + row % 7;
    profits.baseline[row] = 1.0 + row % 6;
  }
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  OK(mlops_gate_inputs_set_own(inputs, MLOPS_STR("profit"), profits.candidate, ROWS, profits.baseline, ROWS, &error));
  SAYS(MLOPS_VERDICT_PASS, "own:profit", asks("own:profit", "mode = \"superior\"", ""), inputs);
  inputs = inputs_of(50, 5);
  OK(mlops_gate_inputs_set_own_function(inputs, MLOPS_STR("profit"), &function, 1, &error));
  SAYS(MLOPS_VERDICT_PASS, "own:profit", asks("own:profit", "mode = \"superior\"", ""), inputs);
  CHECK(profits.calls >= 999);
  mlops_gate_definition *definition = asks("own:profit", "mode = \"superior\"", "");
  inputs = inputs_of(50, 5);
  OK(mlops_gate_inputs_set_own_function(inputs, MLOPS_STR("profit"), &function, 1, &error));
  profits.inputs = inputs;
  mlops_gate_report *report = judged(definition, inputs);
  CHECK(mlops_gate_report_verdict(report) == MLOPS_VERDICT_PASS);
  mlops_gate_report_free(report);
  SAYS(MLOPS_VERDICT_ERROR, "of the next one", definition, inputs);
  inputs = inputs_of(50, 5);
  OK(mlops_gate_inputs_set_own_function(inputs, MLOPS_STR("profit"), &failing, 1, &error));
  SAYS(MLOPS_VERDICT_ERROR, "returned 42", asks("own:profit", "mode = \"superior\"", ""), inputs);
  inputs = inputs_of(50, 5);
  SAYS(MLOPS_VERDICT_ERROR, "profit", asks("own:profit", "mode = \"superior\"", ""), inputs);
}

static void costs_and_leaks(void) {
  static double latencies[2][400];
  mlops_gate_costs costs = MLOPS_GATE_COSTS_INIT;
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  costs.size_bytes = 2e6;
  OK(mlops_gate_inputs_set_costs(inputs, MLOPS_GATE_CANDIDATE, &costs, &error));
  SAYS(MLOPS_VERDICT_FAIL, "size_bytes",
       asks("accuracy", "mode = \"superior\"", "[budgets]\nsize_bytes = 1000000"), inputs);
  inputs = inputs_of(50, 5);
  for (int call = 0; call < 400; call++) {
    latencies[0][call] = 0.003 + 1e-6 * (call % 10);
    latencies[1][call] = 0.001 + 1e-6 * (call % 10);
  }
  for (int32_t model = 0; model < 2; model++) {
    mlops_gate_costs timed = MLOPS_GATE_COSTS_INIT;
    timed.latencies = latencies[model];
    timed.latencies_count = 400;
    OK(mlops_gate_inputs_set_costs(inputs, model, &timed, &error));
  }
  OK(mlops_gate_inputs_set_measuring_host(inputs, 1, &error));
  SAYS(MLOPS_VERDICT_FAIL, "latency_p95_ratio",
       asks("accuracy", "mode = \"superior\"", "[budgets]\nlatency_p95_ratio = 0.1"), inputs);

  static uint64_t hashes[ROWS];
  for (int row = 0; row < ROWS; row++)
    OK(mlops_gate_row_hash((mlops_bytes){&row, sizeof row}, &hashes[row], &error));
  CHECK(hashes[0] != hashes[1]);
  inputs = inputs_of(50, 5);
  OK(mlops_gate_inputs_set_row_hashes(inputs, hashes, ROWS, &hashes[10], 3, &error));
  SAYS(MLOPS_VERDICT_FAIL, "3 of 500 rows", asks("accuracy", "mode = \"superior\"", ""), inputs);
  inputs = inputs_of(50, 5);
  OK(mlops_gate_inputs_set_unlabelled(inputs, 400, 2, &error));
  SAYS(MLOPS_VERDICT_PASS, "label", asks("accuracy", "mode = \"superior\"", ""), inputs);
}

static void names_and_files(void) {
  mlops_gate_definition *definition = asks("accuracy", "mode = \"superior\"", "");
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  mlops_gate_report_info info = MLOPS_GATE_REPORT_INFO_INIT;
  OK(mlops_gate_inputs_set_model_digest(inputs, MLOPS_GATE_CANDIDATE, MLOPS_STR("blake3:1234"), &error));
  OK(mlops_gate_inputs_set_data(inputs, MLOPS_STR("holdout@7"), &error));
  mlops_gate_report *report = judged(definition, inputs);
  OK(mlops_gate_report_get_info(report, &info, &error));
  CHECK(is(info.candidate_digest, "blake3:1234") && is(info.data, "holdout@7") && info.holdout_use == 0);
  mlops_gate_report_free(report);
  mlops_gate_inputs_free(inputs);
  mlops_gate_definition_free(definition);

  FILE *file = fopen(path("holdout.csv"), "w");
  CHECK(file != NULL);
  fputs("id,target,candidate,baseline\n", file);
  for (int row = 0; row < ROWS; row++) {
    const int truth = row % 2;
    fprintf(file, "%d,%d,%d,%d\n", row, truth, row % 50 == 1 ? 1 - truth : truth, row % 5 == 0 ? 1 - truth : truth);
  }
  CHECK(fclose(file) == 0);
  OK(mlops_gate_inputs_read(mlops_cstr(path("holdout.csv")), &inputs, &error));
  SAYS(MLOPS_VERDICT_PASS, "better", asks("accuracy", "mode = \"superior\"", ""), inputs);
}

/* What threads share: handles, and the report that each must get. */
struct shared {
  mlops_gate_definition *definition;
  mlops_gate_inputs *inputs;
  mlops_buf expected;
};

static void *judge_again(void *data) {
  const struct shared *shared = data;
  mlops_buf json = MLOPS_BUF_INIT;
  mlops_gate_report *report = judged(shared->definition, shared->inputs);
  OK(mlops_gate_report_json(report, &json, &error));
  CHECK(json.len == shared->expected.len && memcmp(json.data, shared->expected.data, json.len) == 0);
  mlops_buf_free(&json);
  mlops_gate_report_free(report);
  set_targets(shared->inputs);
  return NULL;
}

static void threads(void) {
  pthread_t running[4];
  struct shared shared = {asks("accuracy", "mode = \"superior\"", ""), inputs_of(50, 5), MLOPS_BUF_INIT};
  mlops_gate_report *report = judged(shared.definition, shared.inputs);
  OK(mlops_gate_report_json(report, &shared.expected, &error));
  mlops_gate_report_free(report);
  for (int i = 0; i < 4; i++) CHECK(pthread_create(&running[i], NULL, judge_again, &shared) == 0);
  for (int i = 0; i < 4; i++) CHECK(pthread_join(running[i], NULL) == 0);
  mlops_buf_free(&shared.expected);
  mlops_gate_inputs_free(shared.inputs);
  mlops_gate_definition_free(shared.definition);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  make_targets();
  labels();
  probabilities();
  slices();
  own();
  costs_and_leaks();
  names_and_files();
  threads();
  puts("gate_inputs: ok");
  return 0;
}
