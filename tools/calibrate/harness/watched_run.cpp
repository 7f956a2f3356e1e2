#include "tools/calibrate/harness/watched_run.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <map>
#include <stdexcept>

namespace helixsim {
namespace {

/// One process that measures, as its watcher sees it.
class WatchedProcess {
 public:
  WatchedProcess(const std::function<int(WatchedSide&)>& measure, double silence_seconds)
      : silence_ms_(static_cast<int>(1e3 * silence_seconds)) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("no pipe to the process that measures");
    std::fflush(nullptr);  // or both would write what is buffered
    child_ = fork();
    if (child_ < 0) throw std::runtime_error("no process to measure in");
    if (child_ == 0) {
      close(ends[0]);
      WatchedSide side(ends[1]);
      const int status = measure(side);
      std::fflush(nullptr);
      _exit(status);
    }
    close(ends[1]);
    from_child_ = ends[0];
  }
  WatchedProcess(const WatchedProcess&) = delete;
  WatchedProcess& operator=(const WatchedProcess&) = delete;
  ~WatchedProcess() { close(from_child_); }

  /// Until the process has ended; the exit status, -1 for a signal.
  int wait() {
    while (hear()) {
    }
    int status = 0;
    while (waitpid(child_, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  /// The cell that it began last; an empty key when it began none.
  [[nodiscard]] const LostCell& last() const { return last_; }

 private:
  /// Waits for the next words; whether there may be more.
  bool hear() {
    pollfd waiting{.fd = from_child_, .events = POLLIN, .revents = 0};
    const int ready = poll(&waiting, 1, silence_ms_);
    if (ready < 0 && errno == EINTR) return true;
    if (ready == 0) {
      last_.killed = true;
      kill(child_, SIGKILL);
      return false;
    }
    char words[4096];
    const ssize_t count = read(from_child_, words, sizeof(words));
    if (count < 0 && errno == EINTR) return true;
    if (count <= 0) return false;
    text_.append(words, static_cast<std::size_t>(count));
    take_lines();
    return true;
  }
  void take_lines() {
    for (std::size_t end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
      const std::size_t tab = text_.find('\t');
      const std::size_t next = text_.find('\t', tab + 1);
      last_ = {.key = text_.substr(0, tab),
               .kind = text_.substr(tab + 1, next - tab - 1),
               .record = text_.substr(next + 1, end - next - 1)};
      text_.erase(0, end + 1);
    }
  }

  int silence_ms_;
  pid_t child_ = -1;
  int from_child_ = -1;
  std::string text_;
  LostCell last_;
};

}  // namespace

void WatchedSide::begins(const std::string& key, const std::string& kind,
                         const std::string& record) {
  const std::string line = key + '\t' + kind + '\t' + record + '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = write(pipe_, line.data() + sent, line.size() - sent);
    if (count < 0 && errno != EINTR) return;  // nobody listens any more
    if (count > 0) sent += static_cast<std::size_t>(count);
  }
}

WatchedResult run_watched(
    const std::function<int(WatchedSide& side, const LostCells& lost)>& measure,
    const std::function<void(const LostCell& cell)>& on_lost, const WatchOptions& options) {
  WatchedResult result;
  LostCells lost;
  std::map<std::string, int> of_kind;
  for (int process = 0; process < options.most_processes; ++process) {
    WatchedProcess watched([&](WatchedSide& side) { return measure(side, lost); },
                           options.silence_seconds);
    result.status = watched.wait();
    const LostCell& last = watched.last();
    if (result.status >= 0 && result.status != kLostStatus && !last.killed) return result;
    if (last.key.empty() || !lost.keys.insert(last.key).second) break;
    constexpr int kMostOfKind = 2;
    if (++of_kind[last.kind] >= kMostOfKind || last.killed) lost.kinds.insert(last.kind);
    result.lost.push_back(last);
    on_lost(last);
  }
  result.gave_up = true;
  return result;
}

}  // namespace helixsim
