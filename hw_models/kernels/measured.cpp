#include "hw_models/kernels/measured.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hw_models/kernels/composition.hpp"
#include "hw_models/kernels/roofline.hpp"
#include "hw_models/laws/attention_kernels.hpp"
#include "hw_models/remembered.hpp"
#include "sim/units/literals.hpp"

namespace helixsim {
namespace {

using namespace literals;

constexpr std::size_t kFormats = 5;

std::size_t index_of(Precision precision) {
  return static_cast<std::size_t>(precision);
}

std::size_t index_of(AttentionKernels kernels) {
  return static_cast<std::size_t>(kernels);
}

/// What tables call a format. `Fp4` has no scales; its kernels are those of NVFP4.
std::string_view table_name(Precision precision) {
  switch (precision) {
    case Precision::Bf16:
      return "bfloat16";
    case Precision::Fp8:
      return "fp8";
    case Precision::Fp8Block:
      return "fp8_block";
    case Precision::Nvfp4:
    case Precision::Fp4:
      return "nvfp4";
  }
  return "";
}

/// Caches are read by BF16 or FP8 kernels; a cache of four bits is given those of FP8.
std::string_view cache_table_name(Precision precision) {
  return precision == Precision::Bf16 ? "bfloat16" : "fp8";
}

class Measured final : public KernelModel {
 public:
  Measured(const Composition& rules, const Gpu& gpu, std::shared_ptr<const FittedLaws> laws)
      : rules_(rules), gpu_(gpu), laws_(std::move(laws)) {
    for (const PrecisionEntry& format : precisions()) {
      const std::size_t at = index_of(format.precision);
      const std::string name(table_name(format.precision));
      gemm_[at] = with_bytes(laws_->find<GemmLaw>("gemm/" + name), format.bytes_per_element);
      add_expert_laws(format);
      for (std::size_t c = 0; c < kAttentionKernels; ++c) {
        const auto* law = laws_->find<AttentionLaw>(
            attention_family(static_cast<AttentionKernels>(c), cache_table_name(format.precision)));
        if (law == nullptr) continue;
        attention_[at][c] = *law;
        attention_[at][c]->law.kv_bytes = format.bytes_per_element;
        least_factor_[at][c] = least_factor(*law);
      }
    }
    for (const bool up : {true, false}) {
      const auto* law = laws_->find<GemmLaw>(up ? "bmm/w_uk/bfloat16" : "bmm/w_uv/bfloat16");
      if (law != nullptr) batched_[up ? 0 : 1] = *law;
    }
    const auto* bf16 = laws_->find<GemmLaw>("gemm/bfloat16");
    if (bf16 != nullptr) plain_gemm_fixed_ = bf16->law.fixed;
    if (const auto* scale = laws_->find<StreamLaw>("quantise/scale_matrix")) {
      small_kernel_ = std::max(scale->law.fixed - rules_.launch_gap, 0.0);
    }
  }

  [[nodiscard]] Seconds duration(const KernelWork& work) const override {
    return duration(work, [&](const auto& shape) { return by_law(work, shape); });
  }
  [[nodiscard]] bool monotone() const override { return false; }
  [[nodiscard]] std::unique_ptr<KernelModel> remembering(
      std::shared_ptr<const KernelModel> self) const override;

  /// Of attention whose data come from HBM: each launch pays its fixed time and reads its part of
  /// the bytes, both times the smallest factor of the residuals; parts may run the kernel of low
  /// latency.
  [[nodiscard]] Seconds least_when_cut(const KernelWork& work, int launches) const override {
    const auto* shape = std::get_if<AttentionShape>(&work.shape);
    if (shape == nullptr || !rules_.cold) return {};
    const AttentionKernels kernels = attention_kernels(*shape);
    const AttentionKernels low = low_latency_of(kernels);
    const Seconds least = least_of(work, *shape, launches, kernels);
    if (low == kernels || !attention_[index_of(work.format)][index_of(low)]) return least;
    return std::min(least, least_of(work, *shape, launches, low));
  }

  [[nodiscard]] Provenance provenance(const KernelWork& work) const override {
    return std::visit([&](const auto& shape) { return provenance(work, shape); }, work.shape);
  }

  /// The same with `law` in place of by_law.
  template <class Law>
  [[nodiscard]] Seconds duration(const KernelWork& work, Law&& law) const {
    if (work.included) return {};
    const std::optional<double> whole = std::visit(std::forward<Law>(law), work.shape);
    return std::max(Seconds(whole ? work.part * *whole : plain(work)), bound(work));
  }

  /// Seconds of the kernel as libraries launch it, by the law of its shape; empty where there is
  /// none. Beside the shape it depends on the format and on `input_ready`.
  [[nodiscard]] std::optional<double> by_law(const KernelWork& /*work*/,
                                             const std::monostate& /*none*/) const {
    return std::nullopt;
  }
  [[nodiscard]] std::optional<double> by_law(const KernelWork& work, const GemmShape& shape) const {
    if (const auto* law = batched_law(shape)) {
      return rules_.alone_to_step(law->seconds(shape, rules_.cold));
    }
    const auto& fitted = gemm_[index_of(work.format)];
    if (!fitted) return std::nullopt;
    double time = fitted->seconds(shape, rules_.cold);
    if (work.input_ready && rules_.quantise_once) {
      // Rows contain the kernel that quantises the activations: its start and its pass over them.
      const double pass = fitted->law.quantise * 2.0 * shape.m * shape.k;
      const double start = std::max(fitted->law.fixed - plain_gemm_fixed_, 0.0);
      if (work.format != Precision::Bf16) time = std::max(time - pass - start, 0.25 * time);
    }
    return rules_.packed_to_step(time);
  }
  [[nodiscard]] std::optional<double> by_law(const KernelWork& work,
                                             const AttentionShape& shape) const {
    const auto& fitted = attention_[index_of(work.format)][kernels_of(work.format, shape)];
    if (!fitted) return std::nullopt;
    return rules_.alone_to_step(fitted->seconds(shape, rules_.cold));
  }
  [[nodiscard]] std::optional<double> by_law(const KernelWork& work,
                                             const GroupedGemmShape& shape) const {
    const auto [kernel, fastest] = fastest_experts(work.format, shape);
    if (kernel == nullptr) return std::nullopt;
    return rules_.alone_to_step(fastest);
  }

 private:
  [[nodiscard]] Seconds least_of(const KernelWork& work, const AttentionShape& shape, int launches,
                                 AttentionKernels kernels) const {
    const std::size_t at = index_of(kernels);
    const auto& fitted = attention_[index_of(work.format)][at];
    if (!fitted || (shape.window > 0.0 && fitted->law.walk_all == 0)) return {};
    const double factor = least_factor_[index_of(work.format)][at];
    const double launch = rules_.alone_to_step(factor * fitted->law.fixed);
    return Seconds(launches * launch + factor * work.kv_bytes.value() / fitted->law.bandwidth);
  }

  template <class Law>
  static std::optional<FittedLaw<Law>> with_bytes(const FittedLaw<Law>* law, double bytes) {
    if (law == nullptr) return std::nullopt;
    FittedLaw<Law> copy = *law;
    copy.law.weight_bytes = bytes;
    return copy;
  }

  /// The kernels that the library has for routed experts: those for large batches, DeepGEMM for
  /// blocks of FP8, those of low latency.
  void add_expert_laws(const PrecisionEntry& format) {
    const std::string name(table_name(format.precision));
    for (const char* kernel :
         {"moe_torch_flow_cutlass", "deepgemm", "moe_torch_flow_min_latency"}) {
      const auto* law = laws_->find<GroupedGemmLaw>("moe/" + std::string(kernel) + "/" + name);
      if (law == nullptr) continue;
      experts_[index_of(format.precision)].push_back(*with_bytes(law, format.bytes_per_element));
    }
  }

  /// Residuals fade towards none beyond their nodes and are no less than at some node within.
  static double least_factor(const FittedLaw<AttentionLaw>& fitted) {
    double sum = 0.0;
    for (const ResidualTable& table : fitted.residuals) {
      sum += std::min(0.0, *std::min_element(table.values().begin(), table.values().end()));
    }
    return std::exp(std::max(sum, -FittedLaw<AttentionLaw>::kMostLogFactor));
  }

  [[nodiscard]] Seconds bound(const KernelWork& work) const {
    return roofline_time(work.flops, work.hbm_bytes(), gpu_.peak(work.math), gpu_.memory_bandwidth);
  }

  /// Seconds of a kernel without a law.
  [[nodiscard]] double plain(const KernelWork& work) const {
    const double fixed =
        work.kind == KernelKind::Elementwise ? small_kernel_ + rules_.gap() : plain_gemm_fixed_;
    const Seconds body = work.hbm_bytes() / (gpu_.memory_bandwidth * kPlainEfficiency) +
                         work.flops / (gpu_.peak(work.math) * kPlainEfficiency);
    return fixed + body.value();
  }

  /// Null where the work is none of the batched kernel's.
  [[nodiscard]] const FittedLaw<GemmLaw>* batched_law(const GemmShape& shape) const {
    if (shape.batch <= 1.0 && !is_absorption(shape)) return nullptr;
    const auto& law = batched_[shape.k < shape.n ? 0 : 1];
    return law ? &*law : nullptr;
  }

  /// Which of the kernels of attention the library runs.
  [[nodiscard]] std::size_t kernels_of(Precision format, const AttentionShape& shape) const {
    const AttentionKernels kernels = attention_kernels(shape);
    const AttentionKernels low = low_latency_of(kernels);
    if (low == kernels) return index_of(kernels);
    const auto& fitted = attention_[index_of(format)][index_of(low)];
    const bool runs = fitted && runs_low_latency(shape, fitted->law.gpu.multiprocessors);
    return index_of(runs ? low : kernels);
  }

  /// Null where no kernel reads experts of that format.
  [[nodiscard]] std::pair<const FittedLaw<GroupedGemmLaw>*, double> fastest_experts(
      Precision format, const GroupedGemmShape& shape) const {
    std::pair<const FittedLaw<GroupedGemmLaw>*, double> fastest{nullptr, 0.0};
    for (const auto& kernel : experts_[index_of(format)]) {
      const double time = kernel.seconds(shape, rules_.cold);
      if (fastest.first == nullptr || time < fastest.second) fastest = {&kernel, time};
    }
    return fastest;
  }

  [[nodiscard]] Provenance provenance(const KernelWork& /*work*/,
                                      const std::monostate& /*none*/) const {
    return {};
  }
  [[nodiscard]] Provenance provenance(const KernelWork& work, const GemmShape& shape) const {
    if (const auto* law = batched_law(shape)) return law->provenance(shape);
    const auto& fitted = gemm_[index_of(work.format)];
    return fitted ? fitted->provenance(shape) : Provenance{};
  }
  [[nodiscard]] Provenance provenance(const KernelWork& work, const AttentionShape& shape) const {
    const auto& fitted = attention_[index_of(work.format)][kernels_of(work.format, shape)];
    if (!fitted) return {};
    Provenance from = fitted->provenance(shape);
    from.assumed_format = entry(work.format).rate == MathRate::Fp4;
    return from;
  }
  [[nodiscard]] Provenance provenance(const KernelWork& work, const GroupedGemmShape& shape) const {
    const auto* kernel = fastest_experts(work.format, shape).first;
    return kernel != nullptr ? kernel->provenance(shape) : Provenance{};
  }

  /// W_UK and W_UV of one head are small GEMMs of the batched kernel too.
  static bool is_absorption(const GemmShape& shape) {
    return shape.batch == 1.0 && std::max(shape.n, shape.k) <= 512.0;
  }

  static constexpr double kPlainEfficiency = 0.9;

  Composition rules_;
  Gpu gpu_;
  std::shared_ptr<const FittedLaws> laws_;
  std::array<std::optional<FittedLaw<GemmLaw>>, kFormats> gemm_;
  std::array<std::vector<FittedLaw<GroupedGemmLaw>>, kFormats> experts_;
  std::array<std::array<std::optional<FittedLaw<AttentionLaw>>, kAttentionKernels>, kFormats>
      attention_;
  std::array<std::array<double, kAttentionKernels>, kFormats> least_factor_{};
  std::array<std::optional<FittedLaw<GemmLaw>>, 2> batched_;
  double plain_gemm_fixed_ = 2e-6;
  double small_kernel_ = 1e-6;
};

/// Remembers what laws say of shapes: most operations of a search have theirs in common.
class RememberedMeasured final : public KernelModel {
 public:
  RememberedMeasured(std::shared_ptr<const KernelModel> owner, const Measured& laws)
      : owner_(std::move(owner)), laws_(laws) {}

  [[nodiscard]] Seconds duration(const KernelWork& work) const override {
    return laws_.duration(work, [&](const auto& shape) { return by_law(work, shape); });
  }
  [[nodiscard]] Provenance provenance(const KernelWork& work) const override {
    return laws_.provenance(work);
  }
  [[nodiscard]] bool monotone() const override { return false; }
  [[nodiscard]] Seconds least_when_cut(const KernelWork& work, int launches) const override {
    return laws_.least_when_cut(work, launches);
  }

 private:
  static constexpr double kNoLaw = -1.0;

  /// From `times`, of these numbers.
  template <class Shape, class Times, class Numbers>
  [[nodiscard]] std::optional<double> from(Times& times, const Numbers& numbers,
                                           const KernelWork& work, const Shape& shape) const {
    const double time =
        times.of(numbers, [&] { return laws_.by_law(work, shape).value_or(kNoLaw); });
    return time == kNoLaw ? std::nullopt : std::optional(time);
  }

  [[nodiscard]] std::optional<double> by_law(const KernelWork& work,
                                             const std::monostate& none) const {
    return laws_.by_law(work, none);
  }
  [[nodiscard]] std::optional<double> by_law(const KernelWork& work, const GemmShape& shape) const {
    return from(gemms_, std::array{how(work), shape.n, shape.k, shape.batch, shape.m}, work, shape);
  }
  [[nodiscard]] std::optional<double> by_law(const KernelWork& work,
                                             const AttentionShape& shape) const {
    return from(attention_,
                std::array{how(work), shape.kv_tokens, shape.kv_heads, shape.group, shape.head_size,
                           shape.window, shape.batch},
                work, shape);
  }
  [[nodiscard]] std::optional<double> by_law(const KernelWork& work,
                                             const GroupedGemmShape& shape) const {
    return from(experts_,
                std::array{how(work), shape.tokens, shape.rows, shape.active, shape.experts,
                           shape.hidden, shape.intermediate},
                work, shape);
  }

  /// What by_law depends on beside the shape.
  static double how(const KernelWork& work) {
    return 1.0 + static_cast<double>(index_of(work.format)) * 2.0 + (work.input_ready ? 1.0 : 0.0);
  }

  std::shared_ptr<const KernelModel> owner_;  // keeps the laws
  const Measured& laws_;
  mutable Remembered<double, 5, 8> gemms_;      // 8 numbers of rows in a row
  mutable Remembered<double, 7, 8> attention_;  // 8 batches in a row
  mutable Remembered<double, 7> experts_;
};

std::unique_ptr<KernelModel> Measured::remembering(std::shared_ptr<const KernelModel> self) const {
  return std::make_unique<RememberedMeasured>(std::move(self), *this);
}

Composition read_composition(const Node& node) {
  node.allow_only(
      {"law", "launch_gap", "in_graph_gap", "programmatic_launch", "quantise_once", "cold"});
  const Range<Seconds> times{0_us, 100_us};
  return {.launch_gap = sourced(node, "launch_gap").time("value", times).value(),
          .in_graph_gap = sourced(node, "in_graph_gap").time("value", times).value(),
          .programmatic_launch = sourced(node, "programmatic_launch").boolean("value", false),
          .quantise_once = sourced(node, "quantise_once").boolean("value", true),
          .cold = sourced(node, "cold").boolean("value", true)};
}

}  // namespace

void check_measured(const Node& node) {
  (void)read_composition(node);
}

std::unique_ptr<KernelModel> make_measured(const Node& node, const Gpu& gpu,
                                           std::shared_ptr<const FittedLaws> laws) {
  return std::make_unique<Measured>(read_composition(node), gpu, std::move(laws));
}

}  // namespace helixsim
