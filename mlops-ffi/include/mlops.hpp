// mlops for C++17: header only, over mlops.h.
//
// Handles are move-only and free themselves. Calls that can fail return a result<T>: test it, then use `*result` or
// `result->`. Nothing throws unless MLOPS_CPP_EXCEPTIONS is defined: then result<T>::value() throws mlops::exception,
// else it prints the error and aborts. What is read (run_data, artifact...) are plain structs that own their content.
//
// Any function may be called from any thread, also on one object; destroying and moving come last, as always in C++.

#ifndef MLOPS_HPP
#define MLOPS_HPP

#include "mlops/stats.hpp"
#include "mlops/store.hpp"

#endif  // MLOPS_HPP
