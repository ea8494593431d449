/* A sweep: taken, reported, stopped early, and its best. Argument: an empty folder. */

#include "check.h"

static int has(const mlops_buf *text, const char *part) { return strstr(text->data, part) != NULL; }

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  mlops_store *store = open_store(path("store"));
  mlops_sweep *sweep = NULL;
  const mlops_str definition =
      MLOPS_STR("{\"name\": \"tuning\", \"method\": \"grid\", \"metric\": \"loss\", \"early_stopping\": "
                "{\"rule\": \"halving\", \"factor\": 2}, \"space\": {\"x\": [1, 2, 3], \"kind\": [\"a\"]}}");
  OK(mlops_sweep_ensure(store, definition, &sweep, &error));
  for (int64_t number = 0; number < 3; number++) {
    mlops_trial *trial = NULL;
    mlops_run *run = NULL;
    mlops_buf params = MLOPS_BUF_INIT;
    int32_t decision = -1;
    char expected[64];
    OK(mlops_sweep_take(sweep, &trial, &error));
    CHECK(mlops_trial_number(trial) == number);
    OK(mlops_trial_params_json(trial, &params, &error));
    snprintf(expected, sizeof expected, "{\"kind\":\"a\",\"x\":%d}", (int)number + 1);
    CHECK(strcmp(params.data, expected) == 0);
    mlops_buf_free(&params);
    OK(mlops_trial_run(trial, &run, &error));
    OK(mlops_run_log_param_int(run, MLOPS_STR("more"), 7, &error));
    mlops_run_free(run);
    OK(mlops_trial_report(trial, (double)number, 1, &decision, &error));
    CHECK(decision == (number == 1 ? MLOPS_TRIAL_STOP : number == 2 ? MLOPS_TRIAL_STOP : MLOPS_TRIAL_CONTINUE));
    OK(mlops_trial_end(trial, MLOPS_RUN_FINISHED, &error));
    mlops_trial_free(trial);
  }
  mlops_trial *none = NULL;
  mlops_buf text = MLOPS_BUF_INIT;
  OK(mlops_sweep_take(sweep, &none, &error));
  CHECK(none == NULL && mlops_trial_number(none) == -1);
  FAILS(MLOPS_INVALID_STATE, "params of its own", mlops_sweep_take_given(sweep, MLOPS_STR("{\"x\": 1}"), &none, &error));
  FAILS(MLOPS_CONFLICT, "another way",
        mlops_sweep_ensure(store, MLOPS_STR("{\"name\": \"tuning\", \"max_trials\": 1, \"metric\": \"loss\"}"), &sweep,
                           &error));
  FAILS(MLOPS_NOT_FOUND, "sweeps list", mlops_sweep_get(store, MLOPS_STR("nobody"), &sweep, &error));
  mlops_sweep_free(sweep);
  OK(mlops_sweep_get(store, MLOPS_STR("tuning"), &sweep, &error));
  OK(mlops_sweep_best_json(sweep, &text, &error));
  CHECK(has(&text, "\"number\":0") && has(&text, "\"value\":0.0") && has(&text, "\"state\":\"finished\""));
  mlops_buf_free(&text);
  OK(mlops_sweep_json(sweep, &text, &error));
  CHECK(has(&text, "\"stopped\":2") && has(&text, "\"name\":\"tuning\"") && has(&text, "\"number\":2"));
  mlops_buf_free(&text);
  mlops_sweep_free(sweep);
  mlops_store_free(store);
  puts("sweep: ok");
  return 0;
}
