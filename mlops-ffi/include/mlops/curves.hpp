// What runs say over their steps: series, media, definitions, alerts, reports. Part of mlops.hpp.

#ifndef MLOPS_CURVES_HPP
#define MLOPS_CURVES_HPP

#include "tables.hpp"

namespace mlops {

namespace detail {

/// How a store reads what runs say over their steps. JSON is that of the C functions of the same names.
class store_with_curves : public store_with_searches {
 public:
  /// The points of one metric; empty if the run has no such metric.
  result<series> metric_history(std::string_view run_id, std::string_view key) const {
    auto found = make<mlops_series, mlops_series_free>([&](mlops_series** out, mlops_error** what) {
      return mlops_metric_history(get(), str(run_id), str(key), out, what);
    });
    return with_points(std::move(found));
  }

  /// The points of a metric over the values of another, such as `epoch`, which stand in `at()`.
  result<series> metric_history_by(std::string_view run_id, std::string_view key, std::string_view step_metric) const {
    return with_points(make<mlops_series, mlops_series_free>([&](mlops_series** out, mlops_error** what) {
      return mlops_metric_history_by(get(), str(run_id), str(key), str(step_metric), out, what);
    }));
  }

  /// The contexts that a metric of a run has series of: `[{}, {"subset": "train"}]`.
  result<buffer> metric_contexts_json(std::string_view run_id, std::string_view key) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_metric_contexts_json(get(), str(run_id), str(key), out, what);
    });
  }

  /// What a run says of its metrics, by the name or pattern that it is for.
  result<buffer> metric_definitions_json(std::string_view run_id) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_run_metric_definitions_json(get(), str(run_id), out, what);
    });
  }

  /// What sums up each metric of a run: `{"loss": {"min": 0.1}}`.
  result<buffer> summary_json(std::string_view run_id) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_run_summary_json(get(), str(run_id), out, what);
    });
  }

  /// The texts, images, tables and histograms of a run.
  result<buffer> media_json(std::string_view run_id) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_run_media_json(get(), str(run_id), out, what);
    });
  }

  /// Those of one series, of one kind (`MLOPS_MEDIA_TEXT`...) or of any (0).
  result<buffer> media_history_json(std::string_view run_id, std::string_view key, std::int32_t kind = 0) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_media_history_json(get(), str(run_id), str(key), kind, out, what);
    });
  }

  /// The alerts of a run, the oldest first.
  result<buffer> alerts_json(std::string_view run_id) const {
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_run_alerts_json(get(), str(run_id), out, what);
    });
  }

  /// Runs side by side; without what all have alike if `only_differences`.
  result<buffer> compare_json(const std::vector<std::string>& run_ids, bool only_differences = true) const {
    const std::vector<mlops_str> ids = strs(run_ids);
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_run_compare_json(get(), ids.data(), ids.size(), only_differences ? 1 : 0, out, what);
    });
  }

  /// Writes a report of runs to a file of HTML; what it does not hold is said in JSON.
  result<buffer> write_report(const std::vector<std::string>& run_ids, std::string_view path,
                              const report_options& options = {}) const {
    const std::vector<mlops_str> ids = strs(run_ids);
    mlops_report_options raw = MLOPS_REPORT_OPTIONS_INIT;
    raw.title = str(options.title);
    raw.image_bytes = options.image_bytes;
    raw.images_bytes = options.images_bytes;
    raw.points = options.points;
    return fill([&](mlops_buf* out, mlops_error** what) {
      return mlops_report_write(get(), ids.data(), ids.size(), str(path), &raw, out, what);
    });
  }

  /// The curve of a metric in characters, for a terminal.
  result<std::string> metric_plot(std::string_view run_id, std::string_view key, std::size_t width = 80,
                                  std::size_t height = 16) const {
    return fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_metric_plot(get(), str(run_id), str(key), width, height, out, what);
    });
  }

  /// The curves of a metric, a curve a run, as the text of an `<svg>` element.
  result<std::string> metric_svg(const std::vector<std::string>& run_ids, std::string_view key) const {
    const std::vector<mlops_str> ids = strs(run_ids);
    return fill_text([&](mlops_buf* out, mlops_error** what) {
      return mlops_metric_svg(get(), ids.data(), ids.size(), str(key), out, what);
    });
  }

 protected:
  using store_with_searches::store_with_searches;

 private:
  static result<series> with_points(result<series::handle> found) {
    if (!found) return found.error();
    mlops_points points = MLOPS_POINTS_INIT;
    auto done = call([&](mlops_error** what) { return mlops_series_points(found->get(), &points, what); });
    if (!done) return done.error();
    return series(*std::move(found), points);
  }
};

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_CURVES_HPP
