#include "tools/calibrate/harness/plan.hpp"

#include <algorithm>

#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

constexpr std::size_t kAnchorCells = 4;    ///< of each kernel
constexpr std::size_t kIsolatedCells = 4;  ///< of each kernel

/// Some of the cells once more, each launched alone.
std::vector<Cell> isolated_cells(const std::vector<Cell>& cells) {
  std::vector<Cell> some;
  for (std::size_t i = 0; i < kIsolatedCells && i < cells.size(); ++i) {
    Cell cell = cells[i * cells.size() / kIsolatedCells];
    if (cell.key.mode != "graph_cold") continue;
    cell.key.mode = kIsolated;
    cell.with_gap = true;
    some.push_back(std::move(cell));
  }
  return some;
}

/// A kernel's cells, those that tell most first; isolated ones are the last.
std::vector<Cell> ordered_cells(const PlanEntry& entry, const GpuFacts& gpu) {
  const std::vector<Cell> cells = entry.cells(gpu);
  std::vector<Cell> ordered;
  for (const std::size_t place : spread_order(cells.size())) {
    ordered.push_back(cells[place]);
    ordered.back().information = entry.weight / static_cast<double>(ordered.size());
  }
  const double last = ordered.empty() ? 0.0 : ordered.back().information;
  for (Cell& cell : isolated_cells(cells)) {
    ordered.push_back(std::move(cell));
    ordered.back().information = last;
  }
  return ordered;
}

}  // namespace

std::vector<std::size_t> spread_order(std::size_t count) {
  std::vector<std::size_t> order;
  if (count == 0) return order;
  std::vector<bool> taken(count, false);
  const auto take = [&](std::size_t place) {
    if (taken[place]) return;
    taken[place] = true;
    order.push_back(place);
  };
  take(0);
  take(count - 1);
  for (std::size_t parts = 2; order.size() < count; parts *= 2) {
    for (std::size_t i = 1; i < parts; i += 2) take(i * (count - 1) / parts);
  }
  return order;
}

std::span<const PlanEntry> plan_entries() {
  static constexpr PlanEntry kTable[] = {
      {"stream_read", "what HBM delivers, by size and by CTAs", 10.0, stream_read_cells},
      {"launch_chain", "what a kernel costs that does nothing", 9.0, launch_chain_cells},
      {"gqa_decode", "attention over a KV shard: bytes, splits, waves", 8.0, gqa_decode_cells},
      {"gemm", "weights of the projections and the FFN, few tokens", 8.0, gemm_cells},
      {"mla_decode", "latent attention over a KV shard, few heads to all", 6.0, mla_decode_cells},
      {"rank_layer", "a rank's whole decoder layer under Helix, never fitted on", 5.0,
       rank_layer_cells},
      {"grouped_gemm", "experts of few tokens", 4.0, grouped_gemm_cells},
      {"batched_gemm", "absorption of MLA, a GEMM a head", 4.0, batched_gemm_cells},
      {"combine", "merge of partial outputs over splits or KVP ranks", 4.0, combine_cells},
      {"exchange", "all-to-all and all-reduce between the GPUs of this machine", 4.0,
       exchange_cells},
      {"overlap", "decode beside a copy by SMs or by the copy engine", 3.0, overlap_cells},
      {"hop_b", "decode in chunks, each before its exchange, never fitted on", 3.0, hop_b_cells},
      {"throttled_copy", "the copies of overlap and hop_b alone", 2.0, throttled_copy_cells},
      {"pointer_chase", "what a load takes to come back, from L2 and from HBM", 3.0,
       pointer_chase_cells},
      {"rms_norm", "with residual, and quantised on the way", 2.0, rms_norm_cells},
      {"swiglu", "and quantised on the way", 2.0, swiglu_cells},
      {"quantise", "BF16 to FP8 and NVFP4", 2.0, quantise_cells},
      {"rope_append", "RoPE and the append of keys and values", 2.0, rope_append_cells},
      {"mla_append", "RoPE, norm and append of a latent", 2.0, mla_append_cells},
      {"router", "top 8 of 256 experts by groups", 2.0, router_cells},
      {"order_tokens", "pairs of token and expert by expert", 2.0, order_tokens_cells},
      {"finalise", "weighted sum of experts' outputs", 2.0, finalise_cells},
  };
  return kTable;
}

std::vector<Cell> calibration_cells(const GpuFacts& gpu, std::span<const std::string> kernels) {
  std::vector<Cell> all;
  for (const PlanEntry& entry : plan_entries()) {
    const bool wanted =
        kernels.empty() || std::find(kernels.begin(), kernels.end(), entry.kernel) != kernels.end();
    if (!wanted) continue;
    for (Cell& cell : ordered_cells(entry, gpu)) all.push_back(std::move(cell));
  }
  return all;
}

std::vector<Cell> anchor_cells(const GpuFacts& gpu) {
  std::vector<Cell> few;
  for (const PlanEntry& entry : plan_entries()) {
    std::vector<Cell> cells = ordered_cells(entry, gpu);
    cells.resize(std::min(cells.size(), kAnchorCells));
    few.insert(few.end(), cells.begin(), cells.end());
  }
  return few;
}

}  // namespace helixsim
