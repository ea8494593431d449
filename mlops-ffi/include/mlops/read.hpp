// Objects of the C interface as structs that own their content. Part of mlops.hpp.

#ifndef MLOPS_READ_HPP
#define MLOPS_READ_HPP

#include "types.hpp"

namespace mlops {

namespace detail {

inline result<experiment> read(const mlops_experiment* raw) {
  mlops_experiment_info info = MLOPS_EXPERIMENT_INFO_INIT;
  auto done = call([&](mlops_error** what) { return mlops_experiment_get_info(raw, &info, what); });
  if (!done) return done.error();
  experiment content;
  content.experiment_id = own(info.experiment_id);
  content.name = own(info.name);
  content.lifecycle = info.lifecycle;
  content.created_at = info.created_at;
  content.updated_at = info.updated_at;
  for (std::size_t i = 0; i < mlops_experiment_tags_count(raw); ++i) {
    mlops_tag tag = {{nullptr, 0}, {nullptr, 0}};
    done = call([&](mlops_error** what) { return mlops_experiment_tag(raw, i, &tag, what); });
    if (!done) return done.error();
    content.tags.emplace(own(tag.key), own(tag.value));
  }
  return content;
}

template <class Call>
result<experiment> read_experiment(Call&& function) {
  auto found = make<mlops_experiment, mlops_experiment_free>(function);
  if (!found) return found.error();
  return read(found->get());
}

inline param_value value_of(const mlops_param& raw) {
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
      return own(raw.text);
  }
}

inline result<run_data> read(const mlops_run_data* raw) {
  mlops_run_info info = MLOPS_RUN_INFO_INIT;
  auto done = call([&](mlops_error** what) { return mlops_run_data_info(raw, &info, what); });
  if (!done) return done.error();
  run_data content;
  content.run_id = own(info.run_id);
  content.experiment_id = own(info.experiment_id);
  content.run_name = own(info.run_name);
  content.user = own(info.user);
  content.host = own(info.host);
  content.parent_run_id = own(info.parent_run_id);
  content.status = info.status;
  content.lifecycle = info.lifecycle;
  content.started_at = info.started_at;
  if (info.ended_at != MLOPS_TIME_NONE) content.ended_at = info.ended_at;
  for (std::size_t i = 0; i < mlops_run_data_params_count(raw); ++i) {
    mlops_param found = mlops_param_int(mlops_str{nullptr, 0}, 0);
    done = call([&](mlops_error** what) { return mlops_run_data_param(raw, i, &found, what); });
    if (!done) return done.error();
    content.params.emplace(own(found.key), param{value_of(found), own(found.text)});
  }
  for (std::size_t i = 0; i < mlops_run_data_tags_count(raw); ++i) {
    mlops_tag found = {{nullptr, 0}, {nullptr, 0}};
    done = call([&](mlops_error** what) { return mlops_run_data_tag(raw, i, &found, what); });
    if (!done) return done.error();
    content.tags.emplace(own(found.key), own(found.value));
  }
  for (std::size_t i = 0; i < mlops_run_data_metrics_count(raw); ++i) {
    mlops_metric_summary found = MLOPS_METRIC_SUMMARY_INIT;
    done = call([&](mlops_error** what) { return mlops_run_data_metric(raw, i, &found, what); });
    if (!done) return done.error();
    content.metrics.emplace(own(found.key), metric_summary{found.last, found.last_step, found.last_at, found.min,
                                                           found.max, found.count});
  }
  return content;
}

/// A page of `Item`s from a list of the C interface and its functions.
template <class Item, class List, class Raw>
result<page<Item>> read_page(const List* list, std::size_t (*count)(const List*),
                             mlops_status (*at)(const List*, std::size_t, const Raw**, mlops_error**),
                             mlops_str (*next_page_token)(const List*)) {
  page<Item> content;
  for (std::size_t i = 0; i < count(list); ++i) {
    const Raw* raw = nullptr;
    auto done = call([&](mlops_error** what) { return at(list, i, &raw, what); });
    if (!done) return done.error();
    auto item = read(raw);
    if (!item) return item.error();
    content.items.push_back(*std::move(item));
  }
  content.next_page_token = own(next_page_token(list));
  return content;
}

/// A list of files and folders.
inline result<std::vector<artifact>> read_artifacts(const mlops_artifacts* found) {
  std::vector<artifact> content;
  for (std::size_t i = 0; i < mlops_artifacts_count(found); ++i) {
    mlops_artifact raw = MLOPS_ARTIFACT_INIT;
    auto done = call([&](mlops_error** what) { return mlops_artifacts_at(found, i, &raw, what); });
    if (!done) return done.error();
    content.push_back(artifact{own(raw.path), own(raw.digest), raw.size_bytes, raw.is_dir != 0});
  }
  return content;
}

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_READ_HPP
