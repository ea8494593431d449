// What is read and what calls are told: plain structs, and two owners of columns and bytes. Part of mlops.hpp.

#ifndef MLOPS_TYPES_HPP
#define MLOPS_TYPES_HPP

#include <map>
#include <optional>

#include "result.hpp"

namespace mlops {

/// Bytes or text that the library made.
class buffer {
 public:
  buffer() = default;
  explicit buffer(mlops_buf buf) noexcept : buf_(buf) {}
  buffer(buffer&& other) noexcept : buf_(std::exchange(other.buf_, MLOPS_BUF_INIT)) {}
  buffer& operator=(buffer&& other) noexcept {
    std::swap(buf_, other.buf_);
    return *this;
  }
  ~buffer() { mlops_buf_free(&buf_); }

  const char* data() const noexcept { return buf_.data; }
  std::size_t size() const noexcept { return buf_.len; }
  /// The content as text; it lives as long as the buffer.
  std::string_view view() const noexcept { return {buf_.data, buf_.len}; }

 private:
  mlops_buf buf_ = MLOPS_BUF_INIT;
};

/// Keys and texts.
using tags = std::map<std::string, std::string>;

/// The value of a param; std::monostate is Python's None.
using param_value = std::variant<std::string, std::int64_t, double, bool, std::monostate>;

/// A param as it was logged, and the text that every language shows for it.
struct param {
  param_value value;
  std::string text;
};

/// What a run says about one metric, without its points.
struct metric_summary {
  double last = 0;
  std::int64_t last_step = 0;
  std::int64_t last_at = 0;
  double min = 0;
  double max = 0;
  std::uint64_t count = 0;
};

/// A run with everything but its points and files. Times are UTC microseconds.
struct run_data {
  std::string run_id;
  std::string experiment_id;
  std::string run_name;
  std::string user;
  std::string host;
  std::string parent_run_id;
  std::int32_t status = 0;
  std::int32_t lifecycle = 0;
  std::int64_t started_at = 0;
  std::optional<std::int64_t> ended_at;
  std::map<std::string, param> params;
  mlops::tags tags;
  std::map<std::string, metric_summary> metrics;
};

/// One file of a model: its path in the model's folder, and its bytes, or the path of a local file.
struct model_file {
  std::string path;
  std::string bytes;
  std::string local_path = {};
};

/// A model that is logged: how frameworks load it, its signature and metadata, as JSON, and its files.
struct model {
  std::string flavors;
  std::string signature;
  std::string metadata;
  std::vector<model_file> files;
};

/// A data set as an input of a run; what is empty is not given. `source`, `schema` and `profile` are JSON.
struct dataset_input {
  std::string name;
  std::string digest;
  std::string source_type;
  std::string source;
  std::string schema;
  std::string profile;
  std::string context;
  mlops::tags tags;
};

/// A page of results, and where the next begins; the token is empty after the last.
template <class T>
struct page {
  std::vector<T> items;
  std::string next_page_token;
};

/// A named group of runs. Times are UTC microseconds.
struct experiment {
  std::string experiment_id;
  std::string name;
  std::int32_t lifecycle = 0;
  std::int64_t created_at = 0;
  std::int64_t updated_at = 0;
  mlops::tags tags;
};

/// One file or folder among a run's artifacts.
struct artifact {
  std::string path;
  std::string digest;
  std::uint64_t size_bytes = 0;
  bool is_dir = false;
};

/// How a run begins; what is empty is not given.
struct run_options {
  std::string run_id;
  std::string experiment_id;
  std::string experiment_name;
  std::string run_name;
  std::string parent_run_id;
  std::string description;
  std::string source_name;
  std::string source_type;
  std::string user;
  mlops::tags tags;
  std::optional<std::int64_t> started_at;
};

/// How the machine is measured while a run is under way.
struct system_metrics_options {
  /// In microseconds.
  std::int64_t interval_us = 10000000;
  std::uint32_t samples_before_logging = 1;
  std::string node_id;
};

/// How the console is captured.
struct console_options {
  /// The descriptors of standard output and error are led here; else only what console::write is given.
  bool descriptors = true;
  /// In microseconds.
  std::int64_t flush_every_us = 3000000;
  /// What is held while it cannot be kept; what is more is dropped and counted.
  std::size_t buffer_bytes = 4194304;
};

/// How a report is made.
struct report_options {
  /// Empty: the run's name, or how many runs there are.
  std::string title;
  std::uint64_t image_bytes = 4194304;
  std::uint64_t images_bytes = 25165824;
  /// Most points of a curve.
  std::size_t points = 4000;
};

/// What a search looks for; the default finds the active runs of all experiments.
struct run_query {
  std::vector<std::string> experiment_ids;
  std::string filter;
  std::vector<std::string> order_by;
  std::size_t max_results = 0;
  std::string page_token;
  std::int32_t view = MLOPS_VIEW_ACTIVE;
};

/// What a search for experiments looks for; the default finds the active ones.
struct experiment_query {
  std::string filter;
  std::vector<std::string> order_by;
  std::size_t max_results = 0;
  std::string page_token;
  std::int32_t view = MLOPS_VIEW_ACTIVE;
};

/// How a store is opened.
struct open_options {
  std::string uri;
  bool read_only = false;
  bool must_exist = false;
  /// Of a store that is made: `MLOPS_SHARING_PRIVATE` or `MLOPS_SHARING_GROUP`.
  std::int32_t sharing = MLOPS_SHARING_PRIVATE;
  bool must_be_new = false;
  /// When what runs log is acknowledged: `MLOPS_DURABILITY_DEFAULT`, `MLOPS_DURABILITY_FAST` or `MLOPS_DURABILITY_FULL`.
  std::int64_t durability = MLOPS_DURABILITY_DEFAULT;
};

/// How a store is freed of what nothing refers to; by default it is only counted.
struct gc_options {
  bool dry_run = true;
  bool deleted_runs = false;
  std::int64_t older_than_us = 600000000;
};

/// Which runs a sync copies, and how; by default all, and those that changed in both stores are passed over.
struct sync_options {
  std::vector<std::string> run_ids;
  std::vector<std::string> experiment_names;
  std::string filter;
  /// Only runs that ended at this time, in microseconds, or later, or run still.
  std::int64_t since = MLOPS_TIME_NONE;
  bool include_deleted = false;
  bool skip_deleted_experiments = false;
  /// `MLOPS_ON_CONFLICT_SKIP`, `MLOPS_ON_CONFLICT_THEIRS` or `MLOPS_ON_CONFLICT_OURS`.
  std::int32_t on_conflict = MLOPS_ON_CONFLICT_SKIP;
  bool dry_run = false;
};

/// The points of one metric; the columns live as long as the series.
class series {
 public:
  const std::int64_t* steps() const noexcept { return points_.steps; }
  const std::int64_t* times() const noexcept { return points_.times; }
  const double* values() const noexcept { return points_.values; }
  std::size_t size() const noexcept { return points_.count; }
  /// The values of the step metric at the points of a metric_history_by; nullptr for another series.
  const double* at() const noexcept { return mlops_series_at(handle_.get()); }

  using handle = detail::owned<mlops_series, mlops_series_free>;
  /// Takes an object of the C functions over, and its columns.
  series(handle owned, mlops_points points) noexcept : handle_(std::move(owned)), points_(points) {}

 private:

  handle handle_;
  mlops_points points_;
};

namespace detail {

inline std::vector<mlops_tag> raw_tags(const tags& tags) {
  std::vector<mlops_tag> raw;
  for (const auto& [key, value] : tags) raw.push_back(mlops_tag{str(key), str(value)});
  return raw;
}

template <class Call>
result<buffer> fill(Call&& function) {
  mlops_buf raw = MLOPS_BUF_INIT;
  auto done = call([&](mlops_error** what) { return function(&raw, what); });
  if (!done) return done.error();
  return buffer(raw);
}

/// The same as text of our own.
template <class Call>
result<std::string> fill_text(Call&& function) {
  auto made = fill(std::forward<Call>(function));
  if (!made) return made.error();
  return std::string(made->view());
}

}  // namespace detail

/// The key of a metric's series in a context such as `subset` = `train`: `loss{subset="train"}`.
inline result<std::string> series_key(std::string_view key, const tags& context) {
  const std::vector<mlops_tag> raw = detail::raw_tags(context);
  return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
    return mlops_series_key(detail::str(key), raw.data(), raw.size(), out, what);
  });
}

/// What a key stands for, as JSON: `{"key": "loss", "context": {"subset": "train"}}`.
inline result<buffer> series_key_json(std::string_view text) {
  return detail::fill(
      [&](mlops_buf* out, mlops_error** what) { return mlops_series_key_json(detail::str(text), out, what); });
}

}  // namespace mlops

#endif  // MLOPS_TYPES_HPP
