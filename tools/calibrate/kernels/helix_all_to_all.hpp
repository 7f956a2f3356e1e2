#pragma once

#include "tools/calibrate/kernels/arithmetic/softmax.hpp"
#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/epochs.hpp"
#include "tools/calibrate/kernels/one_shot_all_reduce.hpp"
#include "tools/calibrate/kernels/warp_reduce.hpp"

namespace helixsim::kernels {

/// Helix's one exchange, and the merge behind it in the same kernel: each KVP rank sends every peer
/// that peer's rows of its partial output with their LSEs, and merges what it receives.
///
/// Shapes: partial [ranks, rows, width] BF16 and lse2 [ranks, rows], rows of peer q at [q]; out
///         [rows, width], of this rank; an inbox [2, ranks, rows, width / 4 + 1] packets: a row's
///         numbers, then its LSE. The half is the epoch's parity, as in OneShotAllReduce.
/// Model:  out = sum over ranks of partial * exp2(lse2 - merged lse2); empty shards send -inf.
/// Bytes:  (ranks - 1) * rows * (width / 4 + 1) * 16 on the links of each rank.
/// Needs:  width a multiple of 128; at most 64 ranks; an epoch that rises by one each time.
/// Source: Helix, sections 2.1 and 2.2; the fused receive saves a launch and a pass over memory.
struct HelixAllToAll {
  const Bf16* partial = nullptr;
  const float* lse2 = nullptr;
  Bf16* out = nullptr;
  Inboxes inboxes;
  unsigned ranks = 1;
  unsigned rank = 0;
  unsigned rows = 0;
  unsigned width = 128;
  std::uint32_t epoch = 1;  ///< unless `epochs` counts them
  Epochs epochs;

  /// Packets of a row, and where those of a row from a rank lie in an inbox.
  [[nodiscard]] HELIXSIM_DEVICE unsigned row_packets() const { return width / 4 + 1; }
  [[nodiscard]] HELIXSIM_DEVICE std::size_t place(unsigned from, unsigned row,
                                                  std::uint32_t now) const {
    return (std::size_t{now % 2 * ranks + from} * rows + row) * row_packets();
  }
};

inline constexpr unsigned kHelixThreads = 128;  // a warp a row

/// A warp sends one row to the peer that owns it.
HELIXSIM_DEVICE void helix_send_row(const HelixAllToAll& p, std::uint32_t now, unsigned peer,
                                    unsigned row) {
  const std::size_t from = std::size_t{peer} * p.rows + row;
  const auto* words = reinterpret_cast<const std::uint32_t*>(p.partial + from * p.width);
  Words4* to = p.inboxes.of_rank[peer] + p.place(p.rank, row, now);
  for (unsigned i = lane_index(); i < p.width / 4; i += kWarpThreads)
    send_packets(to + i, words[2 * i], words[2 * i + 1], now);
  if (lane_index() == 0) send_packets(to + p.width / 4, bits_of(p.lse2[from]), 0, now);
}

/// A warp receives one row from all ranks and merges it.
HELIXSIM_DEVICE void helix_merge_row(const HelixAllToAll& p, std::uint32_t now, unsigned row) {
  const Words4* inbox = p.inboxes.of_rank[p.rank];
  float mine[2];  // LSEs of ranks lane and lane + 32
  for (unsigned i = 0; i < 2; ++i) {
    const unsigned from = lane_index() + i * kWarpThreads;
    std::uint32_t bits = bits_of(-INFINITY);
    std::uint32_t unused;
    if (from < p.ranks)
      receive_packets(inbox + p.place(from, row, now) + p.width / 4, now, bits, unused);
    mine[i] = float_of(bits);
  }
  const float largest = warp_max(mine[0] > mine[1] ? mine[0] : mine[1]);
  const float sum = warp_sum(weight_of(mine[0], largest) + weight_of(mine[1], largest));
  const float scale = sum > 0.0f ? 1.0f / sum : 0.0f;
  auto* out = reinterpret_cast<std::uint32_t*>(p.out + std::size_t{row} * p.width);
  for (unsigned i = lane_index(); i < p.width / 4; i += kWarpThreads) {
    float total[4] = {};
    for (unsigned from = 0; from < p.ranks; ++from) {
      const float lse2 = shuffle(from < kWarpThreads ? mine[0] : mine[1], from % kWarpThreads);
      const float weight = weight_of(lse2, largest) * scale;
      std::uint32_t pairs[2];
      receive_packets(inbox + p.place(from, row, now) + i, now, pairs[0], pairs[1]);
      total[0] += weight * low_of(pairs[0]);
      total[1] += weight * high_of(pairs[0]);
      total[2] += weight * low_of(pairs[1]);
      total[3] += weight * high_of(pairs[1]);
    }
    out[2 * i] = pack_bf16(total[0], total[1]);
    out[2 * i + 1] = pack_bf16(total[2], total[3]);
  }
}

/// Launch: kHelixThreads threads, at least one block and at most as many as run at once. All rows
/// are sent before any is waited for.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kHelixThreads, 4) helix_all_to_all(HelixAllToAll p) {
  wait_for_previous_kernel();
  const std::uint32_t now = p.epochs.begin(p.epoch);
  const unsigned warps = grid_x() * (kHelixThreads / kWarpThreads);
  const unsigned first = block_x() * (kHelixThreads / kWarpThreads) + warp_index();
  for (unsigned i = first; i < p.ranks * p.rows; i += warps)
    helix_send_row(p, now, (p.rank + i / p.rows) % p.ranks, i % p.rows);  // begins with itself
  for (unsigned row = first; row < p.rows; row += warps) helix_merge_row(p, now, row);
  p.epochs.end(now);
  release_next_kernel();
}

}  // namespace helixsim::kernels
