#pragma once

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include "tools/calibrate/kernels/combine.hpp"
#include "tools/calibrate/kernels/elementwise.hpp"
#include "tools/calibrate/kernels/finalise.hpp"
#include "tools/calibrate/kernels/gemv.hpp"
#include "tools/calibrate/kernels/gqa_decode.hpp"
#include "tools/calibrate/kernels/grouped_gemm.hpp"
#include "tools/calibrate/kernels/mla_append.hpp"
#include "tools/calibrate/kernels/mla_decode.hpp"
#include "tools/calibrate/kernels/order_tokens.hpp"
#include "tools/calibrate/kernels/rms_norm.hpp"
#include "tools/calibrate/kernels/rope_append.hpp"
#include "tools/calibrate/kernels/router.hpp"

/// How each kernel is launched: its grid, threads and shared memory, from its parameters.
///
/// A device is a GPU's stream, or the emulator:
///   unsigned multiprocessors() const;
///   template <class Call> void launch(void (*kernel)(Call), const LaunchDims&, const Call&);
namespace helixsim::kernels {

struct LaunchDims {
  unsigned x = 1, y = 1, z = 1;  ///< blocks
  unsigned threads = 32;
  std::size_t shared_bytes = 0;
};

inline unsigned blocks_for(std::size_t items, unsigned each) {
  return static_cast<unsigned>((items + each - 1) / each);
}

// ---- rows

template <class Device, class Rows>
void run(Device& device, const RmsNorm<Rows>& call, unsigned tokens) {
  device.launch(&rms_norm<Rows>,
                {.x = tokens, .threads = kNormThreads, .shared_bytes = sizeof(NormShared)}, call);
}
template <class Device, class Rows>
void run(Device& device, const Swiglu<Rows>& call, unsigned tokens) {
  device.launch(
      &swiglu<Rows>,
      {.x = blocks_for(call.width, kElementsABlock), .y = tokens, .threads = kElementThreads},
      call);
}
template <class Device, class Rows>
void run(Device& device, const Quantise<Rows>& call, unsigned tokens) {
  device.launch(
      &quantise<Rows>,
      {.x = blocks_for(call.width, kElementsABlock), .y = tokens, .threads = kElementThreads},
      call);
}
template <class Device, class Format>
void run(Device& device, const RopeAppend<Format>& call) {
  const std::size_t heads = std::size_t{call.batch} * (call.q_heads + 2 * call.kv_heads);
  device.launch(&rope_append<Format>,
                {.x = blocks_for(heads, kRopeThreads / kWarpThreads), .threads = kRopeThreads},
                call);
}
template <class Device, class Format>
void run(Device& device, const MlaAppend<Format>& call) {
  const std::size_t heads = std::size_t{call.batch} * (call.heads + 1);
  device.launch(
      &mla_append<Format>,
      {.x = blocks_for(heads, kMlaAppendThreads / kWarpThreads), .threads = kMlaAppendThreads},
      call);
}
template <class Device, class In, class Out>
void run(Device& device, const Combine<In, Out>& call) {
  device.launch(
      &combine<In, Out>,
      {.x = blocks_for(call.rows, kCombineThreads / kWarpThreads), .threads = kCombineThreads},
      call);
}

// ---- attention

template <class Device, class Format>
void run(Device& device, const GqaDecode<Format>& call, unsigned splits, unsigned kv_heads,
         unsigned batch) {
  device.launch(&gqa_decode<Format>,
                {.x = splits,
                 .y = kv_heads,
                 .z = batch,
                 .threads = kGqaThreads,
                 .shared_bytes = sizeof(GqaShared<Format>)},
                call);
}

template <unsigned kHeads, unsigned kStages, class Device, class Format>
void run_mla(Device& device, const MlaDecode<Format>& call, unsigned splits, unsigned batch) {
  device.launch(&mla_decode<Format, kHeads, kStages>,
                {.x = splits,
                 .y = call.heads / kHeads,
                 .z = batch,
                 .threads = kMlaThreads,
                 .shared_bytes = sizeof(MlaShared<Format, kHeads, kStages>)},
                call);
}
/// Heads: 16, 32, or a multiple of 64. Errors: std::invalid_argument.
template <class Device>
void run(Device& device, const MlaDecode<Bf16Latents>& call, unsigned splits, unsigned batch) {
  if (call.heads == 16) return run_mla<16, 4>(device, call, splits, batch);
  if (call.heads == 32) return run_mla<32, 4>(device, call, splits, batch);
  if (call.heads % 64 == 0) return run_mla<64, 3>(device, call, splits, batch);
  throw std::invalid_argument("heads: 16, 32, or a multiple of 64");
}
template <class Device>
void run(Device& device, const MlaDecode<E4m3Latents>& call, unsigned splits, unsigned batch) {
  if (call.heads == 16) return run_mla<16, 4>(device, call, splits, batch);
  if (call.heads == 32) return run_mla<32, 6>(device, call, splits, batch);
  if (call.heads % 64 == 0) return run_mla<64, 6>(device, call, splits, batch);
  throw std::invalid_argument("heads: 16, 32, or a multiple of 64");
}

// ---- GEMMs

inline constexpr unsigned kGemvBlocksPerSm = 2;
inline constexpr unsigned kGemvMostTokens = 16;

inline unsigned gemv_token_tiles(unsigned m) {
  return m <= 8 ? 1 : 2;
}
/// How a skinny GEMM is cut on a GPU.
inline GemvPlan gemv_plan_of(unsigned m, unsigned n, unsigned k, unsigned multiprocessors) {
  return gemv_plan(static_cast<int>(n), static_cast<int>(k), kScaleBlock,
                   kGemvMostRange / static_cast<int>(gemv_token_tiles(m)), kGemvWarps,
                   static_cast<int>(kGemvBlocksPerSm * multiprocessors));
}
/// What Gemv::sums and Gemv::arrived need.
struct GemvRoom {
  std::size_t sums = 0;
  std::size_t arrived = 0;
};
inline GemvRoom gemv_room(unsigned m, unsigned n, unsigned k, unsigned multiprocessors) {
  const GemvPlan plan = gemv_plan_of(m, n, k, multiprocessors);
  return {.sums = static_cast<std::size_t>(plan.splits) * n * m,
          .arrived = blocks_for(n, kGemvRows)};
}

template <class Device, class Format>
void launch_gemv(Device& device, Gemv<Format> call, const GemvPlan& plan, unsigned batch) {
  call.k_range = static_cast<unsigned>(plan.k_range);
  const unsigned tiles = gemv_token_tiles(call.m);
  device.launch(tiles == 1 ? &gemv<Format, 1> : &gemv<Format, 2>,
                {.x = static_cast<unsigned>(plan.groups),
                 .y = static_cast<unsigned>(plan.splits),
                 .z = batch,
                 .threads = kGemvThreads,
                 .shared_bytes = gemv_shared_bytes<Format>(call.k_range, tiles)},
                call);
}
/// Sets k_range by the plan. Errors: std::invalid_argument for more than kGemvMostTokens.
template <class Device, class Format>
void run(Device& device, const Gemv<Format>& call) {
  if (call.m > kGemvMostTokens) throw std::invalid_argument("at most 16 tokens");
  launch_gemv(device, call, gemv_plan_of(call.m, call.n, call.k, device.multiprocessors()), 1);
}
/// A batch of small ones. Errors: std::invalid_argument for a k that would have to be split.
template <class Device, class Format>
void run_batch(Device& device, const Gemv<Format>& call, unsigned batch) {
  const unsigned tiles = gemv_token_tiles(call.m);
  if (call.m > kGemvMostTokens || call.k > kGemvMostRange / tiles)
    throw std::invalid_argument("at most 16 tokens, and k that one block takes");
  const int slots = static_cast<int>(kGemvBlocksPerSm * device.multiprocessors());
  launch_gemv(device, call,
              batched_gemv_plan(static_cast<int>(batch), static_cast<int>(call.n),
                                static_cast<int>(call.k), kScaleBlock, kGemvWarps, slots),
              batch);
}

inline constexpr unsigned kGroupedBlocksPerSm = 2;

template <unsigned kTokenTiles, class Device, class Format>
void launch_grouped(Device& device, GroupedGemm<Format> call, unsigned touched) {
  const int slots = static_cast<int>(kGroupedBlocksPerSm * device.multiprocessors());
  call.k_warps =
      static_cast<unsigned>(grouped_k_warps(static_cast<int>(touched), static_cast<int>(call.n),
                                            grouped_most_k_warps<Format>, kGroupedWarps, slots));
  const unsigned pieces = touched * blocks_for(call.n, 16 * kGroupedWarps / call.k_warps);
  device.launch(&grouped_gemm<Format, kTokenTiles>,
                {.x = std::max(1u, std::min(static_cast<unsigned>(slots), pieces)),
                 .threads = kGroupedThreads,
                 .shared_bytes = sizeof(GroupedShared<Format, kTokenTiles>)},
                call);
}
/// `touched` experts are expected to have tokens, `busiest` of them at most; both are for the plan:
/// any numbers give the same result.
template <class Device, class Format>
void run(Device& device, const GroupedGemm<Format>& call, unsigned touched, unsigned busiest) {
  if (busiest <= 8) return launch_grouped<1>(device, call, touched);
  if (busiest <= 16) return launch_grouped<2>(device, call, touched);
  launch_grouped<4>(device, call, touched);
}

// ---- experts

template <class Device, class Logit>
void run(Device& device, const Router<Logit>& call) {
  const unsigned lanes = kWarpThreads / call.routing.groups;
  const bool few = blocks_for(call.routing.experts / call.routing.groups, lanes) <= 8;
  device.launch(few ? &router<Logit, 8> : &router<Logit, 32>,
                {.x = blocks_for(call.tokens, kRouterWarps), .threads = kRouterThreads}, call);
}
template <class Device>
void run(Device& device, const OrderTokens& call) {
  device.launch(&order_tokens, {.threads = kOrderThreads, .shared_bytes = sizeof(OrderShared)},
                call);
}
template <class Device>
void run(Device& device, const Finalise& call, unsigned tokens) {
  device.launch(
      &finalise,
      {.x = blocks_for(call.n, kFinaliseColumns), .y = tokens, .threads = kFinaliseThreads}, call);
}

}  // namespace helixsim::kernels
