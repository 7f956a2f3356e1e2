#include "sim/sweep/pruning.hpp"

#include <algorithm>
#include <iterator>

#include "sim/decode/memory.hpp"

namespace helixsim {
namespace {

/// Batches of a round are at least this much apart; the last round takes all that are left. More
/// and closer early points make better fronts and leave less to leave out: chosen by trying.
constexpr double kRoundSteps[] = {4.0, 2.0, 1.4, 1.1};
/// Anchors of bounds are at least this much apart.
constexpr double kAnchorStep = 1.08;

/// Bounds are of hardware whose times rise with work.
std::shared_ptr<const Setup> with_bound(const Setup& setup) {
  auto own = std::make_shared<Setup>(setup);
  own->hardware = setup.hardware.monotone_bound();
  return own;
}

}  // namespace

int Pruning::rounds() {
  return static_cast<int>(std::size(kRoundSteps)) + 1;
}

Pruning::Pruning(const SearchSpace& space, const Setup& setup, const Grid& grid)
    : space_(&space),
      setup_(with_bound(setup)),
      grid_(&grid),
      bounds_(grid.layouts.size()),
      fronts_(space.contexts.size() * space.strategies.size()) {
  for (const GridLayout& layout : grid.layouts) {
    const auto strategy =
        std::find_if(space.strategies.begin(), space.strategies.end(),
                     [&](const StrategySpace& s) { return s.strategy == layout.strategy; });
    strategy_of_layout_.push_back(static_cast<std::size_t>(strategy - space.strategies.begin()));
    const int dp = layout.layout.dp;
    if (rounds_.contains(dp)) continue;
    std::vector<std::uint8_t>& round_of_batch = rounds_[dp];
    round_of_batch.assign(space.batches.size(), static_cast<std::uint8_t>(rounds() - 1));
    for (int round = rounds() - 2; round >= 0; --round) {
      double next = 0.0;
      for (std::size_t i = 0; i < space.batches.size(); ++i) {
        const int batch = space.batches[i];
        if (batch < next || batch % dp != 0) continue;
        round_of_batch[i] = static_cast<std::uint8_t>(round);
        next = batch * kRoundSteps[round];
      }
    }
  }
}

void Pruning::prepare(std::size_t index, StepOperations& scratch) {
  const GridLayout& layout = grid_->layouts[index];
  const double shortest = space_->contexts.front();
  TtlBound& bound = bounds_[index].emplace(*setup_, *layout.strategy, layout.layout, shortest);
  const LayoutMemory memory(*setup_, *layout.strategy, layout.layout);
  double next = 0.0;
  for (const int batch : space_->batches) {
    if (batch < next || batch % layout.layout.dp != 0) continue;
    if (!memory.at(batch, shortest).fits()) break;  // nor does any larger or longer one
    bound.add_anchor(batch, scratch);
    next = batch * kAnchorStep;
  }
}

std::size_t Pruning::front_of(std::size_t context, std::size_t layout) const {
  return context * space_->strategies.size() + strategy_of_layout_[layout];
}

void Pruning::add(std::size_t context, std::span<const Record> records) {
  for (const Record& record : records)
    fronts_[front_of(context, record.layout)].add(pareto_point(*grid_, record), 0);
}

void Pruning::settle() {
  for (ParetoFront& front : fronts_) front.settle();
}

bool Pruning::can_leave_out(std::size_t context, std::size_t layout, int batch) const {
  const SimTime bound = bounds_[layout]->at(batch, space_->contexts[context], space_->hop_bs);
  const Layout& widths = grid_->layouts[layout].layout;
  const long long requests = static_cast<long long>(batch) * widths.pp;
  return fronts_[front_of(context, layout)].dominates(
      {bound.picoseconds(), tokens_per_second_per_gpu(requests, bound, widths.gpus())});
}

}  // namespace helixsim
