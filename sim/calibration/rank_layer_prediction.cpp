#include "sim/calibration/rank_layer_prediction.hpp"

#include <algorithm>
#include <tuple>

#include "hw_models/laws/attention_kernels.hpp"
#include "sim/calibration/datasets/own_kernels.hpp"
#include "sim/calibration/mla_module.hpp"

namespace helixsim {
namespace {

/// Adds up kernels by their laws.
class LayerSum {
 public:
  LayerSum(const FittedLaws& laws, LayerPrediction& to) : laws_(laws), to_(to) {}

  template <class Law>
  void add(const std::string& kernel, const std::string& family, const typename Law::Shape& shape) {
    const auto* law = laws_.find<Law>(family);
    if (law == nullptr) {
      if (std::find(to_.missing.begin(), to_.missing.end(), family) == to_.missing.end())
        to_.missing.push_back(family);
      return;
    }
    to_.parts.push_back({kernel, family, law->seconds(shape, true)});
  }
  void stream(const std::string& kernel, const std::string& variant, double rows, double columns) {
    add<StreamLaw>(kernel, own_family(kernel, variant), {rows, columns});
  }
  void gemm(const std::string& what, const std::string& kernel, const std::string& variant,
            const GemmShape& shape) {
    add<GemmLaw>(what, own_family(kernel, variant), shape);
  }
  void attention(const AttentionShape& shape, std::string_view cache) {
    add<AttentionLaw>("decode", attention_family(attention_kernels(shape), cache), shape);
  }

 private:
  const FittedLaws& laws_;
  LayerPrediction& to_;
};

std::string_view cache_of(const MeasuredRecord& record) {
  const TableFormat* format = record_format(record, "kv");
  return format != nullptr ? format->name : "bfloat16";
}
std::string gemv_of(const MeasuredRecord& record) {
  const TableFormat* format = record_format(record, "w");
  return format != nullptr && format->name == "bfloat16" ? "gemv_bf16" : "gemv_e4m3";
}

/// Attention of Llama and its dense FFN, as tools/calibrate/rank_layer launches them.
void sum_gqa_dense(const MeasuredRecord& record, LayerSum& sum) {
  const auto of = [&](std::string_view name) { return shape_number(record, name); };
  const double b = of("b");
  const double heads = of("qh");
  const double each = heads / of("kvp");
  const std::string gemv = gemv_of(record);
  sum.stream("rms_norm", "bf16", b, of("h"));
  sum.gemm("qkv", "gemm", gemv, {b, (heads + 2.0 * of("kvh")) * 128.0, of("h")});
  sum.stream("rope_append", "bf16", b * (heads + 2.0 * of("kvh")), 128.0);
  sum.attention({.batch = b,
                 .kv_tokens = of("s"),
                 .kv_heads = of("kvh"),
                 .group = heads / of("kvh"),
                 .head_size = 128},
                cache_of(record));
  sum.stream("combine", "warp_row_fp32", b * heads, of("split") * 128.0);
  sum.stream("combine", "warp_row", b * each, of("kvp") * 128.0);
  sum.gemm("out", "gemm", gemv, {b, of("h"), each * 128.0});
  sum.stream("rms_norm", "bf16", b, of("h"));
  sum.gemm("gate_up", "gemm", gemv, {b, 2.0 * of("f"), of("h")});
  sum.stream("swiglu", "bf16", b, of("f"));
  sum.gemm("down", "gemm", gemv, {b, of("h"), of("f")});
}

void sum_mla(const MeasuredRecord& record, LayerSum& sum) {
  const auto of = [&](std::string_view name) { return shape_number(record, name); };
  const double b = of("b");
  const double heads = of("qh");
  const double each = heads / of("kvp");
  const std::string gemv = gemv_of(record);
  sum.stream("rms_norm", "bf16", b, of("h"));
  sum.gemm("q_a and kv_a", "gemm", gemv, {b, of("qr") + 576.0, of("h")});
  sum.stream("rms_norm", "bf16", b, of("qr"));
  sum.gemm("q_b", "gemm", gemv, {b, heads * 192.0, of("qr")});
  sum.gemm("w_uk", "batched_gemm", gemv, {b, 512.0, 128.0, heads});
  sum.stream("mla_append", "bf16", b * (heads + 1.0), 64.0);
  sum.attention(mla_shape(b, of("s"), heads), cache_of(record));
  sum.stream("combine", "warp_row_fp32", b * heads, of("split") * 512.0);
  sum.stream("combine", "warp_row", b * each, of("kvp") * 512.0);
  sum.gemm("w_uv", "batched_gemm", gemv, {b, 128.0, 512.0, each});
  sum.gemm("out", "gemm", gemv, {b, of("h"), each * 128.0});
}

/// Experts of DeepSeek: each of the batch's pairs is as likely on any rank.
void sum_moe(const MeasuredRecord& record, LayerSum& sum) {
  constexpr double kTop = 8.0;
  constexpr double kExperts = 256.0;
  const auto of = [&](std::string_view name) { return shape_number(record, name); };
  const double b = of("b");
  const std::string gemv = gemv_of(record);
  const double pairs = b * kTop * of("e") / kExperts;
  const double touched = std::max(1.0, std::min(of("e"), pairs));
  const double rows = std::max(1.0, pairs / touched);
  sum.stream("rms_norm", "bf16", b, of("h"));
  sum.gemm("gate", "gemm", "gemv_bf16", {b, kExperts, of("h")});
  sum.stream("router", "warp_token", b, kExperts);
  sum.stream("order_tokens", "one_block", b * kTop, of("e"));
  sum.gemm("shared gate_up", "gemm", gemv, {b, 2.0 * of("fs"), of("h")});
  sum.stream("swiglu", "bf16", b, of("fs"));
  sum.gemm("shared down", "gemm", gemv, {b, of("h"), of("fs")});
  sum.gemm("experts' gate_up", "grouped_gemm", gemv, {rows, 2.0 * of("fe"), of("h"), touched});
  sum.stream("swiglu", "bf16", b * kTop, of("fe"));
  sum.gemm("experts' down", "grouped_gemm", gemv, {rows, of("h"), of("fe"), touched});
  sum.stream("finalise", "eights", b, of("h"));
}

void predict_layer(const MeasuredRecord& record, const FittedLaws& laws, const LaunchGaps& gaps,
                   LayerPrediction& layer) {
  LayerSum sum(laws, layer);
  if (record.key.variant.starts_with("gqa_dense")) {
    sum_gqa_dense(record, sum);
  } else {
    sum_mla(record, sum);
    sum_moe(record, sum);
  }
  const bool overlaps = shape_number(record, "pdl") == 1.0;
  if (overlaps && !gaps.both()) layer.missing.emplace_back("launch_chain");
  if (!layer.missing.empty()) return;
  const double saved = overlaps ? gaps.serial - gaps.programmatic : 0.0;
  double total = 0.0;
  for (LayerPart& part : layer.parts) {
    part.seconds -= saved;
    total += part.seconds;
  }
  layer.predicted = total;
}

/// Whether its time is one of the GPU at its usual rate.
bool holds(const MeasuredRecord& record) {
  return record.check.ok && !record.suspect && record_seconds(record) > 0.0;
}

/// Seconds of a copy that was measured alone; empty where it was not.
std::optional<double> copy_alone(std::span<const MeasuredRecord> records, double bytes, double ctas,
                                 double rate) {
  for (const MeasuredRecord& record : records) {
    const bool same = record.key.kernel == "throttled_copy" && holds(record) &&
                      shape_number(record, "bytes") == bytes &&
                      shape_number(record, "ctas") == ctas && shape_number(record, "rate") == rate;
    if (same) return record_seconds(record);
  }
  return std::nullopt;
}

void predict_hop_b(const MeasuredRecord& record, std::span<const MeasuredRecord> records,
                   const FittedLaws& laws, LayerPrediction& layer) {
  const auto of = [&](std::string_view name) { return shape_number(record, name); };
  const double chunks = of("chunks");
  LayerSum(laws, layer)
      .attention({.batch = of("b") / chunks,
                  .kv_tokens = of("s"),
                  .kv_heads = of("kvh"),
                  .group = of("g"),
                  .head_size = 128},
                 cache_of(record));
  const auto copy = copy_alone(records, of("copy") / chunks, of("ctas"), of("rate"));
  if (!copy) layer.missing.emplace_back("throttled_copy");
  if (!layer.missing.empty()) return;
  layer.parts.push_back({"copy", "", *copy});
  const double attention = layer.parts.front().seconds;
  layer.predicted = attention + (chunks - 1.0) * std::max(attention, *copy) + *copy;
}

/// Layers, then studies of HOP-B; what differs in one thing stands together.
auto place_of(const CellKey& key) {
  const auto of = [&](std::string_view name) { return shape_number(key, name); };
  return std::tuple(key.kernel != "rank_layer", key.variant, of("tpa"), of("b"), of("kvp"), of("s"),
                    of("pdl"), of("copy"), of("chunks"));
}

}  // namespace

LaunchGaps launch_gaps_of(std::span<const MeasuredRecord> records) {
  LaunchGaps gaps;
  for (const MeasuredRecord& record : records) {
    const bool plain = record.key.kernel == "launch_chain" && holds(record) &&
                       shape_number(record, "grid") == 1.0 && shape_number(record, "smem") == 0.0;
    if (!plain) continue;
    (record.key.variant == "programmatic" ? gaps.programmatic : gaps.serial) =
        record_seconds(record);
  }
  return gaps;
}

std::vector<LayerPrediction> predict_layers(std::span<const MeasuredRecord> records,
                                            const FittedLaws& laws) {
  const LaunchGaps gaps = launch_gaps_of(records);
  std::vector<LayerPrediction> all;
  for (const MeasuredRecord& record : records) {
    const bool layer = record.key.kernel == "rank_layer" && shape_number(record, "exchange") == 0.0;
    const bool chunks = record.key.kernel == "hop_b";
    if (!holds(record) || record.key.mode != "graph_cold" || !(layer || chunks)) continue;
    LayerPrediction& one = all.emplace_back();
    one.key = record.key;
    one.measured = record_seconds(record);
    if (layer) {
      predict_layer(record, laws, gaps, one);
    } else {
      predict_hop_b(record, records, laws, one);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return place_of(a.key) < place_of(b.key); });
  return all;
}

}  // namespace helixsim
