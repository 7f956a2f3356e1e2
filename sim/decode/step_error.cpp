#include "sim/decode/step_error.hpp"

#include <algorithm>
#include <cmath>

#include "sim/engine/contract.hpp"
#include "sim/parallel/block_pass.hpp"
#include "sim/parallel/exposed_times.hpp"
#include "sim/parallel/hop_b_pieces.hpp"

namespace helixsim {
namespace {

constexpr std::string_view kComposition = "composition";

TtlErrorPart& row_of(std::vector<TtlErrorPart>& parts, std::string_view family) {
  const auto found = std::find_if(parts.begin(), parts.end(),
                                  [&](const TtlErrorPart& p) { return p.family == family; });
  if (found != parts.end()) return *found;
  return parts.emplace_back(TtlErrorPart{.family = family});
}

double ttl_of(const EvaluatedStep& step, const Hardware& hardware) {
  double ttl = 0.0;
  for (const Block block : kBlocksInOrder) {
    const double weight = step.weights.of(block);
    if (weight == 0.0) continue;
    const BlockTimes times =
        block_pass((*step.operations)[block], step.hop_b, step.operations->requests(), hardware,
                   step.overlap_all_reduce);
    ttl += weight * times.makespan.seconds().value();
  }
  return ttl;
}

/// Between the two values around the place, in proportion. Contract: sorted, not empty.
double quantile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

bool has_error(const HopB& as_run, const Hardware& hardware) {
  return hardware.error_rules() && as_run.mode != HopBMode::Figure3 &&
         as_run.mode != HopBMode::Figure3Lockstep;
}

bool is_exact(const Operation& op) {
  if (op.kind == OperationKind::Collective) return op.collective.group <= 1;
  return op.host > Seconds() || op.work.included;
}

Provenance provenance_of(const ExposedOperation& exposed, const Hardware& hardware) {
  const Operation& op = *exposed.operation;
  return op.kind == OperationKind::Collective
             ? hardware.provenance(part_of(op.collective, exposed.share))
             : hardware.provenance(part_of(op.work, exposed.share));
}

std::vector<ExposedOperation> exposed_operations(const EvaluatedStep& step,
                                                 const Hardware& hardware) {
  std::vector<ExposedOperation> all;
  const int requests = step.operations->requests();
  const double share_of_piece =
      std::ceil(static_cast<double>(requests) / step.hop_b.chunks) / requests;
  for (const Block block : kBlocksInOrder) {
    const double weight = step.weights.of(block);
    if (weight == 0.0) continue;
    const OperationList& operations = (*step.operations)[block];
    const auto exposed =
        exposed_times(operations, step.hop_b, requests, hardware, step.overlap_all_reduce);
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const double seconds = weight * exposed[i].seconds().value();
      const bool cut =
          step.hop_b.mode == HopBMode::Chunks &&
          (is_cut(operations, i, step.hop_b) || (i > 0 && is_cut(operations, i - 1, step.hop_b)));
      if (seconds > 0.0) all.push_back({&operations[i], seconds, cut ? share_of_piece : 1.0});
    }
  }
  return all;
}

TtlError ttl_error(const EvaluatedStep& step, const Hardware& hardware) {
  TtlError error;
  double ttl = 0.0;
  for (const ExposedOperation& exposed : exposed_operations(step, hardware)) {
    const double seconds = exposed.seconds;
    ttl += seconds;
    if (is_exact(*exposed.operation)) continue;
    const TimeError of_kernel =
        time_error(provenance_of(exposed, hardware), *hardware.error_rules());
    TtlErrorPart& part = row_of(error.parts, of_kernel.family);
    part.share += seconds;
    part.log_sd += seconds * of_kernel.log_sd();
  }
  for (TtlErrorPart& part : error.parts) {
    part.share /= ttl;
    part.log_sd /= ttl;
  }
  error.parts.push_back(
      {.family = kComposition, .share = 1.0, .log_sd = hardware.error_rules()->composition});
  return error;
}

Interval bootstrap_interval(const EvaluatedStep& step, const Hardware& hardware,
                            unsigned long long seed, int draws) {
  ensure(draws > 0, "an interval needs a draw");
  const Hardware predicted = hardware.remembering();
  const double ttl = ttl_of(step, predicted);
  std::vector<double> factors;
  for (int number = 0; number < draws; ++number) {
    const ErrorDraw draw(seed, static_cast<std::uint64_t>(number));
    factors.push_back(ttl_of(step, predicted.with_errors(draw)) / ttl *
                      draw.composition_factor(*hardware.error_rules()));
  }
  std::sort(factors.begin(), factors.end());
  return {quantile(factors, 0.05), quantile(factors, 0.95)};
}

}  // namespace helixsim
