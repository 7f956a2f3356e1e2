#pragma once

#include <string>
#include <vector>

#include "sim/sweep/study.hpp"

namespace helixsim {

/// pareto.csv: the frontier of every strategy, of the baseline and overall, per model and context,
/// one row a point.
std::string pareto_csv(const std::vector<StudyResult>& results);

}  // namespace helixsim
