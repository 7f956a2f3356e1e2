#include "hw_models/laws/attention_kernels.hpp"

namespace helixsim {

AttentionKernels attention_kernels(const AttentionShape& shape) {
  using enum AttentionKernels;
  const bool latent = shape.kv_heads == 1.0 && shape.head_size > 512.0;
  if (latent) {
    if (shape.group <= 16.0) return Mla16;
    if (shape.group <= 32.0) return Mla32;
    return shape.group <= 64.0 ? Mla64 : Mla128;
  }
  if (shape.group <= 1.0) return Mha;
  return shape.group < 64.0 ? Grouped : Wide;
}

std::string_view name_of(AttentionKernels kernels) {
  constexpr std::string_view kNames[kAttentionKernels] = {
      "mha", "grouped", "wide", "heads_16", "heads_32", "heads_64", "heads_128"};
  return kNames[static_cast<std::size_t>(kernels)];
}

std::string attention_family(AttentionKernels kernels, std::string_view cache) {
  const bool latent = kernels >= AttentionKernels::Mla16;
  return std::string(latent ? "mla/" : "attention/") + std::string(cache) + "/" +
         std::string(name_of(kernels));
}

}  // namespace helixsim
