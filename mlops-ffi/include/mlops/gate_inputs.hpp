// What a promotion gate asks for, and what both models predicted. Part of mlops.hpp.

#ifndef MLOPS_GATE_INPUTS_HPP
#define MLOPS_GATE_INPUTS_HPP

#include <tuple>

#include "registry.hpp"

namespace mlops {

/// Which model predictions are of.
enum class gate_model : std::int32_t { candidate = MLOPS_GATE_CANDIDATE, baseline = MLOPS_GATE_BASELINE };

/// What a gate asks for: it does not change.
class gate_definition {
 public:
  /// Reads the text of a file of TOML, as the guide to the gate describes it.
  static result<gate_definition> from_toml(std::string_view text) {
    return made([&](mlops_gate_definition** out, mlops_error** what) {
      return mlops_gate_definition_from_toml(detail::str(text), out, what);
    });
  }

  /// Reads the file.
  static result<gate_definition> read(std::string_view path) {
    return made([&](mlops_gate_definition** out, mlops_error** what) {
      return mlops_gate_definition_read(detail::str(path), out, what);
    });
  }

  /// The name, which a policy asks for by its field `gate`; it lives as long as this object.
  std::string_view name() const noexcept { return detail::view(mlops_gate_definition_name(get())); }
  /// The digest of what is asked, which a policy asks for by its field `gate_rules`; it lives as long as this object.
  std::string_view digest() const noexcept { return detail::view(mlops_gate_definition_digest(get())); }

  /// What is asked as JSON, with the defaults that hold.
  result<buffer> json() const {
    return detail::fill(
        [&](mlops_buf* out, mlops_error** what) { return mlops_gate_definition_json(get(), out, what); });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_gate_definition* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_gate_definition, mlops_gate_definition_free>;
  /// Takes an object of the C functions over.
  explicit gate_definition(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  template <class Call>
  static result<gate_definition> made(Call&& function) {
    return detail::wrap<gate_definition>(
        detail::make<mlops_gate_definition, mlops_gate_definition_free>(std::forward<Call>(function)));
  }

  handle handle_;
};

/// One value for each row: numbers, integers or texts. It borrows them, and is for the call that it is given to.
class gate_column {
 public:
  gate_column(const std::vector<double>& values) : raw_(mlops_gate_numbers(values.data(), values.size())) {}
  gate_column(const std::vector<std::int64_t>& values) : raw_(mlops_gate_integers(values.data(), values.size())) {}
  gate_column(const std::vector<std::string>& values) : texts_(detail::strs(values)) {
    raw_ = mlops_gate_texts(texts_.data(), texts_.size());
  }
  gate_column(const double* values, std::size_t count) : raw_(mlops_gate_numbers(values, count)) {}
  gate_column(const std::int64_t* values, std::size_t count) : raw_(mlops_gate_integers(values, count)) {}
  gate_column(const gate_column&) = delete;
  gate_column& operator=(const gate_column&) = delete;

  const mlops_gate_column* get() const noexcept { return &raw_; }

 private:
  std::vector<mlops_str> texts_;
  mlops_gate_column raw_ = MLOPS_GATE_COLUMN_INIT;
};

/// What a model costs; what is not given is not known.
struct gate_costs {
  /// In seconds, without the calls to warm up; those of candidate and baseline were made in turn.
  std::vector<double> latencies = {};
  std::optional<double> size_bytes = {};
  std::optional<double> peak_rss_bytes = {};
  std::optional<double> load_seconds = {};
};

/// All that a gate looks at. What is set is copied, and takes the place of what was set before.
class gate_inputs {
 public:
  /// A metric of the caller's own for places of rows: it gives the candidate's value and the baseline's. It is called from several
  /// threads at once, and must not throw.
  using function = std::function<std::pair<double, double>(const std::uint32_t* rows, std::size_t count)>;

  /// Nothing yet.
  static result<gate_inputs> create() {
    return detail::wrap<gate_inputs>(detail::make<mlops_gate_inputs, mlops_gate_inputs_free>(
        [](mlops_gate_inputs** out, mlops_error** what) { return mlops_gate_inputs_create(out, what); }));
  }

  /// What stands in a file of predictions, CSV or Parquet.
  static result<gate_inputs> read(std::string_view path) {
    return detail::wrap<gate_inputs>(detail::make<mlops_gate_inputs, mlops_gate_inputs_free>(
        [&](mlops_gate_inputs** out, mlops_error** what) {
          return mlops_gate_inputs_read(detail::str(path), out, what);
        }));
  }

  /// What is true of each row: classes or numbers.
  result<void> set_targets(const gate_column& targets) const {
    return set([&](mlops_error** what) { return mlops_gate_inputs_set_targets(get(), targets.get(), what); });
  }

  /// The ids of the rows, integers or texts.
  result<void> set_ids(const gate_column& ids) const {
    return set([&](mlops_error** what) { return mlops_gate_inputs_set_ids(get(), ids.get(), what); });
  }

  /// A column by its name: for slices, groups, fairness, the order of time, queries.
  result<void> set_column(std::string_view name, const gate_column& column) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_column(get(), detail::str(name), column.get(), what);
    });
  }

  /// The classes or numbers that a model predicts.
  result<void> set_predictions(gate_model model, const gate_column& predictions) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_predictions(get(), number(model), predictions.get(), what);
    });
  }

  /// The scores of the positive class.
  result<void> set_scores(gate_model model, const std::vector<double>& scores) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_scores(get(), number(model), scores.data(), scores.size(), what);
    });
  }

  /// The probabilities of each class, `(n_rows, n_classes)`, row after row.
  result<void> set_probabilities(gate_model model, const std::vector<std::string>& classes,
                                 const std::vector<double>& values) const {
    const std::vector<mlops_str> names = detail::strs(classes);
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_probabilities(get(), number(model), names.data(), names.size(), values.data(),
                                                 values.size(), what);
    });
  }

  /// The ids of the rows of a model's predictions, where they are in another order than the targets.
  result<void> set_prediction_ids(gate_model model, const gate_column& ids) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_prediction_ids(get(), number(model), ids.get(), what);
    });
  }

  /// What each row is worth by the metric `own:<name>`, whose value is their mean.
  result<void> set_own(std::string_view name, const std::vector<double>& candidate,
                       const std::vector<double>& baseline = {}) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_own(get(), detail::str(name), candidate.data(), candidate.size(), baseline.data(),
                                       baseline.size(), what);
    });
  }

  /// A metric `own:<name>` that is a function of rows, and not a mean; without a baseline the second value counts for nothing.
  result<void> set_own_function(std::string_view name, function called, bool has_baseline = true) {
    functions_.push_back(std::make_unique<function>(std::move(called)));
    mlops_gate_function raw{};
    raw.callback = [](void* data, const std::uint32_t* rows, std::size_t count, double* candidate,
                      double* baseline) -> std::int32_t {
      std::tie(*candidate, *baseline) = (*static_cast<const function*>(data))(rows, count);
      return 0;
    };
    raw.user_data = functions_.back().get();
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_own_function(get(), detail::str(name), &raw, has_baseline ? 1 : 0, what);
    });
  }

  /// What a model costs, for budgets.
  result<void> set_costs(gate_model model, const gate_costs& costs) const {
    mlops_gate_costs raw = MLOPS_GATE_COSTS_INIT;
    raw.latencies = costs.latencies.data();
    raw.latencies_count = costs.latencies.size();
    raw.size_bytes = costs.size_bytes.value_or(MLOPS_GATE_COST_UNKNOWN);
    raw.peak_rss_bytes = costs.peak_rss_bytes.value_or(MLOPS_GATE_COST_UNKNOWN);
    raw.load_seconds = costs.load_seconds.value_or(MLOPS_GATE_COST_UNKNOWN);
    return set([&](mlops_error** what) { return mlops_gate_inputs_set_costs(get(), number(model), &raw, what); });
  }

  /// Says whether nothing else ran where latencies were measured, so that their budgets block.
  result<void> set_measuring_host(bool is_one) const {
    return set([&](mlops_error** what) { return mlops_gate_inputs_set_measuring_host(get(), is_one ? 1 : 0, what); });
  }

  /// The digest of a model that is no version of the registry.
  result<void> set_model_digest(gate_model model, std::string_view digest) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_model_digest(get(), number(model), detail::str(digest), what);
    });
  }

  /// What the data are called where their uses are counted, such as `holdout@7`.
  result<void> set_data(std::string_view data) const {
    return set([&](mlops_error** what) { return mlops_gate_inputs_set_data(get(), detail::str(data), what); });
  }

  /// How many rows without a label were left out, of the candidate's data and of the baseline's.
  result<void> set_unlabelled(std::int64_t candidate, std::int64_t baseline) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_unlabelled(get(), candidate, baseline, what);
    });
  }

  /// A hash of each row, and those of the rows that the candidate was trained on.
  result<void> set_row_hashes(const std::vector<std::uint64_t>& rows, const std::vector<std::uint64_t>& training) const {
    return set([&](mlops_error** what) {
      return mlops_gate_inputs_set_row_hashes(get(), rows.data(), rows.size(), training.data(), training.size(), what);
    });
  }

  /// Why a model could not be loaded or asked: the gate is an error then.
  result<void> set_failure(std::string_view failure) const {
    return set([&](mlops_error** what) { return mlops_gate_inputs_set_failure(get(), detail::str(failure), what); });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_gate_inputs* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_gate_inputs, mlops_gate_inputs_free>;
  /// Takes an object of the C functions over.
  explicit gate_inputs(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  static std::int32_t number(gate_model model) noexcept { return static_cast<std::int32_t>(model); }

  template <class Call>
  static result<void> set(Call&& function) {
    return detail::call(std::forward<Call>(function));
  }

  // Freed after the handle that calls them.
  std::vector<std::unique_ptr<function>> functions_;
  handle handle_;
};

/// The hash of a row, from bytes that are the same for the same row.
inline result<std::uint64_t> gate_row_hash(std::string_view row) {
  std::uint64_t hash = 0;
  auto done = detail::call(
      [&](mlops_error** what) { return mlops_gate_row_hash(mlops_bytes{row.data(), row.size()}, &hash, what); });
  if (!done) return done.error();
  return hash;
}

}  // namespace mlops

#endif  // MLOPS_GATE_INPUTS_HPP
