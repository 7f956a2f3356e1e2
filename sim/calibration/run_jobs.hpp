#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace helixsim {

/// One piece of work that needs nothing of the others.
struct Job {
  std::size_t size = 0;  ///< the largest begin first
  std::string name;
  std::function<void()> run;
};

/// Runs all jobs on `threads` threads. `done(name)` is called after each, from one thread at a
/// time. The first error is thrown when all have ended.
void run_jobs(std::vector<Job>& jobs, int threads,
              const std::function<void(const std::string& name)>& done);

}  // namespace helixsim
