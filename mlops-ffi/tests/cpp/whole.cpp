// The C++ layer: results, moves, ownership, errors; with and without exceptions. Argument: an empty folder.

#include "check.hpp"
#include <mlops.hpp>

#include <cmath>
#include <limits>
#include <thread>

static_assert(!std::is_copy_constructible_v<mlops::store> && std::is_nothrow_move_constructible_v<mlops::store>);
static_assert(!std::is_copy_constructible_v<mlops::run> && std::is_nothrow_move_assignable_v<mlops::run>);
static_assert(!std::is_copy_constructible_v<mlops::series> && !std::is_copy_constructible_v<mlops::buffer>);

mlops_str second_unit();

namespace {

void log_everything(const mlops::store& store) {
  mlops::run_options options;
  options.run_id = "first";
  options.experiment_name = "curves";
  options.tags = {{"team", "vision"}};
  options.started_at = 1700000000000000;
  mlops::run started = store.start_run(options).value();
  mlops::run run = std::move(started);
  CHECK(run.id() == "first");
  CHECK(run.log_param("text", "tree"));
  CHECK(run.log_param("view", std::string_view("forest")));
  CHECK(run.log_param("string", std::string("palm")));
  CHECK(run.log_param("int", 3));
  CHECK(run.log_param("size", 7U));
  CHECK(run.log_param("length", std::size_t{9}));
  CHECK(run.log_param("huge", std::numeric_limits<std::uint64_t>::max()));
  CHECK(run.log_param("double", 1e-05));
  CHECK(run.log_param("float", 0.5F));
  CHECK(run.log_param("bool", true));
  CHECK(run.log_params({{"none", std::monostate()}, {"many", std::int64_t{-1}}}));
  CHECK(run.log_metric("loss", NAN, 4, 1700000000000001));
  CHECK(run.log_series("curve", {3.0, 2.0, 1.0}));
  CHECK(run.set_tag("stage", "done"));
  CHECK(run.delete_tag("stage"));
  CHECK(run.log_artifact_bytes("model/m.bin", std::string_view("a\0b", 3)));
  CHECK(run.end());
}

void fork_and_rewind(const mlops::store& store) {
  mlops::run_options options;
  options.run_name = "again";
  mlops::run fork = store.fork_run("first", 1, options).value();
  CHECK(store.metric_history(fork.id(), "curve").value().size() == 2);
  CHECK(store.rewind_run(fork.id(), 0));
  CHECK(store.metric_history(fork.id(), "curve").value().size() == 1);
  const std::string id(fork.id());
  CHECK(fork.end());
  CHECK(store.delete_run(id));
  CHECK(!store.fork_run("none"));
}

void read_everything(const mlops::store& store, const std::string& folder) {
  const mlops::run_data data = store.get_run("first").value();
  CHECK(data.run_id == "first" && data.status == MLOPS_RUN_FINISHED && data.ended_at.has_value());
  CHECK(data.started_at == 1700000000000000 && data.parent_run_id.empty() && data.params.size() == 12);
  CHECK(std::get<std::string>(data.params.at("text").value) == "tree");
  CHECK(std::get<std::string>(data.params.at("view").value) == "forest");
  CHECK(std::get<std::string>(data.params.at("string").value) == "palm");
  CHECK(std::get<std::int64_t>(data.params.at("int").value) == 3 && data.params.at("size").text == "7");
  CHECK(std::get<std::int64_t>(data.params.at("length").value) == 9);
  CHECK(data.params.at("huge").text == "18446744073709551615");
  CHECK(std::get<double>(data.params.at("double").value) == 1e-05 && data.params.at("double").text == "1e-05");
  CHECK(std::get<double>(data.params.at("float").value) == 0.5);
  CHECK(std::get<bool>(data.params.at("bool").value) && data.params.at("bool").text == "True");
  CHECK(std::holds_alternative<std::monostate>(data.params.at("none").value) && data.params.at("none").text == "None");
  CHECK(std::get<std::int64_t>(data.params.at("many").value) == -1);
  CHECK(data.tags.at("team") == "vision" && data.tags.count("stage") == 0);
  CHECK(std::isnan(data.metrics.at("loss").last) && data.metrics.at("loss").last_step == 4);
  CHECK(data.metrics.at("curve").count == 3 && data.metrics.at("curve").min == 1.0);

  mlops::series read = store.metric_history("first", "curve").value();
  const mlops::series curve = std::move(read);
  CHECK(curve.size() == 3 && curve.values()[0] == 3.0 && curve.steps()[2] == 2 && curve.times()[0] > 0);

  const auto artifacts = store.list_artifacts("first", "model").value();
  CHECK(artifacts.size() == 1 && artifacts[0].path == "model/m.bin" && artifacts[0].size_bytes == 3);
  mlops::buffer bytes = store.read_artifact("first", "model/m.bin").value();
  mlops::buffer moved;
  moved = std::move(bytes);
  CHECK(moved.view() == std::string_view("a\0b", 3));
  CHECK(!store.download_artifacts("first", "", folder + "/down").value().empty());

  mlops::run_query query;
  query.filter = "params.text = 'tree'";
  query.order_by = {"metrics.curve DESC"};
  const auto found = store.search_runs(query).value();
  CHECK(found.items.size() == 1 && found.items[0].run_id == "first" && found.next_page_token.empty());
  CHECK(store.delete_run("first"));
  CHECK(store.search_runs().value().items.empty());
  CHECK(store.restore_run("first"));
}

void experiments(const mlops::store& store) {
  const mlops::experiment made = store.create_experiment("made", {{"owner", "ada"}}).value();
  CHECK(made.name == "made" && made.tags.at("owner") == "ada");
  CHECK(store.get_experiment(made.experiment_id).value().name == "made");
  CHECK(store.find_experiment("made").value()->experiment_id == made.experiment_id);
  CHECK(!store.find_experiment("not there").value().has_value());
  CHECK(store.ensure_experiment("made").value().experiment_id == made.experiment_id);
  const auto first = store.list_experiments(MLOPS_VIEW_ACTIVE, 1).value();
  CHECK(first.items.size() == 1 && first.items[0].name == "Default" && !first.next_page_token.empty());
  const auto rest = store.list_experiments(MLOPS_VIEW_ACTIVE, 0, first.next_page_token).value();
  CHECK(rest.items.size() == 2 && rest.next_page_token.empty());
  CHECK(store.rename_experiment(made.experiment_id, "renamed"));
  CHECK(store.set_experiment_tags(made.experiment_id, {{"team", "growth"}}));
  CHECK(store.delete_experiment_tag(made.experiment_id, "owner"));
  CHECK(store.delete_experiment(made.experiment_id));
  mlops::experiment_query query;
  query.filter = "tags.team = 'growth'";
  CHECK(store.search_experiments(query).value().items.empty());
  query.view = MLOPS_VIEW_DELETED;
  const auto deleted = store.search_experiments(query).value();
  CHECK(deleted.items.size() == 1 && deleted.items[0].name == "renamed" && deleted.items[0].tags.count("owner") == 0);
  CHECK(store.restore_experiment(made.experiment_id));
  mlops::run_options in_made;
  in_made.experiment_id = made.experiment_id;
  const mlops::run measured = store.start_run(in_made).value();
  mlops::system_metrics_options often;
  often.node_id = "node";
  CHECK(store.log_system_metrics(measured.id(), often));
  CHECK(measured.end());
  CHECK(store.stop_system_metrics(measured.id()));
  CHECK(store.get_run(measured.id()).value().metrics.count("system/node/disk_usage_percentage") == 1);
}

void durability(const mlops::store& store) {
  mlops::open_options options;
  options.uri = std::string(store.uri());
  options.durability = 3;
  CHECK(mlops::store::open(options).error().code() == MLOPS_INVALID_ARGUMENT);
  options.durability = MLOPS_DURABILITY_FULL;
  const auto full = mlops::store::open(options).value();
  const auto run = full.resume_run("first").value();
  const mlops_metric point = {mlops_cstr("durable"), 1.0, 0, MLOPS_TIME_NONE};
  mlops_batch batch = MLOPS_BATCH_INIT;
  batch.metrics = &point;
  batch.metrics_count = 1;
  batch.durability = MLOPS_DURABILITY_FAST;
  mlops::dataset_input input;
  input.name = "iris";
  input.digest = "0a1b2c3d";
  input.source_type = "local";
  input.context = "training";
  input.tags["split"] = "0.8";
  CHECK(run.log_input(input));
  input.name.clear();
  CHECK(run.log_input(input).error().code() == MLOPS_INVALID_ARGUMENT);
  mlops::run_query query;
  query.filter = "dataset.name = 'iris' and dataset.context = 'training'";
  CHECK(full.search_runs(query).value().items.size() == 1);
  CHECK(run.log_metric("durable", 0.5) && run.log_batch(batch) && run.end());
}

void errors(const mlops::store& store) {
  const auto missing = store.get_run("nobody");
  CHECK(!missing && missing.error().code() == MLOPS_NOT_FOUND && !missing.error().is_retryable());
  CHECK(std::string(missing.error().name()) == "MLOPS_NOT_FOUND");
  CHECK(missing.error().message().find("nobody") != std::string::npos);
  CHECK(missing.error().detail_json() == "{\"id\":\"nobody\",\"what\":\"run\"}");
  const auto found = store.get_run("first");
  CHECK(found && found->run_id == "first" && (*found).run_name == found.value().run_name);
  CHECK(mlops::store::open(mlops::open_options{"/no/such/place", false, true}).error().code() == MLOPS_NOT_FOUND);
  auto run = store.resume_run("first").value();
  CHECK(run.log_param("int", 4).error().code() == MLOPS_CONFLICT);
  CHECK(store.open_run("first").value().log_metric("", 1.0).error().code() == MLOPS_INVALID_ARGUMENT);
  CHECK(run.end(MLOPS_RUN_FAILED));
#ifdef MLOPS_CPP_EXCEPTIONS
  bool thrown = false;
  try {
    store.get_run("nobody").value();
  } catch (const mlops::exception& exception) {
    thrown = exception.error().code() == MLOPS_NOT_FOUND;
  }
  CHECK(thrown);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(argc == 2);
  const std::string folder = argv[1];
  mlops::store store = mlops::store::open(folder + "/store").value();
  CHECK(!store.uri().empty());
  log_everything(store);
  read_everything(store, folder);
  experiments(store);
  durability(store);
  fork_and_rewind(store);
  errors(store);

  mlops::store other = store.clone().value();
  std::thread thread([clone = std::move(other)] { CHECK(clone.get_run("first")); });
  thread.join();
  CHECK(store.gc().value().view().find("\"dry_run\":true") != std::string_view::npos);
  CHECK(store.gc({false, true, 0}).value().view().find("\"dry_run\":false") != std::string_view::npos);
  CHECK(store.get_run("first"));
  CHECK(store.backup(folder + "/backup").value().view().find("\"lost\":[]") != std::string_view::npos);
  CHECK(mlops::store::restore(folder + "/backup", folder + "/again"));
  CHECK(mlops::store::open(folder + "/again").value().get_run("first"));
  CHECK(store.flush());
  CHECK(store.close());
  CHECK(store.flush().error().code() == MLOPS_INVALID_STATE);
  { const mlops::store last = std::move(store); }  // frees the folder
  CHECK(mlops::store::fsck(folder + "/store").value().view().find("\"findings\":[]") != std::string_view::npos);
  CHECK(second_unit().len == 6);
  std::puts("whole: ok");
  return 0;
}
