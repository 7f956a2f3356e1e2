#include "sim/calibration/fit_system.hpp"

#include <vector>

#include "sim/calibration/fit_law.hpp"
#include "sim/calibration/run_jobs.hpp"

namespace helixsim {
namespace {

template <class Law>
void add_jobs(const MeasuredRows& rows, FittedLaws& laws, std::vector<Job>& jobs) {
  for (const auto& [name, family] : of_law<Law, MeasuredFamily>(rows.families)) {
    FittedLaw<Law>& place = of_law<Law, FittedLaw>(laws.laws)[name];
    jobs.push_back({family.rows.size(), name, [&family, &place] { place = fit_family(family); }});
  }
}

}  // namespace

FittedLaws laws_without_families(const System& system) {
  return {.system = system.name,
          .software = system.measurements ? system.measurements->software : "",
          .laws = {},
          .data_sheet = data_sheet(system)};
}

FittedLaws fit_system(const MeasuredRows& rows, const System& system, int threads,
                      const std::function<void(const std::string&)>& done) {
  FittedLaws laws = laws_without_families(system);
  std::vector<Job> jobs;
  for_each_law([&]<class Law>() { add_jobs<Law>(rows, laws, jobs); });
  run_jobs(jobs, threads, done);
  return laws;
}

}  // namespace helixsim
