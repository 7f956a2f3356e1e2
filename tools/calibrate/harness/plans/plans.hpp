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

}  // namespace helixsim
