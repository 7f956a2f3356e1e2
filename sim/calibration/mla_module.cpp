#include "sim/calibration/mla_module.hpp"

#include <fmt/format.h>

#include "hw_models/kernels/composition.hpp"
#include "hw_models/laws/attention_kernels.hpp"

namespace helixsim {
namespace {

constexpr Composition kRules;     // of kernels in one graph
constexpr double kNorm = 2.0e-6;  // RMSNorm of a few rows, assumed: a small kernel

constexpr double kHidden = 7168.0;
constexpr double kQueryRank = 1536.0;
constexpr double kKvRank = 512.0;
constexpr double kRope = 64.0;
constexpr double kNope = 128.0;
constexpr double kValue = 128.0;

}  // namespace

std::optional<double> mla_module_seconds(const FittedLaws& laws, std::string_view gemm_dtype,
                                         std::string_view kv_dtype, const ModuleRow& row) {
  const auto* gemm = laws.find<GemmLaw>(fmt::format("gemm/{}", gemm_dtype));
  const auto* w_uk = laws.find<GemmLaw>("bmm/w_uk/bfloat16");
  const auto* w_uv = laws.find<GemmLaw>("bmm/w_uv/bfloat16");
  const double heads = row.local_heads;
  const AttentionShape shape = mla_shape(row.batch, row.cached_tokens + 1.0, heads);
  const AttentionKernels kernels = attention_kernels(shape);
  const auto* attention =
      laws.find<AttentionLaw>(attention_family(low_latency_of(kernels), kv_dtype));
  if (attention == nullptr || !runs_low_latency(shape, attention->law.gpu.multiprocessors)) {
    attention = laws.find<AttentionLaw>(attention_family(kernels, kv_dtype));
  }
  if (gemm == nullptr || w_uk == nullptr || w_uv == nullptr || attention == nullptr) return {};
  const auto projection = [&](double n, double k) {
    return gemm->seconds({.m = row.batch, .n = n, .k = k}, false);
  };
  const double projections = projection(kQueryRank + kKvRank + kRope, kHidden) +
                             projection(heads * (kNope + kRope), kQueryRank) +
                             projection(kHidden, heads * kValue);
  const auto absorption = [&](const FittedLaw<GemmLaw>& law, double n, double k) {
    return kRules.alone_to_step(
        law.seconds({.m = row.batch, .n = n, .k = k, .batch = heads}, false));
  };
  const double absorptions = absorption(*w_uk, kKvRank, kNope) + absorption(*w_uv, kValue, kKvRank);
  const double core = kRules.alone_to_step(attention->seconds(shape, false));
  return kRules.launch_gap + projections + absorptions + core + 2.0 * kNorm;
}

}  // namespace helixsim
