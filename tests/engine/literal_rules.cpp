#include "tests/engine/literal_rules.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace helixsim {
namespace {

enum class State { Waiting, Queued, Running, Done };

class LiteralRun {
 public:
  explicit LiteralRun(const GraphPlan& plan)
      : plan_(plan),
        states_(plan.tasks.size(), State::Waiting),
        queues_(plan.resource_count),
        busy_(plan.resource_count, false) {
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
  bool find_next_instant() {
    bool found = false;
    SimTime next(std::numeric_limits<std::int64_t>::max());
    for (TaskId task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Running) {
        found = true;
        next = std::min(next, result_.finish[task]);
      }
    }
    now_ = found ? next : now_;
    return found;
  }

  void end() {
    for (TaskId task = 0; task < states_.size(); ++task) {
      if (states_[task] == State::Running && result_.finish[task] == now_) {
        states_[task] = State::Done;
        if (plan_.tasks[task].resource != kNoResource) {
          busy_[plan_.tasks[task].resource] = false;
        }
      }
    }
  }

  bool is_ready(TaskId task) const {
    return std::all_of(plan_.edges.begin(), plan_.edges.end(), [&](const GraphPlan::Edge& edge) {
      return edge.after != task || states_[edge.before] == State::Done;
    });
  }

  void admit() {
    for (TaskId task = 0; task < states_.size(); ++task) {
      if (states_[task] != State::Waiting || !is_ready(task)) {
        continue;
      }
      if (plan_.tasks[task].resource == kNoResource) {
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
    states_[task] = State::Running;
    result_.start[task] = now_;
    result_.finish[task] = now_ + plan_.tasks[task].latency + plan_.tasks[task].work;
  }

  const GraphPlan& plan_;
  std::vector<State> states_;
  std::vector<std::set<std::pair<SimTime, TaskId>>> queues_;
  std::vector<bool> busy_;
  SimTime now_;
  LiteralResult result_;
};

}  // namespace

LiteralResult run_by_literal_rules(const GraphPlan& plan) {
  return LiteralRun(plan).run();
}

}  // namespace helixsim
