#pragma once

#include <string>
#include <vector>

#include "sim/report/report_data.hpp"
#include "sim/sweep/claims.hpp"
#include "sim/sweep/scenario.hpp"
#include "sim/sweep/study.hpp"

namespace helixsim {

struct ReportOptions {
  std::string tool;                  ///< name and version
  std::size_t most_points = 50'000;  ///< of all views together; frontier points are always in
  unsigned long long seed = 1;       ///< of the sample
  unsigned threads = 1;
};

/// From the results of a scenario to what its report draws. Points beyond the limit are sampled
/// evenly over views by a seeded hash of their position, the same for any number of threads.
ReportData build_report(const Scenario& scenario, const std::vector<StudyResult>& results,
                        const std::vector<ClaimResult>& claims, const ReportOptions& options);

ReportClaim to_report(const ClaimResult& claim);

}  // namespace helixsim
