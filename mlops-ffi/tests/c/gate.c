/* The gate over arrays: verdicts, reports, and what cannot be judged. Argument: an empty folder. */

#include "gate_rows.h"

#include <math.h>

static void definitions(void) {
  mlops_gate_definition *definition = asks("accuracy", "margin = 0.01", "");
  mlops_gate_definition *again = NULL;
  mlops_gate_definition *none = NULL;
  mlops_buf json = MLOPS_BUF_INIT;
  CHECK(is(mlops_gate_definition_name(definition), "fraud-gate"));
  OK(mlops_gate_definition_json(definition, &json, &error));
  CHECK(strstr(json.data, "\"resamples\":999") != NULL);
  mlops_buf_free(&json);
  FILE *file = fopen(path("gate.toml"), "w");
  CHECK(file != NULL);
  fputs("resamples = 999\nname = \"fraud-gate\"\nprimary = { margin = 0.01, metric = \"accuracy\" }\n", file);
  CHECK(fclose(file) == 0);
  OK(mlops_gate_definition_read(mlops_cstr(path("gate.toml")), &again, &error));
  const mlops_str digest = mlops_gate_definition_digest(again);
  CHECK(is(mlops_gate_definition_digest(definition), digest.ptr) && strncmp(digest.ptr, "blake3:", 7) == 0);
  FAILS(MLOPS_NOT_FOUND, "absent.toml", mlops_gate_definition_read(mlops_cstr(path("absent.toml")), &none, &error));
  const mlops_str misspelt = MLOPS_STR("name = \"g\"\n[primary]\nmetric = \"accuracy\"\nmargn = 1\n");
  FAILS(MLOPS_INVALID_ARGUMENT, "margin", mlops_gate_definition_from_toml(misspelt, &none, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "line 1", mlops_gate_definition_from_toml(MLOPS_STR("name = "), &none, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "gate.toml", mlops_gate_definition_read(MLOPS_STR_EMPTY, &none, &error));
  CHECK(none == NULL && mlops_gate_definition_name(NULL).len == 0 && mlops_gate_definition_digest(NULL).len == 0);
  mlops_gate_definition_free(again);
  mlops_gate_definition_free(definition);
}

static int begins(mlops_status (*as)(const mlops_gate_report *, mlops_buf *, mlops_error **),
                  const mlops_gate_report *report, const char *start, const char *part) {
  mlops_buf out = MLOPS_BUF_INIT;
  OK(as(report, &out, &error));
  const int found = strncmp(out.data, start, strlen(start)) == 0 && strstr(out.data, part) != NULL;
  mlops_buf_free(&out);
  return found;
}

static void passes(void) {
  mlops_gate_definition *definition = asks("accuracy", "mode = \"superior\"\nfloor = 0.9", "");
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  mlops_gate_evaluate_options options = MLOPS_GATE_EVALUATE_OPTIONS_INIT;
  mlops_gate_report_info info = MLOPS_GATE_REPORT_INFO_INIT;
  mlops_gate_warning warning = MLOPS_GATE_WARNING_INIT;
  mlops_gate_check none = MLOPS_GATE_CHECK_INIT;
  mlops_gate_report *report = NULL;
  options.candidate = MLOPS_STR("fraud@2");
  options.baseline = MLOPS_STR("fraud@1");
  options.holdout_use = 21;
  OK(mlops_gate_evaluate(definition, inputs, &options, &report, &error));
  mlops_gate_inputs_free(inputs);
  CHECK(mlops_gate_report_verdict(report) == MLOPS_VERDICT_PASS && mlops_gate_report_exit_code(report) == 0);
  OK(mlops_gate_report_get_info(report, &info, &error));
  CHECK(info.verdict == MLOPS_VERDICT_PASS && info.exit_code == 0 && info.needs_approval == 0 && info.rows == ROWS);
  CHECK(info.checks_count == 2 && info.passed_count == 2 && info.failed_count == 0 && info.errors_count == 0);
  CHECK(info.holdout_use == 21 && info.error_rate >= 1.0 && info.alpha == 0.05 && info.alpha_asked == 0.05);
  CHECK(is(info.gate, "fraud-gate") && is(info.candidate, "fraud@2") && is(info.baseline, "fraud@1"));
  CHECK(is(info.rules, mlops_gate_definition_digest(definition).ptr) && strstr(info.mode.ptr, "superior") != NULL);
  CHECK(info.candidate_digest.len > 0 && info.baseline_digest.len > 0 && info.data.len > 0 && info.worst_slice.len == 0);
  mlops_gate_definition_free(definition);

  const mlops_gate_check primary = check_of(report, "primary");
  CHECK(is(primary.name, "accuracy") && primary.verdict == MLOPS_VERDICT_PASS && primary.is_blocking == 1);
  CHECK(fabs(primary.candidate - 0.98) < 1e-12 && fabs(primary.baseline - 0.8) < 1e-12 && primary.lower > 0.1);
  CHECK(primary.lower < primary.difference && primary.difference < primary.upper && primary.p_value < 1e-9);
  CHECK(primary.rows == ROWS && isnan(primary.limit) && primary.method.len > 0 && primary.reason.len > 0);
  const mlops_gate_check limit = check_of(report, "limit");
  CHECK(limit.limit == 0.9 && isnan(limit.difference) && limit.rows_needed == MLOPS_GATE_COUNT_NONE);
  FAILS(MLOPS_INVALID_ARGUMENT, "2", mlops_gate_report_check(report, 2, &none, &error));
  CHECK(info.warnings_count == 1);
  OK(mlops_gate_report_warning(report, 0, &warning, &error));
  CHECK(is(warning.code, "holdout_worn") && warning.text.len > 10);
  FAILS(MLOPS_INVALID_ARGUMENT, "index", mlops_gate_report_warning(report, 1, &warning, &error));

  CHECK(begins(mlops_gate_report_text, report, "fraud-gate, fraud@2 against fraud@1: pass", "accuracy"));
  CHECK(begins(mlops_gate_report_markdown, report, "#", "accuracy"));
  CHECK(begins(mlops_gate_report_junit, report, "<?xml", "testsuite"));
  CHECK(begins(mlops_gate_report_html, report, "<!", "fraud-gate"));
  CHECK(begins(mlops_gate_report_json, report, "{", "\"verdict\":\"pass\""));
  mlops_gate_report_free(report);
  CHECK(mlops_gate_report_verdict(NULL) == MLOPS_VERDICT_ERROR && mlops_gate_report_exit_code(NULL) == 7);
}

static void verdicts(void) {
  SAYS(MLOPS_VERDICT_FAIL, "better is asked for", asks("accuracy", "mode = \"superior\"", ""), inputs_of(5, 50));
  SAYS(MLOPS_VERDICT_FAIL, "floor", asks("accuracy", "mode = \"superior\"\nfloor = 0.99", ""), inputs_of(50, 5));
  SAYS(MLOPS_VERDICT_INCONCLUSIVE, "cannot tell", asks("accuracy", "mode = \"superior\"", ""), inputs_of(10, 10));
  SAYS(MLOPS_VERDICT_PASS, "margin", asks("accuracy", "margin = 0.05", ""), inputs_of(10, 10));
  mlops_gate_definition *asking = asks("accuracy", "mode = \"superior\"", "on_inconclusive = \"ask\"");
  mlops_gate_inputs *equal = inputs_of(10, 10);
  mlops_gate_report *report = judged(asking, equal);
  CHECK(mlops_gate_report_exit_code(report) == 6);
  mlops_gate_report_free(report);
  mlops_gate_inputs_free(equal);
  mlops_gate_definition_free(asking);
}

/* Inputs of which one thing is not as it should be. */
static mlops_gate_inputs *with_value(double value) {
  double said[ROWS];
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  wrong(said, 1, 50);
  said[7] = value;
  say(inputs, MLOPS_GATE_CANDIDATE, said);
  return inputs;
}

static mlops_gate_inputs *with_fewer_rows(void) {
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  const mlops_gate_column fewer = mlops_gate_numbers(targets, ROWS - 1);
  OK(mlops_gate_inputs_set_predictions(inputs, MLOPS_GATE_CANDIDATE, &fewer, &error));
  return inputs;
}

static mlops_gate_inputs *with_other_ids(void) {
  int64_t ids[ROWS];
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  for (int row = 0; row < ROWS; row++) ids[row] = row;
  const mlops_gate_column column = mlops_gate_integers(ids, ROWS);
  OK(mlops_gate_inputs_set_ids(inputs, &column, &error));
  ids[3] = 12345;
  OK(mlops_gate_inputs_set_prediction_ids(inputs, MLOPS_GATE_BASELINE, &column, &error));
  return inputs;
}

static mlops_gate_inputs *with_failure(void) {
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  OK(mlops_gate_inputs_set_failure(inputs, MLOPS_STR("the file of the baseline is damaged"), &error));
  return inputs;
}

static mlops_gate_inputs *with_nothing(void) {
  mlops_gate_inputs *inputs = NULL;
  OK(mlops_gate_inputs_create(&inputs, &error));
  return inputs;
}

static void errors(void) {
#define SUPERIOR asks("accuracy", "mode = \"superior\"", "")
  SAYS(MLOPS_VERDICT_ERROR, "1 of 500 predictions of the candidate", SUPERIOR, with_value(NAN));
  SAYS(MLOPS_VERDICT_ERROR, "infinite", SUPERIOR, with_value(INFINITY));
  SAYS(MLOPS_VERDICT_ERROR, "499", SUPERIOR, with_fewer_rows());
  SAYS(MLOPS_VERDICT_ERROR, "1 are too many", SUPERIOR, with_other_ids());
  SAYS(MLOPS_VERDICT_ERROR, "fraud-gate: error: it could not be judged", SUPERIOR, with_failure());
  SAYS(MLOPS_VERDICT_ERROR, "damaged", SUPERIOR, with_failure());
  SAYS(MLOPS_VERDICT_ERROR, "no rows", SUPERIOR, with_nothing());
  SAYS(MLOPS_VERDICT_ERROR, "country",
       asks("accuracy", "mode = \"superior\"", "[slices]\ncolumns = [\"country\"]\nmargin = 0.1"), inputs_of(50, 5));
}

static void refusals(void) {
  mlops_gate_inputs *inputs = inputs_of(50, 5);
  mlops_gate_inputs *none = NULL;
  mlops_gate_column column = mlops_gate_numbers(targets, ROWS);
  mlops_gate_definition *definition = asks("accuracy", "mode = \"superior\"", "");
  mlops_gate_evaluate_options options = MLOPS_GATE_EVALUATE_OPTIONS_INIT;
  mlops_gate_report *report = NULL;
  const mlops_str twice[] = {MLOPS_STR("0"), MLOPS_STR("0")};
  FAILS(MLOPS_INVALID_ARGUMENT, "MLOPS_GATE_CANDIDATE", mlops_gate_inputs_set_predictions(inputs, 2, &column, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "no ids", mlops_gate_inputs_set_ids(inputs, &column, &error));
  column.kind = 9;
  FAILS(MLOPS_INVALID_ARGUMENT, "targets.kind", mlops_gate_inputs_set_targets(inputs, &column, &error));
  column.kind = MLOPS_GATE_TEXTS;
  FAILS(MLOPS_INVALID_ARGUMENT, "targets.texts", mlops_gate_inputs_set_targets(inputs, &column, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "each class once",
        mlops_gate_inputs_set_probabilities(inputs, 0, twice, 2, targets, 4, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "a value for each class",
        mlops_gate_inputs_set_probabilities(inputs, 0, twice, 2, targets, 3, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "memory",
        mlops_gate_inputs_set_probabilities(inputs, 0, twice, 2, targets, SIZE_MAX, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "-1", mlops_gate_inputs_set_unlabelled(inputs, -1, 0, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "holdout.csv", mlops_gate_inputs_read(MLOPS_STR_EMPTY, &none, &error));
  FAILS(MLOPS_NOT_FOUND, "none.csv", mlops_gate_inputs_read(mlops_cstr(path("none.csv")), &none, &error));
  options.holdout_use = -3;
  FAILS(MLOPS_INVALID_ARGUMENT, "-3", mlops_gate_evaluate(definition, inputs, &options, &report, &error));
  CHECK(report == NULL && none == NULL);
  /* What was refused changed nothing. */
  SAYS(MLOPS_VERDICT_PASS, "better", definition, inputs);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  make_targets();
  definitions();
  passes();
  verdicts();
  errors();
  refusals();
  puts("gate: ok");
  return 0;
}
