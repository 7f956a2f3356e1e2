#include "tools/calibrate/harness/plans/plans.hpp"

namespace helixsim {
namespace {

/// A rank of Llama with TPA 8: 8 requests, one KV head.
GqaShape decode_of(long long batch, long long tokens, const GpuFacts& gpu) {
  GqaShape shape{.batch = batch, .tokens = tokens};
  shape.splits = planned_gqa_splits(shape, gpu);
  return shape;
}

Cell beside(const GqaShape& decode, const char* variant,
            const std::map<std::string, long long>& copy) {
  Cell cell = gqa_decode_cell(decode);
  cell.key.kernel = "overlap";
  cell.key.variant = variant;
  cell.key.shape.insert(copy.begin(), copy.end());
  cell.standin = true;
  return cell;
}

constexpr long long kBatch = 8;
constexpr long long kCopyCtas = 8;
constexpr long long kCopyRate = 100;  // GB/s: about what a rank of an NVLink group sends

}  // namespace

/// Decode at three sizes, beside CTAs that wait, that copy at rates from a link's to more than HBM
/// has left, and beside the driver's own copy.
std::vector<Cell> overlap_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  for (const long long tokens : {1LL << 17, 1LL << 13, 1LL << 15}) {
    const GqaShape decode = decode_of(kBatch, tokens, gpu);
    cells.push_back(beside(decode, "sm_copy", {{"ctas", 0}, {"rate", 0}}));
    for (const long long ctas : {4, 16}) {
      for (const long long rate : {0, 100, 400, 1600})
        cells.push_back(beside(decode, "sm_copy", {{"ctas", ctas}, {"rate", rate}}));
    }
    for (const long long copy : {4LL << 20, 32LL << 20})
      cells.push_back(beside(decode, "engine_copy", {{"copy", copy}}));
  }
  return cells;
}

/// Decode in 1, 2, 4 and 8 chunks, each followed by its part of a copy; of two lengths, and of
/// copies as long as a quarter and all of the longer decode.
std::vector<Cell> hop_b_cells(const GpuFacts& gpu) {
  std::vector<Cell> cells;
  for (const long long tokens : {1LL << 17, 1LL << 14}) {
    for (const long long copy : {3LL << 20, 12LL << 20}) {
      for (const long long chunks : {1, 8, 2, 4}) {
        const GqaShape whole = decode_of(kBatch, tokens, gpu);
        Cell cell = beside(whole, "sm_copy",
                           {{"chunks", chunks},
                            {"split_each", decode_of(kBatch / chunks, tokens, gpu).splits},
                            {"copy", copy},
                            {"ctas", kCopyCtas},
                            {"rate", kCopyRate}});
        cell.key.kernel = "hop_b";
        cells.push_back(cell);
      }
    }
  }
  return cells;
}

/// The copies of hop_b alone.
std::vector<Cell> throttled_copy_cells(const GpuFacts& /*gpu*/) {
  std::vector<Cell> cells;
  for (const long long all : {3LL << 20, 12LL << 20}) {
    for (const long long chunks : {1, 8, 2, 4}) {
      Cell cell;
      cell.key = {.kernel = "throttled_copy",
                  .variant = "loads",
                  .impl = "own",
                  .shape = {{"bytes", all / chunks}, {"ctas", kCopyCtas}, {"rate", kCopyRate}},
                  .dtype = {},
                  .mode = "graph_warm"};
      cell.bytes = 2.0 * static_cast<double>(all / chunks);
      cell.footprint = cell.bytes;
      cell.standin = true;
      bool known = false;
      for (const Cell& other : cells) known = known || other.key == cell.key;
      if (!known) cells.push_back(cell);
    }
  }
  return cells;
}

}  // namespace helixsim
