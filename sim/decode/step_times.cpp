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
  const double weights[kBlocks] = {step_weights.begin, step_weights.attention, step_weights.dense,
                                   step_weights.moe,   step_weights.end,       step_weights.hop};
  constexpr auto kCommunication = static_cast<std::size_t>(TimeCategory::Communication);
  for (std::size_t b = 0; b < kBlocks; ++b) {
    SimTime compute;
    for (std::size_t c = 0; c < kTimeCategories; ++c) {
      if (c == kCommunication) continue;
      compute += times[b].busy[c];
      result.seconds[c] += weights[b] * times[b].busy[c].seconds().value();
    }
    const SimTime exposed = times[b].makespan - compute;
    const SimTime hidden = times[b].busy[kCommunication] - exposed;
    result.seconds[kCommunication] += weights[b] * exposed.seconds().value();
    result.hidden_seconds += weights[b] * std::max(hidden, SimTime()).seconds().value();
  }
}

}  // namespace helixsim
