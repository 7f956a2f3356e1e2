#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace helixsim {

/// Progress on stderr: one line that renews itself on a terminal (with rate and time left), plain
/// lines at every quarter elsewhere.
class Progress {
 public:
  explicit Progress(std::string what, std::string unit = "points");
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void update(long long done, long long total);
  /// With the seconds that are left, where something else than the rate so far tells them.
  void update(long long done, long long total, double left);

 private:
  using Clock = std::chrono::steady_clock;
  void renew_line(long long done, long long total, double elapsed, double left);

  std::string what_;
  std::string unit_;
  bool terminal_;
  Clock::time_point begin_;
  Clock::time_point shown_;
  int quarter_ = 0;
  bool line_open_ = false;
};

/// Set by SIGINT and SIGTERM once catch_interrupts() has been called; a second signal ends the
/// program at once.
const std::atomic<bool>& interrupted();
void catch_interrupts();

}  // namespace helixsim
