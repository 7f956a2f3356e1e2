#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace helixsim {

/// What the process that measures tells the one that watches it.
class WatchedSide {
 public:
  explicit WatchedSide(int pipe) : pipe_(pipe) {}
  /// About to run a cell: its key, the kind of cells that would do as it does, and the line that is
  /// its record if nothing more is heard. All without tabs and line breaks.
  void begins(const std::string& key, const std::string& kind, const std::string& record);

 private:
  int pipe_;
};

/// A cell that took its process along.
struct LostCell {
  std::string key;
  std::string kind;
  std::string record;
  bool killed = false;  ///< for its silence; else the process ended by itself
};

/// What later processes leave out: cells, and kinds of which one never ended or two ended their
/// process.
struct LostCells {
  std::set<std::string> keys, kinds;
  [[nodiscard]] bool contains(const std::string& key, const std::string& kind) const {
    return keys.contains(key) || kinds.contains(kind);
  }
};

struct WatchOptions {
  double silence_seconds = 30.0;  ///< without a word, after which the process is killed
  int most_processes = 100;
};

struct WatchedResult {
  int status = 0;  ///< of the last process; -1 when it did not end by itself
  std::vector<LostCell> lost;
  bool gave_up = false;  ///< a cell was lost twice, or too many, or a process ended before any cell
};

/// Runs `measure(side, lost)` in a process of its own, and again in a new one whenever it dies by a
/// signal, ends with `kLostStatus`, or says nothing for too long: a kernel that crashes spoils its
/// process, and one that never ends cannot be stopped otherwise. `on_lost` is called in this
/// process before the next one begins. Contract: this process has not touched the GPU and has one
/// thread.
inline constexpr int kLostStatus = 70;
WatchedResult run_watched(
    const std::function<int(WatchedSide& side, const LostCells& lost)>& measure,
    const std::function<void(const LostCell& cell)>& on_lost, const WatchOptions& options = {});

}  // namespace helixsim
