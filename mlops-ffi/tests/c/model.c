/* A model of bytes and of a file: logged, described, read and copied. Argument: an empty folder. */

#include "check.h"

static int has(const mlops_buf *text, const char *part) { return strstr(text->data, part) != NULL; }

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  mlops_store *store = open_store(path("store"));
  mlops_run *run = NULL;
  mlops_run_options options = MLOPS_RUN_OPTIONS_INIT;
  OK(mlops_run_start(store, &options, &run, &error));

  char vocabulary[sizeof root + 16];
  snprintf(vocabulary, sizeof vocabulary, "%s/words.txt", root);
  FILE *stream = fopen(vocabulary, "w");
  CHECK(stream != NULL && fputs("a b c", stream) >= 0 && fclose(stream) == 0);

  mlops_model_file files[2] = {{MLOPS_STR("weights.bin"), {"w\0w", 3}, MLOPS_STR_EMPTY},
                               {MLOPS_STR("data/words.txt"), {NULL, 0}, MLOPS_STR_EMPTY}};
  files[1].local_path = mlops_cstr(vocabulary);
  mlops_model model = MLOPS_MODEL_INIT;
  model.flavors = MLOPS_STR("{\"mine\": {\"data\": \"weights.bin\"}}");
  model.signature = MLOPS_STR("{\"inputs\": \"[{\\\"name\\\": \\\"age\\\", \\\"type\\\": \\\"double\\\"}]\"}");
  model.metadata = MLOPS_STR("{\"team\": \"risk\"}");
  model.files = files;
  model.files_count = 2;
  mlops_buf text = MLOPS_BUF_INIT;
  OK(mlops_run_log_model(run, MLOPS_STR("model"), &model, &text, &error));
  CHECK(has(&text, "\"team\": \"risk\"") && has(&text, "\"size_bytes\": 3") && has(&text, "blake3:"));
  CHECK(has(&text, "\"model_id\": \"m-"));
  mlops_buf_free(&text);

  char uri[256];
  mlops_buf id = MLOPS_BUF_INIT;
  snprintf(uri, sizeof uri, "runs:/%.*s/model", (int)mlops_run_id(run).len, mlops_run_id(run).ptr);
  OK(mlops_model_manifest(store, mlops_cstr(uri), &text, &error));
  CHECK(has(&text, "\"mine\"") && has(&text, "words.txt") && has(&text, "age"));
  mlops_buf_free(&text);
  OK(mlops_model_read(store, mlops_cstr(uri), MLOPS_STR("weights.bin"), &text, &error));
  CHECK(text.len == 3 && memcmp(text.data, "w\0w", 3) == 0);
  mlops_buf_free(&text);
  OK(mlops_model_read(store, mlops_cstr(uri), MLOPS_STR("data/words.txt"), &text, &error));
  CHECK(strcmp(text.data, "a b c") == 0);
  mlops_buf_free(&text);
  OK(mlops_model_download(store, mlops_cstr(uri), mlops_cstr(path("copied")), &text, &error));
  CHECK(has(&text, "copied/model"));
  mlops_buf_free(&text);

  FAILS(MLOPS_NOT_FOUND, "it has data/words.txt", mlops_model_read(store, mlops_cstr(uri), MLOPS_STR("no"), &id, &error));
  FAILS(MLOPS_NOT_FOUND, "MLmodel", mlops_model_manifest(store, mlops_cstr(strcat(uri, "/no")), &id, &error));
  model.flavors = MLOPS_STR("[1]");
  FAILS(MLOPS_INVALID_ARGUMENT, "a JSON object of flavors",
        mlops_run_log_model(run, MLOPS_STR("other"), &model, &id, &error));
  model.flavors = MLOPS_STR("{\"mine\": {}}");
  model.signature = MLOPS_STR("columns");
  FAILS(MLOPS_INVALID_ARGUMENT, "signature", mlops_run_log_model(run, MLOPS_STR("other"), &model, &id, &error));
  model.signature = MLOPS_STR_EMPTY;
  files[0].path = MLOPS_STR("../weights.bin");
  FAILS(MLOPS_INVALID_ARGUMENT, "..", mlops_run_log_model(run, MLOPS_STR("other"), &model, &id, &error));
  files[0].path = MLOPS_STR("MLmodel");
  FAILS(MLOPS_INVALID_ARGUMENT, "MLmodel", mlops_run_log_model(run, MLOPS_STR("other"), &model, &id, &error));
  CHECK(id.data == NULL);

  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  mlops_store_free(store);
  return 0;
}
