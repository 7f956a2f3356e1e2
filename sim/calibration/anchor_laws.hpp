#pragma once

#include <string>
#include <vector>

#include "hw_models/laws/fitted_laws.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

/// What anchors changed of one kernel family.
struct AnchoredFamily {
  std::string family;
  long long anchors = 0;
  LawError before = {};  ///< of the law as it was moved, on all anchors
  LawError after = {};   ///< of refits, each on anchors that it did not see
};

struct AnchoredLaws {
  FittedLaws laws;
  std::vector<AnchoredFamily> families = {};  ///< that had anchors, in the order of the laws
};

/// Every moved law with the rows of its family as anchors (`with_anchors`). Laws that were not
/// moved or have no rows stay, families of `rows` without a law are left out.
AnchoredLaws anchored(FittedLaws moved, const MeasuredRows& rows);

}  // namespace helixsim
