#include "sim/calibration/fit_study.hpp"

#include "sim/calibration/fit_system.hpp"
#include "sim/calibration/run_jobs.hpp"

namespace helixsim {
namespace {

template <class Law>
FamilyStudy study_of(const std::string& name, const MeasuredFamily<Law>& family,
                     const FamilyFit<Law>& fit) {
  const Law& law = fit.fitted.law;
  FamilyStudy study{.family = name,
                    .label = family.label,
                    .source = family.source,
                    .rows = fit.fitted.rows,
                    .in_turn = fit.in_turn,
                    .law_error = fit.fitted.law_error,
                    .error = fit.fitted.error,
                    .held_out = held_out_rows(fit),
                    .parameters = {},
                    .identity = {}};
  std::vector<bool> pinned;
  for (const LawParameter<Law>& parameter : Law::parameters()) {
    study.parameters.push_back({.name = std::string(parameter.name),
                                .unit = std::string(parameter.unit),
                                .scale = parameter.scale,
                                .value = law.*parameter.value});
    pinned.push_back(fit.fitted.fits[pinned.size()].pinned);
  }
  study.identity =
      identifiability(law_problem<Law>(law, family.plan.ceilings, family.rows), pinned);
  return study;
}

template <class Law>
void add_jobs(const MeasuredRows& rows, SystemStudy& study, std::vector<Job>& jobs) {
  for (const auto& [name, family] : of_law<Law, MeasuredFamily>(rows.families)) {
    FittedLaw<Law>& place = of_law<Law, FittedLaw>(study.laws.laws)[name];
    const std::size_t index = study.families.size();
    study.families.emplace_back();
    jobs.push_back(
        {family.rows.size(), name, [&study, &place, index, family_name = name, &of = family] {
           FamilyFit<Law> fit = fit_with_trial(of);
           study.families[index] = study_of(family_name, of, fit);
           place = std::move(fit.fitted);
         }});
  }
}

}  // namespace

SystemStudy study_system(const MeasuredRows& rows, const System& system, int threads,
                         const std::function<void(const std::string&)>& done) {
  SystemStudy study{.laws = laws_without_families(system), .families = {}, .unpredicted = {}};
  study.unpredicted = rows.unpredicted;
  std::vector<Job> jobs;
  for_each_law([&]<class Law>() { add_jobs<Law>(rows, study, jobs); });
  run_jobs(jobs, threads, done);
  return study;
}

bool HeldOutAims::met_by(const LawError& error) const {
  return (median_percent <= 0.0 || error.median_percent <= median_percent) &&
         (p90_percent <= 0.0 || error.p90_percent <= p90_percent);
}

}  // namespace helixsim
