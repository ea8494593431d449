// The C++ layer over the registry: versions, promotions, policies, the log and watches. Argument: an empty folder.

#include "check.hpp"
#include <mlops.hpp>

#include <atomic>
#include <thread>

static_assert(!std::is_copy_constructible_v<mlops::watch> && std::is_nothrow_move_constructible_v<mlops::watch>);
static_assert(!std::is_copy_constructible_v<mlops::registry> && std::is_move_constructible_v<mlops::registry>);

namespace {

bool has(const mlops::buffer& text, std::string_view part) { return text.view().find(part) != std::string_view::npos; }

void versions(const mlops::store& store, const mlops::registry& registry) {
  for (const std::string weights : {"first", "second"}) {
    mlops::run_options options;
    options.run_id = weights;
    const mlops::run run = store.start_run(options).value();
    mlops::model model;
    model.flavors = R"({"toy": {}})";
    model.files = {{"weights.bin", weights}};
    CHECK(run.log_model("model", model));
    CHECK(run.end());
    mlops::version_options how;
    how.source = "runs:/" + weights + "/model";
    how.tags = {{"made", "here"}};
    CHECK(registry.create_version("fraud", how).value() == (weights == "first" ? 1 : 2));
  }
  CHECK(has(registry.version_json("fraud", 1).value(), "\"made\":\"here\""));
  CHECK(registry.digest("fraud", 1).value().rfind("blake3:", 0) == 0);
  CHECK(registry.describe_version("fraud", 1, "older") && registry.set_version_tag("fraud", 1, "k", "v"));
  CHECK(registry.delete_version_tag("fraud", 1, "made"));
  CHECK(registry.set_alias("fraud", "champion", 1) && registry.by_alias("fraud", "champion").value() == 1);
  CHECK(registry.version_of_uri("models:/fraud/latest").value() == 2);
  CHECK(store.read_model("models:/fraud@champion", "weights.bin").value().view() == "first");
  CHECK(registry.list_files("fraud", 2).value().size() == 2);
  CHECK(registry.read_file("fraud", 2, "weights.bin").value().view() == "second");
  CHECK(has(registry.manifest_json("fraud", 2).value(), "\"id\":\"second\""));
  mlops::model_query query;
  query.filter = "tags.made = 'here'";
  CHECK(has(registry.search_versions_json(query).value(), "\"version\":2"));
  CHECK(has(registry.search_models_json().value(), "\"name\":\"fraud\""));
  CHECK(registry.copy_version("fraud", 1, "fraud-eu").value() == 1);
  CHECK(registry.create_version("fraud", {"s3://elsewhere"}).error().code() == MLOPS_NOT_FOUND);
}

void models(const mlops::registry& registry) {
  CHECK(registry.create_model("empty", "nothing", {{"a", "b"}}) && registry.describe_model("empty", "still"));
  CHECK(registry.set_model_tag("empty", "c", "d") && registry.delete_model_tag("empty", "a"));
  CHECK(registry.rename_model("empty", "void") && has(registry.model_json("void").value(), "\"c\":\"d\""));
  CHECK(registry.delete_model("void") && has(registry.history_json("void").value(), "model_deleted"));
}

void promotions(const mlops::registry& registry, const mlops::registry& bob) {
  std::atomic<std::int64_t> told{0};
  mlops::watch watch = registry.watch("fraud").value();
  const mlops::watch champion = registry.watch_alias("fraud", "champion").value();
  auto kept = watch.on_change([&](std::int64_t version, std::int64_t) { told = version; });
  CHECK(kept && watch.current() == MLOPS_VERSION_NONE && champion.current() == 1);
  CHECK(registry.set_policy("fraud", R"({"approvals": 1, "self_approval": false})"));
  CHECK(registry.promote("fraud", 1).error().code() == MLOPS_DENIED);
  CHECK(registry.request_approval("fraud", 1) && has(registry.pending_json().value(), "\"version\":1"));
  CHECK(bob.reject("fraud", 1) && bob.withdraw("fraud", 1) && bob.approve("fraud", 1));
  CHECK(has(registry.status_json("fraud", 1).value(), "\"can_promote\":true"));
  CHECK(has(registry.promote("fraud", 1).value(), "\"generation\":1"));
  CHECK(watch.wait(std::chrono::seconds(30)).value() && watch.current() == 1 && watch.generation() == 1);
  CHECK(watch.changes() == 1 && !watch.changed() && watch.age() < std::chrono::seconds(30));
  while (told != 1) std::this_thread::yield();
  CHECK(registry.set_policy("fraud", ""));
  mlops::gate gate{"auc", "pass", 1};
  gate.metrics = {{"auc", 0.93}};
  CHECK(has(registry.record_gate("fraud", 2, gate).value(), "\"verdict\":\"pass\""));
  mlops::promote_options expecting;
  expecting.expect = 7;
  CHECK(registry.promote("fraud", 2, expecting).error().code() == MLOPS_CONFLICT);
  CHECK(registry.promote("fraud", 2) && registry.production("fraud").value().version == 2);
  CHECK(has(bob.rollback("fraud").value(), "\"replaced\":2"));
  CHECK(registry.set_stage("fraud", 2, "Staging") && registry.at("fraud", INT64_MAX, "Staging").value() == 2);
  CHECK(has(registry.why_json("fraud", 1).value(), "rolled_back"));
  CHECK(registry.why("fraud", 1).value().find("a reason") != std::string::npos);
  CHECK(has(registry.card_json("fraud", 1).value(), "\"known_limits\""));
  CHECK(registry.card("fraud", 1).value().rfind("# fraud version 1", 0) == 0);
  const mlops::watch moved = std::move(watch);
  CHECK(moved.changes() >= 1);
}

void log(const mlops::store& store, const mlops::registry& registry) {
  CHECK(registry.set_policies("[default.production]\nprotect_production = true\n"));
  CHECK(registry.policies_toml().value().find("protect_production") != std::string::npos);
  CHECK(has(registry.policy_json("fraud").value(), "\"protect_production\":true"));
  CHECK(registry.delete_version("fraud", 1).error().code() == MLOPS_CONFLICT);
  CHECK(registry.with({"ada", "by law"}).value().delete_version("fraud", 1, true));
  CHECK(has(registry.deleted_versions_json("fraud").value(), "by law"));
  CHECK(registry.delete_alias("fraud", "champion"));
  const mlops::log_head head = registry.head().value();
  CHECK(registry.verify(head).value() == head.seq && registry.verify().value() == head.seq);
  CHECK(has(registry.events_json(1, 1).value(), "\"seq\":2"));
  const std::string copied = registry.download_files("fraud", 2, "weights.bin", std::string(store.uri()) + "-copy").value();
  CHECK(copied.find("weights.bin") != std::string::npos);
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(argc == 2);
  const mlops::store store = mlops::store::open(std::string(argv[1]) + "/store").value();
  const mlops::registry registry = store.registry({"ada"}).value();
  const mlops::registry bob = registry.with({"bob", "a reason"}).value();
  versions(store, registry);
  models(registry);
  promotions(registry, bob);
  log(store, registry);
  std::puts("registry: ok");
  return 0;
}
