#pragma once

#include "tools/calibrate/kernels/device.hpp"
#include "tools/calibrate/kernels/epochs.hpp"
#include "tools/calibrate/kernels/vector_io.hpp"

namespace helixsim::kernels {

inline constexpr unsigned kMostPeers = 64;

/// Where ranks receive packets: memory of each GPU that all others write to. Zero before the first
/// epoch, which is 1.
struct Inboxes {
  Words4* of_rank[kMostPeers] = {};
};

/// All-reduce of a short BF16 vector in one step: each rank sends all of its numbers to all, and
/// sums what it has received in the order of ranks, so that every rank has the same bits.
///
/// Shapes: in, out [numbers]; an inbox [2, ranks, numbers / 4] packets, the half by the epoch's
///         parity: who sends the next epoch but one has received the next from all, so all have
///         read this one.
/// Bytes:  (ranks - 1) * 2 * numbers * 2 on the links of each rank; half of it is epochs.
/// Needs:  numbers a multiple of 4; an epoch that rises by one each time.
struct OneShotAllReduce {
  const Bf16* in = nullptr;
  Bf16* out = nullptr;
  Inboxes inboxes;
  unsigned ranks = 1;
  unsigned rank = 0;
  unsigned numbers = 0;
  std::uint32_t epoch = 1;  ///< unless `epochs` counts them
  Epochs epochs;
};

inline constexpr unsigned kAllReduceThreads = 256;

/// Launch: kAllReduceThreads threads, a block for every 4 * kAllReduceThreads numbers or fewer.
HELIXSIM_KERNEL HELIXSIM_KERNEL_BOUNDS(kAllReduceThreads, 1)
    one_shot_all_reduce(OneShotAllReduce p) {
  wait_for_previous_kernel();
  const std::uint32_t epoch = p.epochs.begin(p.epoch);
  const unsigned packets = p.numbers / 4;
  const unsigned stride = grid_x() * block_threads();
  const unsigned half = epoch % 2 * p.ranks * packets;
  const unsigned first = block_x() * block_threads() + thread_index();
  const auto* in = reinterpret_cast<const std::uint32_t*>(p.in);
  auto* out = reinterpret_cast<std::uint32_t*>(p.out);
  for (unsigned i = first; i < packets; i += stride) {
    for (unsigned step = 0; step < p.ranks; ++step) {  // each rank begins with itself
      const unsigned peer = (p.rank + step) % p.ranks;
      send_packets(p.inboxes.of_rank[peer] + half + p.rank * packets + i, in[2 * i], in[2 * i + 1],
                   epoch);
    }
  }
  for (unsigned i = first; i < packets; i += stride) {
    float sums[4] = {};
    for (unsigned peer = 0; peer < p.ranks; ++peer) {
      std::uint32_t pairs[2];
      receive_packets(p.inboxes.of_rank[p.rank] + half + peer * packets + i, epoch, pairs[0],
                      pairs[1]);
      for (unsigned j = 0; j < 2; ++j) {
        sums[2 * j] += low_of(pairs[j]);
        sums[2 * j + 1] += high_of(pairs[j]);
      }
    }
    out[2 * i] = pack_bf16(sums[0], sums[1]);
    out[2 * i + 1] = pack_bf16(sums[2], sums[3]);
  }
  p.epochs.end(epoch);
  release_next_kernel();
}

}  // namespace helixsim::kernels
