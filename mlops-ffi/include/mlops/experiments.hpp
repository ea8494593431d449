// Experiments of a store. Part of mlops.hpp.

#ifndef MLOPS_EXPERIMENTS_HPP
#define MLOPS_EXPERIMENTS_HPP

#include "read.hpp"

namespace mlops {

namespace detail {

/// What holds the handle of a store; what a store can do is added in steps.
class store_handle {
 public:
  /// The handle of the C functions; it stays this object's.
  const mlops_store* get() const noexcept { return handle_.get(); }

  using handle = owned<mlops_store, mlops_store_free>;

 protected:
  explicit store_handle(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  handle handle_;
};

/// What a store does with experiments.
class store_with_experiments : public store_handle {
 public:
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

 protected:
  using store_handle::store_handle;
};

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_EXPERIMENTS_HPP
