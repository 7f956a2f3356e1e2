#include "sim/calibration/mla_module.hpp"

#include <fmt/format.h>

namespace helixsim {
namespace {

constexpr double kLaunchGap = 2.4e-6;   // of a graph of one kernel; measured-laws.md
constexpr double kInGraphGap = 1.3e-6;  // between dependent kernels without programmatic launch
constexpr double kNorm = 2.0e-6;        // RMSNorm of a few rows, assumed: a small kernel

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
  const int heads_class = row.local_heads <= 16 ? 16 : static_cast<int>(row.local_heads);
  const auto* attention =
      laws.find<AttentionLaw>(fmt::format("mla/{}/heads_{}", kv_dtype, heads_class));
  if (gemm == nullptr || w_uk == nullptr || w_uv == nullptr || attention == nullptr) return {};
  const double heads = row.local_heads;
  const auto projection = [&](double n, double k) {
    return gemm->seconds({.m = row.batch, .n = n, .k = k}, false);
  };
  const double projections = projection(kQueryRank + kKvRank + kRope, kHidden) +
                             projection(heads * (kNope + kRope), kQueryRank) +
                             projection(kHidden, heads * kValue);
  const double absorptions =
      w_uk->seconds({.m = row.batch, .n = kKvRank, .k = kNope, .batch = heads}, false) +
      w_uv->seconds({.m = row.batch, .n = kValue, .k = kKvRank, .batch = heads}, false) -
      2.0 * (kLaunchGap - kInGraphGap);
  const double core = attention->seconds({.batch = row.batch,
                                          .kv_tokens = row.cached_tokens + 1.0,
                                          .kv_heads = 1.0,
                                          .group = heads,
                                          .head_size = kKvRank + kRope},
                                         false) -
                      (kLaunchGap - kInGraphGap);
  return kLaunchGap + projections + absorptions + core + 2.0 * kNorm;
}

}  // namespace helixsim
