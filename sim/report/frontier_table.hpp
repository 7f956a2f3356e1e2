#pragma once

#include <string>

#include "sim/report/report_data.hpp"

namespace helixsim {

/// How many points were simulated, infeasible and invalid, in a sentence.
std::string counts_sentence(const SearchCounts& counts);

/// For people who never open a browser: per model and context the ends of each strategy's frontier,
/// normalised to the baseline where there is one, and the fast half of Helix's frontier point by
/// point at the context of the figure.
std::string frontier_tables(const ReportData& data);

/// The context that figures show: 1M when it was run, else the longest with a feasible point.
double figure_context(const ReportData& data);

}  // namespace helixsim
