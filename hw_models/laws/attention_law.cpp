#include "hw_models/laws/attention_law.hpp"

#include <algorithm>
#include <cmath>

#include "hw_models/laws/law_math.hpp"

namespace helixsim {

double AttentionLaw::seconds(const AttentionShape& shape, bool cold) const {
  constexpr double kTile = 128.0;  // tokens
  const double sms = gpu.multiprocessors;
  const double items = shape.batch * shape.kv_heads * std::ceil(shape.group / tile_heads);
  const double tiles = std::ceil(shape.kv_tokens / kTile);
  const auto [splits, waves] = split_plan(items, std::min<double>(max_splits, tiles), sms);
  const double token_bytes = sides * shape.head_size * kv_bytes;
  const double heads = std::min(shape.group, static_cast<double>(tile_heads));
  const double token_flops = 2.0 * heads * shape.head_size * (1.0 + value_size_part);
  const double pace =
      norm_of(per_token + per_byte * token_bytes, token_flops / (efficiency * peak / sms), 6.0);
  const double cta = waves * std::ceil(tiles / splits) * kTile * pace;
  const double bytes = shape.batch * shape.kv_tokens * shape.kv_heads * token_bytes;
  const MemoryReach reach{bandwidth, l2_bandwidth, l2_part * gpu.l2_bytes};
  const double memory = reach.seconds(bytes, bytes, cold);
  const double query_bytes =
      shape.batch * shape.kv_heads * shape.group * shape.head_size * 2.0 * (1.0 + value_size_part);
  return fixed + norm_of(memory, cta, sharpness) + wave * (waves - 1.0) +
         split * std::log2(splits) + query * query_bytes;
}

std::span<const LawParameter<AttentionLaw>> AttentionLaw::parameters() {
  static constexpr LawParameter<AttentionLaw> kTable[] = {
      {"fixed", &AttentionLaw::fixed, "us", 1e-6, 1e-6, 40e-6},
      {"per_token", &AttentionLaw::per_token, "ns", 1e-9, 0.01e-9, 50e-9},
      {"per_byte", &AttentionLaw::per_byte, "ps", 1e-12, 0.01e-12, 500e-12},
      {"bandwidth", &AttentionLaw::bandwidth, "TB/s", 1e12, 0.5e12, 8e12},
      {"l2_bandwidth", &AttentionLaw::l2_bandwidth, "TB/s", 1e12, 2e12, 60e12},
      {"l2_part", &AttentionLaw::l2_part, "", 1.0, 0.1, 1.5},
      {"efficiency", &AttentionLaw::efficiency, "", 1.0, 0.02, 1.0},
      {"wave", &AttentionLaw::wave, "us", 1e-6, 1e-9, 10e-6},
      {"split", &AttentionLaw::split, "us", 1e-6, 1e-9, 10e-6},
      {"query", &AttentionLaw::query, "ps/kB", 1e-15, 1e-16, 1e-11},
      {"sharpness", &AttentionLaw::sharpness, "", 1.0, 1.0, 12.0},
  };
  return kTable;
}

std::span<const LawChoice<AttentionLaw>> AttentionLaw::choices() {
  static constexpr LawChoice<AttentionLaw> kTable[] = {
      {"tile_heads", &AttentionLaw::tile_heads},
      {"max_splits", &AttentionLaw::max_splits},
  };
  return kTable;
}

}  // namespace helixsim
