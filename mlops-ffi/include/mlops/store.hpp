// A store: experiments, runs, points, artifacts. Part of mlops.hpp.

#ifndef MLOPS_STORE_HPP
#define MLOPS_STORE_HPP

#include "read.hpp"
#include "run.hpp"

namespace mlops {

/// An open store; it closes with its last handle and last run.
class store {
 public:
  /// Opens a path, `memory:`, or empty: `MLOPS_STORE`, else the nearest `.mlops/` upwards, else a new one here.
  static result<store> open(std::string_view uri) {
    open_options options;
    options.uri = std::string(uri);
    return open(options);
  }

  /// Opens with options.
  static result<store> open(const open_options& options) {
    mlops_open_options raw = MLOPS_OPEN_OPTIONS_INIT;
    raw.uri = detail::str(options.uri);
    raw.read_only = options.read_only ? 1 : 0;
    raw.must_exist = options.must_exist ? 1 : 0;
    raw.sharing = options.sharing;
    raw.must_be_new = options.must_be_new ? 1 : 0;
    raw.durability = options.durability;
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
    const std::vector<mlops_tag> raw = detail::raw_tags(tags);
    return detail::read_experiment([&](mlops_experiment** out, mlops_error** what) {
      return mlops_experiment_create(get(), detail::str(name), raw.data(), raw.size(), out, what);
    });
  }

  /// The experiment of this name, made if it does not exist.
  result<experiment> ensure_experiment(std::string_view name) const {
    return detail::read_experiment([&](mlops_experiment** out, mlops_error** what) {
      return mlops_experiment_ensure(get(), detail::str(name), out, what);
    });
  }

  /// The experiment with this id.
  result<experiment> get_experiment(std::string_view id) const {
    return detail::read_experiment([&](mlops_experiment** out, mlops_error** what) {
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
    auto content = detail::read(found->get());
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
    return detail::read_page<experiment>(found->get(), mlops_experiments_count, mlops_experiments_at,
                                         mlops_experiments_next_page_token);
  }

  /// A page of the experiments that match a query.
  result<page<experiment>> search_experiments(const experiment_query& query = {}) const {
    const std::vector<mlops_str> order_by = detail::strs(query.order_by);
    mlops_experiment_query raw = MLOPS_EXPERIMENT_QUERY_INIT;
    raw.view = query.view;
    raw.filter = detail::str(query.filter);
    raw.order_by = order_by.data();
    raw.order_by_count = order_by.size();
    raw.max_results = query.max_results;
    raw.page_token = detail::str(query.page_token);
    auto found =
        detail::make<mlops_experiments, mlops_experiments_free>([&](mlops_experiments** out, mlops_error** what) {
          return mlops_experiment_search(get(), &raw, out, what);
        });
    if (!found) return found.error();
    return detail::read_page<experiment>(found->get(), mlops_experiments_count, mlops_experiments_at,
                                         mlops_experiments_next_page_token);
  }

  /// Hides an experiment with all its runs; it can be restored, and keeps its name until then.
  result<void> delete_experiment(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_experiment_delete(get(), detail::str(id), what); });
  }

  /// Shows a deleted experiment again, with its runs but those that were deleted by themselves.
  result<void> restore_experiment(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_experiment_restore(get(), detail::str(id), what); });
  }

  /// Gives an experiment another name.
  result<void> rename_experiment(std::string_view id, std::string_view name) const {
    return detail::call([&](mlops_error** what) {
      return mlops_experiment_rename(get(), detail::str(id), detail::str(name), what);
    });
  }

  /// Sets tags of an experiment, all or none of them.
  result<void> set_experiment_tags(std::string_view id, const tags& tags) const {
    const std::vector<mlops_tag> raw = detail::raw_tags(tags);
    return detail::call([&](mlops_error** what) {
      return mlops_experiment_set_tags(get(), detail::str(id), raw.data(), raw.size(), what);
    });
  }

  /// Removes a tag of an experiment.
  result<void> delete_experiment_tag(std::string_view id, std::string_view key) const {
    return detail::call([&](mlops_error** what) {
      return mlops_experiment_delete_tag(get(), detail::str(id), detail::str(key), what);
    });
  }

  /// Starts a run.
  result<run> start_run(const run_options& options = {}) const {
    return start(options, [&](const mlops_run_options& raw, mlops_run** out, mlops_error** what) {
      return mlops_run_start(get(), &raw, out, what);
    });
  }

  /// Starts a run that begins with what another has logged, with its points up to a step; default: all. Without an
  /// experiment in `options` it is that of the other.
  result<run> fork_run(std::string_view id, std::int64_t step = MLOPS_STEP_ALL, const run_options& options = {}) const {
    return start(options, [&](const mlops_run_options& raw, mlops_run** out, mlops_error** what) {
      return mlops_run_fork(get(), detail::str(id), step, &raw, out, what);
    });
  }

  /// Removes the points of a run behind a step, in one piece; resume_run goes on with it.
  result<void> rewind_run(std::string_view id, std::int64_t step) const {
    return detail::call([&](mlops_error** what) { return mlops_run_rewind(get(), detail::str(id), step, what); });
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
    return detail::read(found->get());
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
    return detail::read_page<run_data>(found->get(), mlops_runs_count, mlops_runs_at, mlops_runs_next_page_token);
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
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_artifact_read(get(), detail::str(run_id), detail::str(path), out, what);
    });
  }

  /// Copies an artifact file or folder (empty: all) beneath a local folder; gives the path where it is.
  result<std::string> download_artifacts(std::string_view run_id, std::string_view path, std::string_view dest) const {
    auto local = detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_artifact_download(get(), detail::str(run_id), detail::str(path), detail::str(dest), out, what);
    });
    if (!local) return local.error();
    return std::string(local->view());
  }

  /// Measures the machine until the run ends in this process, and logs to the run.
  result<void> log_system_metrics(std::string_view run_id, const system_metrics_options& options = {}) const {
    mlops_system_metrics_options raw = MLOPS_SYSTEM_METRICS_OPTIONS_INIT;
    raw.interval_us = options.interval_us;
    raw.samples_before_logging = options.samples_before_logging;
    raw.node_id = detail::str(options.node_id);
    return detail::call(
        [&](mlops_error** what) { return mlops_run_log_system_metrics(get(), detail::str(run_id), &raw, what); });
  }

  /// Ends what `log_system_metrics` began; fine if nothing did.
  result<void> stop_system_metrics(std::string_view run_id) const {
    return detail::call(
        [&](mlops_error** what) { return mlops_run_stop_system_metrics(get(), detail::str(run_id), what); });
  }

  /// Hides a run.
  result<void> delete_run(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_run_delete(get(), detail::str(id), what); });
  }

  /// Shows a deleted run again.
  result<void> restore_run(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_run_restore(get(), detail::str(id), what); });
  }

  /// Frees what nothing refers to, or counts it; the report is JSON.
  result<buffer> gc(const gc_options& options = {}) const {
    mlops_gc_options raw = MLOPS_GC_OPTIONS_INIT;
    raw.dry_run = options.dry_run ? 1 : 0;
    raw.deleted_runs = options.deleted_runs ? 1 : 0;
    raw.older_than_us = options.older_than_us;
    return detail::fill(
        [&](mlops_buf* out, mlops_error** what) { return mlops_store_gc(get(), &raw, out, what); });
  }

  /// Brings runs of another store into this one; the report is JSON. See mlops_store_sync.
  result<buffer> sync_from(const store& source, const sync_options& options = {}) const {
    const std::vector<mlops_str> ids = detail::strs(options.run_ids);
    const std::vector<mlops_str> names = detail::strs(options.experiment_names);
    mlops_sync_options raw = MLOPS_SYNC_OPTIONS_INIT;
    raw.dry_run = options.dry_run ? 1 : 0;
    raw.on_conflict = options.on_conflict;
    raw.include_deleted = options.include_deleted ? 1 : 0;
    raw.skip_deleted_experiments = options.skip_deleted_experiments ? 1 : 0;
    raw.run_ids = ids.data();
    raw.run_ids_count = ids.size();
    raw.experiment_names = names.data();
    raw.experiment_names_count = names.size();
    raw.filter = detail::str(options.filter);
    raw.since = options.since;
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_store_sync(source.get(), get(), &raw, out, what);
    });
  }

  /// Moves a run to another experiment.
  result<void> move_run(std::string_view id, std::string_view experiment_id) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_move(get(), detail::str(id), detail::str(experiment_id), what);
    });
  }

  /// Reads and checks every byte of a store that no process has open; the report is JSON.
  static result<buffer> fsck(std::string_view uri, bool repair = false) {
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_fsck(detail::str(uri), repair ? 1 : 0, out, what);
    });
  }

  /// Copies the store to a new folder, while it is written to; the report is JSON. See mlops_store_backup.
  result<buffer> backup(std::string_view dest, bool keep_going = false) const {
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_store_backup(get(), detail::str(dest), keep_going ? 1 : 0, out, what);
    });
  }

  /// Makes a store at `dest`, where none is yet, from a backup; the report is JSON. See mlops_restore.
  static result<buffer> restore(std::string_view source, std::string_view dest, bool keep_going = false) {
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_restore(detail::str(source), detail::str(dest), keep_going ? 1 : 0, out, what);
    });
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_store* get() const noexcept { return handle_.get(); }

 private:
  template <class Call>
  result<run> start(const run_options& options, const Call& call) const {
    const std::vector<mlops_tag> tags = detail::raw_tags(options.tags);
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
        [&](mlops_run** out, mlops_error** what) { return call(raw, out, what); }));
  }

  using handle = detail::owned<mlops_store, mlops_store_free>;
  explicit store(handle owned) : handle_(std::move(owned)) {}

  template <class T, class Handle>
  static result<T> wrap(result<Handle> made) {
    if (!made) return made.error();
    return T(*std::move(made));
  }

  handle handle_;
};

}  // namespace mlops

#endif  // MLOPS_STORE_HPP
