// The C++ layer over statistics alone. Argument: an empty folder, which stays so.

#include "check.hpp"
#include <mlops.hpp>

#include <cmath>

namespace stats = mlops::stats;

namespace {

bool near(double found, double expected, double within) { return std::fabs(found - expected) < within; }

}  // namespace

int main() {
  const std::vector<double> folds = {0.02, 0.01, 0.03, 0.015, 0.025};
  CHECK(stats::corrected_t(folds, 800, 200).value().p_value > stats::paired_t(folds).value().p_value);
  const std::array<std::array<double, 2>, 5> halves = {{{0.1, 0.2}, {0.0, 0.1}, {0.2, 0.2}, {0.1, 0.0}, {0.1, 0.1}}};
  CHECK(near(stats::five_by_two_f(halves).value().f, 17.0 / 3.0, 1e-12));
  CHECK(stats::tost({0.001, -0.002, 0.0, 0.001}, 0.01).value().p_value < 0.01);
  CHECK(stats::wilcoxon({0.3, 0.1, -0.2, 0.5, 0.4, 0.6}).value().p_value == 0.046875);
  CHECK(stats::diebold_mariano({0.3, 0.5, -0.1, 0.4, 0.2, 0.1, 0.6, 0.0}, 2).value().p_value < 0.05);
  CHECK(near(stats::mcnemar(8, 2).value().p_value, 0.0546875, 1e-12));
  const std::vector<double> candidate = {0.1, 0.4, 0.8, 0.9, 0.3, 0.7};
  const std::vector<double> baseline = {0.1, 0.9, 0.8, 0.3, 0.2, 0.7};
  CHECK(near(stats::delong({0, 0, 1, 1, 0, 1}, candidate, baseline).value().difference, 1.0 / 3.0, 1e-12));
  CHECK(near(stats::wilson(0, 10).value().upper, 0.27753279986, 1e-9));
  CHECK(near(stats::newcombe(56, 70, 48, 80).value().lower, 0.0524, 1e-4));
  CHECK((stats::holm({0.04, 0.01, 0.03}).value() == std::vector<double>{0.06, 0.03, 0.06}));
  CHECK(stats::holm({}).value().empty());

  const auto short_one = stats::delong({0, 1}, {0.5}, {0.5, 0.5});
  CHECK(!short_one && short_one.error().code() == MLOPS_INVALID_ARGUMENT);
  const auto none = stats::wilcoxon({});
  CHECK(!none && none.error().message().find("differences") != std::string::npos);
#ifdef MLOPS_CPP_EXCEPTIONS
  bool thrown = false;
  try {
    stats::tost(folds, -1.0).value();
  } catch (const mlops::exception& what) {
    thrown = what.error().code() == MLOPS_INVALID_ARGUMENT;
  }
  CHECK(thrown);
#endif
  return 0;
}
