// A store: opened, and what it does with runs and artifacts. Part of mlops.hpp.

#ifndef MLOPS_STORE_HPP
#define MLOPS_STORE_HPP

#include "gates.hpp"

namespace mlops {

/// An open store; it closes with its last handle and last run. What it does with experiments, searches, series, sweeps and as
/// a whole stands in the other headers.
class store : public detail::store_with_sweeps {
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
    return detail::wrap<store>(detail::make<mlops_store, mlops_store_free>(
        [&](mlops_store** out, mlops_error** what) { return mlops_store_open(&raw, out, what); }));
  }

  /// Another handle on the same store.
  result<store> clone() const {
    return detail::wrap<store>(detail::make<mlops_store, mlops_store_free>(
        [&](mlops_store** out, mlops_error** what) { return mlops_store_clone(get(), out, what); }));
  }

  /// The absolute path, or `memory:`.
  std::string_view uri() const noexcept {
    return detail::view(mlops_store_uri(get()));
  }

  /// The id of the store, which it keeps wherever its folder goes.
  std::string_view id() const noexcept { return detail::view(mlops_store_id(get())); }

  /// Whether it was opened for reading only.
  bool is_read_only() const noexcept { return mlops_store_is_read_only(get()); }

  /// `MLOPS_SHARING_PRIVATE` or `MLOPS_SHARING_GROUP`.
  std::int32_t sharing() const noexcept { return mlops_store_sharing(get()); }

  /// Drains what runs logged and forces everything to the disk.
  result<void> flush() const {
    return detail::call([&](mlops_error** what) { return mlops_store_flush(get(), what); });
  }

  /// Flushes for the last time; the folder is free for other processes when the last handle and run are gone.
  result<void> close() const {
    return detail::call([&](mlops_error** what) { return mlops_store_close(get(), what); });
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
    return detail::wrap<run>(detail::make<mlops_run, mlops_run_free>([&](mlops_run** out, mlops_error** what) {
      return mlops_run_resume(get(), detail::str(id), out, what);
    }));
  }

  /// A handle to log to an existing run without changing its status.
  result<run> open_run(std::string_view id) const {
    return detail::wrap<run>(detail::make<mlops_run, mlops_run_free>([&](mlops_run** out, mlops_error** what) {
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

  /// A run with everything but points and files as JSON, with its inputs and where it came from.
  result<buffer> run_json(std::string_view id) const {
    auto found = detail::make<mlops_run_data, mlops_run_data_free>([&](mlops_run_data** out, mlops_error** what) {
      return mlops_run_get(get(), detail::str(id), out, what);
    });
    if (!found) return found.error();
    return detail::fill(
        [&](mlops_buf* out, mlops_error** what) { return mlops_run_data_json(found->get(), out, what); });
  }

  /// The files and folders directly in an artifact folder (empty: the top).
  result<std::vector<artifact>> list_artifacts(std::string_view run_id, std::string_view path = {}) const {
    auto found = detail::make<mlops_artifacts, mlops_artifacts_free>([&](mlops_artifacts** out, mlops_error** what) {
      return mlops_artifact_list(get(), detail::str(run_id), detail::str(path), out, what);
    });
    if (!found) return found.error();
    return detail::read_artifacts(found->get());
  }

  /// The bytes of one artifact, checked against their digest.
  result<buffer> read_artifact(std::string_view run_id, std::string_view path) const {
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_artifact_read(get(), detail::str(run_id), detail::str(path), out, what);
    });
  }

  /// Copies an artifact file or folder (empty: all) beneath a local folder; gives the path where it is.
  result<std::string> download_artifacts(std::string_view run_id, std::string_view path, std::string_view dest) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_artifact_download(get(), detail::str(run_id), detail::str(path), detail::str(dest), out, what);
    });
  }

  /// The model registry; what changes it says who does it, and why.
  result<mlops::registry> registry(mlops::by by = {}) const {
    auto again = cloned();
    if (!again) return again.error();
    return mlops::registry(*std::move(again), std::move(by));
  }

  /// The gates, whose results say who notes them, and why.
  result<mlops::gates> gates(mlops::by by = {}) const {
    auto again = cloned();
    if (!again) return again.error();
    return mlops::gates(*std::move(again), std::move(by));
  }

  /// The manifest of a model as JSON, after a check that its files are exactly those of the manifest. It is named by
  /// `models:/<name>/<version>`, `models:/<name>@<alias>`, `models:/<name>/<stage>`, `models:/<logged model>` or
  /// `runs:/<run id>/<path>`.
  result<buffer> model_manifest(std::string_view uri) const {
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_manifest(get(), detail::str(uri), out, what);
    });
  }

  /// The bytes of one file of a model, checked against their digest.
  result<buffer> read_model(std::string_view uri, std::string_view path) const {
    return detail::fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_read(get(), detail::str(uri), detail::str(path), out, what);
    });
  }

  /// Copies a model beneath a local folder and checks every file; gives the path where it is.
  result<std::string> download_model(std::string_view uri, std::string_view dest) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_download(get(), detail::str(uri), detail::str(dest), out, what);
    });
  }

  /// Hides a run.
  result<void> delete_run(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_run_delete(get(), detail::str(id), what); });
  }

  /// Shows a deleted run again.
  result<void> restore_run(std::string_view id) const {
    return detail::call([&](mlops_error** what) { return mlops_run_restore(get(), detail::str(id), what); });
  }

  /// Moves a run to another experiment.
  result<void> move_run(std::string_view id, std::string_view experiment_id) const {
    return detail::call([&](mlops_error** what) {
      return mlops_run_move(get(), detail::str(id), detail::str(experiment_id), what);
    });
  }

  /// Takes an object of the C functions over.
  explicit store(handle owned) noexcept : store_with_sweeps(std::move(owned)) {}

 private:
  result<handle> cloned() const {
    return detail::make<mlops_store, mlops_store_free>(
        [&](mlops_store** out, mlops_error** what) { return mlops_store_clone(get(), out, what); });
  }

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
    return detail::wrap<run>(detail::make<mlops_run, mlops_run_free>(
        [&](mlops_run** out, mlops_error** what) { return call(raw, out, what); }));
  }
};

}  // namespace mlops

#endif  // MLOPS_STORE_HPP
