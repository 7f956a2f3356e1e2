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
  std::vector<std::string> own = {};          ///< measured, but their law is the GPU's own
  std::vector<std::string> without_law = {};  ///< measured, but there is no law
};

/// Every moved law with the rows of its family as anchors (`with_anchors`). Laws that were not
/// moved or have no rows stay.
AnchoredLaws anchored(FittedLaws moved, const MeasuredRows& rows);

}  // namespace helixsim
