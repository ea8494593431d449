// One run, to log to. Part of mlops.hpp.

#ifndef MLOPS_RUN_HPP
#define MLOPS_RUN_HPP

#include <limits>

#include "types.hpp"

namespace mlops {

/// One run, to log to. Destroying it does not end the run: a run that nobody ends is FINISHED or FAILED when the process
/// exits with its store open, by the exit status; else the next to open the store finds it KILLED.
class run {
 public:
  /// The run's id.
  std::string_view id() const noexcept {
    const mlops_str id = mlops_run_id(get());
    return {id.ptr, id.len};
  }

  /// Logs a param: text, an integer, a floating point number or a bool.
  template <class T>
  result<void> log_param(std::string_view key, const T& value) const {
    return detail::call([&](mlops_error** what) {
      if constexpr (std::is_same_v<T, bool>) {
        return mlops_run_log_param_bool(get(), detail::str(key), value, what);
      } else if constexpr (std::is_integral_v<T>) {
        if constexpr (sizeof(T) == 8 && std::is_unsigned_v<T>) {
          // Params have 64 bits with a sign; the text keeps what is larger.
          if (value > static_cast<T>(std::numeric_limits<std::int64_t>::max())) {
            const std::string text = std::to_string(value);
            return mlops_run_log_param(get(), detail::str(key), detail::str(text), what);
          }
        }
        return mlops_run_log_param_int(get(), detail::str(key), static_cast<std::int64_t>(value), what);
      } else if constexpr (std::is_floating_point_v<T>) {
        return mlops_run_log_param_double(get(), detail::str(key), static_cast<double>(value), what);
      } else {
        return mlops_run_log_param(get(), detail::str(key), detail::str(std::string_view(value)), what);
      }
    });
  }

  /// Logs params as one record; nothing of it is kept if one is refused.
  result<void> log_params(const std::map<std::string, param_value>& params) const {
    std::vector<mlops_param> all;
    for (const auto& [key, value] : params) {
      all.push_back(std::visit([key = detail::str(key)](const auto& held) { return make_param(key, held); }, value));
    }
    return detail::call(
        [&](mlops_error** what) { return mlops_run_log_params(get(), all.data(), all.size(), what); });
  }

  /// Logs params, tags and points as one record: wholly in or wholly out. `batch.durability` says when it is acknowledged.
  result<void> log_batch(const mlops_batch& batch) const {
    return detail::call([&](mlops_error** what) { return mlops_run_log_batch(get(), &batch, what); });
  }

  /// Logs a data set as an input; one of a name, digest and context that the run has already changes nothing.
  result<void> log_input(const dataset_input& input) const {
    const std::vector<mlops_tag> tags = detail::raw_tags(input.tags);
    mlops_dataset_input c = MLOPS_DATASET_INPUT_INIT;
    c.name = detail::str(input.name);
    c.digest = detail::str(input.digest);
    c.source_type = detail::str(input.source_type);
    c.source = detail::str(input.source);
    c.schema = detail::str(input.schema);
    c.profile = detail::str(input.profile);
    c.context = detail::str(input.context);
    c.tags = tags.data();
    c.tags_count = tags.size();
    return detail::call([&](mlops_error** what) { return mlops_run_log_input(get(), &c, what); });
  }

  /// Logs one point of a metric; `at` in UTC microseconds, default: now.
  result<void> log_metric(std::string_view key, double value, std::int64_t step = 0,
                          std::optional<std::int64_t> at = std::nullopt) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_log_metric(get(), detail::str(key), value, step, at.value_or(MLOPS_TIME_NONE), what);
    });
  }

  /// Logs many points of one metric as one record; a NULL column is not given.
  result<void> log_series(std::string_view key, const mlops_points& points) const {
    return detail::call(
        [&](mlops_error** what) { return mlops_run_log_series(get(), detail::str(key), &points, what); });
  }

  /// Logs many values of one metric as one record: steps count up from 0, the time is now.
  result<void> log_series(std::string_view key, const std::vector<double>& values) const {
    return log_series(key, mlops_points_of(values.data(), values.size()));
  }

  /// Sets a tag, over the value it had.
  result<void> set_tag(std::string_view key, std::string_view value) const {
    return detail::call(
        [&](mlops_error** what) { return mlops_run_set_tag(get(), detail::str(key), detail::str(value), what); });
  }

  /// Removes a tag; fine if it is absent.
  result<void> delete_tag(std::string_view key) const {
    return detail::call([&](mlops_error** what) { return mlops_run_delete_tag(get(), detail::str(key), what); });
  }

  /// Stores a local file or folder under its own name in an artifact folder (empty: at the top).
  result<void> log_artifact(std::string_view local_path, std::string_view folder = {}) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_log_artifact(get(), detail::str(local_path), detail::str(folder), what);
    });
  }

  /// Stores bytes as an artifact, over what was there.
  result<void> log_artifact_bytes(std::string_view path, std::string_view bytes) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_log_artifact_bytes(get(), detail::str(path), mlops_bytes{bytes.data(), bytes.size()}, what);
    });
  }

  /// Ends the run and waits, bounded, until what it logged is in the store. `MLOPS_OUT_OF_SPACE` if records were dropped
  /// because the disk was full: the run has ended all the same, and the error's detail says how many.
  result<void> end(std::int32_t status = MLOPS_RUN_FINISHED) const {
    return detail::call([&](mlops_error** what) { return mlops_run_end(get(), status, what); });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_run* get() const noexcept { return handle_.get(); }

 private:
  friend class store;
  using handle = detail::owned<mlops_run, mlops_run_free>;
  explicit run(handle owned) : handle_(std::move(owned)) {}

  static mlops_param make_param(mlops_str key, const std::string& text) {
    return mlops_param_text(key, detail::str(text));
  }
  static mlops_param make_param(mlops_str key, std::int64_t value) { return mlops_param_int(key, value); }
  static mlops_param make_param(mlops_str key, double value) { return mlops_param_double(key, value); }
  static mlops_param make_param(mlops_str key, bool value) { return mlops_param_bool(key, value ? 1 : 0); }
  static mlops_param make_param(mlops_str key, std::monostate) {
    mlops_param none = mlops_param_int(key, 0);
    none.kind = MLOPS_PARAM_NONE;
    return none;
  }

  handle handle_;
};

}  // namespace mlops

#endif  // MLOPS_RUN_HPP
