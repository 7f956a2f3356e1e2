#pragma once

#include <string>
#include <string_view>

#include "hw_models/laws/attention_law.hpp"

namespace helixsim {

/// Kernels that libraries switch between: by the size of a group or, where all heads share one
/// latent (MLA), by the head count, up to 16, 32, 64 and 128. Above 32 heads some libraries have a
/// second one, of low latency.
enum class AttentionKernels {
  Mha,
  Grouped,
  Wide,
  Mla16,
  Mla32,
  Mla64,
  Mla128,
  MlaLow64,
  MlaLow128
};
inline constexpr std::size_t kAttentionKernels = 9;

/// Never those of low latency.
AttentionKernels attention_kernels(const AttentionShape& shape);

/// The one of low latency for the same heads; `kernels` itself where there is none.
AttentionKernels low_latency_of(AttentionKernels kernels);

/// Whether a library that has the MLA kernel of low latency for more than 32 heads takes it, on a
/// GPU of so many multiprocessors.
///
/// Model: a CTA has 16 heads and, when they are split as far as the multiprocessors and parts of
/// 256 tokens allow, at most 1,024 tokens; all CTAs run at once. Source: TensorRT-LLM 1.3,
/// useSwapsMmaAbMlaGenKernel in its trtllm-gen FMHA runner; on the tables of three Blackwell
/// systems batches of 1 to 32 change kernel where this says.
bool runs_low_latency(const AttentionShape& shape, double multiprocessors);

/// "mha", "grouped", "wide", "heads_16", ...
std::string_view name_of(AttentionKernels kernels);

/// The kernel family of fitted laws: "attention/fp8/grouped", "mla/bfloat16/heads_16". `cache` is
/// the format of the KV cache as tables write it.
std::string attention_family(AttentionKernels kernels, std::string_view cache);

}  // namespace helixsim
