#pragma once

#include <string>

#include "sim/calibration/anchor_laws.hpp"

namespace helixsim {

/// Laws of one GPU moved to another: families that measurements there changed, with the error of
/// their laws before and of refits on what they did not see; how many families were only moved, and
/// which were measured but not used.
std::string transfer_table(const AnchoredLaws& moved);
/// A line for each law.
std::string transfer_csv(const AnchoredLaws& moved);
std::string transfer_json(const AnchoredLaws& moved);

}  // namespace helixsim
