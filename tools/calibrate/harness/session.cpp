#include "tools/calibrate/harness/session.hpp"

#include <algorithm>
#include <cmath>

#include "tools/calibrate/harness/samples.hpp"

namespace helixsim {
namespace {

constexpr double kNotChecked = 1e30;  ///< the error of a cell that never came back

/// A cell of the group at hand.
struct Running {
  const Cell* cell = nullptr;
  std::unique_ptr<PreparedCell> prepared;
  CheckResult check;
  std::vector<double> launches;
};

class Session {
 public:
  Session(GpuBench& bench, const Cell& ceiling, const SessionOptions& options)
      : bench_(bench), ceiling_(ceiling), options_(options), begin_(bench.now()) {}

  SessionResult run(std::span<const Cell> cells);

 private:
  [[nodiscard]] double spent() const { return bench_.now() - begin_; }
  [[nodiscard]] bool over() const {
    return spent() >= options_.budget_seconds ||
           (options_.stop != nullptr && options_.stop->load());
  }
  std::vector<const Cell*> in_order(std::span<const Cell> cells);
  bool prepare(const Cell& cell, std::vector<Running>& group);
  void measure(std::vector<Running>& group);
  void time_in_turns(std::vector<Running>& group);
  void prepare_stream();
  double read_stream();
  bool is_suspect();
  void tell_progress(int behind, int all) const;
  [[nodiscard]] MeasuredRecord failed_record_of(const Cell& cell) const;
  void tell_begin(const Cell& cell) const;
  [[nodiscard]] MeasuredRecord record_of(const Running& one, bool suspect) const;

  GpuBench& bench_;
  const Cell& ceiling_;
  const SessionOptions& options_;
  double begin_;
  double empty_ = 0.0;
  std::unique_ptr<PreparedCell> stream_cell_;
  double stream_ = 0.0;      // seconds of the read stream when the session began
  std::vector<int> clocks_;  // medians of groups so far
  Clocks group_clocks_;
  SessionResult result_;
};

std::vector<const Cell*> Session::in_order(std::span<const Cell> cells) {
  std::vector<const Cell*> order;
  for (const Cell& cell : cells) {
    if (options_.done.contains(cell.key.text())) {
      ++result_.known;
    } else {
      order.push_back(&cell);
    }
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Cell* a, const Cell* b) { return a->information > b->information; });
  return order;
}

/// Whether the cell has had its turn: it is now one of the group, or left out. Not when others of
/// the group may hold the memory that it needs.
bool Session::prepare(const Cell& cell, std::vector<Running>& group) {
  NotPrepared reason;
  tell_begin(cell);
  Running one{.cell = &cell, .prepared = bench_.prepare(cell, reason), .check = {}, .launches = {}};
  if (one.prepared == nullptr) {
    if (reason.for_memory && !group.empty()) return false;
    result_.left_out.push_back({cell.key.text(), reason.why});
    return true;
  }
  one.check = one.prepared->check();
  group.push_back(std::move(one));
  return true;
}

void Session::time_in_turns(std::vector<Running>& group) {
  constexpr int kWarmUps = 3;
  for (Running& one : group) {
    tell_begin(*one.cell);
    for (int i = 0; i < kWarmUps && one.check.ok; ++i) one.prepared->launch();
  }
  for (int pass = 0; pass < options_.passes; ++pass) {
    const int from = options_.samples * pass / options_.passes;
    const int to = options_.samples * (pass + 1) / options_.passes;
    for (Running& one : group) {
      tell_begin(*one.cell);
      for (int i = from; i < to && one.check.ok; ++i)
        one.launches.push_back(one.prepared->launch());
    }
  }
}

/// The stream stays prepared: it is launched after every group.
void Session::prepare_stream() {
  NotPrepared reason;
  tell_begin(ceiling_);
  stream_cell_ = bench_.prepare(ceiling_, reason);
  if (stream_cell_ != nullptr && !stream_cell_->check().ok) stream_cell_ = nullptr;
}

double Session::read_stream() {
  if (stream_cell_ == nullptr) return 0.0;
  tell_begin(ceiling_);
  constexpr int kLaunches = 5;
  std::vector<double> launches;
  for (int i = 0; i < kLaunches; ++i) launches.push_back(stream_cell_->launch());
  std::sort(launches.begin(), launches.end());
  return percentile_of(launches, 0.5);
}

/// After a group: whether the GPU was at the rate that it began with.
bool Session::is_suspect() {
  const double stream = read_stream();
  const bool drifted = stream_ > 0.0 && std::abs(stream / stream_ - 1.0) > options_.most_drift;
  bool slow = false;
  if (group_clocks_.sm_least_mhz > 0) {
    clocks_.push_back(group_clocks_.sm_median_mhz);
    std::vector<int> sorted = clocks_;
    std::nth_element(sorted.begin(), sorted.begin() + std::ssize(sorted) / 2, sorted.end());
    const double usual = sorted[sorted.size() / 2];
    slow = group_clocks_.sm_least_mhz < (1.0 - options_.most_clock_drop) * usual;
  }
  return drifted || slow;
}

/// All but what was measured: a failed check.
MeasuredRecord Session::failed_record_of(const Cell& cell) const {
  return {.key = cell.key,
          .bytes = cell.bytes,
          .flops = cell.flops,
          .timing = {.reps = 1, .samples = 1},
          .check = {.error = kNotChecked, .ok = false},
          .gpu = bench_.facts(),
          .clocks = group_clocks_,
          .software = bench_.software(),
          .utc = bench_.utc(),
          .standin = cell.standin,
          .suspect = false};
}

void Session::tell_begin(const Cell& cell) const {
  if (options_.begins) options_.begins(failed_record_of(cell));
}

MeasuredRecord Session::record_of(const Running& one, bool suspect) const {
  MeasuredRecord record = failed_record_of(*one.cell);
  record.timing.reps = one.prepared->reps();
  record.check = one.check;
  record.suspect = suspect;
  if (one.check.ok)
    record.timing =
        timing_of(one.launches, one.prepared->reps(), one.cell->with_gap ? 0.0 : empty_);
  return record;
}

void Session::measure(std::vector<Running>& group) {
  time_in_turns(group);
  for (Running& one : group) {  // a kernel that only fails when it is hot
    tell_begin(*one.cell);
    if (one.check.ok) one.check = one.prepared->check();
  }
  group_clocks_ = bench_.clocks();
  const bool suspect = is_suspect();
  for (const Running& one : group) {
    ++(one.check.ok ? result_.measured : result_.failed_checks);
    result_.suspect += suspect ? 1 : 0;
    if (options_.record) options_.record(record_of(one, suspect));
  }
}

/// Time left by what cells took so far, at most what is left of the budget.
void Session::tell_progress(int behind, int all) const {
  if (!options_.progress) return;
  const double budget = options_.budget_seconds - spent();
  const double by_cells = behind > 0 ? spent() / behind * (all - behind) : budget;
  options_.progress(behind, all, std::max(0.0, std::min(budget, by_cells)));
}

SessionResult Session::run(std::span<const Cell> cells) {
  const std::vector<const Cell*> order = in_order(cells);
  if (order.empty()) return result_;
  empty_ = bench_.empty_repetition();
  prepare_stream();
  stream_ = read_stream();
  const int all = static_cast<int>(order.size());
  int next = 0;
  while (next < all && !over()) {
    std::vector<Running> group;
    while (next < all && static_cast<int>(group.size()) < options_.group && !over()) {
      if (!prepare(*order[static_cast<std::size_t>(next)], group)) break;
      ++next;
    }
    if (group.empty()) continue;
    measure(group);
    tell_progress(next, all);
  }
  result_.not_reached = all - next;
  return result_;
}

}  // namespace

SessionResult measure_cells(GpuBench& bench, const Cell& ceiling, std::span<const Cell> cells,
                            const SessionOptions& options) {
  return Session(bench, ceiling, options).run(cells);
}

}  // namespace helixsim
