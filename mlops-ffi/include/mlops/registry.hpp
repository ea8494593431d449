// The model registry: versions, promotions, policies, what happened, and watches for hosts that serve. Part of mlops.hpp.

#ifndef MLOPS_REGISTRY_HPP
#define MLOPS_REGISTRY_HPP

#include <chrono>
#include <functional>

#include "sweeps.hpp"

namespace mlops {

/// Which models or versions are looked for; as it is: all.
struct model_query {
  std::string filter;
  std::vector<std::string> order_by;
  std::size_t max_results = 0;
  std::string page_token;
};

/// How a version is made; what is empty is not given.
struct version_options {
  std::string source;
  std::string run_id = {};
  std::string run_link = {};
  std::string model_id = {};
  std::string description = {};
  mlops::tags tags = {};
  /// False: a source that this store does not have is taken too; the version has no files and no digest then.
  bool must_exist = true;
  /// True: a registered model that does not exist is an error, and is not made.
  bool model_must_exist = false;
  /// True: it is meant that the store does not have the files, where a policy asks for verified sources.
  bool external = false;
};

/// How a version is promoted; as it is: to Production, in the slot without a name.
struct promote_options {
  std::string to = {};
  std::string slot = {};
  /// The generation that the slot must have.
  std::int64_t expect = MLOPS_GENERATION_ANY;
  bool keep_existing = false;
  bool leave_empty = false;
};

/// What a gate said of a version: `verdict` is pass, fail, error, inconclusive or ask; `report` is JSON.
struct gate {
  std::string name;
  std::string verdict;
  std::int64_t baseline = MLOPS_VERSION_NONE;
  std::map<std::string, double> metrics = {};
  std::string report = {};
  std::string data = {};
  std::string rules = {};
};

/// Who changes the registry, and why; both stand in the history.
struct by {
  std::string actor = {};
  std::string reason = {};
};

/// What is in production: the version, or MLOPS_VERSION_NONE, and how often that has changed.
struct production {
  std::int64_t version = MLOPS_VERSION_NONE;
  std::int64_t generation = 0;
};

/// The end of the log of events.
struct log_head {
  std::int64_t seq = 0;
  std::string hash;
};

/// Knows which version is in production, or which one an alias points to, whichever process changes it.
class watch {
 public:
  /// The version that is there, or MLOPS_VERSION_NONE; some nanoseconds.
  std::int64_t current() const noexcept { return mlops_watch_current(get()); }
  /// The generation of the slot, that a promotion may expect.
  std::int64_t generation() const noexcept { return mlops_watch_generation(get()); }
  /// How often it has changed since it is watched; some nanoseconds.
  std::int64_t changes() const noexcept { return mlops_watch_changes(get()); }
  /// Whether it has changed since the last time that this or `wait` said so; some nanoseconds.
  bool changed() const noexcept { return mlops_watch_changed(get()); }
  /// How long ago the store was last looked at with success.
  std::chrono::microseconds age() const noexcept { return std::chrono::microseconds(mlops_watch_age(get())); }

  /// Waits for a change; false if the time is over first.
  result<bool> wait(std::chrono::microseconds timeout) const {
    std::int32_t changed = 0;
    auto done =
        detail::call([&](mlops_error** what) { return mlops_watch_wait(get(), timeout.count(), &changed, what); });
    if (!done) return done.error();
    return changed != 0;
  }

  /// Keeps a listener told, until it is destroyed.
  class subscription {
   public:
    using handle = detail::owned<mlops_watch_subscription, mlops_watch_subscription_free>;
    using listener = std::function<void(std::int64_t version, std::int64_t changes)>;

   private:
    friend class watch;
    subscription(std::shared_ptr<listener> told, handle owned) noexcept
        : told_(std::move(told)), handle_(std::move(owned)) {}

    std::shared_ptr<listener> told_;
    handle handle_;
  };

  /// Has a function called after each change with the version that is there then, from a thread of the library: it must be
  /// short and not throw. A call that is under way may outlive the subscription: what it uses must live until the watch is
  /// destroyed.
  result<subscription> on_change(subscription::listener listener) {
    listeners_.push_back(std::make_shared<subscription::listener>(std::move(listener)));
    mlops_watch_listener raw{};
    raw.callback = [](void* data, std::int64_t version, std::int64_t changes) {
      (*static_cast<subscription::listener*>(data))(version, changes);
    };
    raw.user_data = listeners_.back().get();
    auto made = detail::make<mlops_watch_subscription, mlops_watch_subscription_free>(
        [&](mlops_watch_subscription** out, mlops_error** what) {
          return mlops_watch_on_change(get(), &raw, out, what);
        });
    if (!made) return made.error();
    return subscription(listeners_.back(), *std::move(made));
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_watch* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_watch, mlops_watch_free>;
  /// Takes an object of the C functions over.
  explicit watch(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  // Destroyed after the handle: a call of a listener may be under way until then.
  std::vector<std::shared_ptr<subscription::listener>> listeners_;
  handle handle_;
};

/// The registry of a store, used by somebody for a reason. It keeps the store open. JSON has the keys of `mlops models ...
/// --json`.
class registry {
 public:
  /// The same registry, used by somebody else or for another reason.
  result<registry> with(mlops::by by) const {
    auto again = detail::make<mlops_store, mlops_store_free>(
        [&](mlops_store** out, mlops_error** what) { return mlops_store_clone(get(), out, what); });
    if (!again) return again.error();
    return registry(*std::move(again), std::move(by));
  }

  /// Makes a registered model without versions.
  result<void> create_model(std::string_view name, std::string_view description = {}, const tags& tags = {}) const {
    const auto raw = detail::raw_tags(tags);
    return change([&](mlops_error** what) {
      return mlops_registered_model_create(get(), str(name), str(description), raw.data(), raw.size(), actor(),
                                           reason(), what);
    });
  }

  /// A registered model as JSON.
  result<buffer> model_json(std::string_view name) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_registered_model_json(get(), str(name), out, what);
    });
  }

  /// A page of the registered models that match a query, as JSON.
  result<buffer> search_models_json(const model_query& query = {}) const {
    const auto order_by = detail::strs(query.order_by);
    const auto raw = raw_query(query, order_by);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_registered_model_search_json(get(), &raw, out, what);
    });
  }

  /// Gives a registered model another name.
  result<void> rename_model(std::string_view name, std::string_view to) const {
    return change([&](mlops_error** what) {
      return mlops_registered_model_rename(get(), str(name), str(to), actor(), reason(), what);
    });
  }

  /// Replaces the description of a registered model.
  result<void> describe_model(std::string_view name, std::string_view description) const {
    return change([&](mlops_error** what) {
      return mlops_registered_model_describe(get(), str(name), str(description), actor(), reason(), what);
    });
  }

  /// Deletes a registered model with its versions; `force` deletes whatever a policy protects.
  result<void> delete_model(std::string_view name, bool force = false) const {
    return change([&](mlops_error** what) {
      return mlops_registered_model_delete(get(), str(name), force ? 1 : 0, actor(), reason(), what);
    });
  }

  /// Sets a tag of a registered model.
  result<void> set_model_tag(std::string_view name, std::string_view key, std::string_view value) const {
    return change([&](mlops_error** what) {
      return mlops_registered_model_set_tag(get(), str(name), str(key), str(value), actor(), reason(), what);
    });
  }

  /// Removes a tag of a registered model, if it has it.
  result<void> delete_model_tag(std::string_view name, std::string_view key) const {
    return change([&](mlops_error** what) {
      return mlops_registered_model_delete_tag(get(), str(name), str(key), actor(), reason(), what);
    });
  }

  /// Points an alias to a version. The alias `production` is a promotion.
  result<void> set_alias(std::string_view name, std::string_view alias, std::int64_t version) const {
    return change([&](mlops_error** what) {
      return mlops_registered_model_set_alias(get(), str(name), str(alias), version, actor(), reason(), what);
    });
  }

  /// Removes an alias, if there is one of this name.
  result<void> delete_alias(std::string_view name, std::string_view alias) const {
    return change([&](mlops_error** what) {
      return mlops_registered_model_delete_alias(get(), str(name), str(alias), actor(), reason(), what);
    });
  }

  /// The version that an alias points to.
  result<std::int64_t> by_alias(std::string_view name, std::string_view alias) const {
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_registered_model_by_alias(get(), str(name), str(alias), out, what);
    });
  }

  /// What is in production in a slot. `watch` is for hosts that ask again and again.
  result<mlops::production> production(std::string_view name, std::string_view slot = {}) const {
    mlops::production found;
    auto done = detail::call([&](mlops_error** what) {
      return mlops_registered_model_production(get(), str(name), str(slot), &found.version, &found.generation, what);
    });
    if (!done) return done.error();
    return found;
  }

  /// The version that was in a stage at a time in microseconds, or MLOPS_VERSION_NONE.
  result<std::int64_t> at(std::string_view name, std::int64_t time, std::string_view stage = {},
                          std::string_view slot = {}) const {
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_registered_model_at(get(), str(name), str(stage), str(slot), time, out, what);
    });
  }

  /// All that happened under a name, as JSON.
  result<buffer> history_json(std::string_view name) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_registered_model_history_json(get(), str(name), out, what);
    });
  }

  /// What is left of the versions that were deleted under a name, as JSON.
  result<buffer> deleted_versions_json(std::string_view name) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_registered_model_deleted_versions_json(get(), str(name), out, what);
    });
  }

  /// Makes a version, and the registered model if there is none; gives its number.
  result<std::int64_t> create_version(std::string_view name, const version_options& options) const {
    const auto tags = detail::raw_tags(options.tags);
    mlops_version_options raw = MLOPS_VERSION_OPTIONS_INIT;
    raw.must_exist = options.must_exist ? 1 : 0;
    raw.model_must_exist = options.model_must_exist ? 1 : 0;
    raw.external = options.external ? 1 : 0;
    raw.source = str(options.source);
    raw.run_id = str(options.run_id);
    raw.run_link = str(options.run_link);
    raw.model_id = str(options.model_id);
    raw.description = str(options.description);
    raw.tags = tags.data();
    raw.tags_count = tags.size();
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_model_version_create(get(), str(name), &raw, actor(), reason(), out, what);
    });
  }

  /// Makes a version of another registered model of the files of a version; gives its number.
  result<std::int64_t> copy_version(std::string_view name, std::int64_t version, std::string_view to) const {
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_model_version_copy(get(), str(name), version, str(to), actor(), reason(), out, what);
    });
  }

  /// The number of the version that a `models:/` URI names now.
  result<std::int64_t> version_of_uri(std::string_view uri) const {
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_model_version_of_uri(get(), str(uri), out, what);
    });
  }

  /// A version as JSON.
  result<buffer> version_json(std::string_view name, std::int64_t version) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_json(get(), str(name), version, out, what);
    });
  }

  /// The digest of the list of files of a version; empty if the store does not have them.
  result<std::string> digest(std::string_view name, std::int64_t version) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_digest(get(), str(name), version, out, what);
    });
  }

  /// A page of the versions that match a query, as JSON.
  result<buffer> search_versions_json(const model_query& query = {}) const {
    const auto order_by = detail::strs(query.order_by);
    const auto raw = raw_query(query, order_by);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_search_json(get(), &raw, out, what);
    });
  }

  /// Replaces the description of a version.
  result<void> describe_version(std::string_view name, std::int64_t version, std::string_view description) const {
    return change([&](mlops_error** what) {
      return mlops_model_version_describe(get(), str(name), version, str(description), actor(), reason(), what);
    });
  }

  /// Sets a tag of a version.
  result<void> set_version_tag(std::string_view name, std::int64_t version, std::string_view key,
                               std::string_view value) const {
    return change([&](mlops_error** what) {
      return mlops_model_version_set_tag(get(), str(name), version, str(key), str(value), actor(), reason(), what);
    });
  }

  /// Removes a tag of a version, if it has it.
  result<void> delete_version_tag(std::string_view name, std::int64_t version, std::string_view key) const {
    return change([&](mlops_error** what) {
      return mlops_model_version_delete_tag(get(), str(name), version, str(key), actor(), reason(), what);
    });
  }

  /// Deletes a version; `force` deletes whatever a policy protects.
  result<void> delete_version(std::string_view name, std::int64_t version, bool force = false) const {
    return change([&](mlops_error** what) {
      return mlops_model_version_delete(get(), str(name), version, force ? 1 : 0, actor(), reason(), what);
    });
  }

  /// Moves a version to a stage, as MLflow does it.
  result<void> set_stage(std::string_view name, std::int64_t version, std::string_view stage,
                         bool archive_existing = false, std::int64_t expect = MLOPS_GENERATION_ANY) const {
    return change([&](mlops_error** what) {
      return mlops_model_version_set_stage(get(), str(name), version, str(stage), archive_existing ? 1 : 0, expect,
                                           actor(), reason(), what);
    });
  }

  /// The files and folders directly in a folder of a version (empty: the top).
  result<std::vector<artifact>> list_files(std::string_view name, std::int64_t version,
                                           std::string_view path = {}) const {
    auto found = detail::make<mlops_artifacts, mlops_artifacts_free>([&](mlops_artifacts** out, mlops_error** what) {
      return mlops_model_version_list_files(get(), str(name), version, str(path), out, what);
    });
    if (!found) return found.error();
    return detail::read_artifacts(found->get());
  }

  /// The bytes of one file of a version, checked against their digest.
  result<buffer> read_file(std::string_view name, std::int64_t version, std::string_view path) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_read_file(get(), str(name), version, str(path), out, what);
    });
  }

  /// Copies a file or folder of a version (empty: all) beneath a local folder; gives the path where it is.
  result<std::string> download_files(std::string_view name, std::int64_t version, std::string_view path,
                                     std::string_view dest) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_download_files(get(), str(name), version, str(path), str(dest), out, what);
    });
  }

  /// What a version is and where it is from, as JSON.
  result<buffer> manifest_json(std::string_view name, std::int64_t version) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_manifest_json(get(), str(name), version, out, what);
    });
  }

  /// Promotes a version; gives what was done as JSON.
  result<buffer> promote(std::string_view name, std::int64_t version, const promote_options& options = {}) const {
    mlops_promote_options raw = MLOPS_PROMOTE_OPTIONS_INIT;
    raw.keep_existing = options.keep_existing ? 1 : 0;
    raw.leave_empty = options.leave_empty ? 1 : 0;
    raw.to = str(options.to);
    raw.slot = str(options.slot);
    raw.expect = options.expect;
    std::int64_t generation = 0;
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_promote(get(), str(name), version, &raw, actor(), reason(), &generation, out, what);
    });
  }

  /// Goes back to what was in production before, or to a version that once was; gives what was done as JSON.
  result<buffer> rollback(std::string_view name, std::string_view slot = {},
                          std::int64_t to = MLOPS_VERSION_NONE) const {
    std::int64_t version = 0;
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_registered_model_rollback(get(), str(name), str(slot), to, actor(), reason(), &version, out, what);
    });
  }

  /// Asks for approval of a version for a stage (empty: Production).
  result<buffer> request_approval(std::string_view name, std::int64_t version, std::string_view to = {}) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_request_approval(get(), str(name), version, str(to), actor(), reason(), out, what);
    });
  }

  /// Approves a version for a stage (empty: Production).
  result<buffer> approve(std::string_view name, std::int64_t version, std::string_view to = {}) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_approve(get(), str(name), version, str(to), actor(), reason(), out, what);
    });
  }

  /// Rejects a version for a stage (empty: Production).
  result<buffer> reject(std::string_view name, std::int64_t version, std::string_view to = {}) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_reject(get(), str(name), version, str(to), actor(), reason(), out, what);
    });
  }

  /// Takes back what the actor said of a version for a stage (empty: Production).
  result<buffer> withdraw(std::string_view name, std::int64_t version, std::string_view to = {}) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_withdraw(get(), str(name), version, str(to), actor(), reason(), out, what);
    });
  }

  /// The versions that somebody wants approved, as JSON.
  result<buffer> pending_json() const {
    return fill([&](mlops_buf* out, mlops_error** what) { return mlops_registry_pending_json(get(), out, what); });
  }

  /// What the policy asks for before a version goes to a stage, and what is there, as JSON.
  result<buffer> status_json(std::string_view name, std::int64_t version, std::string_view to = {},
                             std::string_view slot = {}) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_status_json(get(), str(name), version, str(to), str(slot), out, what);
    });
  }

  /// Notes what a gate said of a version.
  result<buffer> record_gate(std::string_view name, std::int64_t version, const gate& gate) const {
    std::vector<mlops_metric> metrics;
    for (const auto& [key, value] : gate.metrics) metrics.push_back(mlops_metric{str(key), value, 0, 0});
    mlops_gate raw = MLOPS_GATE_INIT;
    raw.name = str(gate.name);
    raw.verdict = str(gate.verdict);
    raw.baseline = gate.baseline;
    raw.metrics = metrics.data();
    raw.metrics_count = metrics.size();
    raw.report = str(gate.report);
    raw.data = str(gate.data);
    raw.rules = str(gate.rules);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_record_gate(get(), str(name), version, &raw, actor(), reason(), out, what);
    });
  }

  /// Why a version is where it is, as JSON.
  result<buffer> why_json(std::string_view name, std::int64_t version) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_why_json(get(), str(name), version, out, what);
    });
  }

  /// The same for people, a line each.
  result<std::string> why(std::string_view name, std::int64_t version) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_why_text(get(), str(name), version, out, what);
    });
  }

  /// The card of a version as JSON.
  result<buffer> card_json(std::string_view name, std::int64_t version) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_card_json(get(), str(name), version, out, what);
    });
  }

  /// The card of a version as Markdown.
  result<std::string> card(std::string_view name, std::int64_t version) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_model_version_card_markdown(get(), str(name), version, out, what);
    });
  }

  /// What holds for a model that goes to a stage, or without a model all that was set, as JSON.
  result<buffer> policy_json(std::string_view model = {}, std::string_view to = {}) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_registry_policy_json(get(), str(model), str(to), out, what);
    });
  }

  /// The policies that were set, as TOML.
  result<std::string> policies_toml() const {
    return detail::fill_text(
        [&](mlops_buf* out, mlops_error** what) { return mlops_registry_policies_toml(get(), out, what); });
  }

  /// Sets all policies that a text of TOML names.
  result<void> set_policies(std::string_view toml) const {
    return change([&](mlops_error** what) {
      return mlops_registry_set_policies(get(), str(toml), actor(), reason(), what);
    });
  }

  /// Sets the policy of a model (empty: of the store) for a stage: a JSON object of fields; empty takes it away.
  result<void> set_policy(std::string_view model, std::string_view fields, std::string_view to = {}) const {
    return change([&](mlops_error** what) {
      return mlops_registry_set_policy(get(), str(model), str(to), str(fields), actor(), reason(), what);
    });
  }

  /// At most `limit` events behind a number, as a JSON list.
  result<buffer> events_json(std::int64_t after = 0, std::size_t limit = 1000) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_registry_events_json(get(), after, limit, out, what);
    });
  }

  /// The end of the log of events.
  result<log_head> head() const {
    log_head found;
    auto hash = detail::fill_text(
        [&](mlops_buf* out, mlops_error** what) { return mlops_registry_head(get(), &found.seq, out, what); });
    if (!hash) return hash.error();
    found.hash = *std::move(hash);
    return found;
  }

  /// Walks the log of events, and compares it with an end that was kept elsewhere; gives how far it goes.
  result<std::int64_t> verify(const log_head& kept = {}) const {
    return integer([&](std::int64_t* out, mlops_error** what) {
      return mlops_registry_verify(get(), kept.seq, str(kept.hash), out, what);
    });
  }

  /// Watches what is in production in a slot.
  result<mlops::watch> watch(std::string_view model, std::string_view slot = {}) const {
    return watch_of(model, slot, {});
  }

  /// Watches what an alias points to.
  result<mlops::watch> watch_alias(std::string_view model, std::string_view alias) const {
    return watch_of(model, {}, alias);
  }

  using handle = detail::owned<mlops_store, mlops_store_free>;
  /// Takes a handle of a store over.
  registry(handle owned, mlops::by by) noexcept : handle_(std::move(owned)), by_(std::move(by)) {}

 private:
  static mlops_str str(std::string_view text) noexcept { return detail::str(text); }
  const mlops_store* get() const noexcept { return handle_.get(); }
  mlops_str actor() const noexcept { return detail::str(by_.actor); }
  mlops_str reason() const noexcept { return detail::str(by_.reason); }

  template <class Call>
  static result<void> change(Call&& function) {
    return detail::call(std::forward<Call>(function));
  }

  template <class Call>
  static result<buffer> fill(Call&& function) {
    return detail::fill(std::forward<Call>(function));
  }

  template <class Call>
  static result<std::int64_t> integer(Call&& function) {
    std::int64_t found = 0;
    auto done = detail::call([&](mlops_error** what) { return function(&found, what); });
    if (!done) return done.error();
    return found;
  }

  static mlops_model_query raw_query(const model_query& query, const std::vector<mlops_str>& order_by) {
    mlops_model_query raw = MLOPS_MODEL_QUERY_INIT;
    raw.filter = str(query.filter);
    raw.order_by = order_by.data();
    raw.order_by_count = order_by.size();
    raw.max_results = query.max_results;
    raw.page_token = str(query.page_token);
    return raw;
  }

  result<mlops::watch> watch_of(std::string_view model, std::string_view slot, std::string_view alias) const {
    return detail::wrap<mlops::watch>(detail::make<mlops_watch, mlops_watch_free>(
        [&](mlops_watch** out, mlops_error** what) {
          return mlops_watch_open(get(), str(model), str(slot), str(alias), out, what);
        }));
  }

  handle handle_;
  mlops::by by_;
};

}  // namespace mlops

#endif  // MLOPS_REGISTRY_HPP
