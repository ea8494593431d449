/* The registry: versions, approvals, promotions, rollbacks, the log, and a watch. Argument: an empty folder. */

#include "check.h"

#include <unistd.h>

#define TEXT MLOPS_STR
static const mlops_str ada = {"ada", 3};
static const mlops_str bob = {"bob", 3};
static const mlops_str none = {NULL, 0};

static mlops_store *store;

static int has(const mlops_buf *text, const char *part) { return strstr(text->data, part) != NULL; }

/* The answer of a call must have a part. */
#define ANSWERS(part, call)                                                                          \
  do {                                                                                               \
    mlops_buf out = MLOPS_BUF_INIT;                                                                  \
    OK(call);                                                                                        \
    if (!has(&out, part)) {                                                                          \
      fprintf(stderr, "%s:%d: %s has no %s: %s\n", __FILE__, __LINE__, #call, part, out.data);         \
      exit(1);                                                                                       \
    }                                                                                                \
    mlops_buf_free(&out);                                                                            \
  } while (0)

static int64_t register_version(const char *weights) {
  mlops_run *run = start_run(store, weights);
  mlops_model model = MLOPS_MODEL_INIT;
  mlops_model_file file = {TEXT("weights.bin"), {weights, strlen(weights)}, {NULL, 0}};
  mlops_version_options options = MLOPS_VERSION_OPTIONS_INIT;
  mlops_tag tag = {TEXT("made"), TEXT("here")};
  mlops_buf manifest = MLOPS_BUF_INIT;
  int64_t version = 0;
  char uri[128];
  model.flavors = TEXT("{\"toy\": {}}");
  model.files = &file;
  model.files_count = 1;
  OK(mlops_run_log_model(run, TEXT("model"), &model, &manifest, &error));
  mlops_buf_free(&manifest);
  OK(mlops_run_end(run, MLOPS_RUN_FINISHED, &error));
  mlops_run_free(run);
  snprintf(uri, sizeof uri, "runs:/%s/model", weights);
  options.source = mlops_cstr(uri);
  options.tags = &tag;
  options.tags_count = 1;
  OK(mlops_model_version_create(store, TEXT("fraud"), &options, ada, none, &version, &error));
  return version;
}

static void versions(void) {
  mlops_version_options options = MLOPS_VERSION_OPTIONS_INIT;
  int64_t version = 0;
  CHECK(register_version("first") == 1 && register_version("second") == 2 && register_version("third") == 3);
  ANSWERS("\"tags\":{\"made\":\"here\"}", mlops_model_version_json(store, TEXT("Fraud"), 2, &out, &error));
  ANSWERS("blake3:", mlops_model_version_digest(store, TEXT("fraud"), 2, &out, &error));
  OK(mlops_registered_model_set_alias(store, TEXT("fraud"), TEXT("champion"), 2, ada, none, &error));
  OK(mlops_registered_model_by_alias(store, TEXT("fraud"), TEXT("champion"), &version, &error));
  CHECK(version == 2);
  OK(mlops_model_version_of_uri(store, TEXT("models:/fraud/latest"), &version, &error));
  CHECK(version == 3);
  ANSWERS("second", mlops_model_read(store, TEXT("models:/fraud@champion"), TEXT("weights.bin"), &out, &error));
  ANSWERS("first", mlops_model_read(store, TEXT("models:/fraud/1"), TEXT("weights.bin"), &out, &error));
  ANSWERS("\"toy\"", mlops_model_manifest(store, TEXT("models:/fraud/latest"), &out, &error));
  ANSWERS("first", mlops_model_version_read_file(store, TEXT("fraud"), 1, TEXT("weights.bin"), &out, &error));
  ANSWERS("copy/whole", mlops_model_download(store, TEXT("models:/fraud/3"), mlops_cstr(path("copy/whole")), &out, &error));
  ANSWERS("weights.bin", mlops_model_version_download_files(store, TEXT("fraud"), 3, TEXT("weights.bin"),
                                                            mlops_cstr(path("copy/one")), &out, &error));
  mlops_artifacts *files = NULL;
  OK(mlops_model_version_list_files(store, TEXT("fraud"), 1, none, &files, &error));
  CHECK(mlops_artifacts_count(files) == 2);
  mlops_artifacts_free(files);
  ANSWERS("\"id\":\"first\"", mlops_model_version_manifest_json(store, TEXT("fraud"), 1, &out, &error));

  OK(mlops_model_version_describe(store, TEXT("fraud"), 1, TEXT("the oldest"), ada, none, &error));
  OK(mlops_model_version_set_tag(store, TEXT("fraud"), 1, TEXT("k"), TEXT("v"), ada, none, &error));
  OK(mlops_model_version_delete_tag(store, TEXT("fraud"), 1, TEXT("made"), ada, none, &error));
  OK(mlops_model_version_copy(store, TEXT("fraud"), 1, TEXT("fraud-eu"), ada, none, &version, &error));
  CHECK(version == 1);
  mlops_model_query query = MLOPS_MODEL_QUERY_INIT;
  const mlops_str order = TEXT("version_number ASC");
  query.filter = TEXT("name = 'fraud' and tags.made = 'here'");
  query.order_by = &order;
  query.order_by_count = 1;
  query.max_results = 1;
  ANSWERS("\"items\":[{\"aliases\":[\"champion\"]", mlops_model_version_search_json(store, &query, &out, &error));
  query.filter = TEXT("name = 'fraud-eu'");
  query.order_by_count = 0;
  ANSWERS("\"next_page_token\":null", mlops_registered_model_search_json(store, &query, &out, &error));

  options.source = TEXT("s3://elsewhere");
  FAILS(MLOPS_NOT_FOUND, "s3://elsewhere",
        mlops_model_version_create(store, TEXT("fraud"), &options, none, none, &version, &error));
  options.must_exist = 0;
  options.model_must_exist = 1;
  FAILS(MLOPS_NOT_FOUND, "nobody", mlops_model_version_create(store, TEXT("nobody"), &options, none, none, &version, &error));
  OK(mlops_model_version_create(store, TEXT("fraud-eu"), &options, none, none, &version, &error));
  mlops_buf digest = MLOPS_BUF_INIT;
  OK(mlops_model_version_digest(store, TEXT("fraud-eu"), 2, &digest, &error));
  CHECK(digest.len == 0);
  mlops_buf_free(&digest);
  mlops_buf out = MLOPS_BUF_INIT;
  FAILS(MLOPS_INVALID_STATE, "s3://elsewhere", mlops_model_read(store, TEXT("models:/fraud-eu/2"), TEXT("x"), &out, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "models:/fraud@best", mlops_model_manifest(store, TEXT("models:/fraud/best"), &out, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "1 or more", mlops_model_version_json(store, TEXT("fraud"), -1, &out, &error));
}

static void models(void) {
  mlops_tag tag = {TEXT("team"), TEXT("risk")};
  OK(mlops_registered_model_create(store, TEXT("empty"), TEXT("nothing yet"), &tag, 1, ada, none, &error));
  FAILS(MLOPS_ALREADY_EXISTS, "`empty`", mlops_registered_model_create(store, TEXT("Empty"), none, NULL, 0, ada, none, &error));
  OK(mlops_registered_model_describe(store, TEXT("empty"), TEXT("still nothing"), ada, none, &error));
  OK(mlops_registered_model_set_tag(store, TEXT("empty"), TEXT("a"), TEXT("b"), ada, none, &error));
  OK(mlops_registered_model_delete_tag(store, TEXT("empty"), TEXT("team"), ada, none, &error));
  OK(mlops_registered_model_rename(store, TEXT("empty"), TEXT("void"), ada, TEXT("a better name"), &error));
  ANSWERS("\"description\":\"still nothing\"", mlops_registered_model_json(store, TEXT("void"), &out, &error));
  OK(mlops_registered_model_delete(store, TEXT("void"), 0, ada, none, &error));
  ANSWERS("model_deleted", mlops_registered_model_history_json(store, TEXT("void"), &out, &error));
}

static void seen(void *user_data, int64_t version, int64_t changes) {
  CHECK(changes > 0);
  __atomic_store_n((int64_t *)user_data, version, __ATOMIC_SEQ_CST);
}

static void promotions(void) {
  mlops_promote_options options = MLOPS_PROMOTE_OPTIONS_INIT;
  mlops_watch *watch = NULL;
  mlops_watch *champion = NULL;
  mlops_watch_subscription *kept = NULL;
  int64_t told = 0;
  const mlops_watch_listener listener = {seen, &told};
  int64_t version = 0;
  int64_t generation = 0;
  int32_t changed = 0;
  OK(mlops_watch_open(store, TEXT("fraud"), none, none, &watch, &error));
  OK(mlops_watch_open(store, TEXT("fraud"), none, TEXT("champion"), &champion, &error));
  OK(mlops_watch_on_change(watch, &listener, &kept, &error));
  CHECK(mlops_watch_current(watch) == MLOPS_VERSION_NONE && mlops_watch_current(champion) == 2);
  FAILS(MLOPS_INVALID_ARGUMENT, "one of the two", mlops_watch_open(store, TEXT("fraud"), TEXT("eu"), TEXT("x"), &watch, &error));
  OK(mlops_watch_wait(watch, 1000, &changed, &error));
  CHECK(changed == 0);
  FAILS(MLOPS_INVALID_ARGUMENT, "-1", mlops_watch_wait(watch, -1, &changed, &error));

  OK(mlops_registry_set_policy(store, TEXT("fraud"), none, TEXT("{\"approvals\": 1, \"self_approval\": false}"), ada,
                               TEXT("audit"), &error));
  mlops_buf refused = MLOPS_BUF_INIT;
  FAILS(MLOPS_DENIED, "approval",
        mlops_model_version_promote(store, TEXT("fraud"), 1, &options, ada, none, &generation, &refused, &error));
  ANSWERS("\"changed\":true", mlops_model_version_request_approval(store, TEXT("fraud"), 1, none, ada, none, &out, &error));
  ANSWERS("\"version\":1", mlops_registry_pending_json(store, &out, &error));
  FAILS(MLOPS_DENIED, "ada", mlops_model_version_approve(store, TEXT("fraud"), 1, none, ada, none, &refused, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "reason", mlops_model_version_reject(store, TEXT("fraud"), 1, none, bob, none, &refused, &error));
  ANSWERS("rejected", mlops_model_version_reject(store, TEXT("fraud"), 1, none, bob, TEXT("slow"), &out, &error));
  ANSWERS("withdrawn", mlops_model_version_withdraw(store, TEXT("fraud"), 1, none, bob, none, &out, &error));
  ANSWERS("\"can_promote\":false", mlops_model_version_status_json(store, TEXT("fraud"), 1, none, none, &out, &error));
  ANSWERS("approved", mlops_model_version_approve(store, TEXT("fraud"), 1, none, bob, none, &out, &error));
  options.expect = 0;
  ANSWERS("\"replaced\":null",
          mlops_model_version_promote(store, TEXT("fraud"), 1, &options, ada, TEXT("first"), &generation, &out, &error));
  CHECK(generation == 1);
  OK(mlops_watch_wait(watch, 30000000, &changed, &error));
  CHECK(changed == 1 && mlops_watch_current(watch) == 1 && mlops_watch_generation(watch) == 1);
  CHECK(mlops_watch_changes(watch) == 1 && !mlops_watch_changed(watch) && mlops_watch_age(watch) < 30000000);
  while (__atomic_load_n(&told, __ATOMIC_SEQ_CST) != 1) usleep(1000);

  OK(mlops_registry_set_policy(store, TEXT("fraud"), none, none, ada, none, &error));
  FAILS(MLOPS_CONFLICT, "generation",
        mlops_model_version_promote(store, TEXT("fraud"), 2, &options, ada, none, &generation, &refused, &error));
  options.expect = MLOPS_GENERATION_ANY;
  mlops_gate gate = MLOPS_GATE_INIT;
  mlops_metric metric = {TEXT("auc"), 0.93, 0, 0};
  gate.name = TEXT("auc");
  gate.verdict = TEXT("pass");
  gate.baseline = 1;
  gate.metrics = &metric;
  gate.metrics_count = 1;
  ANSWERS("\"verdict\":\"pass\"", mlops_model_version_record_gate(store, TEXT("fraud"), 2, &gate, ada, none, &out, &error));
  gate.verdict = TEXT("perhaps");
  FAILS(MLOPS_INVALID_ARGUMENT, "perhaps",
        mlops_model_version_record_gate(store, TEXT("fraud"), 2, &gate, ada, none, &refused, &error));
  ANSWERS("\"replaced\":1",
          mlops_model_version_promote(store, TEXT("fraud"), 2, &options, ada, none, &generation, &out, &error));
  OK(mlops_registered_model_production(store, TEXT("fraud"), none, &version, &generation, &error));
  CHECK(version == 2 && generation == 2);
  ANSWERS("second", mlops_model_read(store, TEXT("models:/fraud/Production"), TEXT("weights.bin"), &out, &error));
  mlops_buf back = MLOPS_BUF_INIT;
  OK(mlops_registered_model_rollback(store, TEXT("fraud"), none, MLOPS_VERSION_NONE, bob, TEXT("refuses good customers"),
                                     &version, &back, &error));
  CHECK(version == 1 && has(&back, "\"generation\":3"));
  mlops_buf_free(&back);
  OK(mlops_model_version_set_stage(store, TEXT("fraud"), 3, TEXT("staging"), 1, MLOPS_GENERATION_ANY, ada, none, &error));
  OK(mlops_registered_model_at(store, TEXT("fraud"), TEXT("staging"), none, INT64_MAX, &version, &error));
  CHECK(version == 3);
  OK(mlops_registered_model_at(store, TEXT("fraud"), none, none, 0, &version, &error));
  CHECK(version == MLOPS_VERSION_NONE);
  ANSWERS("rolled_back", mlops_model_version_why_json(store, TEXT("fraud"), 1, &out, &error));
  ANSWERS("refuses good customers", mlops_model_version_why_text(store, TEXT("fraud"), 1, &out, &error));
  ANSWERS("\"known_limits\"", mlops_model_version_card_json(store, TEXT("fraud"), 1, &out, &error));
  ANSWERS("# fraud version 1", mlops_model_version_card_markdown(store, TEXT("fraud"), 1, &out, &error));
  mlops_watch_subscription_free(kept);
  mlops_watch_free(champion);
  mlops_watch_free(watch);
}

static void policies_and_log(void) {
  mlops_buf hash = MLOPS_BUF_INIT;
  int64_t seq = 0;
  int64_t again = 0;
  OK(mlops_registry_set_policies(store, TEXT("[default.production]\nprotect_production = true\n"), ada, none, &error));
  ANSWERS("protect_production = true", mlops_registry_policies_toml(store, &out, &error));
  ANSWERS("\"protect_production\":true", mlops_registry_policy_json(store, TEXT("fraud"), none, &out, &error));
  ANSWERS("\"model\":null", mlops_registry_policy_json(store, none, none, &out, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "aprovals", mlops_registry_set_policy(store, none, none, TEXT("{\"aprovals\": 1}"), ada, none, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "JSON", mlops_registry_set_policy(store, none, none, TEXT("[1]"), ada, none, &error));
  FAILS(MLOPS_CONFLICT, "production", mlops_model_version_delete(store, TEXT("fraud"), 1, 0, ada, none, &error));
  OK(mlops_model_version_delete(store, TEXT("fraud"), 1, 1, ada, TEXT("by law"), &error));
  ANSWERS("by law", mlops_registered_model_deleted_versions_json(store, TEXT("fraud"), &out, &error));
  OK(mlops_registered_model_delete_alias(store, TEXT("fraud"), TEXT("champion"), ada, none, &error));
  OK(mlops_registry_head(store, &seq, &hash, &error));
  ANSWERS("\"seq\":2", mlops_registry_events_json(store, 1, 2, &out, &error));
  OK(mlops_registry_verify(store, seq, (mlops_str){hash.data, hash.len}, &again, &error));
  CHECK(again == seq && seq > 20);
  FAILS(MLOPS_CORRUPT, "event", mlops_registry_verify(store, seq - 1, (mlops_str){hash.data, hash.len}, &again, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "digest", mlops_registry_verify(store, seq, TEXT("nonsense"), &again, &error));
  mlops_buf_free(&hash);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  snprintf(root, sizeof root, "%s", argv[1]);
  store = open_store(path("store"));
  versions();
  models();
  promotions();
  policies_and_log();
  mlops_store_free(store);
  puts("registry: ok");
  return 0;
}
