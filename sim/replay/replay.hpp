#pragma once

#include <memory>
#include <vector>

#include "sim/replay/replay_case.hpp"

namespace helixsim {

/// When each task of a case started and finished, in order of id.
struct ReplayResult {
  std::vector<double> start;   ///< seconds
  std::vector<double> finish;  ///< seconds
  double makespan = 0.0;
  bool loses_digits = false;  ///< see ReplayClock
};

/// Runs cases on the event engine; one object for many keeps memory.
///
/// The engine counts whole ticks; a ReplayClock chooses them for each case.
class Replay {
 public:
  Replay();
  ~Replay();
  Replay(Replay&&) noexcept;
  Replay& operator=(Replay&&) noexcept;

  /// Errors: ConfigError "/tasks: ..." for a cycle, with the ids of its tasks, and for what no
  /// ReplayClock counts.
  ReplayResult run(const ReplayCase& replay_case);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace helixsim
