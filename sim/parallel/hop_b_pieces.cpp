#include "sim/parallel/hop_b_pieces.hpp"

#include <algorithm>

#include "sim/engine/contract.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {
namespace {

/// Chunk i has floor or ceil of requests / chunks, larger ones first; each is a kernel and a
/// message of its own.
HopBPieces in_chunks(const Operation& attention, const Operation& exchange, int chunks,
                     int requests, const Hardware& hardware) {
  const auto run = [&](int count, int size) -> PieceRun {
    if (count == 0) return {};
    const double share = static_cast<double>(size) / requests;
    return {count, operation_time(hardware.duration(part_of(attention.work, share))),
            operation_time(hardware.cost(part_of(exchange.collective, share)).occupancy), share};
  };
  const int small = requests / chunks;
  const int large_count = requests % chunks;
  return {.runs = {run(large_count, small + 1), run(chunks - large_count, small)},
          .latency_each = operation_time(hardware.cost(exchange.collective).latency),
          .tail = {},
          .lockstep = false,
          .starts_each = true,
          .as_published = false};
}

/// One kernel of even pace; its messages carry bytes only, and one start-up and latency close the
/// exchange.
HopBPieces device_initiated(const Operation& attention, const Operation& exchange, int requests,
                            const Hardware& hardware) {
  const CollectiveCost whole = hardware.cost(exchange.collective);
  const Seconds start_up = hardware.cost(part_of(exchange.collective, 0.0)).occupancy;
  const Seconds bytes = whole.occupancy - start_up;
  return {.runs = {PieceRun{requests, operation_time(hardware.duration(attention.work) / requests),
                            operation_time(bytes / requests), 1.0 / requests}},
          .latency_each = {},
          .tail = operation_time(start_up + whole.latency),
          .lockstep = false,
          .starts_each = false,
          .as_published = false};
}

/// Figure 3: requests one by one in one launch, each with the figure's exchange.
HopBPieces as_in_figure3(const Operation& attention, bool lockstep, int requests,
                         const Hardware& hardware) {
  const Seconds launch = hardware.duration(empty_launch(attention.work));
  const Seconds request = hardware.duration(part_of(attention.work, 1.0 / requests)) - launch;
  const SimTime exchange = operation_time(hardware.figure3_exchange());
  return {.runs = {PieceRun{1, operation_time(launch + request), exchange, 1.0 / requests},
                   PieceRun{requests - 1, operation_time(request), exchange, 1.0 / requests}},
          .latency_each = {},
          .tail = {},
          .lockstep = lockstep,
          .starts_each = true,
          .as_published = true};
}

}  // namespace

CollectiveRequest part_of(CollectiveRequest request, double share) {
  request.payload *= share;
  request.port_bytes *= share;
  return request;
}

SimTime HopBPieces::attention_busy() const {
  return runs[0].attention * runs[0].count + runs[1].attention * runs[1].count;
}

SimTime HopBPieces::exchange_busy() const {
  return runs[0].exchange * runs[0].count + runs[1].exchange * runs[1].count +
         latency_each * count() + tail;
}

SimTime HopBPieces::makespan() const {
  const SimTime end = lockstep ? runs[0].count * (runs[0].attention + runs[0].exchange) +
                                     runs[1].count * (runs[1].attention + runs[1].exchange)
                               : pipeline_time(runs);
  return end + latency_each + tail;
}

SimTime HopBPieces::attention_on_longest_path() const {
  if (lockstep) return attention_busy();
  // The path leaves attention behind one of the pieces that pipeline_time looks at.
  SimTime longest;
  SimTime attention;
  SimTime attention_before;
  SimTime exchange_from = runs[0].exchange * runs[0].count + runs[1].exchange * runs[1].count;
  const auto offer = [&](SimTime until, SimTime from) {
    if (until + from <= longest) return;
    longest = until + from;
    attention = until;
  };
  for (const PieceRun& run : runs) {
    if (run.count == 0) continue;
    offer(attention_before + run.attention, exchange_from);
    attention_before += run.attention * run.count;
    exchange_from -= run.exchange * run.count;
    offer(attention_before, exchange_from + run.exchange);
  }
  return attention;
}

SimTime pipeline_time(const std::array<PieceRun, 2>& runs) {
  SimTime end;
  SimTime attention_before;
  SimTime exchange_from = runs[0].exchange * runs[0].count + runs[1].exchange * runs[1].count;
  for (const PieceRun& run : runs) {
    if (run.count == 0) continue;
    const SimTime attention_of_run = run.attention * run.count;
    const SimTime exchange_of_run = run.exchange * run.count;
    end = std::max(
        {end, attention_before + run.attention + exchange_from,
         attention_before + attention_of_run + exchange_from - exchange_of_run + run.exchange});
    attention_before += attention_of_run;
    exchange_from -= exchange_of_run;
  }
  return end;
}

HopBPieces cut_by_hop_b(const Operation& attention, const Operation& exchange, const HopB& hop_b,
                        int requests, const Hardware& hardware) {
  ensure(hop_b.mode != HopBMode::Best && hop_b.mode != HopBMode::Off,
         "the best chunk count is chosen before an attention is cut");
  switch (hop_b.mode) {
    case HopBMode::DeviceInitiated:
      return device_initiated(attention, exchange, requests, hardware);
    case HopBMode::Figure3:
    case HopBMode::Figure3Lockstep:
      return as_in_figure3(attention, hop_b.mode == HopBMode::Figure3Lockstep, requests, hardware);
    default:
      ensure(hop_b.chunks >= 1 && hop_b.chunks <= requests,
             "an attention group cannot be cut into more chunks than requests");
      return in_chunks(attention, exchange, hop_b.chunks, requests, hardware);
  }
}

}  // namespace helixsim
