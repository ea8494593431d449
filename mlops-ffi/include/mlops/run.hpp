// One run, to log to. Part of mlops.hpp.

#ifndef MLOPS_RUN_HPP
#define MLOPS_RUN_HPP

#include <limits>

#include "types.hpp"

namespace mlops {

namespace detail {

/// Numbers as JSON, whatever the locale; what JSON has not is refused by who reads it.
inline std::string json_numbers(const std::vector<double>& numbers) {
  std::string json = "[";
  for (const double number : numbers) {
    char text[40];
    std::snprintf(text, sizeof text, "%s%.17g", json.size() > 1 ? ", " : "", number);
    for (char* at = text + (json.size() > 1 ? 2 : 0); *at != '\0'; ++at) {
      if (*at == ',') *at = '.';
    }
    json += text;
  }
  return json + "]";
}

}  // namespace detail

/// One run, to log to. Destroying it does not end the run: a run that nobody ends is FINISHED or FAILED when the process
/// exits with its store open, by the exit status; else the next to open the store finds it KILLED.
class run {
 public:
  /// The run's id.
  std::string_view id() const noexcept {
    return detail::view(mlops_run_id(get()));
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

  /// Removes a tag; MLOPS_NOT_FOUND if the run has no such tag.
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

  /// Stores what a local folder holds, not under its own name, in an artifact folder (empty: at the top).
  result<void> log_artifacts(std::string_view local_path, std::string_view folder = {}) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_log_artifacts(get(), detail::str(local_path), detail::str(folder), what);
    });
  }

  /// Stores several artifacts, each a path and its bytes, over what was there, all or nothing.
  result<void> log_files(const std::vector<std::pair<std::string_view, std::string_view>>& files) const {
    std::vector<mlops_file> all;
    for (const auto& [path, bytes] : files) {
      all.push_back(mlops_file{detail::str(path), mlops_bytes{bytes.data(), bytes.size()}});
    }
    return detail::call([&](mlops_error** what) { return mlops_run_log_files(get(), all.data(), all.size(), what); });
  }

  /// Logs a model as an artifact folder, all its files and its manifest or nothing, and as a logged model; gives the
  /// manifest as JSON, with the `model_id`. See mlops_run_log_model.
  result<buffer> log_model(std::string_view path, const model& content) const {
    std::vector<mlops_model_file> files;
    for (const auto& file : content.files) {
      files.push_back(mlops_model_file{detail::str(file.path), mlops_bytes{file.bytes.data(), file.bytes.size()},
                                       detail::str(file.local_path)});
    }
    mlops_model c = MLOPS_MODEL_INIT;
    c.flavors = detail::str(content.flavors);
    c.signature = detail::str(content.signature);
    c.metadata = detail::str(content.metadata);
    c.files = files.data();
    c.files_count = files.size();
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_run_log_model(get(), detail::str(path), &c, out, what);
    });
  }

  /// Logs a value of a series at a step that is no number; `kind` is `MLOPS_MEDIA_TEXT`, `MLOPS_MEDIA_IMAGE`,
  /// `MLOPS_MEDIA_TABLE` or `MLOPS_MEDIA_HISTOGRAM`. Gives the path of the artifact.
  result<std::string> log_media(std::string_view key, std::int32_t kind, std::string_view bytes,
                                std::int64_t step = 0) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_run_log_media(get(), detail::str(key), kind, mlops_bytes{bytes.data(), bytes.size()}, step, out,
                                 what);
    });
  }

  /// Logs counts of the values between edges, of which there is one more, at a step.
  result<std::string> log_histogram(std::string_view key, const std::vector<double>& edges,
                                    const std::vector<double>& counts, std::int64_t step = 0) const {
    const std::string json =
        "{\"edges\": " + detail::json_numbers(edges) + ", \"counts\": " + detail::json_numbers(counts) + "}";
    return log_media(key, MLOPS_MEDIA_HISTOGRAM, json, step);
  }

  /// Says what sums up a metric, or all whose names match, as JSON: `{"summary": ["min"], "goal": "minimize"}`.
  result<void> define_metric(std::string_view name, std::string_view definition) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_define_metric(get(), detail::str(name), detail::str(definition), what);
    });
  }

  /// Writes the run's note, over what it was; an empty text removes it.
  result<void> set_note(std::string_view text) const {
    return detail::call([&](mlops_error** what) { return mlops_run_set_note(get(), detail::str(text), what); });
  }

  /// Raises an alert: `MLOPS_ALERT_INFO`, `MLOPS_ALERT_WARN` or `MLOPS_ALERT_ERROR`. Within `wait_us` microseconds after
  /// one of the same title nothing is done.
  result<void> alert(std::string_view title, std::string_view text, std::int32_t level = MLOPS_ALERT_WARN,
                     std::int64_t wait_us = 0) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_alert(get(), detail::str(title), detail::str(text), level, wait_us, what);
    });
  }

  /// A handle to the same run, whose calls are acknowledged with `MLOPS_DURABILITY_FAST` or `MLOPS_DURABILITY_FULL`.
  result<run> with_durability(std::int64_t durability) const {
    return detail::wrap<run>(detail::make<mlops_run, mlops_run_free>([&](mlops_run** out, mlops_error** what) {
      return mlops_run_with_durability(get(), durability, out, what);
    }));
  }

  /// Ends the run as of a time in UTC microseconds, for runs that are recorded after the fact.
  result<void> end_at(std::int32_t status, std::int64_t at) const {
    return detail::call([&](mlops_error** what) { return mlops_run_end_at(get(), status, at, what); });
  }

  /// Ends the run and waits, bounded, until what it logged is in the store. `MLOPS_OUT_OF_SPACE` if records were dropped
  /// because the disk was full: the run has ended all the same, and the error's detail says how many.
  result<void> end(std::int32_t status = MLOPS_RUN_FINISHED) const {
    return detail::call([&](mlops_error** what) { return mlops_run_end(get(), status, what); });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_run* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_run, mlops_run_free>;
  /// Takes an object of the C functions over.
  explicit run(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
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
