#include "sim/calibration/fit_system.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "sim/calibration/fit_law.hpp"

namespace helixsim {
namespace {

struct Job {
  std::size_t rows;
  std::string family;
  std::function<void()> fit;
};

template <class Law>
void add_jobs(const MeasuredRows& rows, FittedLaws& laws, std::vector<Job>& jobs) {
  for (const auto& [name, family] : of_law<Law, MeasuredFamily>(rows.families)) {
    FittedLaw<Law>& place = of_law<Law, FittedLaw>(laws.laws)[name];
    jobs.push_back({family.rows.size(), name, [&family, &place] { place = fit_family(family); }});
  }
}

/// Runs the jobs, the longest first; the first error is thrown when all have ended.
void run_all(std::vector<Job>& jobs, int threads,
             const std::function<void(const std::string&)>& done) {
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.rows > b.rows; });
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr error;
  const auto work = [&] {
    for (std::size_t job = next++; job < jobs.size(); job = next++) {
      try {
        jobs[job].fit();
        const std::lock_guard lock(mutex);
        if (done) done(jobs[job].family);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!error) error = std::current_exception();
      }
    }
  };
  std::vector<std::jthread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(work);
  work();
  others.clear();
  if (error) std::rethrow_exception(error);
}

}  // namespace

FittedLaws fit_system(const MeasuredRows& rows, const System& system, int threads,
                      const std::function<void(const std::string&)>& done) {
  FittedLaws laws{.system = system.name,
                  .software = system.measurements ? system.measurements->software : "",
                  .laws = {}};
  std::vector<Job> jobs;
  add_jobs<GemmLaw>(rows, laws, jobs);
  add_jobs<AttentionLaw>(rows, laws, jobs);
  add_jobs<GroupedGemmLaw>(rows, laws, jobs);
  add_jobs<StreamLaw>(rows, laws, jobs);
  add_jobs<CollectiveLaw>(rows, laws, jobs);
  run_all(jobs, threads, done);
  return laws;
}

}  // namespace helixsim
