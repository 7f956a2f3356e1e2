#include <algorithm>

#include "hw_models/laws/split_plan.hpp"
#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

constexpr long long kHead = 128;
constexpr long long kTile = 64;  // tokens

constexpr double kMostSplits = 64.0;
constexpr double kMostBytes = 2e9;  // of one cell's KV shard

}  // namespace

long long planned_gqa_splits(const GqaShape& shape, const GpuFacts& gpu) {
  const double tiles = static_cast<double>((shape.tokens + kTile - 1) / kTile);
  const double items = static_cast<double>(shape.batch * shape.kv_heads);
  return static_cast<long long>(split_plan(items, std::min(kMostSplits, tiles), gpu.sms).splits);
}

/// Bytes: 2 B kvh S d e of the shard and 2 B h d of queries; flops 4 B h S d.
Cell gqa_decode_cell(const GqaShape& shape) {
  const double element = shape.fp8 ? 1.0 : 2.0;
  const double heads = static_cast<double>(shape.batch * shape.kv_heads);
  const double cache = 2.0 * heads * static_cast<double>(shape.tokens * kHead) * element;
  const double queries = heads * static_cast<double>(shape.group * kHead);
  Cell cell;
  cell.key = {.kernel = "gqa_decode",
              .variant = shape.fp8 ? "mma16_e4m3" : "mma16_bf16",
              .impl = "own",
              .shape = {{"b", shape.batch},
                        {"s", shape.tokens},
                        {"kvh", shape.kv_heads},
                        {"g", shape.group},
                        {"split", shape.splits},
                        {"page", shape.page}},
              .dtype = {{"q", "bf16"}, {"kv", shape.fp8 ? "fp8" : "bf16"}, {"o", "fp32"}},
              .mode = "graph_cold"};
  cell.bytes = cache + 2.0 * queries + 4.0 * queries * static_cast<double>(shape.splits);
  cell.flops = 4.0 * queries * static_cast<double>(shape.tokens);
  cell.footprint = cache;
  return cell;
}

/// Lengths 1k to 1M by 4, batches and heads that a rank of Helix has, with the planner's splits; at
/// two shapes also other splits, for the cost of a merge.
std::vector<Cell> gqa_decode_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  const auto add = [&](GqaShape shape, long long splits) {
    shape.splits = splits > 0 ? splits : planned_gqa_splits(shape, gpu);
    Cell cell = gqa_decode_cell(shape);
    const bool known = std::any_of(cells.begin(), cells.end(),
                                   [&](const Cell& other) { return other.key == cell.key; });
    if (cell.footprint <= kMostBytes && !known) cells.push_back(std::move(cell));
  };
  for (const long long tokens :
       {1LL << 10, 1LL << 12, 1LL << 14, 1LL << 16, 1LL << 18, 1LL << 20}) {
    for (const long long batch : {1, 8, 2, 32, 4, 16, 64}) {
      for (const bool fp8 : {false, true}) {
        for (const long long kv_heads : {1, 8})
          add({.batch = batch, .tokens = tokens, .kv_heads = kv_heads, .fp8 = fp8}, 0);
      }
    }
  }
  for (const long long splits : {1, 2, 4, 8, 16, 32, 64}) {
    add({.batch = 8, .tokens = 1 << 14}, splits);
    add({.batch = 1, .tokens = 1 << 17}, splits);
  }
  for (const long long group : {4, 8}) add({.batch = 8, .tokens = 1 << 16, .group = group}, 0);
  for (const long long page : {16, 64}) add({.batch = 8, .tokens = 1 << 16, .page = page}, 0);
  return cells;
}

}  // namespace helixsim
