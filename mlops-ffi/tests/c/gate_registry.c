/* The gate of a registered version: recorded, asked for by a policy, counted, stale. Argument: an empty folder. */

#include "gate_rows.h"

#define TEXT MLOPS_STR
static const mlops_str ada = {"ada", 3};
static const mlops_str none = {NULL, 0};
static mlops_store *store;

static void register_versions(int count) {
  mlops_version_options options = MLOPS_VERSION_OPTIONS_INIT;
  int64_t version = 0;
  options.source = TEXT("s3://models/fraud");
  options.must_exist = 0;
  for (int i = 0; i < count; i++)
    OK(mlops_model_version_create(store, TEXT("fraud"), &options, ada, none, &version, &error));
  CHECK(version == count);
}

static void promote(int64_t version) {
  const mlops_promote_options options = MLOPS_PROMOTE_OPTIONS_INIT;
  mlops_buf out = MLOPS_BUF_INIT;
  int64_t generation = 0;
  OK(mlops_model_version_promote(store, TEXT("fraud"), version, &options, ada, TEXT("passed"), &generation, &out, &error));
  mlops_buf_free(&out);
}

static void is_refused(int64_t version, int32_t expected, const char *part) {
  const mlops_promote_options options = MLOPS_PROMOTE_OPTIONS_INIT;
  mlops_buf out = MLOPS_BUF_INIT;
  int64_t generation = 0;
  FAILS(expected, part,
        mlops_model_version_promote(store, TEXT("fraud"), version, &options, ada, none, &generation, &out, &error));
}

static int64_t production(void) {
  int64_t version = 0;
  int64_t generation = 0;
  OK(mlops_registered_model_production(store, TEXT("fraud"), none, &version, &generation, &error));
  return version;
}

static mlops_gate_inputs *named_inputs(int candidate, int baseline) {
  mlops_gate_inputs *inputs = inputs_of(candidate, baseline);
  OK(mlops_gate_inputs_set_data(inputs, TEXT("holdout@7"), &error));
  return inputs;
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  make_targets();
  store = open_store(path("store"));
  mlops_gate_definition *definition = asks("accuracy", "mode = \"superior\"\nfloor = 0.7", "");
  mlops_gate_run_options options = MLOPS_GATE_RUN_OPTIONS_INIT;
  mlops_gate_evaluate_options plain = MLOPS_GATE_EVALUATE_OPTIONS_INIT;
  mlops_gate_report_info info = MLOPS_GATE_REPORT_INFO_INIT;
  mlops_gate_report *report = NULL;
  mlops_gate_inputs *better = named_inputs(50, 5);
  mlops_gate_inputs *worse = named_inputs(5, 50);
  mlops_buf out = MLOPS_BUF_INIT;
  int64_t number = 77;
  char policy[256];
  register_versions(4);
  snprintf(policy, sizeof policy, "{\"gate\": \"fraud-gate\", \"gate_rules\": \"%s\"}",
           mlops_gate_definition_digest(definition).ptr);
  OK(mlops_registry_set_policy(store, TEXT("fraud"), none, mlops_cstr(policy), ada, TEXT("audit"), &error));

  /* The first one: nothing is in production, and floors decide. */
  OK(mlops_gate_baseline_version(store, TEXT("fraud"), &options, &number, &error));
  CHECK(number == MLOPS_VERSION_NONE);
  is_refused(1, MLOPS_DENIED, "fraud-gate");
  options.record = 1;
  options.count = 1;
  OK(mlops_gate_run(store, TEXT("fraud"), 1, definition, better, &options, ada, TEXT("first"), &report, &error));
  OK(mlops_gate_report_get_info(report, &info, &error));
  CHECK(info.verdict == MLOPS_VERDICT_PASS && info.baseline_digest.len == 0 && info.holdout_use == 1);
  CHECK(check_of(report, "first_model").verdict == MLOPS_VERDICT_PASS);
  mlops_gate_report_free(report);
  promote(1);
  CHECK(production() == 1);

  /* A worse one is recorded, and goes nowhere. */
  OK(mlops_gate_baseline_version(store, TEXT("fraud"), &options, &number, &error));
  CHECK(number == 1);
  OK(mlops_gate_run(store, TEXT("fraud"), 2, definition, worse, &options, ada, none, &report, &error));
  CHECK(mlops_gate_report_exit_code(report) == 1);
  mlops_gate_report_free(report);
  is_refused(2, MLOPS_DENIED, "fail");

  /* A better one is looked at, then recorded, then promoted. */
  options.record = 0;
  OK(mlops_gate_run(store, TEXT("fraud"), 3, definition, better, &options, ada, none, &report, &error));
  OK(mlops_gate_report_get_info(report, &info, &error));
  CHECK(info.verdict == MLOPS_VERDICT_PASS && is(info.candidate, "fraud@3") && is(info.baseline, "fraud@1"));
  CHECK(info.holdout_use == 3);
  is_refused(3, MLOPS_DENIED, "fraud-gate");
  FAILS(MLOPS_INVALID_ARGUMENT, "fraud@3",
        mlops_gate_report_record(store, TEXT("fraud"), 4, report, &options, ada, none, &out, &error));
  OK(mlops_gate_report_record(store, TEXT("fraud"), 3, report, &options, ada, TEXT("nightly"), &out, &error));
  CHECK(strstr(out.data, "\"verdict\":\"pass\"") != NULL && strstr(out.data, "\"baseline\":1") != NULL);
  mlops_buf_free(&out);

  /* Another is promoted meanwhile: what is shown against the one before is stale. */
  mlops_gate_report *fourth = NULL;
  OK(mlops_gate_run(store, TEXT("fraud"), 4, definition, better, &options, ada, none, &fourth, &error));
  promote(3);
  CHECK(production() == 3);
  FAILS(MLOPS_STALE, "fraud-gate",
        mlops_gate_report_record(store, TEXT("fraud"), 4, fourth, &options, ada, none, &out, &error));
  CHECK(out.data == NULL);
  mlops_gate_report_free(fourth);
  mlops_gate_report_free(report);
  report = NULL;
  is_refused(4, MLOPS_DENIED, "fraud-gate");

  /* Uses are counted once for a candidate and a gate. */
  OK(mlops_gate_uses(store, TEXT("holdout@7"), &number, &error));
  CHECK(number == 4);
  OK(mlops_gate_count_use(store, TEXT("holdout@7"), TEXT("blake3:77"), TEXT("fraud-gate"), &number, &error));
  CHECK(number == 5);
  OK(mlops_gate_count_use(store, TEXT("holdout@7"), TEXT("blake3:77"), TEXT("fraud-gate"), &number, &error));
  CHECK(number == 5);
  OK(mlops_gate_run_unregistered(store, definition, better, &plain, &report, &error));
  OK(mlops_gate_report_get_info(report, &info, &error));
  CHECK(info.holdout_use == 6 && info.candidate.len == 0);
  mlops_gate_report_free(report);
  report = NULL;

  FAILS(MLOPS_NOT_FOUND, "fraud",
        mlops_gate_run(store, TEXT("fraud"), 9, definition, better, &options, ada, none, &report, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "production",
        mlops_gate_run(store, TEXT("fraud"), 3, definition, better, &options, ada, none, &report, &error));
  options.against = TEXT("nobody");
  FAILS(MLOPS_NOT_FOUND, "nobody",
        mlops_gate_run(store, TEXT("fraud"), 4, definition, better, &options, ada, none, &report, &error));
  options.reserved = 1;
  FAILS(MLOPS_UNSUPPORTED, "options", mlops_gate_baseline_version(store, TEXT("fraud"), &options, &number, &error));
  CHECK(report == NULL);
  mlops_gate_inputs_free(worse);
  mlops_gate_inputs_free(better);
  mlops_gate_definition_free(definition);
  OK(mlops_store_close(store, &error));
  mlops_store_free(store);
  puts("gate_registry: ok");
  return 0;
}
