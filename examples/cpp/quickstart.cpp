// Tracks a training loop from C++: open a store, log a run, find it again and read its curve back.
//
//   c++ -std=c++17 quickstart.cpp $(pkg-config --cflags --libs mlops) -o quickstart && ./quickstart
//
// The first argument is the store: a path, or nothing for the nearest `.mlops/`.

#include <cstdio>
#include <cstring>
#include <mlops.hpp>
#include <vector>

namespace {

constexpr int steps = 100;

mlops::result<void> train(const mlops::store& store, double learning_rate) {
  mlops::run_options options;
  options.experiment_name = "quickstart-cpp";
  options.description = "gradient descent on a parabola";
  auto run = store.start_run(options);
  if (!run) return run.error();

  auto done = run->log_params({
      {"learning_rate", learning_rate},
      {"steps", std::int64_t{steps}},
      {"optimizer", std::string("gradient descent")},
  });
  if (!done) return done;

  double weight = 5.0;
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    losses.push_back(weight * weight);
    weight -= learning_rate * 2.0 * weight;
  }
  done = run->log_series("loss", losses);
  if (!done) return done;
  done = run->log_metric("final_weight", weight, steps);
  if (!done) return done;

  const char* bytes = reinterpret_cast<const char*>(&weight);
  done = run->log_artifact_bytes("model/weight.bin", {bytes, sizeof weight});
  if (!done) return done;
  return run->end();
}

mlops::result<void> show_best(const mlops::store& store) {
  mlops::run_query query;
  query.filter = "metrics.loss < 10";
  query.order_by = {"metrics.loss ASC"};
  auto runs = store.search_runs(query);
  if (!runs) return runs.error();
  if (runs->items.empty()) return mlops::error(MLOPS_NOT_FOUND, "no run has a final loss below 10");

  std::printf("runs with a final loss below 10, best first:\n");
  for (const auto& run : runs->items) {
    std::printf("  learning_rate = %s\n", run.params.at("learning_rate").text.c_str());
  }

  const std::string& best = runs->items.front().run_id;
  auto loss = store.metric_history(best, "loss");
  if (!loss) return loss.error();
  const std::size_t last = loss->size() - 1;
  std::printf("loss of the best: %zu points, from %g at step %lld to %.3g at step %lld\n", loss->size(),
              loss->values()[0], static_cast<long long>(loss->steps()[0]), loss->values()[last],
              static_cast<long long>(loss->steps()[last]));

  auto bytes = store.read_artifact(best, "model/weight.bin");
  if (!bytes) return bytes.error();
  double weight = 0;
  if (bytes->size() == sizeof weight) std::memcpy(&weight, bytes->data(), sizeof weight);
  std::printf("weight of the best: %.3g\n", weight);
  return store.close();
}

mlops::result<void> all(const char* uri) {
  auto store = mlops::store::open(uri);
  if (!store) return store.error();
  for (double learning_rate : {0.001, 0.01, 0.1}) {
    auto done = train(*store, learning_rate);
    if (!done) return done;
  }
  return show_best(*store);
}

}  // namespace

int main(int argc, char** argv) {
  auto done = all(argc > 1 ? argv[1] : "");
  if (done) return 0;
  std::fprintf(stderr, "%s: %s\n", done.error().name(), done.error().message().c_str());
  return 1;
}
