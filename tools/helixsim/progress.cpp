#include "tools/helixsim/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "sim/units/format.hpp"
#include "tools/helixsim/tell.hpp"

namespace helixsim {
namespace {

constexpr auto kRenewEvery = std::chrono::milliseconds(100);

// A signal handler can reach nothing but a static.
std::atomic<bool> stop_requested{
    false};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

extern "C" void on_interrupt(int signal) {
  stop_requested = true;
  std::signal(signal, SIG_DFL);
}

}  // namespace

const std::atomic<bool>& interrupted() {
  return stop_requested;
}

void catch_interrupts() {
  std::signal(SIGINT, on_interrupt);
  std::signal(SIGTERM, on_interrupt);
}

Progress::Progress(std::string what, std::string unit)
    : what_(std::move(what)),
      unit_(std::move(unit)),
      terminal_(isatty(STDERR_FILENO) == 1),
      begin_(Clock::now()),
      shown_(begin_) {}

Progress::~Progress() {
  if (line_open_) tell("\r\033[K");
}

void Progress::update(long long done, long long total) {
  const double elapsed = std::chrono::duration<double>(Clock::now() - begin_).count();
  update(done, total,
         elapsed * static_cast<double>(total - done) / static_cast<double>(std::max(done, 1LL)));
}

void Progress::update(long long done, long long total, double left) {
  if (total <= 0) return;
  const auto now = Clock::now();
  const double elapsed = std::chrono::duration<double>(now - begin_).count();
  if (terminal_) {
    if (now - shown_ < kRenewEvery) return;
    shown_ = now;
    renew_line(done, total, elapsed, left);
    return;
  }
  const int quarter = static_cast<int>(4 * done / total);
  if (quarter <= quarter_) return;
  quarter_ = quarter;
  tell("{}: {} % of {} {}, {:.1f} s\n", what_, 25 * quarter, format_count(total), unit_, elapsed);
}

void Progress::renew_line(long long done, long long total, double elapsed, double left) {
  const double rate = static_cast<double>(done) / elapsed;
  const std::string speed =
      rate < 1.0 ? "" : fmt::format("{} {}/s, ", format_count(static_cast<long long>(rate)), unit_);
  tell("\r\033[K{}: {} % of {} {}, {}{:.0f} s left", what_, 100 * done / total, format_count(total),
       unit_, speed, left);
  std::fflush(stderr);
  line_open_ = true;
}

}  // namespace helixsim
