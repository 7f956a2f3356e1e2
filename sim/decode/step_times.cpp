#include "sim/decode/step_times.hpp"

#include <algorithm>

namespace helixsim {

StepBlocks makespans_of(const StepTimes& times) {
  const auto of = [&](Block block) { return times[static_cast<std::size_t>(block)].makespan; };
  return {.begin = of(Block::Begin),
          .attention = of(Block::Attention),
          .dense = of(Block::Dense),
          .moe = of(Block::Moe),
          .end = of(Block::End),
          .hop = of(Block::Hop)};
}

int chunks_of(const HopB& as_run, int requests) {
  if (as_run.mode == HopBMode::Off) return 1;
  return as_run.mode == HopBMode::Chunks ? as_run.chunks : requests;
}

void book_categories(const StepTimes& times, const StepWeights& step_weights, PointResult& result) {
  constexpr auto kCommunication = static_cast<std::size_t>(TimeCategory::Communication);
  for (const Block block : kBlocksInOrder) {
    const auto b = static_cast<std::size_t>(block);
    const double weight = step_weights.of(block);
    SimTime compute;
    for (std::size_t c = 0; c < kTimeCategories; ++c) {
      if (c == kCommunication) continue;
      compute += times[b].busy[c];
      result.seconds[c] += weight * times[b].busy[c].seconds().value();
    }
    const SimTime exposed = times[b].makespan - compute;
    const SimTime hidden = times[b].busy[kCommunication] - exposed;
    result.seconds[kCommunication] += weight * exposed.seconds().value();
    result.hidden_seconds += weight * std::max(hidden, SimTime()).seconds().value();
  }
}

}  // namespace helixsim
