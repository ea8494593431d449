// A store as a whole: freed of what nothing needs, copied, checked, and brought from place to place. Part of mlops.hpp.

#ifndef MLOPS_UPKEEP_HPP
#define MLOPS_UPKEEP_HPP

#include "console.hpp"

namespace mlops {

namespace detail {

/// The options of a sync as the C functions take them, as long as it and the options live.
class raw_sync {
 public:
  explicit raw_sync(const sync_options& options)
      : ids_(strs(options.run_ids)), names_(strs(options.experiment_names)) {
    raw_.dry_run = options.dry_run ? 1 : 0;
    raw_.on_conflict = options.on_conflict;
    raw_.include_deleted = options.include_deleted ? 1 : 0;
    raw_.skip_deleted_experiments = options.skip_deleted_experiments ? 1 : 0;
    raw_.run_ids = ids_.data();
    raw_.run_ids_count = ids_.size();
    raw_.experiment_names = names_.data();
    raw_.experiment_names_count = names_.size();
    raw_.filter = str(options.filter);
    raw_.since = options.since;
  }

  const mlops_sync_options* get() const noexcept { return &raw_; }

 private:
  std::vector<mlops_str> ids_;
  std::vector<mlops_str> names_;
  mlops_sync_options raw_ = MLOPS_SYNC_OPTIONS_INIT;
};

/// What is done with a store as a whole. Reports are JSON.
class store_with_upkeep : public store_with_console {
 public:
  /// Frees what nothing refers to, or counts it; the report is JSON.
  result<buffer> gc(const gc_options& options = {}) const {
    mlops_gc_options raw = MLOPS_GC_OPTIONS_INIT;
    raw.dry_run = options.dry_run ? 1 : 0;
    raw.deleted_runs = options.deleted_runs ? 1 : 0;
    raw.older_than_us = options.older_than_us;
    return fill(
        [&](mlops_buf* out, mlops_error** what) { return mlops_store_gc(get(), &raw, out, what); });
  }

  /// Brings runs of another store into this one; the report is JSON. See mlops_store_sync.
  result<buffer> sync_from(const store_handle& source, const sync_options& options = {}) const {
    const raw_sync raw(options);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_store_sync(source.get(), get(), raw.get(), out, what);
    });
  }

  /// Brings runs into a folder, which is made if it is not there, so that they can be carried.
  result<buffer> export_runs(std::string_view dest, const sync_options& options = {}) const {
    const raw_sync raw(options);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_store_export(get(), str(dest), raw.get(), out, what);
    });
  }

  /// Writes runs as plain files into a folder, for other tools; the report is JSON. See mlops_store_export_files.
  result<buffer> export_files(std::string_view dest, const sync_options& options = {}, bool overwrite = false) const {
    const raw_sync raw(options);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_store_export_files(get(), str(dest), raw.get(), overwrite ? 1 : 0, out, what);
    });
  }

  /// Brings runs of the store in a folder, which is only read, into this one.
  result<buffer> import_runs(std::string_view source, const sync_options& options = {}) const {
    const raw_sync raw(options);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_store_import(get(), str(source), raw.get(), out, what);
    });
  }

  /// Reads and checks every byte of a store that no process has open; the report is JSON.
  static result<buffer> fsck(std::string_view uri, bool repair = false) {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_fsck(str(uri), repair ? 1 : 0, out, what);
    });
  }

  /// Copies the store to a new folder, while it is written to; the report is JSON. See mlops_store_backup.
  result<buffer> backup(std::string_view dest, bool keep_going = false) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_store_backup(get(), str(dest), keep_going ? 1 : 0, out, what);
    });
  }

  /// Makes a store at `dest`, where none is yet, from a backup; the report is JSON. See mlops_restore.
  static result<buffer> restore(std::string_view source, std::string_view dest, bool keep_going = false) {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_restore(str(source), str(dest), keep_going ? 1 : 0, out, what);
    });
  }

 protected:
  using store_with_console::store_with_console;
};

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_UPKEEP_HPP
