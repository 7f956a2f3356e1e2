#pragma once

#include <optional>
#include <string_view>

#include "hw_models/laws/fitted_laws.hpp"
#include "sim/calibration/measured_rows.hpp"

namespace helixsim {

/// Attention of DeepSeek-V3's MLA: one latent of 512 and a rotary key of 64 for all heads.
inline AttentionShape mla_shape(double batch, double kv_tokens, double heads) {
  return {.batch = batch, .kv_tokens = kv_tokens, .kv_heads = 1, .group = heads, .head_size = 576};
}

/// A whole MLA block of DeepSeek-V3 in one decode step, put together from the laws of its kernels
/// by the composition rules: down projections, norms, query up projection, W_UK, attention, W_UV,
/// output projection. Nothing of it is fitted to whole blocks. Empty when a law is missing.
///
///     t = graph gap + sum of kernels without the launch gaps that each was measured with
std::optional<double> mla_module_seconds(const FittedLaws& laws, std::string_view gemm_dtype,
                                         std::string_view kv_dtype, const ModuleRow& row);

}  // namespace helixsim
