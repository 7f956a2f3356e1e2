#pragma once

#include <array>

#include "hw_models/hardware.hpp"
#include "sim/engine/time.hpp"
#include "sim/llm/operation.hpp"
#include "sim/parallel/hop_b.hpp"

namespace helixsim {

/// Equal pieces, one after the other.
struct PieceRun {
  int count = 0;
  SimTime attention;
  SimTime exchange;
  double share = 0.0;  ///< of the requests, in each piece
};

/// What HOP-B makes of an attention kernel and the exchange behind it: attention pieces on the
/// compute stream, exchange i on the communication stream when attention i and exchange i-1 have
/// ended.
struct HopBPieces {
  std::array<PieceRun, 2> runs{};  ///< in order; sizes take at most two values
  SimTime latency_each;            ///< after each exchange, beside the next one
  SimTime tail;                    ///< on the communication stream, after the last exchange
  bool lockstep = false;           ///< attention i+1 waits for exchange i
  bool starts_each = true;         ///< each exchange pays a start-up; else the tail does
  bool as_published = false;       ///< exchanges take the time of the paper's figure, not of bytes

  [[nodiscard]] int count() const { return runs[0].count + runs[1].count; }
  [[nodiscard]] SimTime attention_busy() const;
  [[nodiscard]] SimTime exchange_busy() const;  ///< latencies and tail included
  /// From the start of the first attention to the end of everything.
  [[nodiscard]] SimTime makespan() const;
  /// How much of that passes in attention, on a longest path.
  [[nodiscard]] SimTime attention_on_longest_path() const;
};

/// End of the last exchange of a two-stage pipeline: the largest, over every piece k, of the
/// attention up to k and the exchanges from k on. Within equal pieces that is linear in k, so only
/// the first and the last of each run can be the largest.
SimTime pipeline_time(const std::array<PieceRun, 2>& runs);

/// Contract: hop_b is neither Off nor Best, and has at most `requests` chunks.
HopBPieces cut_by_hop_b(const Operation& attention, const Operation& exchange, const HopB& hop_b,
                        int requests, const Hardware& hardware);

/// The same exchange for a part of the requests: what it sends shrinks in proportion.
CollectiveRequest part_of(CollectiveRequest request, double share);

}  // namespace helixsim
