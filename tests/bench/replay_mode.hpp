#pragma once

#include <string>
#include <vector>

#include "sim/engine/task_graph.hpp"

namespace helixsim::bench {

/// One replay in a process of its own, as a user of the engine meets it: building and one run, all
/// memory fresh.
struct Replay {
  std::string graph = "decode";  ///< or "exchange", or for SimGrid "decode_by_rank"
  int ranks = 64;
  int layers = 1;
  double jitter = 0.0;
};

struct ReplayResult {
  double makespan = 0.0;  ///< picoseconds
  double build_seconds = 0.0;
  double run_seconds = 0.0;       ///< of the run alone
  double excluded_seconds = 0.0;  ///< in the process, but no part of the replay
  double peak_mib = 0.0;          ///< largest resident memory
};

/// Clears `graph` and builds the replay's there, with FIFO queues as streams and unsealed.
void build_replay_graph(const Replay& replay, TaskGraph& graph);

/// A program started with these arguments after `--replay` does the replay and prints the result.
std::vector<std::string> replay_arguments(const std::string& program, const Replay& replay);
/// Reads what follows `--replay`.
Replay read_replay(const std::vector<std::string>& arguments);
void print_replay(ReplayResult result);  ///< adds the peak memory
ReplayResult read_result(const std::string& output);

/// The replay with the event engine, in this process.
ReplayResult replay_here(const Replay& replay);

}  // namespace helixsim::bench
