#pragma once

#include <string>
#include <vector>

#include "sim/report/report_data.hpp"
#include "sim/sweep/study.hpp"

namespace helixsim {

/// pareto.csv: the frontier of every strategy, of the baseline and overall, per model and context,
/// one row a point. Every one is run by the event engine, which must give the time of the search.
std::string pareto_csv(const std::vector<StudyResult>& results);

/// frontiers.csv of `pareto`: the frontiers of stored results, of several runs if they are
/// overlaid, with what report.json keeps of each point.
std::string frontiers_csv(const ReportData& data);

}  // namespace helixsim
