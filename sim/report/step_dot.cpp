#include "sim/report/step_dot.hpp"

#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>

#include "sim/config/config_error.hpp"
#include "sim/engine/graph_dot.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr std::string_view kKernel = "#cfe3f7";
constexpr std::string_view kCommunication = "#fbdcb0";
constexpr std::string_view kLatency = "#f1f1f1";

constexpr std::array<std::string_view, kBlocks> kBlockNames{
    "begin", "every layer", "dense layers", "MoE layers", "end", "between stages"};

std::string title_of(const Setup& setup, const Point& point, SimTime ttl, std::string_view what) {
  return fmt::format(
      "{} at {} tokens, batch {}, fidelity {}\n{} on {} GPUs: {}; TTL {}\n{}; blue: kernels, "
      "orange: communication, grey: latency; bold: critical path",
      setup.model.title, format_tokens(point.context), point.batch, setup.hardware.fidelity(),
      point.strategy->name, point.layout.gpus(), to_text(point.layout), format_time(ttl.seconds()),
      what);
}

std::string time_of(const Timeline& timeline, TaskId task) {
  return format_time((timeline.finish(task) - timeline.start(task)).seconds());
}

}  // namespace

void write_step_dot(const Evaluator& evaluator, const Point& point, std::ostream& out) {
  const Schedule& schedule = evaluator.schedule();
  const auto task_of = [&](TaskId task) -> DotTask {
    const ScheduledOperation& op = schedule.operations()[schedule.parts()[task].operation];
    const ResourceId stream = schedule.graph().resources()[task];
    const std::string piece = op.end - op.first > 1
                                  ? fmt::format(" {}/{}", task - op.first + 1, op.end - op.first)
                                  : std::string();
    return {.label = fmt::format("{}{}\n{}\n{}", op.operation->name, piece,
                                 time_of(schedule.timeline(), task), kBlockNames[op.block]),
            .fill = stream == schedule.compute_stream() ? kKernel
                    : stream == kNoResource             ? kLatency
                                                        : kCommunication};
  };
  write_dot(schedule.graph(), schedule.timeline(),
            title_of(evaluator.setup(), point, evaluator.ttl(), "each kind of block once"),
            task_of, out);
}

void write_rack_dot(const RackStep& step, const Setup& setup, const Point& point,
                    std::ostream& out) {
  const RackSchedule& schedule = step.schedule();
  const std::size_t count = schedule.graph().task_count();
  if (count > kMostDotTasks) {
    throw ConfigError(fmt::format(
        "--dot: the graph of every rank has {} tasks; at most {} are drawn",
        format_count(static_cast<long long>(count)),
        format_count(static_cast<long long>(kMostDotTasks))));
  }
  const auto task_of = [&](TaskId task) -> DotTask {
    const RackTask& origin = schedule.tasks()[task];
    const auto name = schedule.folded().operations()[origin.operation].operation->name;
    const std::string layer = origin.layer < 0 ? "" : fmt::format(" {}", origin.layer);
    if (origin.rank == RackTask::kNone) {
      return {.label = fmt::format("{}{}\nall are there", name, layer), .fill = {}};
    }
    const ResourceId stream = schedule.graph().resources()[task];
    const bool transfer = origin.peer != RackTask::kNone;
    const std::string to = transfer ? fmt::format(" to GPU {}", origin.peer) : std::string();
    const bool kernel = stream == schedule.compute_stream(static_cast<int>(origin.rank));
    return {.label = fmt::format("GPU {}{}\n{}{}\n{}", origin.rank, to, name, layer,
                                 time_of(schedule.timeline(), task)),
            .fill = kernel                               ? kKernel
                    : stream == kNoResource && !transfer ? kLatency
                                                         : kCommunication};
  };
  write_dot(schedule.graph(), schedule.timeline(),
            title_of(setup, point, step.result().ttl, "every rank"), task_of, out);
}

}  // namespace helixsim
