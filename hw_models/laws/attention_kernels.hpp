#pragma once

#include <string>
#include <string_view>

#include "hw_models/laws/attention_law.hpp"

namespace helixsim {

/// Kernels that libraries switch between: by the size of a group or, where all heads share one
/// latent (MLA), by the head count, up to 16, 32, 64 and 128.
enum class AttentionKernels { Mha, Grouped, Wide, Mla16, Mla32, Mla64, Mla128 };
inline constexpr std::size_t kAttentionKernels = 7;

AttentionKernels attention_kernels(const AttentionShape& shape);

/// "mha", "grouped", "wide", "heads_16", ...
std::string_view name_of(AttentionKernels kernels);

/// The kernel family of fitted laws: "attention/fp8/grouped", "mla/bfloat16/heads_16". `cache` is
/// the format of the KV cache as tables write it.
std::string attention_family(AttentionKernels kernels, std::string_view cache);

}  // namespace helixsim
