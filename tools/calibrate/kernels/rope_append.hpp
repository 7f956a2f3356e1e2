#pragma once

#include "tools/calibrate/kernels/arithmetic/kv_ownership.hpp"
#include "tools/calibrate/kernels/arithmetic/paging.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/gqa_formats.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

namespace helixsim::kernels {

/// RoPE of the queries and of the new token's key, and the append of key and value to the KV cache
/// of the KVP rank that owns the token. Every rank of the group runs it; the others write queries
/// only.
///
/// Shapes: qkv [batch, q_heads + 2 kv_heads, 128] BF16: queries, keys, values; q [batch, q_heads,
///         128]; keys and values as GqaDecode has them; positions [batch], of the new token among
///         all; cos_sin [position, 64, 2]: cosine and sine of each pair's angle.
/// Model:  pairs are (i, i + 64): (a cos - b sin, b cos + a sin). E4M3 caches hold number / scale.
/// Source: Su et al. 2021 (RoPE), halves as in Llama; ownership: Helix, section 2.3.
template <class Format>
struct RopeAppend {
  const Bf16* qkv = nullptr;
  Bf16* q = nullptr;
  typename Format::Number* keys = nullptr;
  typename Format::Number* values = nullptr;
  const int* pages = nullptr;  ///< null: page r is all of request r
  const int* positions = nullptr;
  const float* cos_sin = nullptr;
  std::int64_t first_position = 0;  ///< of the table of angles
  KvOwnership ownership;
  std::int64_t rank = 0;
  unsigned batch = 0;
  unsigned q_heads = 0;
  unsigned kv_heads = 0;
  int page_tokens = 64;
  int pages_per_request = 1;
  float inverse_key_scale = 1.0f;
  float inverse_value_scale = 1.0f;
};

inline constexpr unsigned kRopeThreads = 128;  // a warp a head

/// A lane's four numbers of a head: 2 lane, 2 lane + 1 and these + 64.
struct HeadPart {
  float low[2];
  float high[2];
};

HELIXSIM_DEVICE HeadPart load_head(const Bf16* head) {
  const auto* words = reinterpret_cast<const std::uint32_t*>(head);
  const std::uint32_t low = words[lane_index()];
  const std::uint32_t high = words[kHeadSize / 4 + lane_index()];
  return {{low_of(low), high_of(low)}, {low_of(high), high_of(high)}};
}

HELIXSIM_DEVICE void store_head(Bf16* head, const HeadPart& part, float /*inverse_scale*/) {
  auto* words = reinterpret_cast<std::uint32_t*>(head);
  words[lane_index()] = pack_bf16(part.low[0], part.low[1]);
  words[kHeadSize / 4 + lane_index()] = pack_bf16(part.high[0], part.high[1]);
}
HELIXSIM_DEVICE void store_head(E4m3* head, const HeadPart& part, float inverse_scale) {
  auto* halves = reinterpret_cast<std::uint16_t*>(head);
  halves[lane_index()] = pack_e4m3(part.low[0] * inverse_scale, part.low[1] * inverse_scale);
  halves[kHeadSize / 4 + lane_index()] =
      pack_e4m3(part.high[0] * inverse_scale, part.high[1] * inverse_scale);
}

HELIXSIM_DEVICE HeadPart rotated(const HeadPart& part, const float* cos_sin) {
  HeadPart out;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 2; ++i) {
    const float cosine = cos_sin[(2 * lane_index() + i) * 2];
    const float sine = cos_sin[(2 * lane_index() + i) * 2 + 1];
    out.low[i] = part.low[i] * cosine - part.high[i] * sine;
    out.high[i] = part.high[i] * cosine + part.low[i] * sine;
  }
  return out;
}

/// Where a head of a request's token at `place` of this rank's cache begins.
template <class Format>
HELIXSIM_DEVICE std::size_t cache_place(const RopeAppend<Format>& p, unsigned request,
                                        unsigned kv_head, int place) {
  const PagedToken at = paged_token(p.pages, p.pages_per_request, p.page_tokens, request, place);
  return ((at.page * p.kv_heads + kv_head) * static_cast<std::size_t>(p.page_tokens) + at.inside) *
         kHeadSize;
}

/// Launch: a warp for each of batch (q_heads + 2 kv_heads) heads, kRopeThreads threads.
template <class Format>
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kRopeThreads, 8) rope_append(RopeAppend<Format> p) {
  wait_for_previous_kernel();
  const unsigned heads = p.q_heads + 2 * p.kv_heads;
  const unsigned at = block_x() * (kRopeThreads / kWarpThreads) + warp_index();
  if (at >= p.batch * heads) return;
  const unsigned request = at / heads;
  const unsigned head = at % heads;
  const std::int64_t position = p.positions[request];
  const float* cos_sin = p.cos_sin + (position - p.first_position) * kHeadSize;
  const HeadPart part = load_head(p.qkv + std::size_t{at} * kHeadSize);
  if (head < p.q_heads) {
    store_head(p.q + (std::size_t{request} * p.q_heads + head) * kHeadSize, rotated(part, cos_sin),
               1.0f);
    return;
  }
  if (p.ownership.owner_of(position) != p.rank) return;
  const int place = static_cast<int>(p.ownership.place_of(position));
  const bool is_key = head < p.q_heads + p.kv_heads;
  const unsigned kv_head = head - p.q_heads - (is_key ? 0 : p.kv_heads);
  const std::size_t to = cache_place(p, request, kv_head, place);
  if (is_key) {
    store_head(p.keys + to, rotated(part, cos_sin), p.inverse_key_scale);
  } else {
    store_head(p.values + to, part, p.inverse_value_scale);
  }
}

}  // namespace helixsim::kernels
