// A sweep from C++: a training loop takes trials from a store, reports every epoch, stops what is not worth going on with,
// and reads a table of what it found. Start it several times at once: the processes share the trials.
//
//   c++ -std=c++17 sweep.cpp $(pkg-config --cflags --libs mlops) -o sweep && ./sweep
//
// The first argument is the store: a path, or nothing for the nearest `.mlops/`.

#include <cstdio>
#include <cstdlib>
#include <mlops.hpp>

namespace {

constexpr int epochs = 27;

// Gradient descent on a parabola: how far it gets depends on the rate.
mlops::result<void> train(const mlops::trial& trial) {
  auto params = trial.params_json();
  if (!params) return params.error();
  const std::string text(params->view());
  const double rate = std::strtod(text.c_str() + text.find(':') + 1, nullptr);

  double weight = 5.0;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    weight -= rate * 2.0 * weight;
    auto worth_it = trial.report(weight * weight, epoch);
    if (!worth_it) return worth_it.error();
    if (!*worth_it) break;
  }
  return trial.end();
}

mlops::result<void> work(std::string_view path) {
  auto store = mlops::store::open(path);
  if (!store) return store.error();
  auto sweep = store->ensure_sweep(R"({
    "name": "parabola", "method": "grid", "metric": "loss",
    "early_stopping": {"rule": "halving", "factor": 3},
    "space": {"rate": [0.45, 0.4, 0.3, 0.2, 0.1, 0.05, 0.01, 0.001]}
  })");
  if (!sweep) return sweep.error();

  for (;;) {
    auto trial = sweep->take();
    if (!trial) return trial.error();
    if (!trial->has_value()) break;
    auto trained = train(**trial);
    if (!trained) return trained;
  }

  mlops::run_query query;
  query.filter = "tags.mlops.sweep = 'parabola'";
  query.order_by = {"metrics.loss.min"};
  auto table = store->search_table(query, {"params.rate", "metrics.loss.min", "metrics.loss.count"});
  if (!table) return table.error();
  std::printf("%zu trials, best first:\n", table->rows());
  for (std::size_t row = 0; row < table->rows(); ++row) {
    std::printf("  rate %s: loss %.3g in %.0f epochs\n",
                std::string(std::get<std::string_view>(*table->at(row, 0))).c_str(),
                std::get<double>(*table->at(row, 1)), std::get<double>(*table->at(row, 2)));
  }
  return store->close();
}

}  // namespace

int main(int argc, char** argv) {
  auto done = work(argc > 1 ? argv[1] : "");
  if (done) return 0;
  std::fprintf(stderr, "%s: %s\n", done.error().name(), done.error().message().c_str());
  return 1;
}
