#pragma once

#include "tools/calibrate/kernels/arithmetic/kv_ownership.hpp"
#include "tools/calibrate/kernels/arithmetic/paging.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/mla_formats.hpp"
#include "tools/calibrate/kernels/row_output.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"
#include "tools/calibrate/kernels/warp_reduce.hpp"

namespace helixsim::kernels {

/// Before MLA decode: RoPE of the queries' last 64 numbers, and of the new token RMSNorm of its
/// latent, RoPE of its shared key and the append of both to the cache of the KVP rank that owns the
/// token. Every rank of the group runs it; the others write queries only.
///
/// Shapes: q [batch, heads, 192], the last 64 to be turned; q_out [batch, heads, 576], of which the
///         last 64 are written (the absorbed projection writes the others); latents [batch, 512 and
///         64 of the key], with a stride; weight [512]; cache as MlaDecode has it; positions
///         [batch]; cos_sin [position, 32, 2].
/// Model:  latent weight / sqrt(mean(latent^2) + epsilon); pairs are (2 i, 2 i + 1): (a cos - b
///         sin, b cos + a sin). E4M3 caches hold number / scale.
/// Source: DeepSeek-V2, section 2.1; ownership: Helix, section 2.3.
template <class Format>
struct MlaAppend {
  const Bf16* q = nullptr;
  Bf16* q_out = nullptr;
  const Bf16* latents = nullptr;
  const Bf16* weight = nullptr;
  typename Format::Number* cache = nullptr;
  const int* pages = nullptr;  ///< null: page r is all of request r
  const int* positions = nullptr;
  const float* cos_sin = nullptr;
  std::int64_t first_position = 0;  ///< of the table of angles
  KvOwnership ownership;
  std::int64_t rank = 0;
  unsigned batch = 0;
  unsigned heads = 0;
  unsigned latent_stride = kMlaWidth;  ///< numbers between rows of latents
  int page_tokens = 64;
  int pages_per_request = 1;
  float inverse_scale = 1.0f;
  float epsilon = 1e-6f;
};

inline constexpr unsigned kMlaAppendThreads = 128;  ///< a warp a head, and one for the latent
inline constexpr unsigned kMlaRope = kMlaWidth - kMlaValues;
inline constexpr unsigned kMlaPlain = 128;  ///< of a head's query, not turned
inline constexpr unsigned kMlaQuery = kMlaPlain + kMlaRope;

/// Pair `lane` of 64 numbers, turned.
HELIXSIM_DEVICE FloatPair turned_pair(const Bf16* numbers, const float* cos_sin) {
  const std::uint32_t pair = reinterpret_cast<const std::uint32_t*>(numbers)[lane_index()];
  const float cosine = cos_sin[2 * lane_index()];
  const float sine = cos_sin[2 * lane_index() + 1];
  return {low_of(pair) * cosine - high_of(pair) * sine,
          high_of(pair) * cosine + low_of(pair) * sine};
}

HELIXSIM_DEVICE void store_pair(Bf16* to, const FloatPair& pair, float /*inverse_scale*/) {
  *reinterpret_cast<std::uint32_t*>(to) = pack_bf16(pair.low, pair.high);
}
HELIXSIM_DEVICE void store_pair(E4m3* to, const FloatPair& pair, float inverse_scale) {
  *reinterpret_cast<std::uint16_t*>(to) =
      pack_e4m3(pair.low * inverse_scale, pair.high * inverse_scale);
}
HELIXSIM_DEVICE void store_latent(Bf16* to, const float (&values)[8], float /*inverse_scale*/) {
  store_eight(to, values);
}
HELIXSIM_DEVICE void store_latent(E4m3* to, const float (&values)[8], float inverse_scale) {
  *reinterpret_cast<Words2*>(to) = packed_e4m3(values, inverse_scale);
}

/// A warp appends the new token of a request.
template <class Format>
HELIXSIM_DEVICE void mla_append_latent(const MlaAppend<Format>& p, unsigned request,
                                       const float* cos_sin) {
  constexpr unsigned kEights = kMlaValues / 8 / kWarpThreads;
  const Bf16* latent = p.latents + std::size_t{request} * p.latent_stride;
  float values[kEights][8];
  float squares = 0.0f;
  HELIXSIM_UNROLL
  for (unsigned e = 0; e < kEights; ++e) {
    load_eight(values[e], latent + (e * kWarpThreads + lane_index()) * 8);
    HELIXSIM_UNROLL
    for (const float value : values[e]) squares += value * value;
  }
  const float scale = fast_rsqrt(warp_sum(squares) / float{kMlaValues} + p.epsilon);
  const int place = static_cast<int>(p.ownership.place_of(p.positions[request]));
  const PagedToken at = paged_token(p.pages, p.pages_per_request, p.page_tokens, request, place);
  auto* to = p.cache + (at.page * static_cast<std::size_t>(p.page_tokens) + at.inside) * kMlaWidth;
  HELIXSIM_UNROLL
  for (unsigned e = 0; e < kEights; ++e) {
    const unsigned column = (e * kWarpThreads + lane_index()) * 8;
    float weight[8];
    load_eight(weight, p.weight + column);
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 8; ++i) values[e][i] *= scale * weight[i];
    store_latent(to + column, values[e], p.inverse_scale);
  }
  store_pair(to + kMlaValues + 2 * lane_index(), turned_pair(latent + kMlaValues, cos_sin),
             p.inverse_scale);
}

/// Launch: a warp for each of batch (heads + 1), kMlaAppendThreads threads.
template <class Format>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kMlaAppendThreads, 8) mla_append(MlaAppend<Format> p) {
  wait_for_previous_kernel();
  release_next_kernel();
  const unsigned at = block_x() * (kMlaAppendThreads / kWarpThreads) + warp_index();
  if (at >= p.batch * (p.heads + 1)) return;
  const unsigned request = at / (p.heads + 1);
  const unsigned head = at % (p.heads + 1);
  const std::int64_t position = p.positions[request];
  const float* cos_sin = p.cos_sin + (position - p.first_position) * std::int64_t{kMlaRope};
  if (head == p.heads) {
    if (p.ownership.owner_of(position) == p.rank) mla_append_latent(p, request, cos_sin);
    return;
  }
  const std::size_t row = std::size_t{request} * p.heads + head;
  const FloatPair pair = turned_pair(p.q + row * kMlaQuery + kMlaPlain, cos_sin);
  store_pair(p.q_out + row * kMlaWidth + kMlaValues + 2 * lane_index(), pair, 1.0f);
}

}  // namespace helixsim::kernels
