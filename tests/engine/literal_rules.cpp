#include "tests/engine/literal_rules.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

namespace helixsim {
namespace {

enum class State { Waiting, Queued, Fixed, Latency, Body, Done };

constexpr SimTime kFar(std::numeric_limits<std::int64_t>::max());

class LiteralRun {
 public:
  explicit LiteralRun(const GraphPlan& plan)
      : plan_(plan),
        states_(plan.tasks.size(), State::Waiting),
        flows_(plan.tasks.size()),
        queues_(plan.resources.size()),
        busy_(plan.resources.size(), false) {
    result_.start.resize(plan.tasks.size());
    result_.finish.resize(plan.tasks.size());
  }

  LiteralResult run() {
    admit();
    serve();
    while (find_next_instant()) {
      end();
      admit();
      serve();
    }
    return result_;
  }

 private:
  struct FlowState {
    long double left = 0.0;
    long double rate = 0.0;
    SimTime updated;
  };

  /// The first end; a fixed end and ends of flows at most a picosecond apart are one instant, at
  /// the fixed time.
  bool find_next_instant() {
    if (first_end(State::Fixed) == now_ || first_end(State::Latency) == now_) return true;
    fill();
    const SimTime fixed = std::min(first_end(State::Fixed), first_end(State::Latency));
    const SimTime flow = first_end(State::Body);
    if (fixed == kFar && flow == kFar) return false;
    now_ = flow == kFar || fixed <= flow + SimTime(1) ? fixed : flow;
    flows_end_ = true;
    return true;
  }

  SimTime first_end(State state) const {
    SimTime first = kFar;
    for (TaskId task = 0; task < states_.size(); ++task) {
      if (states_[task] == state) first = std::min(first, result_.finish[task]);
    }
    return first;
  }

  void end() {
    for (TaskId task = 0; task < states_.size(); ++task) {
      const SimTime finish = result_.finish[task];
      if (states_[task] == State::Latency && finish == now_) {
        begin_body(task);
      } else if ((states_[task] == State::Fixed && finish == now_) ||
                 (states_[task] == State::Body && flows_end_ && finish <= now_ + SimTime(1))) {
        states_[task] = State::Done;
        result_.finish[task] = now_;
        const ResourceId resource = plan_.tasks[task].resource;
        if (resource != kNoResource) busy_[resource] = false;
      }
    }
    flows_end_ = false;
  }

  void begin_body(TaskId task) {
    states_[task] = State::Body;
    flows_[task] = {.left = plan_.flows.at(task).work, .rate = 0.0, .updated = now_};
    result_.finish[task] = kFar;
  }

  bool is_on_stream(TaskId task) const {
    const ResourceId resource = plan_.tasks[task].resource;
    return resource != kNoResource && plan_.resources[resource] == ResourceKind::Stream;
  }

  bool is_ready(TaskId task) const {
    if (is_on_stream(task)) {
      for (TaskId earlier = 0; earlier < task; ++earlier) {
        if (plan_.tasks[earlier].resource == plan_.tasks[task].resource &&
            states_[earlier] != State::Done) {
          return false;
        }
      }
    }
    return std::all_of(plan_.edges.begin(), plan_.edges.end(), [&](const GraphPlan::Edge& edge) {
      return edge.after != task || states_[edge.before] == State::Done;
    });
  }

  void admit() {
    for (TaskId task = 0; task < states_.size(); ++task) {
      if (states_[task] != State::Waiting || !is_ready(task)) {
        continue;
      }
      if (plan_.tasks[task].resource == kNoResource || is_on_stream(task)) {
        start(task);
      } else {
        states_[task] = State::Queued;
        queues_[plan_.tasks[task].resource].emplace(now_, task);
      }
    }
  }

  void serve() {
    for (ResourceId resource = 0; resource < queues_.size(); ++resource) {
      auto& queue = queues_[resource];
      if (!busy_[resource] && !queue.empty()) {
        start(queue.begin()->second);
        queue.erase(queue.begin());
        busy_[resource] = true;
      }
    }
  }

  void start(TaskId task) {
    const auto flow = plan_.flows.find(task);
    const bool flows = flow != plan_.flows.end() && flow->second.work > 0.0;
    states_[task] = flows ? State::Latency : State::Fixed;
    result_.start[task] = now_;
    result_.finish[task] = now_ + plan_.tasks[task].latency + plan_.tasks[task].work;
    if (flows && plan_.tasks[task].latency == SimTime()) begin_body(task);
  }

  /// Textbook progressive filling of all flows under way: all rates rise until a link is full or a
  /// flow at its cap. Ends are rounded to whole picoseconds when a rate changes.
  void fill() {
    std::vector<TaskId> rising;
    for (TaskId task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Body) rising.push_back(task);
    }
    std::vector<long double> room(plan_.links.begin(), plan_.links.end());
    std::vector<bool> full(room.size(), false);
    while (!rising.empty()) {
      std::vector<int> count(room.size(), 0);
      for (const TaskId task : rising) {
        for (const LinkId link : plan_.flows.at(task).links) ++count[link];
      }
      long double level = std::numeric_limits<long double>::infinity();
      for (LinkId link = 0; link < room.size(); ++link) {
        if (count[link] > 0) level = std::min(level, room[link] / count[link]);
      }
      for (const TaskId task : rising) {
        const auto& cap = plan_.flows.at(task).cap;
        if (cap) level = std::min(level, static_cast<long double>(*cap));
      }
      for (LinkId link = 0; link < room.size(); ++link) {
        full[link] = count[link] > 0 && room[link] / count[link] <= level * (1 + 1e-15L);
      }
      std::erase_if(rising, [&](TaskId task) {
        const GraphPlan::Flow& flow = plan_.flows.at(task);
        const bool frozen = (flow.cap && *flow.cap <= level) ||
                            std::any_of(flow.links.begin(), flow.links.end(),
                                        [&](LinkId link) { return full[link]; });
        if (!frozen) return false;
        for (const LinkId link : flow.links) room[link] -= level;
        set_rate(task, level);
        return true;
      });
    }
  }

  void set_rate(TaskId task, long double rate) {
    FlowState& flow = flows_[task];
    if (std::abs(rate - flow.rate) <= 1e-12L * flow.rate) return;
    const auto passed = static_cast<long double>((now_ - flow.updated).picoseconds());
    flow.left = std::max(flow.left - flow.rate * passed, 0.0L);
    flow.rate = rate;
    flow.updated = now_;
    result_.finish[task] = now_ + SimTime(std::llround(flow.left / rate));
  }

  const GraphPlan& plan_;
  std::vector<State> states_;
  std::vector<FlowState> flows_;
  std::vector<std::set<std::pair<SimTime, TaskId>>> queues_;
  std::vector<bool> busy_;
  SimTime now_;
  bool flows_end_ = false;
  LiteralResult result_;
};

}  // namespace

LiteralResult run_by_literal_rules(const GraphPlan& plan) {
  return LiteralRun(plan).run();
}

}  // namespace helixsim
