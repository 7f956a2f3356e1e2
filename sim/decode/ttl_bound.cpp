#include "sim/decode/ttl_bound.hpp"

#include <algorithm>

#include "sim/engine/contract.hpp"
#include "sim/parallel/block_pass.hpp"
#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {
namespace {

constexpr HopB kOff{HopBMode::Off, 1};

/// `time` less what rounding may have added to it: half a picosecond a part, and the last bits of
/// doubles where the whole is long.
SimTime rounded_down(SimTime time, std::size_t parts) {
  const std::int64_t last_bits = time.picoseconds() / 1'000'000'000'000;
  const std::int64_t slack = static_cast<std::int64_t>(parts) + 1 + last_bits;
  return SimTime(std::max<std::int64_t>(0, time.picoseconds() - slack));
}

}  // namespace

TtlBound::TtlBound(const Setup& setup, const StrategyEntry& strategy, const Layout& layout,
                   double shortest_context)
    : setup_(&setup),
      strategy_(&strategy),
      layout_(layout),
      shortest_context_(shortest_context),
      overlap_(setup.options.overlap_all_reduce && strategy.overlaps_all_reduce),
      shard_(shard_of_one_token(setup, strategy, layout)),
      stage_weights_(setup.model, layout.pp, setup.hardware.accounting()) {}

void TtlBound::add_anchor(int batch, StepOperations& scratch) {
  scratch.build(*strategy_, layout_, batch, shortest_context_);
  const int requests = scratch.requests();
  const auto time_of = [&](std::span<const Operation> operations) {
    const SimTime time =
        block_pass(operations, kOff, requests, setup_->hardware, overlap_).makespan;
    return rounded_down(time, operations.size());
  };
  const std::span<const Operation> block = scratch[Block::Attention];
  const std::size_t at = scratch.attention_kernel();
  std::span<const Operation> behind = block.subspan(at + 1);
  const SimTime before = time_of(block.first(at));
  Anchor anchor{.batch = batch,
                .rest = {.begin = time_of(scratch[Block::Begin]),
                         .attention = {},
                         .dense = time_of(scratch[Block::Dense]),
                         .moe = time_of(scratch[Block::Moe]),
                         .end = time_of(scratch[Block::End]),
                         .hop = time_of(scratch[Block::Hop])},
                .rest_when_cut = {}};
  hides_exchange_ = strategy_->hides_exchange && !behind.empty() && behind.front().cut_by_hop_b;
  if (hides_exchange_) {
    const CollectiveCost empty = setup_->hardware.cost(part_of(behind.front().collective, 0.0));
    const SimTime exchange =
        rounded_down(operation_time(empty.occupancy) + operation_time(empty.latency), 2);
    anchor.rest_when_cut = before + exchange + time_of(behind.subspan(1));
  }
  // An all-reduce that overlaps the kernel may hide behind it: it is left out.
  if (overlap_ && !behind.empty() && follows_its_kernel(block, at + 1)) behind = behind.subspan(1);
  anchor.rest.attention = before + time_of(behind);
  anchors_.push_back(anchor);
}

SimTime TtlBound::attention(const Anchor& anchor, int batch, double context,
                            std::span<const HopB> modes) const {
  const int requests = batch / layout_.dp;
  AttentionShard shard = shard_;
  shard.requests = requests;
  shard.kv_tokens = context / layout_.kvp;
  const KernelWork work = setup_->attention->flash_decode(shard, setup_->precision).work;
  const SimTime whole = operation_time(setup_->hardware.duration(work));
  const SimTime off = anchor.rest.attention + whole;
  if (!hides_exchange_) return off;
  const auto cut_into = [&](int chunks) {
    const SimTime parts = operation_time(setup_->hardware.least_when_cut(work, chunks));
    return anchor.rest_when_cut + rounded_down(parts, static_cast<std::size_t>(requests));
  };
  const auto of_mode = [&](const HopB& hop_b) -> SimTime {
    switch (hop_b.mode) {
      case HopBMode::Off:
        return off;
      case HopBMode::Chunks:
        return cut_into(hop_b.chunks);
      case HopBMode::Best:
        return requests < 2 ? off : std::min(off, cut_into(2));
      case HopBMode::DeviceInitiated:
        return anchor.rest_when_cut + rounded_down(whole, static_cast<std::size_t>(requests));
      default:  // figure 3 has an exchange of its own
        return {};
    }
  };
  SimTime least = of_mode(modes.front());
  for (const HopB& mode : modes.subspan(1)) least = std::min(least, of_mode(mode));
  return least;
}

SimTime TtlBound::at(int batch, double context, std::span<const HopB> modes) const {
  const auto next =
      std::upper_bound(anchors_.begin(), anchors_.end(), batch,
                       [](int value, const Anchor& anchor) { return value < anchor.batch; });
  ensure(next != anchors_.begin(), "an anchor is not above the batch");
  StepBlocks blocks = (next - 1)->rest;
  blocks.attention = attention(*(next - 1), batch, context, modes);
  const double picoseconds = weighted_picoseconds(stage_weights_.of_step(blocks), blocks);
  return rounded_down(SimTime(static_cast<std::int64_t>(picoseconds)), 1);
}

}  // namespace helixsim
