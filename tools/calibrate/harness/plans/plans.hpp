#pragma once

#include "tools/calibrate/harness/gpu_bench.hpp"

/// Cells of each kernel, one source of this folder a kernel; plan.cpp has them in a table.
namespace helixsim {

std::vector<Cell> stream_read_cells(const GpuFacts& gpu);
std::vector<Cell> launch_chain_cells(const GpuFacts& gpu);
std::vector<Cell> pointer_chase_cells(const GpuFacts& gpu);
std::vector<Cell> mla_decode_cells(const GpuFacts& gpu);
std::vector<Cell> gqa_decode_cells(const GpuFacts& gpu);
std::vector<Cell> gemm_cells(const GpuFacts& gpu);
std::vector<Cell> combine_cells(const GpuFacts& gpu);
std::vector<Cell> rms_norm_cells(const GpuFacts& gpu);
std::vector<Cell> swiglu_cells(const GpuFacts& gpu);
std::vector<Cell> quantise_cells(const GpuFacts& gpu);
std::vector<Cell> rope_append_cells(const GpuFacts& gpu);
std::vector<Cell> mla_append_cells(const GpuFacts& gpu);
std::vector<Cell> router_cells(const GpuFacts& gpu);
std::vector<Cell> grouped_gemm_cells(const GpuFacts& gpu);
std::vector<Cell> order_tokens_cells(const GpuFacts& gpu);
std::vector<Cell> batched_gemm_cells(const GpuFacts& gpu);
std::vector<Cell> finalise_cells(const GpuFacts& gpu);
std::vector<Cell> rank_layer_cells(const GpuFacts& gpu);
std::vector<Cell> exchange_cells(const GpuFacts& gpu);
std::vector<Cell> overlap_cells(const GpuFacts& gpu);
std::vector<Cell> hop_b_cells(const GpuFacts& gpu);
std::vector<Cell> throttled_copy_cells(const GpuFacts& gpu);

/// Shape of a KV shard that GQA decode is measured on.
struct GqaShape {
  long long batch = 1;
  long long tokens = 1024;
  long long kv_heads = 1;
  long long group = 16;
  long long splits = 1;
  long long page = 0;
  bool fp8 = false;
};
Cell gqa_decode_cell(const GqaShape& shape);

/// Splits that kernels are launched with, of the law's planner.
long long planned_gqa_splits(const GqaShape& shape, const GpuFacts& gpu);
long long planned_mla_splits(long long batch, long long tokens, long long heads,
                             const GpuFacts& gpu);

}  // namespace helixsim
