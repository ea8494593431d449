// What a promotion gate found. Part of mlops.hpp.

#ifndef MLOPS_GATE_REPORT_HPP
#define MLOPS_GATE_REPORT_HPP

#include "gate_inputs.hpp"

namespace mlops {

/// What a gate or a check says.
enum class gate_verdict : std::int32_t {
  error = MLOPS_VERDICT_ERROR,
  pass = MLOPS_VERDICT_PASS,
  fail = MLOPS_VERDICT_FAIL,
  inconclusive = MLOPS_VERDICT_INCONCLUSIVE
};

/// What a gate found: it does not change.
class gate_report {
 public:
  /// What the gate says.
  gate_verdict verdict() const noexcept { return static_cast<gate_verdict>(mlops_gate_report_verdict(get())); }
  /// True if the candidate may be promoted.
  bool passed() const noexcept { return verdict() == gate_verdict::pass; }
  /// What a program returns: 0 pass, 1 fail, 5 inconclusive, 6 an approval decides, 7 error.
  int exit_code() const noexcept { return mlops_gate_report_exit_code(get()); }

  /// Counts, digests and names; the texts live as long as this object.
  mlops_gate_report_info info() const {
    mlops_gate_report_info found = MLOPS_GATE_REPORT_INFO_INIT;
    detail::call([&](mlops_error** what) { return mlops_gate_report_get_info(get(), &found, what); }).value();
    return found;
  }

  /// The check at an index, those that are no pass first; the texts live as long as this object.
  result<mlops_gate_check> check(std::size_t index) const {
    mlops_gate_check found = MLOPS_GATE_CHECK_INIT;
    auto done = detail::call([&](mlops_error** what) { return mlops_gate_report_check(get(), index, &found, what); });
    if (!done) return done.error();
    return found;
  }

  /// The warning at an index; the texts live as long as this object.
  result<mlops_gate_warning> warning(std::size_t index) const {
    mlops_gate_warning found = MLOPS_GATE_WARNING_INIT;
    auto done = detail::call([&](mlops_error** what) { return mlops_gate_report_warning(get(), index, &found, what); });
    if (!done) return done.error();
    return found;
  }

  /// For people, a line a check.
  result<std::string> text() const { return written(mlops_gate_report_text); }
  /// For a pull request.
  result<std::string> markdown() const { return written(mlops_gate_report_markdown); }
  /// XML of JUnit, for a build.
  result<std::string> junit() const { return written(mlops_gate_report_junit); }
  /// A page with the intervals drawn.
  result<std::string> html() const { return written(mlops_gate_report_html); }
  /// The same JSON that Rust, Python and the command give.
  result<std::string> json() const { return written(mlops_gate_report_json); }

  /// The handle of the C functions; it stays this object's.
  const mlops_gate_report* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_gate_report, mlops_gate_report_free>;
  /// Takes an object of the C functions over.
  explicit gate_report(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  result<std::string> written(mlops_status (*as)(const mlops_gate_report*, mlops_buf*, mlops_error**)) const {
    return detail::fill_text([&](mlops_buf* out, mlops_error** what) { return as(get(), out, what); });
  }

  handle handle_;
};

}  // namespace mlops

#endif  // MLOPS_GATE_REPORT_HPP
