// mlops for C++17: header only, over mlops.h.
//
// Handles are move-only and free themselves. Calls that can fail return a result<T>: test it, then use `*result` or
// `result->`. Nothing throws unless MLOPS_CPP_EXCEPTIONS is defined: then result<T>::value() throws mlops::exception,
// else it prints the error and aborts. What is read (run_data, artifact...) are plain structs that own their content.
//
// Any function may be called from any thread, also on one object; destroying and moving come last, as always in C++.

#ifndef MLOPS_HPP
#define MLOPS_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "mlops.h"

#ifdef MLOPS_CPP_EXCEPTIONS
#include <stdexcept>
#endif

namespace mlops {

/// What went wrong in one call.
class error {
 public:
  error(mlops_status code, std::string message) : code_(code), message_(std::move(message)) {}

  /// The number: `MLOPS_NOT_FOUND`...
  mlops_status code() const noexcept { return code_; }
  /// The name of the number: "MLOPS_NOT_FOUND"...
  const char* name() const noexcept { return mlops_status_name(code_); }
  /// What was wrong, with the value, and what to do.
  const std::string& message() const noexcept { return message_; }
  /// Whether the same call may succeed later without any change.
  bool is_retryable() const noexcept { return mlops_status_is_retryable(code_); }

 private:
  mlops_status code_;
  std::string message_;
};

#ifdef MLOPS_CPP_EXCEPTIONS
/// What result<T>::value() throws.
class exception : public std::runtime_error {
 public:
  explicit exception(mlops::error what) : std::runtime_error(what.message()), error_(std::move(what)) {}

  /// What went wrong.
  const mlops::error& error() const noexcept { return error_; }

 private:
  mlops::error error_;
};
#endif

namespace detail {

[[noreturn]] inline void fail(const error& what) {
#ifdef MLOPS_CPP_EXCEPTIONS
  throw exception(what);
#else
  std::fprintf(stderr, "mlops: %s: %s\n", what.name(), what.message().c_str());
  std::abort();
#endif
}

struct nothing {};

}  // namespace detail

/// A value, or the error that came instead of it. result<void> has no value.
template <class T>
class [[nodiscard]] result {
  using stored = std::conditional_t<std::is_void_v<T>, detail::nothing, T>;

 public:
  result(stored value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(mlops::error what) : content_(std::in_place_index<1>, std::move(what)) {}

  /// True if the call succeeded.
  bool ok() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// The error; only if the call failed.
  const mlops::error& error() const { return *std::get_if<1>(&content_); }

  /// The value; throws or aborts if the call failed.
  stored& value() & {
    check();
    return *std::get_if<0>(&content_);
  }
  /// The value, moved out; throws or aborts if the call failed.
  stored value() && {
    check();
    return std::move(*std::get_if<0>(&content_));
  }

  /// The value, as value() gives it.
  stored& operator*() & { return value(); }
  stored operator*() && { return std::move(*this).value(); }
  stored* operator->() { return &value(); }

 private:
  void check() const {
    if (!ok()) detail::fail(error());
  }

  std::variant<stored, mlops::error> content_;
};

namespace detail {

inline mlops_str str(std::string_view text) noexcept { return mlops_str{text.data(), text.size()}; }
inline std::string own(mlops_str text) { return text.len == 0 ? std::string() : std::string(text.ptr, text.len); }

inline error take(mlops_status status, mlops_error* what) {
  error taken(status, mlops_error_message(what));
  mlops_error_free(what);
  return taken;
}

/// Calls a function with a place for its error.
template <class Call>
result<void> call(Call&& function) {
  mlops_error* what = nullptr;
  const mlops_status status = function(&what);
  if (status != MLOPS_OK) return take(status, what);
  return nothing{};
}

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

template <class T, void (*Free)(T*)>
using owned = std::unique_ptr<T, freed<Free>>;

/// Calls a function that gives an object.
template <class T, void (*Free)(T*), class Call>
result<owned<T, Free>> make(Call&& function) {
  T* made = nullptr;
  auto done = call([&](mlops_error** what) { return function(&made, what); });
  if (!done) return done.error();
  return owned<T, Free>(made);
}

inline std::vector<mlops_str> strs(const std::vector<std::string>& texts) {
  std::vector<mlops_str> strs;
  for (const auto& text : texts) strs.push_back(str(text));
  return strs;
}

}  // namespace detail

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

/// What a search looks for; the default finds the active runs of all experiments.
struct run_query {
  std::vector<std::string> experiment_ids;
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
};

/// The points of one metric; the columns live as long as the series.
class series {
 public:
  const std::int64_t* steps() const noexcept { return points_.steps; }
  const std::int64_t* times() const noexcept { return points_.times; }
  const double* values() const noexcept { return points_.values; }
  std::size_t size() const noexcept { return points_.count; }

 private:
  friend class store;
  using handle = detail::owned<mlops_series, mlops_series_free>;
  series(handle owned, mlops_points points) : handle_(std::move(owned)), points_(points) {}

  handle handle_;
  mlops_points points_;
};

/// One run, to log to. Destroying it does not end the run.
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
        static_assert(sizeof(T) < 8 || std::is_signed_v<T>, "a param is an integer of at most 64 bits with a sign");
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

  /// Ends the run and waits, bounded, until what it logged is in the store.
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

/// An open store; it closes with its last handle and last run.
class store {
 public:
  /// Opens a path, `memory:`, or empty: `MLOPS_STORE`, else the nearest `.mlops/` upwards, else a new one here.
  static result<store> open(std::string_view uri) { return open(open_options{std::string(uri), false, false}); }

  /// Opens with options.
  static result<store> open(const open_options& options) {
    mlops_open_options raw = MLOPS_OPEN_OPTIONS_INIT;
    raw.uri = detail::str(options.uri);
    raw.read_only = options.read_only ? 1 : 0;
    raw.must_exist = options.must_exist ? 1 : 0;
    return wrap<store>(detail::make<mlops_store, mlops_store_free>(
        [&](mlops_store** out, mlops_error** what) { return mlops_store_open(&raw, out, what); }));
  }

  /// Another handle on the same store.
  result<store> clone() const {
    return wrap<store>(detail::make<mlops_store, mlops_store_free>(
        [&](mlops_store** out, mlops_error** what) { return mlops_store_clone(get(), out, what); }));
  }

  /// The absolute path, or `memory:`.
  std::string_view uri() const noexcept {
    const mlops_str uri = mlops_store_uri(get());
    return {uri.ptr, uri.len};
  }

  /// Drains what runs logged and forces everything to the disk.
  result<void> flush() const {
    return detail::call([&](mlops_error** what) { return mlops_store_flush(get(), what); });
  }

  /// Flushes for the last time; the folder is free for other processes when the last handle and run are gone.
  result<void> close() const {
    return detail::call([&](mlops_error** what) { return mlops_store_close(get(), what); });
  }

  /// Makes an experiment.
  result<experiment> create_experiment(std::string_view name, const tags& tags = {}) const {
    const std::vector<mlops_tag> raw = raw_tags(tags);
    return read_experiment([&](mlops_experiment** out, mlops_error** what) {
      return mlops_experiment_create(get(), detail::str(name), raw.data(), raw.size(), out, what);
    });
  }

  /// The experiment of this name, made if it does not exist.
  result<experiment> ensure_experiment(std::string_view name) const {
    return read_experiment([&](mlops_experiment** out, mlops_error** what) {
      return mlops_experiment_ensure(get(), detail::str(name), out, what);
    });
  }

  /// The experiment with this id.
  result<experiment> get_experiment(std::string_view id) const {
    return read_experiment([&](mlops_experiment** out, mlops_error** what) {
      return mlops_experiment_get(get(), detail::str(id), out, what);
    });
  }

  /// The experiment of this name; std::nullopt if there is none.
  result<std::optional<experiment>> find_experiment(std::string_view name) const {
    auto found = detail::make<mlops_experiment, mlops_experiment_free>([&](mlops_experiment** out, mlops_error** what) {
      return mlops_experiment_find(get(), detail::str(name), out, what);
    });
    if (!found) return found.error();
    if (*found == nullptr) return std::optional<experiment>();
    auto content = read(found->get());
    if (!content) return content.error();
    return std::optional<experiment>(*std::move(content));
  }

  /// A page of the experiments, by id.
  result<page<experiment>> list_experiments(std::int32_t view = MLOPS_VIEW_ACTIVE, std::size_t max_results = 0,
                                            std::string_view page_token = {}) const {
    mlops_page_options options = MLOPS_PAGE_OPTIONS_INIT;
    options.view = view;
    options.max_results = max_results;
    options.page_token = detail::str(page_token);
    auto found =
        detail::make<mlops_experiments, mlops_experiments_free>([&](mlops_experiments** out, mlops_error** what) {
          return mlops_experiment_list(get(), &options, out, what);
        });
    if (!found) return found.error();
    page<experiment> content;
    for (std::size_t i = 0; i < mlops_experiments_count(found->get()); ++i) {
      const mlops_experiment* raw = nullptr;
      auto done = detail::call([&](mlops_error** what) { return mlops_experiments_at(found->get(), i, &raw, what); });
      if (!done) return done.error();
      auto item = read(raw);
      if (!item) return item.error();
      content.items.push_back(*std::move(item));
    }
    content.next_page_token = detail::own(mlops_experiments_next_page_token(found->get()));
    return content;
  }

  /// Starts a run.
  result<run> start_run(const run_options& options = {}) const {
    const std::vector<mlops_tag> tags = raw_tags(options.tags);
    mlops_run_options raw = MLOPS_RUN_OPTIONS_INIT;
    raw.run_id = detail::str(options.run_id);
    raw.experiment_id = detail::str(options.experiment_id);
    raw.experiment_name = detail::str(options.experiment_name);
    raw.run_name = detail::str(options.run_name);
    raw.parent_run_id = detail::str(options.parent_run_id);
    raw.description = detail::str(options.description);
    raw.source_name = detail::str(options.source_name);
    raw.source_type = detail::str(options.source_type);
    raw.user = detail::str(options.user);
    raw.tags = tags.data();
    raw.tags_count = tags.size();
    raw.started_at = options.started_at.value_or(MLOPS_TIME_NONE);
    return wrap<run>(detail::make<mlops_run, mlops_run_free>(
        [&](mlops_run** out, mlops_error** what) { return mlops_run_start(get(), &raw, out, what); }));
  }

  /// Goes on with a run: its status is running again.
  result<run> resume_run(std::string_view id) const {
    return wrap<run>(detail::make<mlops_run, mlops_run_free>([&](mlops_run** out, mlops_error** what) {
      return mlops_run_resume(get(), detail::str(id), out, what);
    }));
  }

  /// A handle to log to an existing run without changing its status.
  result<run> open_run(std::string_view id) const {
    return wrap<run>(detail::make<mlops_run, mlops_run_free>([&](mlops_run** out, mlops_error** what) {
      return mlops_run_open(get(), detail::str(id), out, what);
    }));
  }

  /// Everything about a run but points and files.
  result<run_data> get_run(std::string_view id) const {
    auto found = detail::make<mlops_run_data, mlops_run_data_free>([&](mlops_run_data** out, mlops_error** what) {
      return mlops_run_get(get(), detail::str(id), out, what);
    });
    if (!found) return found.error();
    return read(found->get());
  }

  /// A page of the runs that match a query.
  result<page<run_data>> search_runs(const run_query& query = {}) const {
    const std::vector<mlops_str> ids = detail::strs(query.experiment_ids);
    const std::vector<mlops_str> order_by = detail::strs(query.order_by);
    mlops_run_query raw = MLOPS_RUN_QUERY_INIT;
    raw.view = query.view;
    raw.experiment_ids = ids.data();
    raw.experiment_ids_count = ids.size();
    raw.filter = detail::str(query.filter);
    raw.order_by = order_by.data();
    raw.order_by_count = order_by.size();
    raw.max_results = query.max_results;
    raw.page_token = detail::str(query.page_token);
    auto found = detail::make<mlops_runs, mlops_runs_free>(
        [&](mlops_runs** out, mlops_error** what) { return mlops_run_search(get(), &raw, out, what); });
    if (!found) return found.error();
    page<run_data> content;
    for (std::size_t i = 0; i < mlops_runs_count(found->get()); ++i) {
      const mlops_run_data* data = nullptr;
      auto done = detail::call([&](mlops_error** what) { return mlops_runs_at(found->get(), i, &data, what); });
      if (!done) return done.error();
      auto item = read(data);
      if (!item) return item.error();
      content.items.push_back(*std::move(item));
    }
    content.next_page_token = detail::own(mlops_runs_next_page_token(found->get()));
    return content;
  }

  /// The points of one metric; empty if the run has no such metric.
  result<series> metric_history(std::string_view run_id, std::string_view key) const {
    auto found = detail::make<mlops_series, mlops_series_free>([&](mlops_series** out, mlops_error** what) {
      return mlops_metric_history(get(), detail::str(run_id), detail::str(key), out, what);
    });
    if (!found) return found.error();
    mlops_points points = MLOPS_POINTS_INIT;
    auto done = detail::call([&](mlops_error** what) { return mlops_series_points(found->get(), &points, what); });
    if (!done) return done.error();
    return series(*std::move(found), points);
  }

  /// The files and folders directly in an artifact folder (empty: the top).
  result<std::vector<artifact>> list_artifacts(std::string_view run_id, std::string_view path = {}) const {
    auto found = detail::make<mlops_artifacts, mlops_artifacts_free>([&](mlops_artifacts** out, mlops_error** what) {
      return mlops_artifact_list(get(), detail::str(run_id), detail::str(path), out, what);
    });
    if (!found) return found.error();
    std::vector<artifact> content;
    for (std::size_t i = 0; i < mlops_artifacts_count(found->get()); ++i) {
      mlops_artifact raw = MLOPS_ARTIFACT_INIT;
      auto done = detail::call([&](mlops_error** what) { return mlops_artifacts_at(found->get(), i, &raw, what); });
      if (!done) return done.error();
      content.push_back(artifact{detail::own(raw.path), detail::own(raw.digest), raw.size_bytes, raw.is_dir != 0});
    }
    return content;
  }

  /// The bytes of one artifact, checked against their digest.
  result<buffer> read_artifact(std::string_view run_id, std::string_view path) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_artifact_read(get(), detail::str(run_id), detail::str(path), out, what);
    });
  }

  /// Copies an artifact file or folder (empty: all) beneath a local folder; gives the path where it is.
  result<std::string> download_artifacts(std::string_view run_id, std::string_view path, std::string_view dest) const {
    auto local = fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_artifact_download(get(), detail::str(run_id), detail::str(path), detail::str(dest), out, what);
    });
    if (!local) return local.error();
    return std::string(local->view());
  }

  /// Hides a run.
  result<void> delete_run(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_run_delete(get(), detail::str(id), what); });
  }

  /// Shows a deleted run again.
  result<void> restore_run(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_run_restore(get(), detail::str(id), what); });
  }

  /// Reads and checks every byte of a store that no process has open; the report is JSON.
  static result<buffer> fsck(std::string_view uri, bool repair = false) {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_fsck(detail::str(uri), repair ? 1 : 0, out, what);
    });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_store* get() const noexcept { return handle_.get(); }

 private:
  using handle = detail::owned<mlops_store, mlops_store_free>;
  explicit store(handle owned) : handle_(std::move(owned)) {}

  template <class T, class Handle>
  static result<T> wrap(result<Handle> made) {
    if (!made) return made.error();
    return T(*std::move(made));
  }

  template <class Call>
  static result<buffer> fill(Call&& function) {
    mlops_buf raw = MLOPS_BUF_INIT;
    auto done = detail::call([&](mlops_error** what) { return function(&raw, what); });
    if (!done) return done.error();
    return buffer(raw);
  }

  static std::vector<mlops_tag> raw_tags(const tags& tags) {
    std::vector<mlops_tag> raw;
    for (const auto& [key, value] : tags) raw.push_back(mlops_tag{detail::str(key), detail::str(value)});
    return raw;
  }

  template <class Call>
  static result<experiment> read_experiment(Call&& function) {
    auto found = detail::make<mlops_experiment, mlops_experiment_free>(function);
    if (!found) return found.error();
    return read(found->get());
  }

  static result<experiment> read(const mlops_experiment* raw) {
    mlops_experiment_info info = MLOPS_EXPERIMENT_INFO_INIT;
    auto done = detail::call([&](mlops_error** what) { return mlops_experiment_get_info(raw, &info, what); });
    if (!done) return done.error();
    experiment content;
    content.experiment_id = detail::own(info.experiment_id);
    content.name = detail::own(info.name);
    content.lifecycle = info.lifecycle;
    content.created_at = info.created_at;
    content.updated_at = info.updated_at;
    for (std::size_t i = 0; i < mlops_experiment_tags_count(raw); ++i) {
      mlops_tag tag = {{nullptr, 0}, {nullptr, 0}};
      done = detail::call([&](mlops_error** what) { return mlops_experiment_tag(raw, i, &tag, what); });
      if (!done) return done.error();
      content.tags.emplace(detail::own(tag.key), detail::own(tag.value));
    }
    return content;
  }

  static param_value value_of(const mlops_param& raw) {
    switch (raw.kind) {
      case MLOPS_PARAM_INT:
        return raw.integer;
      case MLOPS_PARAM_FLOAT:
        return raw.number;
      case MLOPS_PARAM_BOOL:
        return raw.integer != 0;
      case MLOPS_PARAM_NONE:
        return std::monostate();
      default:
        return detail::own(raw.text);
    }
  }

  static result<run_data> read(const mlops_run_data* raw) {
    mlops_run_info info = MLOPS_RUN_INFO_INIT;
    auto done = detail::call([&](mlops_error** what) { return mlops_run_data_info(raw, &info, what); });
    if (!done) return done.error();
    run_data content;
    content.run_id = detail::own(info.run_id);
    content.experiment_id = detail::own(info.experiment_id);
    content.run_name = detail::own(info.run_name);
    content.user = detail::own(info.user);
    content.host = detail::own(info.host);
    content.parent_run_id = detail::own(info.parent_run_id);
    content.status = info.status;
    content.lifecycle = info.lifecycle;
    content.started_at = info.started_at;
    if (info.ended_at != MLOPS_TIME_NONE) content.ended_at = info.ended_at;
    for (std::size_t i = 0; i < mlops_run_data_params_count(raw); ++i) {
      mlops_param found = mlops_param_int(mlops_str{nullptr, 0}, 0);
      done = detail::call([&](mlops_error** what) { return mlops_run_data_param(raw, i, &found, what); });
      if (!done) return done.error();
      content.params.emplace(detail::own(found.key), param{value_of(found), detail::own(found.text)});
    }
    for (std::size_t i = 0; i < mlops_run_data_tags_count(raw); ++i) {
      mlops_tag found = {{nullptr, 0}, {nullptr, 0}};
      done = detail::call([&](mlops_error** what) { return mlops_run_data_tag(raw, i, &found, what); });
      if (!done) return done.error();
      content.tags.emplace(detail::own(found.key), detail::own(found.value));
    }
    for (std::size_t i = 0; i < mlops_run_data_metrics_count(raw); ++i) {
      mlops_metric_summary found = MLOPS_METRIC_SUMMARY_INIT;
      done = detail::call([&](mlops_error** what) { return mlops_run_data_metric(raw, i, &found, what); });
      if (!done) return done.error();
      content.metrics.emplace(detail::own(found.key), metric_summary{found.last, found.last_step, found.last_at,
                                                                     found.min, found.max, found.count});
    }
    return content;
  }

  handle handle_;
};

}  // namespace mlops

#endif  // MLOPS_HPP
