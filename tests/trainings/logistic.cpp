// Logistic regression by gradient descent on the breast cancer data, a step at a time:
//
//   logistic DATA.csv EXPERIMENT STEPS RATE...
//
// The store is that of MLOPS_STORE. What was logged is said line by line in the file TRAININGS_LEDGER, as ledger.py does.

#include <fcntl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <mlops.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace {

/// Writes a line to the ledger: one write, so that those of many processes do not mix.
void say(const std::string& kind, std::string_view run, const std::string& rest) {
  std::ostringstream line;
  line << "{\"kind\": \"" << kind << "\", \"run\": \"" << run << "\", \"process\": " << getpid() << rest << "}\n";
  const int file = open(std::getenv("TRAININGS_LEDGER"), O_WRONLY | O_APPEND | O_CREAT, 0600);
  const std::string text = line.str();
  if (file < 0 || write(file, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  close(file);
}

/// A number whose digits give the same double again.
std::string exactly(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

struct table {
  std::vector<std::vector<double>> rows;
  std::vector<double> target;
};

/// Reads the file; each column but the last, the target, gets a mean of 0 and a variance of 1.
table read(const char* path) {
  table data;
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<double> row;
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) row.push_back(std::stod(cell));
    data.target.push_back(row.back());
    // The last column becomes the constant.
    row.back() = 1.0;
    data.rows.push_back(std::move(row));
  }
  if (data.rows.empty()) return data;
  const double count = static_cast<double>(data.rows.size());
  for (std::size_t column = 0; column + 1 < data.rows.front().size(); ++column) {
    double sum = 0, squares = 0;
    for (const auto& row : data.rows) sum += row[column];
    for (const auto& row : data.rows) squares += (row[column] - sum / count) * (row[column] - sum / count);
    for (auto& row : data.rows) row[column] = (row[column] - sum / count) / std::sqrt(squares / count);
  }
  return data;
}

/// One step of gradient descent; the loss and the accuracy before it.
std::pair<double, double> descend(const table& data, std::vector<double>& weights, double rate) {
  std::vector<double> gradient(weights.size());
  double loss = 0, right = 0;
  for (std::size_t i = 0; i < data.rows.size(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < weights.size(); ++j) sum += weights[j] * data.rows[i][j];
    const double p = 1 / (1 + std::exp(-sum)), y = data.target[i];
    loss -= std::log(std::max(y > 0.5 ? p : 1 - p, 1e-300));
    right += (p > 0.5) == (y > 0.5) ? 1 : 0;
    for (std::size_t j = 0; j < weights.size(); ++j) gradient[j] += (p - y) * data.rows[i][j];
  }
  const double count = static_cast<double>(data.rows.size());
  for (std::size_t j = 0; j < weights.size(); ++j) weights[j] -= rate * gradient[j] / count;
  return {loss / count, right / count};
}

mlops::result<void> train(const mlops::store& store, const table& data, const std::string& experiment, long steps,
                          double rate) {
  mlops::run_options options;
  options.experiment_name = experiment;
  options.run_name = "rate " + exactly(rate);
  auto run = store.start_run(options);
  if (!run) return run.error();
  auto done = run->log_params({
      {"rate", rate},
      {"steps", std::int64_t{steps}},
      {"scaled", true},
      {"solver", std::string("descent")},
  });
  if (!done) return done;
  say("begun", run->id(), ", \"experiment\": \"" + experiment + "\", \"parent\": null");
  const auto param = [&](const std::string& key, const std::string& text, const std::string& number) {
    say("param", run->id(), ", \"key\": \"" + key + "\", \"text\": " + text + ", \"number\": " + number);
  };
  // What Python's repr says of the rates that are used here is what %g says.
  std::ostringstream shown;
  shown << rate;
  param("rate", '"' + shown.str() + '"', exactly(rate));
  param("steps", '"' + std::to_string(steps) + '"', std::to_string(steps));
  param("scaled", "\"True\"", "null");
  param("solver", "\"descent\"", "null");

  std::vector<double> weights(data.rows.front().size());
  for (long step = 0; step < steps; ++step) {
    const auto [loss, accuracy] = descend(data, weights, rate);
    for (const auto& [key, value] : {std::pair("loss", loss), std::pair("accuracy", accuracy)}) {
      done = run->log_metric(key, value, step);
      if (!done) return done;
      const std::string values = std::string("{\"") + key + "\": " + exactly(value) + "}";
      say("points", run->id(), ", \"values\": " + values + ", \"step\": " + std::to_string(step));
    }
  }
  done = run->end();
  if (done) say("ended", run->id(), ", \"status\": \"FINISHED\"");
  return done;
}

mlops::result<void> all(int argc, char** argv) {
  const table data = read(argv[1]);
  if (data.rows.empty()) return mlops::error(MLOPS_NOT_FOUND, "there are no rows in the file");
  say("ready", "", ", \"program\": \"logistic\"");
  std::string go;
  std::getline(std::cin, go);
  auto store = mlops::store::open("");
  if (!store) return store.error();
  for (int i = 4; i < argc; ++i) {
    auto done = train(*store, data, argv[2], std::atol(argv[3]), std::atof(argv[i]));
    if (!done) return done;
  }
  return store->close();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const auto done = all(argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "%s: %s\n", done.error().name(), done.error().message().c_str());
  return 1;
}
