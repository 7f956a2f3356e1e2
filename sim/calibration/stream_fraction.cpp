#include "sim/calibration/stream_fraction.hpp"

#include <algorithm>
#include <map>

#include "sim/calibration/log_errors.hpp"

namespace helixsim {
namespace {

constexpr const char* kStream = "stream_read";

bool holds(const MeasuredRecord& record) {
  return record.check.ok && !record.suspect && !record.standin && record.timing.median_us > 0.0 &&
         record.bytes > 0.0 && record.key.mode == "graph_cold";
}

double rate_of(const MeasuredRecord& record) {
  return record.bytes / (1e-6 * record.timing.median_us);
}

/// A read by as many CTAs as the GPU takes, of so much that its L2 is no help: a run that was cut off
/// early has smaller ones alone.
bool reads_at_full_width(const MeasuredRecord& record) {
  constexpr double kTimesL2 = 8.0;
  const auto ctas = record.key.shape.find("ctas");
  return record.key.kernel == kStream && record.key.variant == "loads" &&
         (ctas == record.key.shape.end() || ctas->second == 0) &&
         record.bytes >= kTimesL2 * static_cast<double>(record.gpu.l2_bytes);
}

}  // namespace

double read_stream(std::span<const MeasuredRecord> records, std::string_view uuid_hash) {
  double most = 0.0;
  for (const MeasuredRecord& record : records) {
    const bool counts = record.gpu.uuid_hash == uuid_hash && holds(record);
    if (counts && reads_at_full_width(record)) most = std::max(most, record.bytes);
  }
  std::vector<double> rates;
  for (const MeasuredRecord& record : records) {
    const bool counts = record.gpu.uuid_hash == uuid_hash && holds(record);
    // Sessions read 4 GB, and plans 2^32 bytes: both are the stream.
    if (counts && reads_at_full_width(record) && record.bytes >= 0.9 * most) {
      rates.push_back(rate_of(record));
    }
  }
  return quantile(rates, 0.5);
}

std::vector<StreamFraction> stream_fractions(std::span<const MeasuredRecord> records) {
  std::map<std::string, double> streams;
  std::vector<StreamFraction> fractions;
  for (const MeasuredRecord& record : records) {
    if (!holds(record) || record.key.kernel == kStream) continue;
    const auto [place, fresh] = streams.try_emplace(record.gpu.uuid_hash, 0.0);
    if (fresh) place->second = read_stream(records, record.gpu.uuid_hash);
    if (place->second <= 0.0) continue;
    const double rate = rate_of(record);
    fractions.push_back({.record = &record, .rate = rate, .fraction = rate / place->second});
  }
  return fractions;
}

std::span<const StreamAnchor> stream_anchors() {
  static constexpr std::string_view kDatabase =
      "ai-dynamo/aiconfigurator measurements (Apache-2.0), TensorRT-LLM";
  static constexpr std::string_view kFlashMla = "FlashMLA, README";
  static constexpr StreamAnchor kTable[] = {
      {"gqa_decode", "BF16 KV, batch 32, 32/8 heads, 16k tokens", "H200", 0.91, kDatabase},
      {"gqa_decode", "FP8 KV, the same shape", "H200", 0.88, kDatabase},
      {"gqa_decode", "BF16 KV, best of long contexts", "GB200", 0.92, kDatabase},
      {"gqa_decode", "FP8 KV, best of long contexts", "GB200", 0.86, kDatabase},
      {"mla_decode", "BF16, 16 heads", "H200", 0.95, kDatabase},
      {"mla_decode", "BF16, 16 heads", "GB200", 0.73, kDatabase},
      {"mla_decode", "FP8, 16 heads", "H200", 0.65, kDatabase},
      {"mla_decode", "FP8, 16 heads", "GB200", 0.85, kDatabase},
      {"mla_decode", "BF16, 128 heads: bound by arithmetic", "H200", 0.57, kDatabase},
      {"mla_decode", "dense decode where memory binds, up to 3,000 GB/s", "H800", 0.90, kFlashMla},
      {"gemm", "BF16, m <= 8, 150 MB to 1.2 GB, median", "H200", 0.81, kDatabase},
      {"gemm", "BF16, m <= 8, 150 MB to 1.2 GB, best", "H200", 0.90, kDatabase},
      {"gemm", "BF16, m <= 8, 150 MB to 1.2 GB, median", "GB200", 0.72, kDatabase},
      {"gemm", "BF16, m <= 8, 150 MB to 1.2 GB, best", "GB200", 0.91, kDatabase},
      {"gemm", "FP8 block scales, m <= 8, median", "H200", 0.77, kDatabase},
      {"gemm", "FP8 block scales, m <= 8, best", "H200", 0.87, kDatabase},
      {"gemm", "FP8 block scales, m <= 8, best", "GB200", 0.86, kDatabase},
      {"gemm", "NVFP4, m <= 64, best", "GB200", 0.69, kDatabase},
  };
  return kTable;
}

}  // namespace helixsim
