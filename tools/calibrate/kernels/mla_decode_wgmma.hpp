#pragma once

#include "tools/calibrate/kernels/mla_decode.hpp"

/// The body of MLA decode for wgmma: sm_90a, BF16 latents, 64 heads a block. Two warpgroups
/// multiply, a third brings latents. Warpgroup w takes the scores of every other tile, from tile w
/// on, and columns 256 w to 256 w + 255 of the outputs over all tiles: its own tile's probabilities
/// come out of the scores in the places in which a product takes them from registers, and those of
/// the other's go through shared memory. So while one is at a softmax, the other multiplies.
///
/// Latents lie in shared memory once, for both products: 64 columns of 64 tokens are a panel of
/// rows of 128 bytes with the 128-byte swizzle, that is K-major for scores (k: columns) and
/// MN-major for outputs (k: tokens). Layouts and their source: warpgroup_emulated.hpp.
namespace helixsim::kernels {

inline constexpr unsigned kMlaWgmmaHeads = 64;
inline constexpr int kMlaWgmmaTile = 64;  ///< tokens
inline constexpr unsigned kMlaWgmmaThreads = 3 * kWarpgroupThreads;
inline constexpr unsigned kMlaPanelColumns = 64;
inline constexpr unsigned kMlaPanels = kMlaWidth / kMlaPanelColumns;
inline constexpr unsigned kMlaHalf = 4;  ///< panels of a warpgroup's outputs
inline constexpr unsigned kMlaGroupWarps = kWarpgroupThreads / kWarpThreads;
inline constexpr unsigned kMlaEightRows = 8 * kMlaPanelColumns * 2;  ///< bytes

struct alignas(1024) MlaPanel {
  unsigned char bytes[64 * kMlaPanelColumns * 2];
};

/// Where 16 bytes of a row are in their panel.
HELIXSIM_DEVICE unsigned mla_panel_place(unsigned row, unsigned piece) {
  return row * kMlaPanelColumns * 2 + (piece ^ row % 8) * 16;
}

/// Parts of a tile that are given back at their own time: the values of each warpgroup's columns,
/// and what only scores read.
inline constexpr unsigned kMlaKeysOnly = 2;
inline constexpr unsigned kMlaParts = 3;

/// Tile t is in stage t % 2, the number of the warpgroup whose scores it is.
struct MlaWgmmaShared {
  MlaPanel queries[kMlaPanels];
  MlaPanel latents[2][kMlaPanels];
  MlaPanel weights;               ///< probabilities [head, token] of the last tile
  float largest[kMlaWgmmaHeads];  ///< score so far, with that tile
  float sums[2][kMlaWgmmaHeads];  ///< at the end
  CopyBarrier full[2][kMlaPanels];
  CopyBarrier empty[2][kMlaParts];
  CopyBarrier handed[2];  ///< the weights of a warpgroup's tile
};
static_assert(sizeof(MlaWgmmaShared) <= kMlaMostShared);

/// Panel `i` in the order in which stage `stage` becomes empty: what only scores read, then the
/// columns of the warpgroup of the same number, then the other's.
HELIXSIM_DEVICE unsigned mla_panel_in_order(unsigned i, unsigned stage) {
  return i == 0 ? kMlaPanels - 1 : (i - 1) ^ (stage * kMlaHalf);
}

/// Tiles of a block.
struct MlaTiles {
  TokenRange tokens;
  int count = 0;
};

/// The third warpgroup: all tiles, a thread 16 bytes of every 16th token of each panel. Rows past
/// the end are the last token again: their weights are 0, and 0 times what lies there may not be 0.
HELIXSIM_DEVICE void mla_bring_latents(const MlaDecode<Bf16Latents>& p, MlaWgmmaShared& shared,
                                       const MlaTiles& tiles) {
  constexpr unsigned kRows = kWarpgroupThreads / 8;
  constexpr unsigned kEach = kMlaWgmmaTile / kRows;
  const unsigned piece = thread_index() % 8;
  const unsigned row = thread_index() % kWarpgroupThreads / 8;
  const int last = tiles.tokens.end - 1;
  for (int tile = 0; tile < tiles.count; ++tile) {
    const unsigned stage = static_cast<unsigned>(tile) % 2;
    const Bf16* from[kEach];
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < kEach; ++j) {
      const int token =
          tiles.tokens.begin + tile * kMlaWgmmaTile + static_cast<int>(row + j * kRows);
      from[j] = mla_latent(p, token < last ? token : last) + piece * 8;
    }
    for (unsigned i = 0; i < kMlaPanels; ++i) {
      const unsigned panel = mla_panel_in_order(i, stage);
      if (tile >= 2) wait(shared.empty[stage][panel / kMlaHalf], (tile / 2 - 1) % 2);
      HELIXSIM_UNROLL
      for (unsigned j = 0; j < kEach; ++j)
        copy_async(shared.latents[stage][panel].bytes + mla_panel_place(row + j * kRows, piece),
                   from[j] + panel * kMlaPanelColumns);
      arrive_after_copies(shared.full[stage][panel]);
    }
  }
}

/// Queries of the block, by the first two warpgroups.
HELIXSIM_DEVICE void mla_bring_queries(const MlaDecode<Bf16Latents>& p, MlaWgmmaShared& shared) {
  constexpr unsigned kPieces = kMlaWidth / 8;  // of 16 bytes, a row
  const Bf16* q = p.q + (std::size_t{block_z()} * p.heads + block_y() * kMlaWgmmaHeads) * kMlaWidth;
  for (unsigned i = thread_index(); i < kMlaWgmmaHeads * kPieces; i += 2 * kWarpgroupThreads) {
    const unsigned piece = i % kPieces;
    *reinterpret_cast<Words4*>(shared.queries[piece / 8].bytes +
                               mla_panel_place(i / kPieces, piece % 8)) =
        *reinterpret_cast<const Words4*>(q + i * 8);
  }
  fence_operands();
}

/// One warp of a warpgroup is done with something.
HELIXSIM_DEVICE void mla_arrive_warp(CopyBarrier& barrier) {
  if (lane_index() == 0) arrive(barrier);
}

/// What a thread of the first two warpgroups keeps: rows lane / 4 and that + 8 of its warp's 16.
struct MlaWgmmaState {
  float out[128] =
      {};  ///< of two rows, columns of the warpgroup, at the places of a product's sums
  Softmax<float> rows[2];  ///< `sum` of the warpgroup's own tiles, a quarter in each of four lanes
};

HELIXSIM_DEVICE unsigned mla_row(unsigned half) {
  return warp_index() % kMlaGroupWarps * 16 + lane_index() / 4 + half * 8;
}

/// Makes sums so far relative to the largest score of now.
HELIXSIM_DEVICE void mla_follow(MlaWgmmaState& state, const float (&largest)[2]) {
  float factors[2];
  HELIXSIM_UNROLL
  for (unsigned half = 0; half < 2; ++half) {
    factors[half] = fast_exp2(state.rows[half].largest - largest[half]);
    state.rows[half].largest = largest[half];
    state.rows[half].sum *= factors[half];
  }

  if (ballot(factors[0] != 1.0f || factors[1] != 1.0f) == 0u) return;
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 128; ++i) state.out[i] *= factors[i / 2 % 2];
}

/// Scores of an own tile, panel by panel as they come.
HELIXSIM_DEVICE void mla_begin_scores(MlaWgmmaShared& shared, unsigned mine, int tile,
                                      float (&scores)[32]) {
  const MatrixDescriptor queries = describe_matrix(shared.queries, 16, kMlaEightRows);
  const MatrixDescriptor keys = describe_matrix(shared.latents[mine], 16, kMlaEightRows);
  for (unsigned i = 0; i < kMlaPanels; ++i) {
    const unsigned panel = mla_panel_in_order(i, mine);
    wait(shared.full[mine][panel], tile / 2 % 2);
    fence_operands();
    fence_products();
    HELIXSIM_UNROLL
    for (unsigned step = 0; step < kMlaPanelColumns / 16; ++step) {
      const unsigned at = panel * static_cast<unsigned>(sizeof(MlaPanel)) + step * 32;
      begin_product(scores, moved(queries, at), moved(keys, at), i + step > 0);
    }
  }
  commit_products();
}

/// This warpgroup's columns of a tile's latents, from token 16 `step` on.
HELIXSIM_DEVICE MatrixDescriptor mla_values(const MlaWgmmaShared& shared, unsigned stage,
                                            unsigned mine, unsigned step) {
  return describe_matrix(shared.latents[stage][mine * kMlaHalf].bytes + step * 2 * kMlaEightRows,
                         sizeof(MlaPanel), kMlaEightRows);
}

/// Outputs over a tile of the other warpgroup, with its weights; largest scores go along.
HELIXSIM_DEVICE void mla_begin_other(MlaWgmmaShared& shared, unsigned mine, int tile,
                                     MlaWgmmaState& state) {
  wait(shared.handed[1 - mine], tile / 2 % 2);
  wait_products<1>(state.out);
  mla_follow(state, {shared.largest[mla_row(0)], shared.largest[mla_row(1)]});
  const MatrixDescriptor weights = describe_matrix(&shared.weights, 16, kMlaEightRows);
  fence_operands();
  fence_products();
  HELIXSIM_UNROLL
  for (unsigned step = 0; step < kMlaWgmmaTile / 16; ++step)
    begin_product(state.out, moved(weights, step * 32), mla_values(shared, 1 - mine, mine, step));
}

/// Scores become weights, in BF16 and in the places of A; `valid` tokens, at least 1.
HELIXSIM_DEVICE void mla_to_weights(float (&scores)[32], float scale_log2, int valid,
                                    const MlaWgmmaState& state, float (&largest)[2],
                                    float (&sums)[2], std::uint32_t (&weights)[4][4]) {
  if (valid < kMlaWgmmaTile) {
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 32; ++i) {
      const unsigned token = i / 4 * 8 + lane_index() % 4 * 2 + i % 2;
      if (static_cast<int>(token) >= valid) scores[i] = -INFINITY;
    }
  }
  HELIXSIM_UNROLL
  for (unsigned half = 0; half < 2; ++half) {
    float most = -INFINITY;
    HELIXSIM_UNROLL
    for (unsigned i = 0; i < 32; ++i)
      if (i / 2 % 2 == half) most = fmaxf(most, scores[i]);
    most = fmaxf(most, shuffle_xor(most, 1));
    most = fmaxf(most, shuffle_xor(most, 2));
    largest[half] = fmaxf(state.rows[half].largest, most * scale_log2);
    sums[half] = 0.0f;
  }
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 32; i += 2) {
    const unsigned half = i / 2 % 2;
    const float low = fast_exp2(scores[i] * scale_log2 - largest[half]);
    const float high = fast_exp2(scores[i + 1] * scale_log2 - largest[half]);
    sums[half] += low + high;
    weights[i / 8][i % 8 / 2] = pack_bf16(low, high);
  }
}

/// Weights of an own tile for the other warpgroup, over those that this warp has multiplied with:
/// it needs no rows but its own.
HELIXSIM_DEVICE void mla_hand_over(MlaWgmmaShared& shared, unsigned mine, const float (&largest)[2],
                                   const std::uint32_t (&weights)[4][4]) {
  HELIXSIM_UNROLL
  for (unsigned i = 0; i < 16; ++i) {
    // Word i is of tokens i / 2 * 8 + lane % 4 * 2 and the next.
    const unsigned row = mla_row(i % 2);
    *reinterpret_cast<std::uint32_t*>(shared.weights.bytes + mla_panel_place(row, i / 2) +
                                      lane_index() % 4 * 4) = weights[i / 4][i % 4];
  }
  if (lane_index() % 4 == 0) {
    shared.largest[mla_row(0)] = largest[0];
    shared.largest[mla_row(1)] = largest[1];
  }
  fence_operands();
  warp_barrier();
  mla_arrive_warp(shared.handed[mine]);
}

/// Outputs over an own tile.
HELIXSIM_DEVICE void mla_begin_own(MlaWgmmaShared& shared, unsigned mine,
                                   const std::uint32_t (&weights)[4][4], MlaWgmmaState& state) {
  fence_products();
  HELIXSIM_UNROLL
  for (unsigned step = 0; step < kMlaWgmmaTile / 16; ++step)
    begin_product(state.out, weights[step], mla_values(shared, mine, mine, step));
  commit_products();
}

/// An own tile, and the other's before it.
HELIXSIM_DEVICE void mla_two_tiles(MlaWgmmaShared& shared, unsigned mine, int tile,
                                   float scale_log2, int valid, MlaWgmmaState& state) {
  float scores[32];
  mla_begin_scores(shared, mine, tile, scores);
  if (tile > 0) mla_begin_other(shared, mine, tile - 1, state);
  commit_products();
  wait_products<1>(scores);
  mla_arrive_warp(shared.empty[mine][kMlaKeysOnly]);
  float largest[2];
  float sums[2];
  std::uint32_t weights[4][4];
  mla_to_weights(scores, scale_log2, valid, state, largest, sums, weights);
  wait_products<0>(state.out);
  if (tile > 0) mla_arrive_warp(shared.empty[1 - mine][mine]);
  mla_hand_over(shared, mine, largest, weights);
  mla_follow(state, largest);
  state.rows[0].sum += sums[0];
  state.rows[1].sum += sums[1];
  mla_begin_own(shared, mine, weights, state);
  wait_products<0>(state.out);
  mla_arrive_warp(shared.empty[mine][mine]);
}

HELIXSIM_DEVICE void mla_store(const MlaDecode<Bf16Latents>& p, MlaWgmmaShared& shared,
                               unsigned mine, const MlaWgmmaState& state) {
  HELIXSIM_UNROLL
  for (unsigned half = 0; half < 2; ++half) {
    float sum = state.rows[half].sum;
    sum += shuffle_xor(sum, 1);
    sum += shuffle_xor(sum, 2);
    if (lane_index() % 4 == 0) shared.sums[mine][mla_row(half)] = sum;
  }
  block_barrier(1, 2 * kWarpgroupThreads);
  HELIXSIM_UNROLL
  for (unsigned half = 0; half < 2; ++half) {
    const unsigned head = mla_row(half);
    const float sum = shared.sums[0][head] + shared.sums[1][head];
    const float scale = sum > 0.0f ? 1.0f / sum : 0.0f;
    const std::size_t row = (std::size_t{block_x()} * grid_z() + block_z()) * p.heads +
                            block_y() * kMlaWgmmaHeads + head;
    if (mine == 0 && lane_index() % 4 == 0)
      p.lse2[row] = sum > 0.0f ? state.rows[half].largest + fast_log2(sum) : -INFINITY;
    float* to = p.partial + row * kMlaValues + mine * kMlaValues / 2 + lane_index() % 4 * 2;
    HELIXSIM_UNROLL
    for (unsigned j = 0; j < 32; ++j)
      *reinterpret_cast<FloatPair*>(to + j * 8) = {state.out[4 * j + half * 2] * scale,
                                                   state.out[4 * j + half * 2 + 1] * scale};
  }
}

/// The first two warpgroups.
HELIXSIM_DEVICE void mla_multiply(const MlaDecode<Bf16Latents>& p, MlaWgmmaShared& shared,
                                  const MlaTiles& tiles) {
  const unsigned mine = warpgroup_index();
  mla_bring_queries(p, shared);
  block_barrier(1, 2 * kWarpgroupThreads);
  MlaWgmmaState state;
  for (int tile = static_cast<int>(mine); tile < tiles.count; tile += 2)
    mla_two_tiles(shared, mine, tile, p.scale_log2,
                  tiles.tokens.end - tiles.tokens.begin - tile * kMlaWgmmaTile, state);
  if (tiles.count > 0 && static_cast<unsigned>(tiles.count) % 2 == mine % 2) {
    mla_begin_other(shared, mine, tiles.count - 1, state);
    commit_products();
    wait_products<0>(state.out);
  }
  release_next_kernel();
  mla_store(p, shared, mine, state);
}

HELIXSIM_DEVICE void mla_init_barriers(MlaWgmmaShared& shared) {
  for (auto& stage : shared.full) {
    for (CopyBarrier& barrier : stage) init_barrier(barrier, kWarpgroupThreads);
  }
  for (auto& stage : shared.empty) {
    for (CopyBarrier& barrier : stage) init_barrier(barrier, kMlaGroupWarps);
  }
  for (CopyBarrier& barrier : shared.handed) init_barrier(barrier, kMlaGroupWarps);
  fence_barrier_init();
}

/// As mla_decode; `scale_log2` is positive, heads a multiple of 64.
///
/// Launch: grid (splits, heads / 64, batch), kMlaWgmmaThreads threads, shared
/// sizeof(MlaWgmmaShared).
///
/// Limit:  of a tile, products take 2176 cycles (4096 flops each), shared memory 2300 (operands of
///         scores 1152, of outputs 576, copies 576; 128 bytes each): 900 TFLOP/s at 1.76 GHz and
///         132 SMs, before waits and the power limit. L2 gives 74 KB a tile to every SM.
///
/// Source: Shah et al. 2024 (FlashAttention-3): two warpgroups, one's softmax beside the other's
///         products.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kMlaWgmmaThreads, 1)
    mla_decode_wgmma(MlaDecode<Bf16Latents> p) {
  if constexpr (kHasWarpgroupMatrices) {
    auto& shared = shared_as<MlaWgmmaShared>();
    if (thread_index() == 0) mla_init_barriers(shared);
    block_barrier();
    wait_for_previous_kernel();
    MlaTiles tiles{.tokens = split_range(p.lengths[block_z()], kMlaWgmmaTile,
                                         static_cast<int>(block_x()), static_cast<int>(grid_x()))};
    tiles.count = (tiles.tokens.end - tiles.tokens.begin + kMlaWgmmaTile - 1) / kMlaWgmmaTile;
    if (warpgroup_index() == 2) {
      give_registers<72>();
      mla_bring_latents(p, shared, tiles);
    } else {
      take_registers<216>();
      mla_multiply(p, shared, tiles);
    }
  }
}

}  // namespace helixsim::kernels
