// What calls return: a value, or the error that came instead. Part of mlops.hpp.

#ifndef MLOPS_RESULT_HPP
#define MLOPS_RESULT_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "../mlops.h"

#ifdef MLOPS_CPP_EXCEPTIONS
#include <stdexcept>
#endif

namespace mlops {

/// The version of the library, such as "0.1.0"; MLOPS_VERSION is that of the header.
inline const char* version() noexcept { return mlops_version(); }
/// The version of the library's binary interface; MLOPS_ABI_VERSION is that of the header.
inline std::uint32_t abi_version() noexcept { return mlops_abi_version(); }

/// What went wrong in one call.
class error {
 public:
  error(mlops_status code, std::string message, std::string detail_json = "{}")
      : code_(code), message_(std::move(message)), detail_json_(std::move(detail_json)) {}

  /// The number: `MLOPS_NOT_FOUND`...
  mlops_status code() const noexcept { return code_; }
  /// The name of the number: "MLOPS_NOT_FOUND"...
  const char* name() const noexcept { return mlops_status_name(code_); }
  /// One sentence about the number.
  const char* text() const noexcept { return mlops_status_text(code_); }
  /// What was wrong, with the value, and what to do.
  const std::string& message() const noexcept { return message_; }
  /// The values in the message as a JSON object.
  const std::string& detail_json() const noexcept { return detail_json_; }
  /// Whether the same call may succeed later without any change.
  bool is_retryable() const noexcept { return mlops_status_is_retryable(code_); }

 private:
  mlops_status code_;
  std::string message_;
  std::string detail_json_;
};

#ifdef MLOPS_CPP_EXCEPTIONS
/// What result<T>::value() throws.
class exception : public std::runtime_error {
 public:
  explicit exception(mlops::error what) : std::runtime_error(what.message()), error_(std::move(what)) {}

  /// What went wrong.
  const mlops::error& error() const noexcept { return error_; }

 private:
  mlops::error error_;
};
#endif

namespace detail {

[[noreturn]] inline void fail(const error& what) {
#ifdef MLOPS_CPP_EXCEPTIONS
  throw exception(what);
#else
  std::fprintf(stderr, "mlops: %s: %s\n", what.name(), what.message().c_str());
  std::abort();
#endif
}

struct nothing {};

}  // namespace detail

/// A value, or the error that came instead of it. result<void> has no value.
template <class T>
class [[nodiscard]] result {
  using stored = std::conditional_t<std::is_void_v<T>, detail::nothing, T>;

 public:
  result(stored value) : content_(std::in_place_index<0>, std::move(value)) {}
  result(mlops::error what) : content_(std::in_place_index<1>, std::move(what)) {}

  /// True if the call succeeded.
  bool ok() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  /// The error; throws or aborts if the call succeeded.
  const mlops::error& error() const {
    if (ok()) detail::fail(mlops::error(MLOPS_INVALID_STATE, "error() was asked of a call that succeeded"));
    return *std::get_if<1>(&content_);
  }

  /// The value; throws or aborts if the call failed.
  stored& value() & {
    check();
    return *std::get_if<0>(&content_);
  }
  const stored& value() const& {
    check();
    return *std::get_if<0>(&content_);
  }
  /// The value, moved out; throws or aborts if the call failed.
  stored value() && {
    check();
    return std::move(*std::get_if<0>(&content_));
  }

  /// The value, as value() gives it.
  stored& operator*() & { return value(); }
  const stored& operator*() const& { return value(); }
  stored operator*() && { return std::move(*this).value(); }
  stored* operator->() { return &value(); }
  const stored* operator->() const { return &value(); }

 private:
  void check() const {
    if (!ok()) detail::fail(error());
  }

  std::variant<stored, mlops::error> content_;
};

namespace detail {

inline mlops_str str(std::string_view text) noexcept { return mlops_str{text.data(), text.size()}; }
inline std::string own(mlops_str text) { return text.len == 0 ? std::string() : std::string(text.ptr, text.len); }

inline error take(mlops_status status, mlops_error* what) {
  error taken(status, mlops_error_message(what), mlops_error_detail_json(what));
  mlops_error_free(what);
  return taken;
}

/// Calls a function with a place for its error.
template <class Call>
result<void> call(Call&& function) {
  mlops_error* what = nullptr;
  const mlops_status status = function(&what);
  if (status != MLOPS_OK) return take(status, what);
  return nothing{};
}

template <auto Free>
struct freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

template <class T, void (*Free)(T*)>
using owned = std::unique_ptr<T, freed<Free>>;

/// Calls a function that gives an object.
template <class T, void (*Free)(T*), class Call>
result<owned<T, Free>> make(Call&& function) {
  T* made = nullptr;
  auto done = call([&](mlops_error** what) { return function(&made, what); });
  if (!done) return done.error();
  return owned<T, Free>(made);
}

/// Puts an object that was made into the class that owns it.
template <class T, class Handle>
result<T> wrap(result<Handle> made) {
  if (!made) return made.error();
  return T(*std::move(made));
}

inline std::string_view view(mlops_str text) noexcept { return {text.ptr, text.len}; }

inline std::vector<mlops_str> strs(const std::vector<std::string>& texts) {
  std::vector<mlops_str> strs;
  for (const auto& text : texts) strs.push_back(str(text));
  return strs;
}

}  // namespace detail

}  // namespace mlops

#endif  // MLOPS_RESULT_HPP
