#include "tests/replay/exact_case.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <set>
#include <stdexcept>
#include <utility>

namespace helixsim {
namespace {

using Exact = boost::multiprecision::cpp_rational;

Exact exact(const Decimal& decimal) {
  return {decimal.units, decimal.per};
}

enum class State { Waiting, Queued, Latency, Body, Done };

class ExactRun {
 public:
  explicit ExactRun(const ExactCase& of)
      : of_(of),
        states_(of.tasks.size(), State::Waiting),
        phase_end_(of.tasks.size()),
        left_(of.tasks.size()),
        rates_(of.tasks.size()),
        busy_(of.resources.size(), false),
        queues_(of.resources.size()) {
    result_.start.resize(of.tasks.size());
    result_.finish.resize(of.tasks.size());
  }

  ReplayResult run() {
    admit();
    serve();
    while (true) {
      while (end()) {
        admit();
        serve();
      }
      fill();
      if (!advance()) break;
    }
    for (const State state : states_) {
      if (state != State::Done) throw std::logic_error("a task never became ready");
    }
    result_.makespan = now_.convert_to<double>();
    return result_;
  }

 private:
  [[nodiscard]] bool is_flow(std::size_t task) const {
    return !of_.tasks[task].links.empty() && of_.tasks[task].work.units > 0;
  }

  /// Ends what ends now; a flow whose latency is over begins its body. False when nothing did.
  bool end() {
    bool any = false;
    for (std::size_t task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Latency && phase_end_[task] == now_) {
        any = true;
        if (is_flow(task)) {
          states_[task] = State::Body;
          left_[task] = exact(of_.tasks[task].work);
        } else {
          finish(task);
        }
      } else if (states_[task] == State::Body && left_[task] == 0) {
        any = true;
        finish(task);
      }
    }
    return any;
  }

  void finish(std::size_t task) {
    states_[task] = State::Done;
    result_.finish[task] = now_.convert_to<double>();
    if (of_.tasks[task].fifo) busy_[*of_.tasks[task].fifo] = false;
  }

  [[nodiscard]] bool is_ready(std::size_t task) const {
    const auto& after = of_.tasks[task].after;
    return std::all_of(after.begin(), after.end(),
                       [&](std::uint32_t before) { return states_[before] == State::Done; });
  }

  void admit() {
    std::vector<std::size_t> ready;
    for (std::size_t task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Waiting && is_ready(task)) ready.push_back(task);
    }
    for (const std::size_t task : ready) {
      if (of_.tasks[task].fifo) {
        states_[task] = State::Queued;
        queues_[*of_.tasks[task].fifo].emplace(now_, task);
      } else {
        start(task);
      }
    }
  }

  void serve() {
    for (std::size_t fifo = 0; fifo < queues_.size(); ++fifo) {
      if (busy_[fifo] || queues_[fifo].empty()) continue;
      busy_[fifo] = true;
      const std::size_t task = queues_[fifo].begin()->second;
      queues_[fifo].erase(queues_[fifo].begin());
      start(task);
    }
  }

  void start(std::size_t task) {
    const ExactCase::Task& of = of_.tasks[task];
    states_[task] = State::Latency;
    result_.start[task] = now_.convert_to<double>();
    phase_end_[task] = now_ + exact(of.latency);
    if (of.links.empty() && of.fifo) {
      phase_end_[task] += exact(of.work) / exact(of_.resources[*of.fifo].capacity);
    }
  }

  /// Textbook progressive filling: raise all rates together until a link is full or a flow at its
  /// cap, freeze those flows, go on.
  void fill() {
    std::vector<std::size_t> rising;
    for (std::size_t task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Body) rising.push_back(task);
    }
    std::vector<Exact> room;
    for (const auto& resource : of_.resources) room.push_back(exact(resource.capacity));
    Exact level = 0;
    while (!rising.empty()) {
      std::vector<std::int64_t> count(room.size(), 0);
      for (const std::size_t task : rising) {
        for (const std::uint32_t link : of_.tasks[task].links) ++count[link];
      }
      std::optional<Exact> rise;
      const auto limit = [&](const Exact& most) {
        if (!rise || most < *rise) rise = most;
      };
      for (std::size_t link = 0; link < room.size(); ++link) {
        if (count[link] > 0) limit(room[link] / count[link]);
      }
      for (const std::size_t task : rising) {
        if (of_.tasks[task].cap) limit(exact(*of_.tasks[task].cap) - level);
      }
      level += *rise;
      for (std::size_t link = 0; link < room.size(); ++link) room[link] -= *rise * count[link];
      std::erase_if(rising, [&](std::size_t task) {
        const ExactCase::Task& of = of_.tasks[task];
        rates_[task] = level;
        return (of.cap && exact(*of.cap) == level) ||
               std::any_of(of.links.begin(), of.links.end(),
                           [&](std::uint32_t link) { return room[link] == 0; });
      });
    }
  }

  bool advance() {
    std::optional<Exact> next;
    const auto limit = [&](const Exact& time) {
      if (!next || time < *next) next = time;
    };
    for (std::size_t task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Latency) limit(phase_end_[task]);
      if (states_[task] == State::Body) limit(now_ + left_[task] / rates_[task]);
    }
    if (!next) return false;
    for (std::size_t task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Body) left_[task] -= rates_[task] * (*next - now_);
    }
    now_ = *next;
    return true;
  }

  const ExactCase& of_;
  std::vector<State> states_;
  std::vector<Exact> phase_end_;
  std::vector<Exact> left_;
  std::vector<Exact> rates_;
  std::vector<bool> busy_;
  std::vector<std::set<std::pair<Exact, std::size_t>>> queues_;
  Exact now_ = 0;
  ReplayResult result_;
};

}  // namespace

std::uint32_t ExactCase::add_fifo(Decimal capacity) {
  resources.push_back({.is_link = false, .capacity = capacity});
  return static_cast<std::uint32_t>(resources.size() - 1);
}

std::uint32_t ExactCase::add_link(Decimal capacity) {
  resources.push_back({.is_link = true, .capacity = capacity});
  return static_cast<std::uint32_t>(resources.size() - 1);
}

std::uint32_t ExactCase::add(Task task) {
  tasks.push_back(std::move(task));
  return static_cast<std::uint32_t>(tasks.size() - 1);
}

ReplayCase rounded(const ExactCase& exact) {
  ReplayCase result;
  result.name = "exact";
  for (const auto& resource : exact.resources) {
    result.resources.push_back({.name = "r" + std::to_string(result.resources.size()),
                                .is_link = resource.is_link,
                                .capacity = resource.capacity.rounded()});
  }
  for (const auto& task : exact.tasks) {
    result.tasks.push_back({.id = static_cast<std::int64_t>(result.tasks.size()),
                            .work = task.work.rounded(),
                            .latency = task.latency.rounded(),
                            .fifo = task.fifo,
                            .links = task.links,
                            .cap = task.cap ? std::optional(task.cap->rounded()) : std::nullopt,
                            .after = task.after});
  }
  return result;
}

ReplayResult run_exactly(const ExactCase& of) {
  return ExactRun(of).run();
}

}  // namespace helixsim
