#include "sim/decode/step_report.hpp"

#include <algorithm>

#include "sim/decode/compute_time.hpp"
#include "sim/decode/kernel_warnings.hpp"
#include "sim/decode/rack_step.hpp"
#include "sim/decode/rack_times.hpp"
#include "sim/engine/graph_check.hpp"

namespace helixsim {
namespace {

OperationReport report_operation(const Schedule& schedule, const ComputeTime& compute,
                                 const ScheduledOperation& scheduled, SimTime origin) {
  const Operation& op = *scheduled.operation;
  const bool collective = op.kind == OperationKind::Collective;
  const bool beside = collective || op.stream == KernelStream::Second;
  const Timeline& timeline = schedule.timeline();
  SimTime start = timeline.start(scheduled.first);
  SimTime finish = timeline.finish(scheduled.first);
  ExposedTime exposed;
  for (TaskId task = scheduled.first; task < scheduled.end; ++task) {
    start = std::min(start, timeline.start(task));
    finish = std::max(finish, timeline.finish(task));
    if (beside) exposed.add(compute, timeline.start(task), timeline.finish(task));
  }
  return {.name = op.name,
          .kind = name_of(op.kind),
          .weight_bytes = op.work.weight_bytes,
          .kv_bytes = op.work.kv_bytes,
          .flops = op.work.flops,
          .group = collective ? op.collective.group : 0,
          .payload_bytes = collective ? op.collective.payload : Bytes(),
          .sent_bytes = scheduled.sent,
          .active_experts = op.active_experts,
          .algorithm = scheduled.algorithm,
          .duration = scheduled.busy,
          .start = start - origin,
          .finish = finish - origin,
          .exposed = beside ? exposed.sum() : scheduled.busy};
}

/// The operations of one block, as they were scheduled, with times from `origin` after the start of
/// the block.
std::vector<OperationReport> report_block(const Evaluator& evaluator, Block block, SimTime shift) {
  const Schedule& schedule = evaluator.schedule();
  SimTime block_start;
  for (std::size_t b = 0; b < static_cast<std::size_t>(block); ++b)
    block_start += schedule.blocks()[b].makespan;
  const ComputeTime compute(schedule.graph(), schedule.timeline(), schedule.compute_stream());
  std::vector<OperationReport> reports;
  for (const ScheduledOperation& scheduled : schedule.operations()) {
    if (scheduled.block != static_cast<std::size_t>(block)) continue;
    reports.push_back(report_operation(schedule, compute, scheduled, block_start - shift));
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

/// Puts the times of the rank that computes longest in the place of those of an undisturbed one.
void take_times_of_rank(const RackStep& step, StepReport& report) {
  const std::vector<std::optional<OperationTimes>> times =
      times_on_rank(step, step.result().slowest_rank);
  const auto operations = step.schedule().folded().operations();
  const auto take = [&](std::vector<OperationReport>& reports, auto&& is_of_block) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      if (!is_of_block(static_cast<Block>(operations[i].block))) continue;
      OperationReport& op = reports[next++];
      if (!times[i]) continue;  // a stage without such layers
      op.duration = times[i]->duration;
      op.start = times[i]->start;
      op.finish = times[i]->finish;
      const Operation& operation = *operations[i].operation;
      const bool beside =
          operation.kind == OperationKind::Collective || operation.stream == KernelStream::Second;
      op.exposed = beside ? times[i]->exposed : times[i]->duration;
    }
  };
  for (LayerReport& layer : report.layers) {
    const Block ffn = layer.kind == "dense" ? Block::Dense : Block::Moe;
    take(layer.operations, [&](Block block) { return block == Block::Attention || block == ffn; });
    layer.duration = {};
    for (const OperationReport& op : layer.operations) {
      layer.duration = std::max(layer.duration, op.finish);
    }
  }
  take(report.ends, [](Block block) {
    return block == Block::Begin || block == Block::End || block == Block::Hop;
  });
}

std::vector<std::string> warnings_of(const Setup& setup, const Point& point) {
  std::vector<std::string> warnings = warnings_of(setup);
  if (point.hop_b.mode != HopBMode::Off) {
    if (!point.strategy->hides_exchange) {
      warnings.push_back("hop_b has no effect: strategy " + std::string(point.strategy->name) +
                         " does not overlap an exchange");
    } else if (point.layout.kvp == 1) {
      warnings.push_back("hop_b has no effect: kvp 1 has no exchange");
    } else if (point.strategy->takes.exchange &&
               setup.options.exchange == DcpExchange::AllGatherReduceScatter) {
      warnings.push_back("hop_b has no effect: exchange ag_rs is not cut, a2a is");
    } else if (!setup.options.merge_before_w_uv) {
      warnings.push_back("hop_b has no effect: W_UV stands between attention and exchange");
    }
  }
  if (setup.options.overlap_all_reduce && !point.strategy->overlaps_all_reduce) {
    warnings.push_back("overlap_all_reduce has no effect: strategy " +
                       std::string(point.strategy->name) + " exposes all its communication");
  }
  const bool moe_exchange_given = setup.options.moe_exchange != MoeExchange::AllReduce;
  if (moe_exchange_given && point.layout.ep == 1) {
    warnings.push_back("moe_exchange has no effect: ep 1 leaves the all-reduce");
  }
  if (setup.rack.sample_experts && setup.model.moe.layers == 0) {
    warnings.push_back("experts has no effect: model " + setup.model.name + " has none");
  }
  return warnings;
}

}  // namespace

StepReport report_step(Evaluator& evaluator, const Point& point) {
  StepReport report{.point = point,
                    .result = evaluator.evaluate(point),
                    .layers = {},
                    .ends = {},
                    .warnings = {},
                    .critical_path = {},
                    .sensitivity = {},
                    .rack = {},
                    .ranks_differ = false};
  const Setup& setup = evaluator.setup();
  if (!report.result.feasible()) return report;
  report.warnings = warnings_of(setup, point);
  for (std::string& warning : kernel_warnings(evaluator.step(), setup.hardware))
    report.warnings.push_back(std::move(warning));
  if (report.result.error) {
    const double ttl = report.result.ttl.seconds().value();
    const Interval factors =
        bootstrap_interval(evaluator.step(), setup.hardware, setup.rack.seed, kErrorDraws);
    report.ttl_interval = Interval{ttl * factors.low, ttl * factors.high};
  }
  check_graph(evaluator.schedule().graph());
  report.critical_path = critical_operations(evaluator, report.result.ttl);
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
  if (const RackStep* rack = evaluator.rack()) {
    report.rack = rack->result();
    report.ranks_differ = !rack->symmetric();
    if (report.ranks_differ) take_times_of_rank(*rack, report);
  }
  return report;
}

}  // namespace helixsim
