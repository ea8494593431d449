// The statistics of the gate alone: arrays in, numbers out. Part of mlops.hpp.

#ifndef MLOPS_STATS_HPP
#define MLOPS_STATS_HPP

#include <array>
#include <vector>

#include "result.hpp"

namespace mlops {

/// Differences are counted so that above 0 is better for the candidate; p-values are one-sided unless it is said.
namespace stats {

namespace detail {

template <class Found, class Call>
result<Found> found(Found begun, Call&& function) {
  auto done = mlops::detail::call([&](mlops_error** what) { return function(&begun, what); });
  if (!done) return done.error();
  return begun;
}

}  // namespace detail

/// The corrected resampled t, for the differences of folds or repeated splits, whose training rows overlap.
inline result<mlops_stats_t_result> corrected_t(const std::vector<double>& differences, std::int64_t train_rows,
                                              std::int64_t test_rows) {
  const mlops_stats_t_result begun = MLOPS_STATS_T_RESULT_INIT;
  return detail::found(begun, [&](mlops_stats_t_result* out, mlops_error** what) {
    return mlops_stats_corrected_t(differences.data(), differences.size(), train_rows, test_rows, out, what);
  });
}

/// Student's paired t, for differences of independent rows, and never for folds.
inline result<mlops_stats_t_result> paired_t(const std::vector<double>& differences) {
  const mlops_stats_t_result begun = MLOPS_STATS_T_RESULT_INIT;
  return detail::found(begun, [&](mlops_stats_t_result* out, mlops_error** what) {
    return mlops_stats_paired_t(differences.data(), differences.size(), out, what);
  });
}

/// The combined 5x2cv F test, two-sided, for the differences of both halves of five splits.
inline result<mlops_stats_f_result> five_by_two_f(const std::array<std::array<double, 2>, 5>& differences) {
  const mlops_stats_f_result begun = MLOPS_STATS_F_RESULT_INIT;
  std::vector<double> all;
  for (const auto& split : differences) all.insert(all.end(), split.begin(), split.end());
  return detail::found(begun, [&](mlops_stats_f_result* out, mlops_error** what) {
    return mlops_stats_five_by_two_f(all.data(), all.size(), out, what);
  });
}

/// Two one-sided t tests that the mean difference is within the margin: for the same model in another runtime.
inline result<mlops_stats_tost_result> tost(const std::vector<double>& differences, double margin) {
  const mlops_stats_tost_result begun = MLOPS_STATS_TOST_RESULT_INIT;
  return detail::found(begun, [&](mlops_stats_tost_result* out, mlops_error** what) {
    return mlops_stats_tost(differences.data(), differences.size(), margin, out, what);
  });
}

/// Wilcoxon's signed-rank test, for differences over data sets or tenants, or of rows with heavy tails.
inline result<mlops_stats_wilcoxon_result> wilcoxon(const std::vector<double>& differences) {
  const mlops_stats_wilcoxon_result begun = MLOPS_STATS_WILCOXON_RESULT_INIT;
  return detail::found(begun, [&](mlops_stats_wilcoxon_result* out, mlops_error** what) {
    return mlops_stats_wilcoxon(differences.data(), differences.size(), out, what);
  });
}

/// The test of Diebold and Mariano, of differences of losses in the order of time.
inline result<mlops_stats_diebold_mariano_result> diebold_mariano(const std::vector<double>& differences,
                                                           std::int64_t horizon = 1) {
  const mlops_stats_diebold_mariano_result begun = MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT;
  return detail::found(begun, [&](mlops_stats_diebold_mariano_result* out, mlops_error** what) {
    return mlops_stats_diebold_mariano(differences.data(), differences.size(), horizon, out, what);
  });
}

/// McNemar's exact test: on `b` rows just the candidate is right, on `c` just the baseline.
inline result<mlops_stats_mcnemar_result> mcnemar(std::int64_t b, std::int64_t c) {
  const mlops_stats_mcnemar_result begun = MLOPS_STATS_MCNEMAR_RESULT_INIT;
  return detail::found(begun, [&](mlops_stats_mcnemar_result* out, mlops_error** what) {
    return mlops_stats_mcnemar(b, c, out, what);
  });
}

/// DeLong's test of two areas under the ROC curve: of each row whether it is positive (1) or not (0), and both scores of that.
inline result<mlops_stats_delong_result> delong(const std::vector<std::int64_t>& targets, const std::vector<double>& candidate,
                                         const std::vector<double>& baseline) {
  if (candidate.size() != targets.size() || baseline.size() != targets.size()) {
    return error(MLOPS_INVALID_ARGUMENT, "targets, candidate and baseline have different lengths: a number for each row of each");
  }
  const mlops_stats_delong_result begun = MLOPS_STATS_DELONG_RESULT_INIT;
  return detail::found(begun, [&](mlops_stats_delong_result* out, mlops_error** what) {
    return mlops_stats_delong(targets.data(), candidate.data(), baseline.data(), targets.size(), out, what);
  });
}

/// Wilson's interval of a share, `count` of `n`, with `alpha / 2` on each side.
inline result<mlops_stats_interval> wilson(std::int64_t count, std::int64_t n, double alpha = 0.05) {
  const mlops_stats_interval begun = MLOPS_STATS_INTERVAL_INIT;
  return detail::found(begun, [&](mlops_stats_interval* out, mlops_error** what) {
    return mlops_stats_wilson(count, n, alpha, out, what);
  });
}

/// Newcombe's interval of the difference of two shares of different rows, first less second.
inline result<mlops_stats_interval> newcombe(std::int64_t first, std::int64_t first_n, std::int64_t second,
                                             std::int64_t second_n, double alpha = 0.05) {
  const mlops_stats_interval begun = MLOPS_STATS_INTERVAL_INIT;
  return detail::found(begun, [&](mlops_stats_interval* out, mlops_error** what) {
    return mlops_stats_newcombe(first, first_n, second, second_n, alpha, out, what);
  });
}

/// Holm's adjusted p-values, in the order of those given.
inline result<std::vector<double>> holm(const std::vector<double>& p_values) {
  std::vector<double> adjusted(p_values.size() + 1);
  auto done = mlops::detail::call([&](mlops_error** what) {
    return mlops_stats_holm(p_values.data(), p_values.size(), adjusted.data(), what);
  });
  if (!done) return done.error();
  adjusted.pop_back();
  return adjusted;
}

}  // namespace stats

}  // namespace mlops

#endif  // MLOPS_STATS_HPP
