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

/// A kernel and the format of its weights.
struct Kernel {
  const char* variant;
  const char* impl;
  const char* weights;  ///< as records name formats
  const char* tokens;
  double bytes;  ///< of a weight with its scales
  double token_bytes;
  long long most_tokens;
  long long tokens_in_whole = 1;
};
constexpr long long kAny = 1LL << 40;
constexpr Kernel kKernels[] = {
    {"cublaslt_bf16", "lib", "bf16", "bf16", 2.0, 2.0, kAny},
    {"gemv_bf16", "own", "bf16", "bf16", 2.0, 2.0, kMostOwnTokens},
    {"cublaslt_e4m3", "lib", "fp8", "fp8", 1.0, 1.0, kAny},
    {"gemv_e4m3", "own", "fp8", "bf16", 1.0, 2.0, kMostOwnTokens},
};
/// Of the library alone, where it has them: scales of blocks on Hopper, NVFP4 on Blackwell.
constexpr Kernel kHopper = {"cublaslt_e4m3_blocks",
                            "lib",
                            "fp8_block",
                            "fp8_block",
                            1.0 + 4.0 / (128.0 * 128.0),
                            1.0 + 4.0 / 128.0,
                            kAny,
                            4};
constexpr Kernel kBlackwell = {"cublaslt_nvfp4", "lib", "nvfp4", "nvfp4", 0.5 + 1.0 / 16.0,
                               0.5 + 1.0 / 16.0, kAny};

Cell gemm_cell(const Shape& shape, long long m, const Kernel& kernel) {
  const double weights = static_cast<double>(shape.n * shape.k) * kernel.bytes;
  Cell cell;
  cell.key = {.kernel = "gemm",
              .variant = kernel.variant,
              .impl = kernel.impl,
              .shape = {{"m", m}, {"n", shape.n}, {"k", shape.k}},
              .dtype = {{"w", kernel.weights}, {"x", kernel.tokens}, {"o", "bf16"}},
              .mode = "graph_cold"};
  cell.bytes = weights + static_cast<double>(m * shape.k) * kernel.token_bytes +
               static_cast<double>(m * shape.n) * 2.0;
  cell.flops = 2.0 * static_cast<double>(m) * static_cast<double>(shape.n * shape.k);
  cell.footprint = weights;
  return cell;
}

}  // namespace

std::vector<Cell> gemm_cells(const GpuFacts& gpu) {
  std::vector<Kernel> kernels(std::begin(kKernels), std::end(kKernels));
  kernels.push_back(gpu.sm == "9.0" ? kHopper : kBlackwell);
  std::vector<Cell> cells;
  const auto add = [&](const Shape& shape, long long m) {
    for (const Kernel& kernel : kernels) {
      if (m <= kernel.most_tokens && m % kernel.tokens_in_whole == 0)
        cells.push_back(gemm_cell(shape, m, kernel));
    }
  };
  add({kSquare, kSquare}, kSquare);
  for (const long long m : kTokens) {
    for (const Shape& shape : kShapes) add(shape, m);
  }
  return cells;
}

/// Absorption of MLA: keys up, 128 to 512 a head, and values up, 512 to 128.
std::vector<Cell> batched_gemm_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long heads : {128, 16, 2, 64, 8}) {
    for (const long long m : {8, 1, 16, 2}) {
      for (const bool fp8 : {false, true}) {
        for (const bool up : {true, false}) {
          const long long n = up ? 512 : 128;
          const long long k = up ? 128 : 512;
          Cell cell;
          cell.key = {.kernel = "batched_gemm",
                      .variant = fp8 ? "gemv_e4m3" : "gemv_bf16",
                      .impl = "own",
                      .shape = {{"m", m}, {"n", n}, {"k", k}, {"h", heads}},
                      .dtype = {{"w", fp8 ? "fp8" : "bf16"}, {"x", "bf16"}, {"o", "bf16"}},
                      .mode = "graph_cold"};
          const double weights = static_cast<double>(heads * n * k) * (fp8 ? 1.0 : 2.0);
          cell.bytes = weights + static_cast<double>(heads * m * (n + k)) * 2.0;
          cell.flops = 2.0 * static_cast<double>(heads * m * n * k);
          cell.footprint = weights;
          cells.push_back(cell);
        }
      }
    }
  }
  return cells;
}

}  // namespace helixsim
