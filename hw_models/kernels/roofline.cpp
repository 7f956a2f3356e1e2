#include "hw_models/kernels/roofline.hpp"

#include "sim/units/literals.hpp"

namespace helixsim {
using namespace literals;
namespace {

struct Limits {
  BytesPerSecond bandwidth;
  FlopsPerSecond peaks[3];  // by MathRate
  Seconds fixed;
  Seconds fixed_attention;
};

class Roofline final : public KernelModel {
 public:
  explicit Roofline(const Limits& limits) : limits_(limits) {}

  [[nodiscard]] Seconds duration(const KernelWork& work) const override {
    return fixed(work) + body(work);
  }

  /// Each launch pays its fixed time. The slower limit of a part is at least the part's share of
  /// the limit that is slower for the whole, so the parts sum to no less than the whole.
  [[nodiscard]] Seconds least_when_cut(const KernelWork& work, int launches) const override {
    return fixed(work) * launches + body(work);
  }

 private:
  [[nodiscard]] Seconds fixed(const KernelWork& work) const {
    return work.kind == KernelKind::Attention ? limits_.fixed_attention : limits_.fixed;
  }
  [[nodiscard]] Seconds body(const KernelWork& work) const {
    const FlopsPerSecond peak = limits_.peaks[static_cast<std::size_t>(work.math)];
    return roofline_time(work.flops, work.hbm_bytes(), peak, limits_.bandwidth);
  }

  Limits limits_;
};

}  // namespace

std::unique_ptr<KernelModel> make_roofline(const Node& node, const Gpu& gpu,
                                           std::shared_ptr<const FittedLaws> /*laws*/) {
  node.allow_only({"law", "memory_efficiency", "compute_efficiency", "fixed", "fixed_attention"});
  const double memory = sourced(node, "memory_efficiency").number("value", {0.01, 1.0});
  const double compute = sourced(node, "compute_efficiency").number("value", {0.01, 1.0});
  const Range<Seconds> times{0_us, 1.0_s};
  return std::make_unique<Roofline>(
      Limits{.bandwidth = gpu.memory_bandwidth * memory,
             .peaks = {gpu.peak(MathRate::Bf16) * compute, gpu.peak(MathRate::Fp8) * compute,
                       gpu.peak(MathRate::Fp4) * compute},
             .fixed = sourced(node, "fixed").time("value", times),
             .fixed_attention = sourced(node, "fixed_attention").time("value", times)});
}

}  // namespace helixsim
