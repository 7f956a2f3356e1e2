#include <algorithm>

#include "hw_models/laws/split_plan.hpp"
#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

constexpr double kWidth = 576.0;
constexpr double kValues = 512.0;
constexpr long long kTile = 32;  // tokens
constexpr double kMostSplits = 64.0;
constexpr double kMostBytes = 2e9;

struct MlaShape {
  long long batch = 1;
  long long tokens = 1024;
  long long heads = 128;
  bool fp8 = false;
};

/// Bytes: b s 576 e of latents, queries, partial outputs with their LSE; flops 2 b h s (576 + 512).
Cell mla_decode_cell(const MlaShape& shape, const GpuFacts& gpu) {
  const double rows = static_cast<double>(shape.batch * shape.heads);
  const long long splits = planned_mla_splits(shape.batch, shape.tokens, shape.heads, gpu);
  const double cache =
      static_cast<double>(shape.batch * shape.tokens) * kWidth * (shape.fp8 ? 1.0 : 2.0);
  Cell cell;
  cell.key = {
      .kernel = "mla_decode",
      .variant = shape.fp8 ? "mma16_e4m3" : "mma16_bf16",
      .impl = "own",
      .shape = {{"b", shape.batch}, {"s", shape.tokens}, {"h", shape.heads}, {"split", splits}},
      .dtype = {{"q", "bf16"}, {"kv", shape.fp8 ? "fp8" : "bf16"}, {"o", "fp32"}},
      .mode = "graph_cold"};
  cell.bytes = cache + rows * (2.0 * kWidth + (4.0 * kValues + 4.0) * static_cast<double>(splits));
  cell.flops = 2.0 * rows * static_cast<double>(shape.tokens) * (kWidth + kValues);
  cell.footprint = cache;
  return cell;
}

}  // namespace

long long planned_mla_splits(long long batch, long long tokens, long long heads,
                             const GpuFacts& gpu) {
  const double heads_of_block = std::min(static_cast<double>(heads), 64.0);
  const double tiles = static_cast<double>((tokens + kTile - 1) / kTile);
  const double items = static_cast<double>(batch * heads) / heads_of_block;
  return static_cast<long long>(split_plan(items, std::min(kMostSplits, tiles), gpu.sms).splits);
}

std::vector<Cell> mla_decode_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  for (long long tokens = 1 << 10; tokens <= 1 << 20; tokens *= 4) {
    for (const long long heads : {16, 128, 64, 32}) {
      for (const long long batch : {1, 8, 64, 2, 32, 4, 16}) {
        for (const bool fp8 : {false, true}) {
          Cell cell = mla_decode_cell({batch, tokens, heads, fp8}, gpu);
          if (cell.footprint <= kMostBytes) cells.push_back(std::move(cell));
        }
      }
    }
  }
  return cells;
}

}  // namespace helixsim
