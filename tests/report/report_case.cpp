#include "tests/report/report_case.hpp"

#include "tests/sweep/study_case.hpp"

namespace helixsim {

SmallRun::SmallRun(unsigned threads) {
  const char* const space = R"({
    "format": "helixsim/search_space/1", "contexts": ["128k", "1M"], "gpus": [1, 8, 64],
    "strategies": {"tp": {}, "dp": {}, "helix": {}}, "batch": [1, 2, 4, "..", 64], "hop_b": ["off", "best"]})";
  scenario.name = "small";
  scenario.title = "A small run";
  scenario.assumptions = {"none"};
  scenario.studies.push_back(study_of("llama-3.1-405b", space, {"tp", "dp"}));
  scenario.studies.push_back(study_of("deepseek-r1", space));  // without a baseline
  SearchOptions options;
  options.threads = threads;
  for (const Study& study : scenario.studies) {
    results.push_back({.study = &study, .search = run_search(study.space, study.setup, options)});
  }
  Claim claim;
  claim.name = "interactivity";
  claim.kind = "interactivity_ratio";
  claim.model = "llama-3.1-405b";
  claim.published = 1.13;
  claim.band = Range<double>{0.5, 5.0};
  claim.source = "figure 6";
  scenario.claims.push_back(claim);
  claim.name = "positions";
  claim.kind = "throughput_ratio_at_positions";
  claim.published.reset();
  claim.band.reset();
  scenario.claims.push_back(claim);
  for (const Claim& one : scenario.claims) claims.push_back(evaluate_claim(one, results[0]));
}

ReportData SmallRun::report(std::size_t most_points, unsigned long long seed) const {
  return build_report(scenario, results, claims,
                      {.tool = "helixsim test", .most_points = most_points, .seed = seed});
}

const SmallRun& small_run() {
  static const SmallRun kRun;
  return kRun;
}

}  // namespace helixsim
