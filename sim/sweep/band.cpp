#include "sim/sweep/band.hpp"

namespace helixsim {

Range<double> read_band(const Node& node) {
  constexpr Range<double> kAny{-1e12, 1e12};
  const auto ends = node.elements();
  if (ends.size() != 2) node.fail("expected [lowest, highest]");
  const Range<double> band{ends[0].as_number(kAny), ends[1].as_number(kAny)};
  if (band.low > band.high) node.fail("the lowest is above the highest");
  return band;
}

}  // namespace helixsim
