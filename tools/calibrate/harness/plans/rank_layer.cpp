#include <algorithm>

#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

/// What a rank is of a group, and what it decodes.
struct Layout {
  long long tpa;
  long long kvp;
  long long batch;
  long long context;  ///< tokens of a request over all KVP ranks
  bool fp8;           ///< weights and KV cache; else BF16

  [[nodiscard]] long long ranks() const { return tpa * kvp; }
  [[nodiscard]] long long kept() const { return context / kvp; }
};

struct LayerWork {
  double weights = 0.0;  ///< numbers
  double cache = 0.0;    ///< numbers
  double flops = 0.0;
};

Cell layer_cell(const char* variant, std::map<std::string, long long> shape, const LayerWork& work,
                bool fp8, bool copies, bool overlap) {
  const double element = fp8 ? 1.0 : 2.0;
  shape["exchange"] = copies ? 1 : 0;
  shape["pdl"] = overlap ? 1 : 0;
  Cell cell;
  cell.key = {.kernel = "rank_layer",
              .variant = variant,
              .impl = "own",
              .shape = std::move(shape),
              .dtype = {{"w", fp8 ? "fp8" : "bf16"}, {"kv", fp8 ? "fp8" : "bf16"}},
              .mode = "graph_cold"};
  cell.bytes = (work.weights + work.cache) * element;
  cell.flops = work.flops;
  cell.footprint = cell.bytes;
  cell.standin = copies;
  return cell;
}

/// Llama-3.1-405B. A rank has 1 / TPA of the heads, of the output projection and the FFN 1 / (TPA x
/// KVP).
Cell llama_cell(const Layout& at, bool copies, bool overlap, const GpuFacts& gpu) {
  constexpr long long kHidden = 16384;
  constexpr long long kHeads = 128;
  constexpr long long kKvHeads = 8;
  constexpr long long kFfn = 53248;
  constexpr long long kHead = 128;
  const long long q_heads = kHeads / at.tpa;
  const long long kv_heads = kKvHeads / at.tpa;
  const long long width = kFfn / at.ranks();
  const long long splits =
      planned_gqa_splits({.batch = at.batch, .tokens = at.kept(), .kv_heads = kv_heads}, gpu);
  LayerWork work;
  const long long qkv = kHidden * (q_heads + 2 * kv_heads) * kHead;
  const long long out = kHidden * kHeads / at.ranks() * kHead;
  work.weights = static_cast<double>(qkv + out + 3 * kHidden * width);
  work.cache = 2.0 * static_cast<double>(at.batch * kv_heads * at.kept() * kHead);
  work.flops = 2.0 * static_cast<double>(at.batch) * work.weights +
               4.0 * static_cast<double>(at.batch * q_heads * at.kept() * kHead);
  return layer_cell(at.fp8 ? "gqa_dense_e4m3" : "gqa_dense_bf16",
                    {{"b", at.batch},
                     {"s", at.kept()},
                     {"h", kHidden},
                     {"qh", q_heads},
                     {"kvh", kv_heads},
                     {"tpa", at.tpa},
                     {"kvp", at.kvp},
                     {"f", width},
                     {"split", splits}},
                    work, at.fp8, copies, overlap);
}

/// DeepSeek-R1, experts over all ranks (EP), the shared expert in parts. A rank's queries are of
/// all its heads, as Helix has it.
Cell deepseek_cell(const Layout& at, bool copies, bool overlap, const GpuFacts& gpu) {
  constexpr long long kHidden = 7168;
  constexpr long long kHeads = 128;
  constexpr long long kQueryRank = 1536;
  constexpr long long kExperts = 256;
  constexpr long long kTop = 8;
  constexpr long long kWidth = 2048;
  const long long heads = kHeads / at.tpa;
  const long long heads_each = heads / at.kvp;
  const long long experts = kExperts / at.ranks();
  const long long shared = kWidth / at.ranks();
  const long long projections = kHidden * (kQueryRank + 576) + kQueryRank * heads * 192 +
                                heads * 512 * 128 + heads_each * 512 * 128 +
                                heads_each * 128 * kHidden;
  // At most: each of a batch's pairs touches an expert of its own.
  const long long touched = std::min(experts, std::max(1LL, at.batch * kTop / at.ranks()));
  const double pairs = static_cast<double>(at.batch * kTop) / static_cast<double>(at.ranks());
  const double expert = 3.0 * static_cast<double>(kHidden * kWidth);
  const double shared_numbers = 3.0 * static_cast<double>(kHidden * shared);
  LayerWork work;
  work.weights = static_cast<double>(projections) + expert * static_cast<double>(touched) +
                 shared_numbers + 2.0 * static_cast<double>(kHidden * kExperts);
  work.cache = static_cast<double>(at.batch * at.kept()) * 576.0;
  work.flops = 2.0 * static_cast<double>(at.batch) *
                   (static_cast<double>(projections) + shared_numbers +
                    static_cast<double>(kHidden * kExperts)) +
               2.0 * pairs * expert +
               2.0 * static_cast<double>(at.batch * heads * at.kept()) * (576.0 + 512.0);
  Cell cell = layer_cell("mla_moe_e4m3",
                         {{"b", at.batch},
                          {"s", at.kept()},
                          {"h", kHidden},
                          {"qr", kQueryRank},
                          {"qh", heads},
                          {"tpa", at.tpa},
                          {"kvp", at.kvp},
                          {"e", experts},
                          {"fe", kWidth},
                          {"fs", shared},
                          {"split", planned_mla_splits(at.batch, at.kept(), heads, gpu)}},
                         work, true, copies, overlap);
  cell.footprint += expert * static_cast<double>(experts - touched);
  return cell;
}

}  // namespace

/// Layers as they are, then with copies for collectives; with launches that wait for each other,
/// then with launches that overlap.
std::vector<Cell> rank_layer_cells(const GpuFacts& gpu) {
  constexpr long long kLong = 1 << 20;
  constexpr long long kShort = 1 << 17;
  constexpr Layout kLlama[] = {{8, 1, 8, kShort, false},
                               {8, 4, 8, kLong, true},
                               {8, 8, 8, kLong, true},
                               {1, 8, 8, kShort, false},
                               {8, 8, 1, kLong, true}};
  constexpr Layout kDeepSeek[] = {{1, 8, 8, kLong, true},
                                  {1, 16, 8, kLong, true},
                                  {1, 32, 8, kLong, true},
                                  {1, 64, 8, kLong, true},
                                  {1, 16, 1, kLong, true}};
  std::vector<Cell> cells;
  for (const bool copies : {false, true}) {
    for (const bool overlap : {false, true}) {
      for (const Layout& at : kLlama) cells.push_back(llama_cell(at, copies, overlap, gpu));
      for (const Layout& at : kDeepSeek) cells.push_back(deepseek_cell(at, copies, overlap, gpu));
    }
  }
  return cells;
}

}  // namespace helixsim
