#pragma once

#include <vector>

#include "sim/report/report_build.hpp"
#include "sim/report/report_data.hpp"

namespace helixsim {

/// Llama and R1 over a small space, run and judged by one claim that holds and one without a
/// number.
struct SmallRun {
  explicit SmallRun(unsigned threads = 1);
  SmallRun(const SmallRun&) = delete;
  SmallRun& operator=(const SmallRun&) = delete;

  [[nodiscard]] ReportData report(std::size_t most_points = 50'000,
                                  unsigned long long seed = 1) const;

  Scenario scenario;
  std::vector<StudyResult> results;
  std::vector<ClaimResult> claims;
};

/// One run for the tests that only look at it.
const SmallRun& small_run();

}  // namespace helixsim
