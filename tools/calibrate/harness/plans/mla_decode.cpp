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

}  // namespace

/// Bytes: b s 576 2 of latents, queries and partial outputs; flops 2 b h s (576 + 512).
std::vector<Cell> mla_decode_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  for (long long tokens = 1 << 10; tokens <= 1 << 20; tokens *= 4) {
    for (const long long heads : {16, 128, 64, 32}) {
      for (const long long batch : {1, 8, 64, 2, 32, 4, 16}) {
        const double heads_of_block = heads >= 64 ? 64.0 : static_cast<double>(heads);
        const double items = static_cast<double>(batch * heads) / heads_of_block;
        const double tiles = static_cast<double>((tokens + kTile - 1) / kTile);
        const auto splits =
            static_cast<long long>(split_plan(items, std::min(kMostSplits, tiles), gpu.sms).splits);
        const double rows = static_cast<double>(batch * heads);
        const double cache = 2.0 * static_cast<double>(batch * tokens) * kWidth;
        if (cache > kMostBytes) continue;
        Cell cell;
        cell.key = {.kernel = "mla_decode",
                    .variant = "mma16_bf16",
                    .impl = "own",
                    .shape = {{"b", batch}, {"s", tokens}, {"h", heads}, {"split", splits}},
                    .dtype = {{"q", "bf16"}, {"kv", "bf16"}, {"o", "fp32"}},
                    .mode = "graph_cold"};
        cell.bytes = cache + rows * (2.0 * kWidth + 4.0 * kValues * static_cast<double>(splits));
        cell.flops = 2.0 * rows * static_cast<double>(tokens) * (kWidth + kValues);
        cell.footprint = cache;
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

}  // namespace helixsim
