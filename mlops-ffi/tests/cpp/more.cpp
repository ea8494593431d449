// The C++ layer, what goes beyond runs: tables, typed series, alerts, console, sweeps, reports, moving. Argument: an empty
// folder.

#include "check.hpp"
#include <mlops.hpp>

#include <cmath>

static_assert(!std::is_copy_constructible_v<mlops::table> && std::is_nothrow_move_constructible_v<mlops::table>);
static_assert(!std::is_copy_constructible_v<mlops::sweep> && std::is_nothrow_move_constructible_v<mlops::trial>);
static_assert(!std::is_copy_constructible_v<mlops::console>);

namespace {

bool has(const mlops::buffer& text, std::string_view part) { return text.view().find(part) != std::string_view::npos; }

void log(const mlops::store& store) {
  for (int i = 0; i < 2; ++i) {
    mlops::run_options options;
    options.run_id = i == 0 ? "first" : "second";
    const mlops::run run = store.start_run(options).value();
    const std::string train = mlops::series_key("loss", {{"subset", "train"}}).value();
    CHECK(train == "loss{subset=\"train\"}");
    for (int step = 0; step < 4; ++step) {
      CHECK(run.log_metric("epoch", step / 2, step) && run.log_metric("loss", i + 1.0 / (step + 1), step));
      CHECK(run.log_metric(train, 0.5, step));
    }
    CHECK(run.log_param("depth", i));
    CHECK(run.define_metric("loss", "{\"summary\": [\"min\"], \"step_metric\": \"epoch\"}"));
    CHECK(!run.log_media("sample", MLOPS_MEDIA_TEXT, "a text", 1).value().empty());
    CHECK(run.log_histogram("weights", {0.0, 0.5, 1.0}, {3.0, 4.5}, 2));
    CHECK(run.log_histogram("weights", {0.0, NAN}, {1.0}).error().code() == MLOPS_INVALID_ARGUMENT);
    CHECK(run.set_note("a note"));
    CHECK(run.with_durability(MLOPS_DURABILITY_FULL).value().set_tag("durable", "yes"));
    CHECK(run.end_at(MLOPS_RUN_FINISHED, 4000000000000000));
  }
}

void series(const mlops::store& store) {
  CHECK(has(mlops::series_key_json("loss{subset=\"train\"}").value(), "\"context\":{\"subset\":\"train\"}"));
  CHECK(store.metric_contexts_json("first", "loss").value().view() == "[{},{\"subset\":\"train\"}]");
  CHECK(has(store.metric_definitions_json("first").value(), "\"step_metric\":\"epoch\""));
  CHECK(has(store.summary_json("first").value(), "\"loss\":{\"min\":0.25}"));
  const mlops::series by = store.metric_history_by("first", "loss", "epoch").value();
  CHECK(by.size() == 4 && by.at()[0] == 0.0 && by.at()[3] == 1.0 && by.values()[3] == 0.25);
  CHECK(store.metric_history("first", "loss").value().at() == nullptr);
  CHECK(!store.metric_history_by("none", "loss", "epoch"));
  CHECK(has(store.media_json("first").value(), "\"kind\":\"histogram\""));
  CHECK(has(store.media_history_json("first", "sample").value(), "\"step\":1"));
  CHECK(store.media_history_json("first", "sample", MLOPS_MEDIA_IMAGE).value().view() == "[]");
  CHECK(store.get_run("first").value().ended_at == 4000000000000000);
  CHECK(has(store.run_json("first").value(), "\"origin\":null"));
}

void tables(const mlops::store& store) {
  mlops::run_query query;
  query.order_by = {"metrics.loss.min DESC"};
  const mlops::table table = store.search_table(query, {"run_id", "metrics.loss.min", "end_time", "params.none"}).value();
  CHECK(table.rows() == 2 && table.columns() == 4 && table.next_page_token().empty());
  CHECK(table.column(1).value().kind == MLOPS_COLUMN_NUMBER);
  CHECK(mlops::detail::view(table.column(2).value().name) == "end_time");
  CHECK(std::get<std::string_view>(table.at(0, 0).value()) == "second");
  CHECK(std::get<double>(table.at(1, 1).value()) == 0.25);
  CHECK(std::get<std::int64_t>(table.at(0, 2).value()) == 4000000000000000);
  CHECK(std::holds_alternative<std::monostate>(table.at(0, 3).value()));
  CHECK(table.at(2, 0).error().code() == MLOPS_INVALID_ARGUMENT && !table.column(4));
  struct ArrowArray array;
  struct ArrowSchema schema;
  CHECK(table.to_arrow(&array, &schema));
  CHECK(array.length == 2 && static_cast<const double*>(array.children[1]->buffers[1])[1] == 0.25);
  array.release(&array);
  schema.release(&schema);
  struct ArrowArrayStream stream;
  CHECK(table.to_arrow_stream(&stream) && stream.get_schema(&stream, &schema) == 0);
  CHECK(schema.n_children == 4);
  schema.release(&schema);
  stream.release(&stream);
  CHECK(store.count_runs().value() == 2);
  query.filter = "metrics.loss <";
  const auto wrong = store.count_runs(query);
  CHECK(!wrong && wrong.error().detail_json().find("\"offset\":14") != std::string::npos);
  CHECK(std::string(wrong.error().text()) == "An argument is not what it must be.");
}

void beside(const mlops::store& store, const std::string& folder) {
  const mlops::run run = store.start_run().value();
  const std::string id(run.id());
  int told = 0;
  {
    const auto kept = mlops::on_alert([&told](std::string_view alert) {
      told += alert.find("\"title\":\"loss is NaN\"") != std::string_view::npos ? 1 : 0;
    }).value();
    CHECK(run.alert("loss is NaN", "at 5", MLOPS_ALERT_ERROR, 60000000));
    CHECK(run.alert("loss is NaN", "at 6", MLOPS_ALERT_ERROR, 60000000));
  }
  CHECK(run.alert("loss is NaN", "at 7"));
  CHECK(told == 1 && has(store.alerts_json(id).value(), "\"at 7\"") && !has(store.alerts_json(id).value(), "\"at 6\""));

  mlops::console_options by_hand;
  by_hand.descriptors = false;
  const mlops::console console = store.capture_console(id, by_hand).value();
  CHECK(console.write("epoch 1\n") && console.write("oh\n", MLOPS_CONSOLE_ERROR) && console.settle());
  CHECK(console.end().value() == 0);
  CHECK(store.read_console(id).value().view() == "epoch 1\noh\n");

  mlops::report_options options;
  options.title = "Losses";
  CHECK(has(store.write_report({"first", "second"}, folder + "/report.html", options).value(), "\"left_out\":[]"));
  CHECK(run.log_artifacts(folder + "/store/none").error().code() == MLOPS_IO);
  CHECK(run.log_files({{"many/a", "a"}, {"many/b", ""}}));
  CHECK(store.list_artifacts(id, "many").value().size() == 2);
  const mlops::model model = {R"({"mine": {"data": "weights.bin"}})", "", R"({"team": "risk"})", {{"weights.bin", "abc"}}};
  CHECK(has(run.log_model("model", model).value(), "\"size_bytes\": 3"));
  const std::string uri = "runs:/" + id + "/model";
  CHECK(has(store.model_manifest(uri).value(), "risk"));
  CHECK(store.read_model(uri, "weights.bin").value().view() == "abc");
  CHECK(store.download_model(uri, folder + "/copied").value().find("copied/model") != std::string::npos);
  CHECK(store.read_model(uri, "none").error().code() == MLOPS_NOT_FOUND);
  CHECK(has(store.compare_json({"first", "second"}).value(), "\"depth\":[\"0\",\"1\"]"));
  CHECK(!store.metric_plot("first", "loss").value().empty());
  CHECK(store.metric_svg({"first", "second"}, "loss").value().compare(0, 4, "<svg") == 0);
  CHECK(run.end());
}

void sweeps(const mlops::store& store) {
  const std::string definition =
      "{\"name\": \"tuning\", \"method\": \"grid\", \"metric\": \"loss\", \"early_stopping\": {\"rule\": \"halving\", "
      "\"factor\": 2}, \"space\": {\"x\": [1, 2]}}";
  const mlops::sweep sweep = store.create_sweep(definition).value();
  CHECK(store.create_sweep(definition).error().code() == MLOPS_ALREADY_EXISTS);
  CHECK(store.ensure_sweep(definition) && store.get_sweep("tuning") && !store.get_sweep("none"));
  for (int i = 0; i < 2; ++i) {
    const mlops::trial trial = sweep.take().value().value();
    CHECK(trial.number() == i && trial.attempt() == 1 && has(trial.params_json().value(), "\"x\":"));
    CHECK(trial.run().value().log_param("more", 1));
    CHECK(trial.report(i, 1).value() == (i == 0) && trial.should_stop() == (i == 1));
    CHECK(trial.end());
  }
  CHECK(!sweep.take().value().has_value());
  CHECK(sweep.take_given("{\"x\": 1}").error().code() == MLOPS_INVALID_STATE);
  CHECK(has(sweep.best_json().value(), "\"number\":0") && has(sweep.json().value(), "\"stopped\":1"));
  CHECK(has(store.sweeps_json().value(), "\"name\":\"tuning\""));
}

void moving(const mlops::store& store, const std::string& folder) {
  mlops::sync_options only;
  only.run_ids = {"first"};
  CHECK(has(store.export_runs(folder + "/carried", only).value(), "\"new\":[\"first\"]"));
  CHECK(has(store.export_files(folder + "/plain", only).value(), "\"runs\":1,"));
  const mlops::store elsewhere = mlops::store::open("memory:").value();
  CHECK(elsewhere.import_runs(folder + "/carried") && elsewhere.get_run("first"));
  only.run_ids = {"second"};
  CHECK(has(elsewhere.sync_from(store, only).value(), "\"new\":[\"second\"]"));
  const std::string experiment = elsewhere.ensure_experiment("moved").value().experiment_id;
  CHECK(elsewhere.move_run("first", experiment));
  CHECK(elsewhere.get_run("first").value().experiment_id == experiment);
  CHECK(store.id().size() == 36 && !store.is_read_only() && store.sharing() == MLOPS_SHARING_PRIVATE);
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(argc == 2);
  const std::string folder = argv[1];
  CHECK(std::string(mlops::version()) == MLOPS_VERSION && mlops::abi_version() == MLOPS_ABI_VERSION);
  const mlops::store store = mlops::store::open(folder + "/store").value();
  log(store);
  series(store);
  tables(store);
  beside(store, folder);
  sweeps(store);
  moving(store, folder);
  std::puts("more: ok");
  return 0;
}
