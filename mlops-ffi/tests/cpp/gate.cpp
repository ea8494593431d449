// The C++ layer over the gate: definitions, inputs, reports, and a promotion that needs one. Argument: an empty folder.

#include "check.hpp"
#include <mlops.hpp>

#include <atomic>

static_assert(!std::is_copy_constructible_v<mlops::gate_inputs> && std::is_nothrow_move_constructible_v<mlops::gate_inputs>);
static_assert(!std::is_copy_constructible_v<mlops::gate_report> && std::is_nothrow_move_constructible_v<mlops::gate_report>);
static_assert(!std::is_copy_constructible_v<mlops::gate_definition> && !std::is_copy_constructible_v<mlops::gates>);

namespace {

using mlops::gate_model;
using mlops::gate_verdict;

constexpr int rows = 500;

std::vector<double> wrong(int first, int every) {
  std::vector<double> said;
  for (int row = 0; row < rows; ++row) said.push_back(row % every == first ? 1 - row % 2 : row % 2);
  return said;
}

mlops::gate_definition superior(const std::string& metric) {
  const std::string text =
      "name = \"fraud-gate\"\nresamples = 999\n[primary]\nmetric = \"" + metric + "\"\nmode = \"superior\"\nfloor = 0.7\n";
  return mlops::gate_definition::from_toml(text).value();
}

mlops::gate_inputs inputs(int candidate, int baseline) {
  auto made = mlops::gate_inputs::create().value();
  std::vector<std::int64_t> truth;
  std::vector<std::string> ids;
  for (int row = 0; row < rows; ++row) {
    truth.push_back(row % 2);
    ids.push_back("row-" + std::to_string(row));
  }
  CHECK(made.set_targets(truth) && made.set_ids(ids));
  CHECK(made.set_predictions(gate_model::candidate, wrong(1, candidate)));
  CHECK(made.set_predictions(gate_model::baseline, wrong(0, baseline)));
  return made;
}

void arrays(const std::string& folder) {
  const auto definition = superior("accuracy");
  CHECK(definition.name() == "fraud-gate" && definition.digest().rfind("blake3:", 0) == 0);
  CHECK(definition.json().value().view().find("\"floor\":0.7") != std::string_view::npos);
  CHECK(mlops::gate_definition::read(folder + "/absent.toml").error().code() == MLOPS_NOT_FOUND);
  CHECK(mlops::gate_inputs::read(folder + "/absent.csv").error().code() == MLOPS_NOT_FOUND);

  const auto report = mlops::evaluate_gate(definition, inputs(50, 5), {"fraud@2", "fraud@1", 21}).value();
  CHECK(report.passed() && report.verdict() == gate_verdict::pass && report.exit_code() == 0);
  const auto info = report.info();
  CHECK(info.checks_count == 2 && info.holdout_use == 21 && info.warnings_count == 1);
  CHECK(report.check(0).value().candidate > 0.9 && !report.check(2));
  CHECK(std::string_view(report.warning(0).value().code.ptr) == "holdout_worn" && !report.warning(1));
  CHECK(report.text().value().rfind("fraud-gate, fraud@2 against fraud@1: pass", 0) == 0);
  CHECK(!report.markdown().value().empty() && report.junit().value().rfind("<?xml", 0) == 0);
  CHECK(report.html().value().rfind("<!", 0) == 0 && report.json().value().front() == '{');
  CHECK(mlops::evaluate_gate(definition, inputs(5, 50)).value().verdict() == gate_verdict::fail);
  CHECK(mlops::evaluate_gate(definition, inputs(10, 10)).value().exit_code() == 5);
  const auto broken = inputs(50, 5);
  CHECK(broken.set_failure("the baseline is damaged"));
  CHECK(mlops::evaluate_gate(definition, broken).value().verdict() == gate_verdict::error);
}

void all_that_is_handed_in() {
  auto made = inputs(50, 5);
  std::vector<std::string> countries;
  std::vector<std::int64_t> order;
  std::vector<double> probabilities;
  std::vector<std::uint64_t> hashes;
  for (int row = 0; row < rows; ++row) {
    countries.push_back(row % 3 == 0 ? "DE" : "IT");
    order.push_back(row);
    probabilities.insert(probabilities.end(), {0.3, 0.7});
    hashes.push_back(mlops::gate_row_hash(std::to_string(row)).value());
  }
  CHECK(made.set_column("country", countries) && made.set_scores(gate_model::baseline, wrong(0, 5)));
  CHECK(made.set_probabilities(gate_model::candidate, {"0", "1"}, probabilities));
  CHECK(!made.set_probabilities(gate_model::candidate, {"0", "1", "2"}, probabilities));
  CHECK(!made.set_probabilities(gate_model::candidate, {}, probabilities));
  CHECK(!made.set_prediction_ids(gate_model::candidate, std::vector<double>{0.5}));
  CHECK(made.set_own("profit", wrong(1, 50), wrong(0, 5)) && made.set_measuring_host(true));
  mlops::gate_costs costs;
  costs.size_bytes = 1e6;
  CHECK(made.set_costs(gate_model::candidate, costs) && made.set_unlabelled(0, 0));
  CHECK(made.set_model_digest(gate_model::candidate, "blake3:1") && made.set_data("holdout@7"));
  CHECK(made.set_row_hashes(hashes, {7}));
  const auto leaks = inputs(50, 5);
  CHECK(leaks.set_row_hashes(hashes, {hashes.front()}));
  CHECK(mlops::evaluate_gate(superior("accuracy"), made).value().passed());
  CHECK(!mlops::evaluate_gate(superior("accuracy"), leaks).value().passed());
}

void functions() {
  std::atomic<int> calls{0};
  const auto candidate = wrong(1, 50);
  auto made = inputs(50, 5);
  CHECK(made.set_own_function("profit", [&](const std::uint32_t* places, std::size_t count) {
    double sum = 0.0;
    for (std::size_t at = 0; at < count; ++at) sum += candidate.at(places[at]);
    ++calls;
    return std::pair(2.0 + sum / static_cast<double>(count), 1.0);
  }));
  const mlops::gate_inputs moved = std::move(made);
  CHECK(mlops::evaluate_gate(superior("own:profit"), moved).value().passed() && calls >= 999);
}

void registered(const std::string& folder) {
  const auto store = mlops::store::open(folder + "/store").value();
  const auto registry = store.registry({"ada", "nightly"}).value();
  const auto gates = store.gates({"ada", "nightly"}).value();
  mlops::version_options elsewhere;
  elsewhere.source = "s3://models/fraud";
  elsewhere.must_exist = false;
  for (int version = 1; version <= 3; ++version) {
    CHECK(registry.create_version("fraud", elsewhere).value() == version);
  }
  CHECK(gates.baseline_version("fraud").value() == MLOPS_VERSION_NONE && registry.promote("fraud", 1));
  CHECK(registry.set_policy("fraud", R"({"gate": "fraud-gate"})") && gates.baseline_version("fraud").value() == 1);

  const auto definition = superior("accuracy");
  mlops::gate_run_options options;
  options.count = true;
  CHECK(registry.promote("fraud", 2).error().code() == MLOPS_DENIED);
  const auto report = gates.run("fraud", 2, definition, inputs(50, 5), options).value();
  CHECK(report.passed() && report.info().holdout_use == 1);
  CHECK(gates.record("fraud", 2, report).value().view().find("\"verdict\":\"pass\"") != std::string_view::npos);
  CHECK(registry.promote("fraud", 2));
  CHECK(gates.record("fraud", 2, report).error().code() == MLOPS_STALE);
  options.record = true;
  CHECK(!gates.run("fraud", 3, definition, inputs(5, 50), options).value().passed());
  CHECK(registry.promote("fraud", 3).error().code() == MLOPS_DENIED);

  CHECK(gates.uses(std::string(report.info().data.ptr)).value() == 2 && gates.uses("other").value() == 0);
  CHECK(gates.count_use("other", "blake3:1", "fraud-gate").value() == 1);
  CHECK(gates.run_unregistered(definition, inputs(50, 5)).value().info().holdout_use == 3);
}

}  // namespace

int main(int argc, char** argv) {
  CHECK(argc == 2);
  arrays(argv[1]);
  all_that_is_handed_in();
  functions();
  registered(argv[1]);
  std::puts("gate.cpp: ok");
  return 0;
}
