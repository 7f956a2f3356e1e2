#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

/// A GEMM out[m, n] = x[m, k] w[n, k]^T of a model's layer on one rank.
struct Shape {
  long long n;
  long long k;
};

// Llama-3.1-405B: QKV at TPA 8, out-projection and FFN at TP 8 and 64; DeepSeek-R1: q_a, q_b,
// o_proj whole and of a rank of 8, shared expert. Then large ones for the tensor rate.
constexpr Shape kShapes[] = {
    {2304, 16384}, {16384, 2048}, {13312, 16384}, {16384, 6656}, {16384, 256},
    {1664, 16384}, {16384, 832},  {2112, 7168},   {24576, 1536}, {3072, 1536},
    {7168, 16384}, {7168, 2048},  {4096, 7168},   {512, 7168},   {65536, 8192},
};
constexpr long long kTokens[] = {1, 8, 64, 2, 512, 16, 128, 4, 32, 256};
constexpr long long kSquare = 8192;

constexpr long long kMostOwnTokens = 16;  ///< of the project's own kernel

Cell gemm_cell(const Shape& shape, long long m, bool fp8, bool own) {
  const double element = fp8 ? 1.0 : 2.0;
  const double weights = static_cast<double>(shape.n * shape.k) * element;
  Cell cell;
  const std::string format = fp8 ? "e4m3" : "bf16";
  cell.key = {
      .kernel = "gemm",
      .variant = (own ? "gemv_" : "cublaslt_") + format,
      .impl = own ? "own" : "lib",
      .shape = {{"m", m}, {"n", shape.n}, {"k", shape.k}},
      .dtype = {{"w", fp8 ? "fp8" : "bf16"}, {"x", fp8 && !own ? "fp8" : "bf16"}, {"o", "bf16"}},
      .mode = "graph_cold"};
  cell.bytes =
      weights + static_cast<double>(m * shape.k) * element + static_cast<double>(m * shape.n) * 2.0;
  cell.flops = 2.0 * static_cast<double>(m) * static_cast<double>(shape.n * shape.k);
  cell.footprint = weights;
  return cell;
}

}  // namespace

std::vector<Cell> gemm_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const bool fp8 : {false, true})
    cells.push_back(gemm_cell({kSquare, kSquare}, kSquare, fp8, false));
  for (const long long m : kTokens) {
    for (const Shape& shape : kShapes) {
      for (const bool fp8 : {false, true}) {
        cells.push_back(gemm_cell(shape, m, fp8, false));
        if (m <= kMostOwnTokens) cells.push_back(gemm_cell(shape, m, fp8, true));
      }
    }
  }
  return cells;
}

}  // namespace helixsim
