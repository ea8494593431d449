// Sweeps: trials are taken, reported and ended. Part of mlops.hpp.

#ifndef MLOPS_SWEEPS_HPP
#define MLOPS_SWEEPS_HPP

#include "run.hpp"
#include "upkeep.hpp"

namespace mlops {

/// A trial that this process has taken. Destroying it does not end it.
class trial {
 public:
  /// Its number, from 0.
  std::int64_t number() const noexcept { return mlops_trial_number(get()); }
  /// Which attempt at its number it is, from 1.
  std::int64_t attempt() const noexcept { return mlops_trial_attempt(get()); }
  /// Whether a report was told that it is not worth going on.
  bool should_stop() const noexcept { return mlops_trial_should_stop(get()); }

  /// The params to try as JSON; they are logged already.
  result<buffer> params_json() const {
    return detail::fill(
        [&](mlops_buf* out, mlops_error** what) { return mlops_trial_params_json(get(), out, what); });
  }

  /// Its run, to log to; `end` of the trial ends it.
  result<mlops::run> run() const {
    return detail::wrap<mlops::run>(detail::make<mlops_run, mlops_run_free>(
        [&](mlops_run** out, mlops_error** what) { return mlops_trial_run(get(), out, what); }));
  }

  /// Logs a value of the sweep's metric; false if it is not worth going on.
  result<bool> report(double value, std::int64_t step) const {
    std::int32_t decision = MLOPS_TRIAL_CONTINUE;
    auto done =
        detail::call([&](mlops_error** what) { return mlops_trial_report(get(), value, step, &decision, what); });
    if (!done) return done.error();
    return decision == MLOPS_TRIAL_CONTINUE;
  }

  /// Ends the trial and its run, also one that was stopped early.
  result<void> end(std::int32_t status = MLOPS_RUN_FINISHED) const {
    return detail::call([&](mlops_error** what) { return mlops_trial_end(get(), status, what); });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_trial* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_trial, mlops_trial_free>;
  /// Takes an object of the C functions over.
  explicit trial(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  handle handle_;
};

/// A sweep, to take trials from.
class sweep {
 public:
  /// Takes a trial and starts its run; std::nullopt if there is none to take.
  result<std::optional<trial>> take() const {
    return taken([&](mlops_trial** out, mlops_error** what) { return mlops_sweep_take(get(), out, what); });
  }

  /// Takes the next trial of a sweep of the method `given` with these params, as JSON.
  result<std::optional<trial>> take_given(std::string_view params) const {
    return taken([&](mlops_trial** out, mlops_error** what) {
      return mlops_sweep_take_given(get(), detail::str(params), out, what);
    });
  }

  /// The best trial as JSON; `null` if none has a value.
  result<buffer> best_json() const {
    return detail::fill([&](mlops_buf* out, mlops_error** what) { return mlops_sweep_best_json(get(), out, what); });
  }

  /// The definition, how many trials stand how, and the trials, as JSON.
  result<buffer> json() const {
    return detail::fill([&](mlops_buf* out, mlops_error** what) { return mlops_sweep_json(get(), out, what); });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_sweep* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_sweep, mlops_sweep_free>;
  /// Takes an object of the C functions over.
  explicit sweep(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  template <class Call>
  static result<std::optional<trial>> taken(const Call& call) {
    auto found = detail::make<mlops_trial, mlops_trial_free>(call);
    if (!found) return found.error();
    if (*found == nullptr) return std::optional<trial>();
    return std::optional<trial>(trial(*std::move(found)));
  }

  handle handle_;
};

namespace detail {

/// The sweeps of a store. Definitions are JSON, as mlops_sweep_ensure takes them.
class store_with_sweeps : public store_with_upkeep {
 public:
  /// The sweep of a definition, made if there is none of its name.
  result<sweep> ensure_sweep(std::string_view definition) const {
    return wrap<sweep>(make<mlops_sweep, mlops_sweep_free>([&](mlops_sweep** out, mlops_error** what) {
      return mlops_sweep_ensure(get(), str(definition), out, what);
    }));
  }

  /// Makes a sweep of a definition.
  result<sweep> create_sweep(std::string_view definition) const {
    return wrap<sweep>(make<mlops_sweep, mlops_sweep_free>([&](mlops_sweep** out, mlops_error** what) {
      return mlops_sweep_create(get(), str(definition), out, what);
    }));
  }

  /// The sweep of a name.
  result<sweep> get_sweep(std::string_view name) const {
    return wrap<sweep>(make<mlops_sweep, mlops_sweep_free>(
        [&](mlops_sweep** out, mlops_error** what) { return mlops_sweep_get(get(), str(name), out, what); }));
  }

  /// All sweeps by name as JSON, each with how many trials stand how.
  result<buffer> sweeps_json() const {
    return fill([&](mlops_buf* out, mlops_error** what) { return mlops_sweep_list_json(get(), out, what); });
  }

 protected:
  using store_with_upkeep::store_with_upkeep;
};

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_SWEEPS_HPP
