#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

/// How rows are written: bytes of a number with its scales.
struct RowFormat {
  const char* name;
  const char* dtype;
  double bytes;
};
constexpr RowFormat kFormats[] = {{"bf16", "bf16", 2.0},
                                  {"e4m3_tensor", "fp8", 1.0},
                                  {"e4m3_blocks", "fp8_block", 1.0 + 4.0 / 128.0},
                                  {"nvfp4", "nvfp4", 0.5 + 1.0 / 16.0}};

constexpr long long kTokens[] = {1, 8, 64, 512};
constexpr long long kHiddens[] = {7168, 16384};  // DeepSeek-R1, Llama-3.1-405B
constexpr long long kWidths[] = {2048, 6656};    // an expert; Llama's FFN on a rank of 8

/// `inputs` BF16 numbers are read for each that is written, and `more` of 2 bytes moved.
Cell row_cell(const char* kernel, const RowFormat& format, long long m, long long width,
              double inputs, double more) {
  Cell cell;
  cell.key = {.kernel = kernel,
              .variant = format.name,
              .impl = "own",
              .shape = {{"m", m}, {"width", width}},
              .dtype = {{"x", "bf16"}, {"o", format.dtype}},
              .mode = "graph_cold"};
  const double numbers = static_cast<double>(m * width);
  cell.bytes = numbers * (2.0 * inputs + 2.0 * more + format.bytes);
  cell.footprint = numbers * 2.0 * inputs;
  return cell;
}

}  // namespace

/// With the residual, read and written.
std::vector<Cell> rms_norm_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long m : kTokens) {
    for (const long long hidden : kHiddens) {
      for (const RowFormat& format : kFormats)
        cells.push_back(row_cell("rms_norm", format, m, hidden, 1.0, 2.0));
    }
  }
  return cells;
}

std::vector<Cell> swiglu_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long m : kTokens) {
    for (const long long width : kWidths) {
      for (const RowFormat& format : kFormats)
        cells.push_back(row_cell("swiglu", format, m, width, 2.0, 0.0));
    }
  }
  return cells;
}

std::vector<Cell> quantise_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long m : kTokens) {
    for (const long long hidden : kHiddens) {
      for (const RowFormat& format : kFormats) {
        if (format.bytes < 2.0) cells.push_back(row_cell("quantise", format, m, hidden, 1.0, 0.0));
      }
    }
  }
  return cells;
}

/// Llama's heads on a rank of TPA 8 and of TPA 1.
std::vector<Cell> rope_append_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long kv_heads : {1, 8}) {
    for (const long long batch : {1, 8, 64}) {
      Cell cell;
      cell.key = {.kernel = "rope_append",
                  .variant = "bf16",
                  .impl = "own",
                  .shape = {{"b", batch}, {"qh", 16 * kv_heads}, {"kvh", kv_heads}},
                  .dtype = {{"x", "bf16"}, {"kv", "bf16"}},
                  .mode = "graph_cold"};
      const double numbers = static_cast<double>(batch * 18 * kv_heads) * 128.0;
      cell.bytes = numbers * 4.0;
      cell.footprint = numbers * 2.0;
      cells.push_back(cell);
    }
  }
  return cells;
}

std::vector<Cell> mla_append_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long heads : {16, 128}) {
    for (const long long batch : {1, 8, 64}) {
      Cell cell;
      cell.key = {.kernel = "mla_append",
                  .variant = "bf16",
                  .impl = "own",
                  .shape = {{"b", batch}, {"h", heads}},
                  .dtype = {{"x", "bf16"}, {"kv", "bf16"}},
                  .mode = "graph_cold"};
      // 64 of each query, read and written, and the token's 576.
      cell.bytes = static_cast<double>(batch) * (static_cast<double>(heads) * 64.0 + 576.0) * 4.0;
      cell.footprint = static_cast<double>(batch * heads) * 192.0 * 2.0;
      cells.push_back(cell);
    }
  }
  return cells;
}

}  // namespace helixsim
