#include <algorithm>
#include <string>

#include "hw_models/laws/split_plan.hpp"
#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

constexpr double kWidth = 576.0;
constexpr double kValues = 512.0;
constexpr long long kTile = 32;       // tokens
constexpr long long kWgmmaTile = 64;  // of the body for wgmma
constexpr double kMostSplits = 64.0;
constexpr double kMostBytes = 2e9;

struct MlaShape {
  long long batch = 1;
  long long tokens = 1024;
  long long heads = 128;
  bool fp8 = false;
  bool wgmma = false;
};

std::string variant_of(const MlaShape& shape) {
  if (shape.wgmma) return "wgmma_bf16";
  return shape.fp8 ? "mma16_e4m3" : "mma16_bf16";
}

/// Splits of the law's planner.
long long splits_of(const MlaShape& shape, long long tile, const GpuFacts& gpu) {
  const double heads_of_block = std::min(static_cast<double>(shape.heads), 64.0);
  const double tiles = static_cast<double>((shape.tokens + tile - 1) / tile);
  const double items = static_cast<double>(shape.batch * shape.heads) / heads_of_block;
  return static_cast<long long>(split_plan(items, std::min(kMostSplits, tiles), gpu.sms).splits);
}

/// Bytes: b s 576 e of latents, queries, partial outputs with their LSE; flops 2 b h s (576 + 512).
Cell mla_decode_cell(const MlaShape& shape, const GpuFacts& gpu) {
  const double rows = static_cast<double>(shape.batch * shape.heads);
  const long long splits = splits_of(shape, shape.wgmma ? kWgmmaTile : kTile, gpu);
  const double cache =
      static_cast<double>(shape.batch * shape.tokens) * kWidth * (shape.fp8 ? 1.0 : 2.0);
  Cell cell;
  cell.key = {
      .kernel = "mla_decode",
      .variant = variant_of(shape),
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
  return splits_of({.batch = batch, .tokens = tokens, .heads = heads}, kTile, gpu);
}

/// Formats by the body that every architecture has; BF16 of many heads also by that for wgmma,
/// where the GPU has it.
std::vector<Cell> mla_decode_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  const auto add = [&](const MlaShape& shape) {
    Cell cell = mla_decode_cell(shape, gpu);
    if (cell.footprint <= kMostBytes) cells.push_back(std::move(cell));
  };
  for (long long tokens = 1 << 10; tokens <= 1 << 20; tokens *= 4) {
    for (const long long heads : {16, 128, 64, 32}) {
      for (const long long batch : {1, 8, 64, 2, 32, 4, 16}) {
        for (const bool fp8 : {false, true}) add({batch, tokens, heads, fp8});
        if (gpu.sm == "9.0" && heads >= 64) add({batch, tokens, heads, false, true});
      }
    }
  }
  return cells;
}

}  // namespace helixsim
