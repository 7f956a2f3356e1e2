#pragma once

#include <string_view>

namespace helixsim {

/// A number of a law that is fitted: positive, within bounds of physical sense. `unit` is how files
/// write it, one unit being `scale` of the base unit.
template <class Law>
struct LawParameter {
  std::string_view name;
  double Law::*value;
  std::string_view unit;
  double scale;
  double low;  ///< in base units
  double high;
};

/// A discrete choice of the library whose kernels are described.
template <class Law>
struct LawChoice {
  std::string_view name;
  int Law::*value;
};

/// What a law must know of the GPU.
struct LawGpu {
  double multiprocessors = 1.0;
  double l2_bytes = 0.0;
};

}  // namespace helixsim
