// A host that serves whatever is in production. Each line of its input is a request, 30 numbers with commas between them, and
// gets a line: the version that answers, and what it says. When another process promotes or rolls back, the next request is
// answered by what is there then; no request touches the store, but the one that loads a version.
//
//   c++ -std=c++17 serve.cpp $(pkg-config --cflags --libs mlops) -o serve
//   cut -d, -f1-30 breast_cancer.csv | tail -n +2 | ./serve .mlops breast-cancer
//
// `examples/rust/registry.rs` trains and promotes what it serves. The first argument is the store, the second the model.

#include <cmath>
#include <cstdio>
#include <iostream>
#include <mlops.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace {

// Logistic regression: the bias, and a weight for each feature.
struct linear {
  std::int64_t version = MLOPS_VERSION_NONE;
  std::vector<double> weights;

  double probability(const std::vector<double>& features) const {
    double margin = weights[0];
    for (std::size_t i = 0; i < features.size(); ++i) margin += weights[i + 1] * features[i];
    return 1.0 / (1.0 + std::exp(-margin));
  }
};

std::vector<double> numbers(const std::string& text, char separator) {
  std::vector<double> found;
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, separator);) found.push_back(std::strtod(part.c_str(), nullptr));
  return found;
}

// The version that a watch saw, verified.
mlops::result<linear> load(const mlops::store& store, const std::string& model, std::int64_t version) {
  linear loaded;
  if (version == MLOPS_VERSION_NONE) return loaded;
  auto bytes = store.read_model("models:/" + model + "/" + std::to_string(version), "weights.txt");
  if (!bytes) return bytes.error();
  loaded.version = version;
  loaded.weights = numbers(std::string(bytes->view()), '\n');
  if (loaded.weights.empty()) return mlops::error(MLOPS_CORRUPT, "the model has no weights");
  return loaded;
}

mlops::result<void> serve(const char* path, const std::string& model) {
  auto store = mlops::store::open(path);
  if (!store) return store.error();
  auto registry = store->registry();
  if (!registry) return registry.error();
  auto watch = registry->watch(model);
  if (!watch) return watch.error();
  auto live = load(*store, model, watch->current());
  if (!live) return live.error();

  for (std::string line; std::getline(std::cin, line);) {
    if (watch->changed()) {
      auto next = load(*store, model, watch->current());
      // What cannot be loaded is no reason to stop serving what can.
      if (next) {
        live = std::move(next);
      } else {
        std::fprintf(stderr, "still version %lld: %s\n", static_cast<long long>(live->version),
                     next.error().message().c_str());
      }
    }
    const std::vector<double> features = numbers(line, ',');
    if (live->version == MLOPS_VERSION_NONE) {
      std::printf("nothing is in production\n");
    } else if (features.size() + 1 != live->weights.size()) {
      std::printf("expected %zu numbers, not %zu\n", live->weights.size() - 1, features.size());
    } else {
      const double benign = live->probability(features);
      std::printf("version %lld: %s, %.3f\n", static_cast<long long>(live->version),
                  benign > 0.5 ? "benign" : "malignant", benign);
    }
    std::fflush(stdout);
  }
  return mlops::result<void>({});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: serve STORE MODEL\n");
    return 2;
  }
  auto done = serve(argv[1], argv[2]);
  if (done) return 0;
  std::fprintf(stderr, "%s: %s\n", done.error().name(), done.error().message().c_str());
  return 1;
}
