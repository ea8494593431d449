// The promotion gate: over arrays, and for versions of the registry. Part of mlops.hpp.

#ifndef MLOPS_GATES_HPP
#define MLOPS_GATES_HPP

#include "gate_report.hpp"

namespace mlops {

/// What a report says of the models, and which use this is of the data (0: not counted).
struct gate_evaluate_options {
  std::string candidate = {};
  std::string baseline = {};
  std::int64_t holdout_use = 0;
};

/// What a version is held against, and what is kept; as it is: against production, and nothing.
struct gate_run_options {
  /// The result is noted in the registry, so that a policy may ask for it.
  bool record = false;
  /// The use of the data is counted, where they have a name or their rows ids.
  bool count = false;
  /// The number or alias of the version that the candidate is held against; empty: production.
  std::string against = {};
  std::string slot = {};
};

namespace detail {

inline mlops_gate_evaluate_options raw(const gate_evaluate_options& options) noexcept {
  mlops_gate_evaluate_options raw = MLOPS_GATE_EVALUATE_OPTIONS_INIT;
  raw.candidate = str(options.candidate);
  raw.baseline = str(options.baseline);
  raw.holdout_use = options.holdout_use;
  return raw;
}

inline mlops_gate_run_options raw(const gate_run_options& options) noexcept {
  mlops_gate_run_options raw = MLOPS_GATE_RUN_OPTIONS_INIT;
  raw.record = options.record ? 1 : 0;
  raw.count = options.count ? 1 : 0;
  raw.against = str(options.against);
  raw.slot = str(options.slot);
  return raw;
}

template <class Call>
result<gate_report> report(Call&& function) {
  return wrap<gate_report>(make<mlops_gate_report, mlops_gate_report_free>(std::forward<Call>(function)));
}

}  // namespace detail

/// Holds a candidate against a baseline; nothing is counted or kept. What cannot be judged is a report whose verdict is an error.
inline result<gate_report> evaluate_gate(const gate_definition& definition, const gate_inputs& inputs,
                                         const gate_evaluate_options& options = {}) {
  const auto raw = detail::raw(options);
  return detail::report([&](mlops_gate_report** out, mlops_error** what) {
    return mlops_gate_evaluate(definition.get(), inputs.get(), &raw, out, what);
  });
}

/// The gates of a store, whose results somebody notes for a reason.
class gates {
 public:
  /// Holds a version of a model against the one in production, or another; `options` say what is kept.
  result<gate_report> run(std::string_view name, std::int64_t version, const gate_definition& definition,
                          const gate_inputs& inputs, const gate_run_options& options = {}) const {
    const auto raw = detail::raw(options);
    return detail::report([&](mlops_gate_report** out, mlops_error** what) {
      return mlops_gate_run(get(), detail::str(name), version, definition.get(), inputs.get(), &raw, actor(), reason(),
                            out, what);
    });
  }

  /// Holds a candidate that is no version; the use of the data is counted.
  result<gate_report> run_unregistered(const gate_definition& definition, const gate_inputs& inputs,
                                       const gate_evaluate_options& options = {}) const {
    const auto raw = detail::raw(options);
    return detail::report([&](mlops_gate_report** out, mlops_error** what) {
      return mlops_gate_run_unregistered(get(), definition.get(), inputs.get(), &raw, out, what);
    });
  }

  /// Notes a report of `run` that was not noted yet; gives what is noted, as JSON.
  result<buffer> record(std::string_view name, std::int64_t version, const gate_report& report,
                        const gate_run_options& options = {}) const {
    const auto raw = detail::raw(options);
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_gate_report_record(get(), detail::str(name), version, report.get(), &raw, actor(), reason(), out,
                                      what);
    });
  }

  /// The version that a candidate would be held against, or MLOPS_VERSION_NONE.
  result<std::int64_t> baseline_version(std::string_view name, const gate_run_options& options = {}) const {
    const auto raw = detail::raw(options);
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_gate_baseline_version(get(), detail::str(name), &raw, out, what);
    });
  }

  /// Counts a use of data by a candidate at a gate; gives which it is, from 1.
  result<std::int64_t> count_use(std::string_view data, std::string_view candidate, std::string_view gate) const {
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_gate_count_use(get(), detail::str(data), detail::str(candidate), detail::str(gate), out, what);
    });
  }

  /// How often data were used.
  result<std::int64_t> uses(std::string_view data) const {
    return integer(
        [&](std::int64_t* out, mlops_error** what) { return mlops_gate_uses(get(), detail::str(data), out, what); });
  }

  using handle = detail::owned<mlops_store, mlops_store_free>;
  /// Takes a handle of a store over.
  gates(handle owned, mlops::by by) noexcept : handle_(std::move(owned)), by_(std::move(by)) {}

 private:
  const mlops_store* get() const noexcept { return handle_.get(); }
  mlops_str actor() const noexcept { return detail::str(by_.actor); }
  mlops_str reason() const noexcept { return detail::str(by_.reason); }

  template <class Call>
  static result<std::int64_t> integer(Call&& function) {
    std::int64_t found = 0;
    auto done = detail::call([&](mlops_error** what) { return function(&found, what); });
    if (!done) return done.error();
    return found;
  }

  handle handle_;
  mlops::by by_;
};

}  // namespace mlops

#endif  // MLOPS_GATES_HPP
