// What a process says and does while a run is under way: its console, its machine, its alerts. Part of mlops.hpp.

#ifndef MLOPS_CONSOLE_HPP
#define MLOPS_CONSOLE_HPP

#include <functional>
#include <mutex>

#include "curves.hpp"

namespace mlops {

/// Keeps what is said with a run, until it is ended or destroyed.
class console {
 public:
  /// Adds what is said by other ways than the descriptors: `MLOPS_CONSOLE_OUTPUT` or `MLOPS_CONSOLE_ERROR`.
  result<void> write(std::string_view text, std::int32_t stream = MLOPS_CONSOLE_OUTPUT) const {
    return detail::call([&](mlops_error** what) {
      return mlops_console_write(get(), stream, mlops_bytes{text.data(), text.size()}, what);
    });
  }

  /// Waits, a moment at most, until what was said by the descriptors has come here.
  result<void> settle() const {
    return detail::call([&](mlops_error** what) { return mlops_console_settle(get(), what); });
  }

  /// Ends the capture; gives how many bytes were dropped.
  result<std::int64_t> end() const {
    std::int64_t dropped = 0;
    auto done = detail::call([&](mlops_error** what) { return mlops_console_end(get(), &dropped, what); });
    if (!done) return done.error();
    return dropped;
  }

  /// The handle of the C functions; it stays this object's.
  const mlops_console* get() const noexcept { return handle_.get(); }

  using handle = detail::owned<mlops_console, mlops_console_free>;
  /// Takes an object of the C functions over.
  explicit console(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  handle handle_;
};

/// Keeps a listener told of alerts, until it is destroyed. The listener is told in the thread that raises an alert, and is
/// kept until the end of the program: a call that is under way in another thread goes on.
class alert_subscription {
 public:
  using handle = detail::owned<mlops_alert_subscription, mlops_alert_subscription_free>;
  /// Takes an object of the C functions over.
  explicit alert_subscription(handle owned) noexcept : handle_(std::move(owned)) {}

 private:
  handle handle_;
};

namespace detail {

using listener = std::function<void(std::string_view)>;

/// Keeps a listener until the end of the program: nobody knows when the last call of it has ended.
inline listener* keep(listener told) {
  static std::mutex lock;
  static auto* const kept = new std::vector<std::unique_ptr<listener>>();
  const std::lock_guard<std::mutex> held(lock);
  kept->push_back(std::make_unique<listener>(std::move(told)));
  return kept->back().get();
}

}  // namespace detail

/// Has a listener told of every alert that this process raises from now on: `{"run_id", "title", "text", "level", "at"}` as
/// JSON. It must not throw.
inline result<alert_subscription> on_alert(std::function<void(std::string_view)> listener) {
  mlops_alert_listener raw = {nullptr, nullptr};
  raw.callback = [](void* user_data, mlops_str alert) {
    (*static_cast<detail::listener*>(user_data))(detail::view(alert));
  };
  raw.user_data = detail::keep(std::move(listener));
  return detail::wrap<alert_subscription>(
      detail::make<mlops_alert_subscription, mlops_alert_subscription_free>(
          [&](mlops_alert_subscription** out, mlops_error** what) { return mlops_on_alert(&raw, out, what); }));
}

namespace detail {

/// What a store does beside a run that is under way.
class store_with_console : public store_with_curves {
 public:
  /// Measures the machine until the run ends in this process, and logs to the run.
  result<void> log_system_metrics(std::string_view run_id, const system_metrics_options& options = {}) const {
    mlops_system_metrics_options raw = MLOPS_SYSTEM_METRICS_OPTIONS_INIT;
    raw.interval_us = options.interval_us;
    raw.samples_before_logging = options.samples_before_logging;
    raw.node_id = str(options.node_id);
    return call(
        [&](mlops_error** what) { return mlops_run_log_system_metrics(get(), str(run_id), &raw, what); });
  }

  /// Ends what `log_system_metrics` began; fine if nothing did.
  result<void> stop_system_metrics(std::string_view run_id) const {
    return call(
        [&](mlops_error** what) { return mlops_run_stop_system_metrics(get(), str(run_id), what); });
  }

  /// Keeps what this process says with a run, from now on.
  result<console> capture_console(std::string_view run_id, const console_options& options = {}) const {
    mlops_console_options raw = MLOPS_CONSOLE_OPTIONS_INIT;
    raw.descriptors = options.descriptors ? 1 : 0;
    raw.flush_every_us = options.flush_every_us;
    raw.buffer_bytes = options.buffer_bytes;
    return wrap<console>(make<mlops_console, mlops_console_free>([&](mlops_console** out, mlops_error** what) {
      return mlops_run_capture_console(get(), str(run_id), &raw, out, what);
    }));
  }

  /// What the process of a run said while it was captured, which may be no UTF-8.
  result<buffer> read_console(std::string_view run_id) const {
    return fill([&](mlops_buf* out, mlops_error** what) { return mlops_run_console(get(), str(run_id), out, what); });
  }

 protected:
  using store_with_curves::store_with_curves;
};

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_CONSOLE_HPP
