#pragma once

#include <string>

#include "sim/report/report_data.hpp"

namespace helixsim {

/// The frontiers at one context, a panel a model, in the style of the paper's figures:
/// tokens/s/user against tokens/s/GPU, normalised to the baseline where there is one. No scripts
/// and no fonts of its own.
std::string pareto_svg(const ReportData& data, double context);

}  // namespace helixsim
