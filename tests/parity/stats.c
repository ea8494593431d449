/* Computes statistics from C, and prints the bits of their numbers, a test a line.
 *
 *   stats LINES    LINES: a line an array, numbers with tabs between them */

#include "check.h"

enum { MOST = 256 };

static size_t count;

/* The numbers of the next line; they live until the end. */
static double *numbers_of(FILE *stream) {
  static char line[1 << 16];
  static double numbers[5][MOST];
  static int turn;
  double *found = numbers[turn++];
  CHECK(turn <= 5 && fgets(line, sizeof line, stream) != NULL);
  count = 0;
  for (char *field = strtok(line, "\t\n"); field != NULL; field = strtok(NULL, "\t\n")) {
    CHECK(count < MOST);
    found[count++] = strtod(field, NULL);
  }
  return found;
}

static void say(const char *name, const double *numbers, size_t numbers_count) {
  printf("%s", name);
  for (size_t i = 0; i < numbers_count; i++) {
    uint64_t bits;
    memcpy(&bits, &numbers[i], sizeof bits);
    printf(" %016llx", (unsigned long long)bits);
  }
  puts("");
}

#define SAY(name, ...)                                           \
  do {                                                           \
    const double said[] = {__VA_ARGS__};                         \
    say(name, said, sizeof said / sizeof said[0]);               \
  } while (0)

int main(int argc, char **argv) {
  mlops_stats_t_result t = MLOPS_STATS_T_RESULT_INIT;
  mlops_stats_f_result f = MLOPS_STATS_F_RESULT_INIT;
  mlops_stats_tost_result equal = MLOPS_STATS_TOST_RESULT_INIT;
  mlops_stats_wilcoxon_result ranks = MLOPS_STATS_WILCOXON_RESULT_INIT;
  mlops_stats_diebold_mariano_result series = MLOPS_STATS_DIEBOLD_MARIANO_RESULT_INIT;
  mlops_stats_mcnemar_result rows = MLOPS_STATS_MCNEMAR_RESULT_INIT;
  mlops_stats_delong_result areas = MLOPS_STATS_DELONG_RESULT_INIT;
  mlops_stats_interval interval = MLOPS_STATS_INTERVAL_INIT;
  int64_t classes[MOST];
  CHECK(argc == 2);
  FILE *stream = fopen(argv[1], "r");
  CHECK(stream != NULL);
  const double *differences = numbers_of(stream);
  const size_t n = count;
  double *p_values = numbers_of(stream);
  const size_t hypotheses = count;
  const double *targets = numbers_of(stream);
  for (size_t i = 0; i < count; i++) classes[i] = (int64_t)targets[i];
  const double *candidate = numbers_of(stream);
  const double *baseline = numbers_of(stream);
  fclose(stream);

  OK(mlops_stats_paired_t(differences, n, &t, &error));
  SAY("paired_t", t.difference, t.error, t.df, t.t, t.p_value);
  OK(mlops_stats_corrected_t(differences, n, 900, 100, &t, &error));
  SAY("corrected_t", t.difference, t.error, t.df, t.t, t.p_value);
  OK(mlops_stats_five_by_two_f(differences, n, &f, &error));
  SAY("five_by_two_f", f.f, f.p_value);
  OK(mlops_stats_tost(differences, n, 0.5, &equal, &error));
  SAY("tost", equal.p_not_below, equal.p_not_above, equal.p_value);
  OK(mlops_stats_wilcoxon(differences, n, &ranks, &error));
  SAY("wilcoxon", ranks.statistic, ranks.p_value, ranks.exact);
  OK(mlops_stats_diebold_mariano(differences, n, 3, &series, &error));
  SAY("diebold_mariano", series.statistic, series.p_value, series.without_lags);
  OK(mlops_stats_mcnemar(31, 17, &rows, &error));
  SAY("mcnemar", rows.p_value, rows.mid_p, rows.two_sided, rows.two_sided_mid_p);
  OK(mlops_stats_delong(classes, candidate, baseline, count, &areas, &error));
  SAY("delong", areas.candidate, areas.baseline, areas.difference, areas.error, areas.p_value);
  OK(mlops_stats_wilson(7, 90, 0.1, &interval, &error));
  SAY("wilson", interval.lower, interval.upper);
  OK(mlops_stats_newcombe(7, 90, 19, 80, 0.1, &interval, &error));
  SAY("newcombe", interval.lower, interval.upper);
  OK(mlops_stats_holm(p_values, hypotheses, p_values, &error));
  say("holm", p_values, hypotheses);
  return 0;
}
