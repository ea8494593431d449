/* Statistics alone: the numbers of the examples in Rust, and what is refused. Argument: an empty folder, which stays so. */

#include "check.h"

#include <math.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static int near(double found, double expected, double within) { return fabs(found - expected) < within; }

static void of_folds(void) {
  const double three[] = {1.0, 2.0, 3.0};
  const double folds[] = {0.02, 0.01, 0.03, 0.015, 0.025};
  const double halves[] = {0.1, 0.2, 0.0, 0.1, 0.2, 0.2, 0.1, 0.0, 0.1, 0.1};
  mlops_stats_t_result plain = MLOPS_STATS_T_RESULT_INIT;
  mlops_stats_t_result corrected = MLOPS_STATS_T_RESULT_INIT;
  mlops_stats_f_result f = MLOPS_STATS_F_RESULT_INIT;
  OK(mlops_stats_paired_t(three, COUNT(three), &plain, &error));
  CHECK(near(plain.t, 3.4641016151377544, 1e-12) && near(plain.p_value, 0.03708995, 1e-8));
  CHECK(plain.difference == 2.0 && plain.df == 2.0 && plain.struct_size == sizeof plain && plain.reserved == 0);
  OK(mlops_stats_paired_t(folds, COUNT(folds), &plain, &error));
  OK(mlops_stats_corrected_t(folds, COUNT(folds), 800, 200, &corrected, &error));
  CHECK(corrected.p_value > plain.p_value && corrected.difference == plain.difference);
  CHECK(near(corrected.error / plain.error, 1.5, 1e-12));
  OK(mlops_stats_five_by_two_f(halves, COUNT(halves), &f, &error));
  CHECK(near(f.f, 17.0 / 3.0, 1e-12) && f.p_value < 0.05);
  FAILS(MLOPS_INVALID_ARGUMENT, "9 numbers", mlops_stats_five_by_two_f(halves, 9, &f, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "train_rows", mlops_stats_corrected_t(folds, COUNT(folds), 0, 200, &corrected, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "test_rows", mlops_stats_corrected_t(folds, COUNT(folds), 9, -1, &corrected, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "differences", mlops_stats_paired_t(NULL, 0, &plain, &error));
}

static void of_rows_and_data_sets(void) {
  const double same[] = {0.001, -0.002, 0.0, 0.001};
  const double sets[] = {0.3, 0.1, -0.2, 0.5, 0.4, 0.6};
  const double gains[] = {0.3, 0.5, -0.1, 0.4, 0.2, 0.1, 0.6, 0.0};
  const double broken[] = {0.1, NAN};
  mlops_stats_tost_result equal = MLOPS_STATS_TOST_RESULT_INIT;
  mlops_stats_wilcoxon_result ranks = MLOPS_STATS_WILCOXON_RESULT_INIT;
  mlops_stats_diebold_mariano_result series = MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT;
  OK(mlops_stats_tost(same, COUNT(same), 0.01, &equal, &error));
  CHECK(equal.p_value < 0.01 && equal.p_value >= equal.p_not_below && equal.p_value >= equal.p_not_above);
  OK(mlops_stats_wilcoxon(sets, COUNT(sets), &ranks, &error));
  CHECK(ranks.statistic == 19.0 && ranks.p_value == 0.046875 && ranks.exact == 1);
  OK(mlops_stats_diebold_mariano(gains, COUNT(gains), 2, &series, &error));
  CHECK(series.p_value < 0.05 && near(series.statistic, 2.5, 1e-12) && series.without_lags == 1);
  FAILS(MLOPS_INVALID_ARGUMENT, "margin", mlops_stats_tost(same, COUNT(same), 0.0, &equal, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "NaN", mlops_stats_wilcoxon(broken, COUNT(broken), &ranks, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "horizon", mlops_stats_diebold_mariano(gains, COUNT(gains), 8, &series, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "horizon", mlops_stats_diebold_mariano(gains, COUNT(gains), -1, &series, &error));
  CHECK(ranks.statistic == 19.0); /* a call that fails writes nothing */
}

static void of_counts(void) {
  mlops_stats_mcnemar_result discordant = MLOPS_STATS_MCNEMAR_RESULT_INIT;
  mlops_stats_interval interval = MLOPS_STATS_INTERVAL_INIT;
  OK(mlops_stats_mcnemar(8, 2, &discordant, &error));
  CHECK(near(discordant.p_value, 0.0546875, 1e-12) && near(discordant.two_sided, 0.109375, 1e-12));
  CHECK(near(discordant.mid_p, 0.03271484375, 1e-12) && near(discordant.two_sided_mid_p, 0.0654296875, 1e-12));
  OK(mlops_stats_mcnemar(0, 0, &discordant, &error));
  CHECK(discordant.p_value == 1.0);
  OK(mlops_stats_wilson(0, 10, 0.05, &interval, &error));
  CHECK(interval.lower == 0.0 && near(interval.upper, 0.27753279986, 1e-9));
  OK(mlops_stats_newcombe(56, 70, 48, 80, 0.05, &interval, &error));
  CHECK(near(interval.lower, 0.0524, 1e-4) && near(interval.upper, 0.3339, 1e-4));
  FAILS(MLOPS_INVALID_ARGUMENT, "b `-1`", mlops_stats_mcnemar(-1, 2, &discordant, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "n `2`", mlops_stats_wilson(3, 2, 0.05, &interval, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "alpha", mlops_stats_wilson(1, 2, 1.0, &interval, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "second_n", mlops_stats_newcombe(1, 2, 1, -2, 0.05, &interval, &error));
}

static void of_areas_and_many(void) {
  int64_t targets[] = {0, 0, 1, 1, 0, 1};
  const double candidate[] = {0.1, 0.4, 0.8, 0.9, 0.3, 0.7};
  const double baseline[] = {0.1, 0.9, 0.8, 0.3, 0.2, 0.7};
  double p_values[] = {0.04, 0.01, 0.03};
  double adjusted[] = {-1.0, -1.0, -1.0};
  mlops_stats_delong_result areas = MLOPS_STATS_DELONG_RESULT_INIT;
  OK(mlops_stats_delong(targets, candidate, baseline, COUNT(targets), &areas, &error));
  CHECK(near(areas.difference, 1.0 / 3.0, 1e-12) && areas.p_value < 0.5 && areas.candidate == 1.0);
  CHECK(areas.positives == 3 && areas.negatives == 3 && areas.error > 0.0);
  targets[4] = -1;
  FAILS(MLOPS_INVALID_ARGUMENT, "row 5 of targets", mlops_stats_delong(targets, candidate, baseline, 6, &areas, &error));
  targets[4] = 2;
  FAILS(MLOPS_INVALID_ARGUMENT, "row 5 of targets", mlops_stats_delong(targets, candidate, baseline, 6, &areas, &error));
  FAILS(MLOPS_INVALID_ARGUMENT, "targets", mlops_stats_delong(targets, candidate, baseline, 0, &areas, &error));
  OK(mlops_stats_holm(p_values, COUNT(p_values), adjusted, &error));
  CHECK(adjusted[0] == 0.06 && adjusted[1] == 0.03 && adjusted[2] == 0.06);
  OK(mlops_stats_holm(p_values, COUNT(p_values), p_values, &error)); /* in place */
  CHECK(p_values[0] == 0.06 && p_values[1] == 0.03);
  OK(mlops_stats_holm(NULL, 0, adjusted, &error));
  p_values[1] = 1.5;
  FAILS(MLOPS_INVALID_ARGUMENT, "1.5", mlops_stats_holm(p_values, COUNT(p_values), adjusted, &error));
  CHECK(adjusted[1] == 0.03);
}

int main(int argc, char **argv) {
  (void)argv;
  CHECK(argc == 2);
  of_folds();
  of_rows_and_data_sets();
  of_counts();
  of_areas_and_many();
  return 0;
}
