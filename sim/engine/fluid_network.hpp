#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "sim/engine/event_queue.hpp"
#include "sim/engine/task_graph.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

/// How much of a link was in use from an instant on.
struct LinkSample {
  SimTime time;
  LinkId link = 0;
  double used = 0.0;  ///< units a picosecond
};

/// Flows that share links at max-min fair rates: all rates rise together; a full link freezes its
/// flows, a cap its flow.
///
/// The allocation is unique, and told by one property: it is feasible, and each flow is at its cap
/// or has a bottleneck, a full link on which no flow is faster. Each flow remembers its bottleneck.
/// Hence (a) a flow that ends frees something only for flows that have their bottleneck on one of
/// its links, and (b) these and new flows leave all others as they are when they find bottlenecks
/// that carry nobody else and none of them becomes slower. Both are tried first, in time
/// proportional to the flows concerned; only else the connected components of the changed links are
/// solved anew, by progressive filling. All changes of one instant are settled together. What a
/// flow has left is brought up to date only when its rate changes.
///
/// Rates are doubles, ends whole picoseconds; an end that is at most one picosecond after another,
/// or as much as a double tells apart at that time, is taken with it (same_instant), so that
/// rounding does not part what ends together.
class FluidNetwork {
 public:
  /// Forgets all flows and takes the links and flows of a graph, which must outlive the run.
  /// With `samples`, every change of a link's use is appended to it.
  void reset(const TaskGraph& graph, std::vector<LinkSample>* samples);

  /// The flow takes part from `now` on, at a rate that settle(now) finds.
  void begin(FlowId flow) { begun_.push_back(flow); }
  /// Finds the rates from `now` on. To be called once all ends and begins of an instant are known.
  void settle(SimTime now);

  /// Whether a flow is under way. Settled.
  bool has_next();
  /// The earliest end of a flow; has_next() must hold.
  SimTime next_time() { return ends_.next_time(); }
  /// The latest end that belongs to the instant `time`: one picosecond later, from 2^48 ps (281 s)
  /// on as many as the rounding of a double is worth.
  static SimTime same_instant(SimTime time) {
    constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();
    const std::int64_t now = time.picoseconds();
    return SimTime(now + std::min(1 + (now >> 48), kEnd - now));
  }
  /// Ends the flows whose end is in the instant `now`, and gives their tasks.
  void take_ended(SimTime now, std::vector<TaskId>& ended);

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  struct FlowState {
    double left = 0.0;  // at `updated`
    double rate = 0.0;
    std::int64_t updated = 0;
    std::int64_t end = -1;  // predicted; -1 when not under way
    LinkId bottleneck = kNone;
    bool filled = false;    // scratch of fill()
    bool gathered = false;  // scratch of those who list flows once
  };
  struct LinkState {
    double capacity = 0.0;
    double used = 0.0;
    std::uint32_t flows = 0;
    std::uint32_t bottleneck_of = 0;  // flows that have their bottleneck here
    std::uint32_t first_slot = kNone;
    std::uint32_t sums = 0;  // since `used` was last added up afresh
    // Scratch of fill().
    double room = 0.0;
    std::uint32_t unfilled = 0;
    bool older = false;  // carries flows that do not take part
    bool listed = false;
    bool changed = false;  // since the last samples
  };
  /// A flow on a link, in the list of the link; slots have the places of flow_links().
  struct Slot {
    std::uint32_t next = kNone;
    std::uint32_t previous = kNone;
    FlowId flow = 0;
  };
  /// A predicted end, in a list of equal ends.
  struct End {
    FlowId flow = 0;
    std::uint32_t next = kNone;
    std::int64_t time = 0;
  };

  /// What a listed link offers, when it was last looked at.
  struct Share {
    double rank = 0.0;
    double share = 0.0;
    std::uint32_t place = 0;  // in listed_

    static bool offers_more(const Share& a, const Share& b) {
      return a.rank != b.rank ? a.rank > b.rank : a.place > b.place;
    }
  };

  void attach(FlowId flow);
  void detach(FlowId flow);
  bool settle_alone(SimTime now);
  void take_rates(SimTime now);
  void settle_components(SimTime now);
  void gather_components();
  void list_links(std::span<const FlowId> flows);
  [[nodiscard]] Share share_of(std::uint32_t place) const;
  Share least_share();
  void fill();
  void fill_flow(FlowId flow, double rate, LinkId bottleneck);
  void fill_link(LinkId link, double rate);
  void keep_use();
  void predict(FlowId flow, SimTime now);
  void add_end(FlowId flow, std::int64_t time);
  void drop_stale_ends();
  void add_up(LinkState& link);
  void mark_changed(LinkId link);
  void write_samples(SimTime now);
  bool is_stale(const End& end) const { return flows_state_[end.flow].end != end.time; }
  std::size_t end_count() const { return end_pool_.size() - free_ends_.size(); }

  std::span<const TaskGraph::Flow> flows_;
  std::span<const LinkId> flow_links_;
  std::vector<FlowState> flows_state_;  // written when a flow begins; at least as long as flows_
  std::vector<LinkState> links_;
  std::vector<Slot> slots_;

  EventQueue ends_;  // of lists in end_pool_; some are stale, as their flow has another rate since
  std::vector<End> end_pool_;
  std::vector<std::uint32_t> free_ends_;
  std::int64_t latest_end_time_ = -1;  // of the list that was last begun
  std::uint32_t latest_end_ = kNone;
  std::size_t under_way_ = 0;   // flows with an end
  std::vector<End> kept_ends_;  // scratch of drop_stale_ends()

  std::vector<FlowId> begun_;
  std::vector<LinkId> freed_;    // links of flows that ended at this instant
  std::vector<LinkId> changed_;  // links whose use changed at this instant
  std::vector<FlowId> gathered_;
  std::vector<LinkId> listed_;  // links of the flows that are being filled
  std::size_t unfilled_ = 0;    // of the flows that take part in fill()
  std::vector<Share> shares_;   // of those, a heap: see least_share()
  std::vector<FlowId> capped_;
  std::vector<double> old_rates_;  // of gathered_, before it was filled anew
  std::vector<LinkId> old_bottlenecks_;
  std::vector<LinkSample>* samples_ = nullptr;
};

}  // namespace helixsim
