#include "sim/decode/step_report.hpp"

#include <algorithm>

#include "sim/engine/graph_check.hpp"

namespace helixsim {
namespace {

/// Part of [start, finish) in which no task of the compute stream runs.
SimTime exposed_time(const Schedule& schedule, SimTime start, SimTime finish) {
  SimTime covered;
  const TaskGraph& graph = schedule.graph();
  for (TaskId task = 0; task < graph.task_count(); ++task) {
    if (graph.resources()[task] != schedule.compute_stream()) continue;
    const SimTime from = std::max(start, schedule.timeline().start(task));
    const SimTime to = std::min(finish, schedule.timeline().finish(task));
    if (to > from) covered += to - from;
  }
  return finish - start - covered;
}

OperationReport report_operation(const Schedule& schedule, const ScheduledOperation& scheduled,
                                 SimTime origin) {
  const Operation& op = *scheduled.operation;
  const Timeline& timeline = schedule.timeline();
  SimTime start = timeline.start(scheduled.first);
  SimTime finish = timeline.finish(scheduled.first);
  SimTime exposed;
  SimTime counted = start;  // latencies pass beside the next transfer: no instant counts twice
  for (TaskId task = scheduled.first; task < scheduled.end; ++task) {
    start = std::min(start, timeline.start(task));
    finish = std::max(finish, timeline.finish(task));
    if (op.kind == OperationKind::Collective && timeline.finish(task) > counted) {
      exposed +=
          exposed_time(schedule, std::max(counted, timeline.start(task)), timeline.finish(task));
      counted = timeline.finish(task);
    }
  }
  const bool collective = op.kind == OperationKind::Collective;
  return {.name = op.name,
          .kind = name_of(op.kind),
          .weight_bytes = op.work.weight_bytes,
          .kv_bytes = op.work.kv_bytes,
          .flops = op.work.flops,
          .group = collective ? op.collective.group : 0,
          .payload_bytes = collective ? op.collective.payload : Bytes(),
          .sent_bytes = scheduled.sent,
          .active_experts = op.active_experts,
          .duration = scheduled.busy,
          .start = start - origin,
          .finish = finish - origin,
          .exposed = collective ? exposed : scheduled.busy};
}

/// The operations of one block, as they were scheduled, with times from `origin` after the start of
/// the block.
std::vector<OperationReport> report_block(const Evaluator& evaluator, Block block, SimTime shift) {
  const Schedule& schedule = evaluator.schedule();
  SimTime block_start;
  for (std::size_t b = 0; b < static_cast<std::size_t>(block); ++b)
    block_start += schedule.blocks()[b].makespan;
  std::vector<OperationReport> reports;
  const OperationList& operations = evaluator.operations(block);
  for (const ScheduledOperation& scheduled : schedule.operations()) {
    const bool here = !operations.empty() && scheduled.operation >= &operations.front() &&
                      scheduled.operation <= &operations.back();
    if (here) reports.push_back(report_operation(schedule, scheduled, block_start - shift));
  }
  return reports;
}

LayerReport report_layer(const Evaluator& evaluator, std::string_view kind, Block ffn, int count) {
  const auto blocks = evaluator.schedule().blocks();
  const SimTime attention = blocks[static_cast<std::size_t>(Block::Attention)].makespan;
  LayerReport layer{.kind = kind,
                    .count = count,
                    .duration = attention + blocks[static_cast<std::size_t>(ffn)].makespan,
                    .operations = report_block(evaluator, Block::Attention, SimTime())};
  for (OperationReport& op : report_block(evaluator, ffn, attention))
    layer.operations.push_back(op);
  return layer;
}

std::vector<std::string> warnings_of(const Setup& setup, const Point& point,
                                     const PointResult& result) {
  std::vector<std::string> warnings;
  if (point.hop_b.mode != HopBMode::Off && result.feasible()) {
    if (!point.strategy->hides_exchange) {
      warnings.push_back("hop_b has no effect: strategy " + std::string(point.strategy->name) +
                         " does not overlap an exchange");
    } else if (point.layout.kvp == 1) {
      warnings.push_back("hop_b has no effect: kvp 1 has no exchange");
    }
  }
  if (setup.options.overlap_all_reduce && !point.strategy->overlaps_all_reduce) {
    warnings.push_back("overlap_all_reduce has no effect: strategy " +
                       std::string(point.strategy->name) + " exposes all its communication");
  }
  if (setup.hardware.accounting() == Accounting::Event &&
      (setup.precision.kv_cache == Precision::Fp4 ||
       setup.precision.kv_cache == Precision::Nvfp4)) {
    warnings.push_back("no measured attention kernel reads a 4-bit KV cache: its speed is assumed");
  }
  return warnings;
}

}  // namespace

StepReport report_step(Evaluator& evaluator, const Point& point) {
  StepReport report{.point = point,
                    .result = evaluator.evaluate(point),
                    .layers = {},
                    .ends = {},
                    .warnings = {}};
  const Setup& setup = evaluator.setup();
  report.warnings = warnings_of(setup, point, report.result);
  if (!report.result.feasible()) return report;
  check_graph(evaluator.schedule().graph());
  if (setup.model.dense.layers > 0) {
    report.layers.push_back(
        report_layer(evaluator, "dense", Block::Dense, setup.model.dense.layers));
  }
  if (setup.model.moe.layers > 0) {
    report.layers.push_back(report_layer(evaluator, "moe", Block::Moe, setup.model.moe.layers));
  }
  for (const Block block : {Block::Begin, Block::End, Block::Hop}) {
    for (const OperationReport& op : report_block(evaluator, block, SimTime()))
      report.ends.push_back(op);
  }
  return report;
}

}  // namespace helixsim
