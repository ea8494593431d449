// The C++ header twice, in a second unit of the program.

#include <mlops.hpp>
#include <mlops.hpp>

mlops_str second_unit();
mlops_str second_unit() { return mlops::detail::str("second"); }
