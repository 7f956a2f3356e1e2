#include "hw_models/laws/attention_law.hpp"

#include <algorithm>
#include <cmath>

#include "hw_models/laws/law_math.hpp"

namespace helixsim {

namespace {

double seen_tokens(const AttentionShape& shape) {
  return shape.window > 0.0 ? std::min(shape.kv_tokens, shape.window) : shape.kv_tokens;
}

/// What the CTAs share, and how.
struct Walk {
  double tokens;  ///< that the kernel walks over
  SplitPlan plan;
};

Walk walk_of(const AttentionLaw& law, const AttentionShape& shape) {
  const double tokens = law.walk_all != 0 ? shape.kv_tokens : seen_tokens(shape);
  const double items = shape.batch * shape.kv_heads * std::ceil(shape.group / law.tile_heads);
  const double most = std::min<double>(law.max_splits, std::ceil(tokens / law.split_tokens));
  return {.tokens = tokens, .plan = split_plan(items, most, law.gpu.multiprocessors)};
}

}  // namespace

SplitPlan AttentionLaw::splits(const AttentionShape& shape) const {
  return walk_of(*this, shape).plan;
}

LawTerms AttentionLaw::terms(const AttentionShape& shape, bool cold) const {
  constexpr double kTile = 128.0;  // tokens
  const double sms = gpu.multiprocessors;
  const auto [tokens, plan] = walk_of(*this, shape);
  const auto [splits, waves] = plan;
  const double tiles = std::ceil(tokens / kTile);
  const double token_bytes = sides * shape.head_size * kv_bytes;
  const double heads = std::min(shape.group, static_cast<double>(tile_heads));
  const double token_flops = 2.0 * heads * shape.head_size * (1.0 + value_size_part);
  const double walk = per_token + per_byte * token_bytes;
  const double arithmetic = token_flops / (efficiency * peak / sms);
  const double cta = waves * std::ceil(tiles / splits) * kTile * norm6(walk, arithmetic);
  const double bytes = shape.batch * tokens * shape.kv_heads * token_bytes;
  const MemoryReach reach{bandwidth, l2_bandwidth, l2_part * gpu.l2_bytes};
  const double memory = reach.seconds(bytes, bytes, cold);
  const double query_bytes =
      shape.batch * shape.kv_heads * shape.group * shape.head_size * 2.0 * (1.0 + value_size_part);
  return {.total = fixed + norm_of(memory, cta, sharpness) + wave * (waves - 1.0) +
                   split * std::log2(splits) + query * query_bytes,
          .memory = memory,
          .stream = cta,
          .in_l2 = !cold && reach.holds(bytes),
          .by_arithmetic = arithmetic > walk};
}

std::span<const LawParameter<AttentionLaw>> AttentionLaw::parameters() {
  static constexpr LawParameter<AttentionLaw> kTable[] = {
      {"fixed", &AttentionLaw::fixed, "us", 1e-6, 1e-6, 40e-6, OnOtherGpu::Unknown},
      {"per_token", &AttentionLaw::per_token, "ns", 1e-9, 0.01e-9, 50e-9},
      {"per_byte", &AttentionLaw::per_byte, "ps", 1e-12, 0.01e-12, 500e-12},
      {"bandwidth", &AttentionLaw::bandwidth, "TB/s", 1e12, 0.5e12, 8e12, OnOtherGpu::Scaled},
      {"l2_bandwidth", &AttentionLaw::l2_bandwidth, "TB/s", 1e12, 2e12, 60e12, OnOtherGpu::Scaled},
      {"l2_part", &AttentionLaw::l2_part, "", 1.0, 0.1, 1.5},
      {"efficiency", &AttentionLaw::efficiency, "", 1.0, 0.02, 1.0, OnOtherGpu::Scaled},
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
      {"split_tokens", &AttentionLaw::split_tokens},
      {"walk_all", &AttentionLaw::walk_all},
  };
  return kTable;
}

std::span<const LawFact<AttentionLaw>> AttentionLaw::facts() {
  static constexpr LawFact<AttentionLaw> kTable[] = {
      {"kv_bytes", &AttentionLaw::kv_bytes, "B", 1.0},
      {"sides", &AttentionLaw::sides, "", 1.0},
      {"value_size_part", &AttentionLaw::value_size_part, "", 1.0},
      {"peak", &AttentionLaw::peak, "PFLOP/s", 1e15},
  };
  return kTable;
}

std::span<const LawCoordinate<AttentionLaw>> AttentionLaw::coordinates() {
  static constexpr LawCoordinate<AttentionLaw> kTable[] = {
      {"items",
       [](const AttentionShape& shape) { return std::log2(shape.batch * shape.kv_heads); }},
      {"tokens", [](const AttentionShape& shape) { return std::log2(seen_tokens(shape)); }},
      {"group", [](const AttentionShape& shape) { return std::log2(shape.group); }},
      {"head_size", [](const AttentionShape& shape) { return std::log2(shape.head_size); }},
      {"cached", [](const AttentionShape& shape) { return std::log2(shape.kv_tokens); }},
  };
  return kTable;
}

}  // namespace helixsim
