#include "sim/engine/fluid_network.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

/// Sums of rates may exceed a capacity by this, relative to it: rounding of a few thousand terms.
constexpr double kSlack = 1e-12;
/// After so many additions and subtractions the use of a link is added up afresh.
constexpr std::uint32_t kMostSums = 64;
/// So many ends for each flow under way, beside a few for small runs, and the stale ones go. They
/// would else wait for their time, which may be that of the last end.
constexpr std::size_t kMostEnds = 4;
constexpr std::size_t kFewEnds = 1024;
/// An end beyond engine time.
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

void FluidNetwork::reset(const TaskGraph& graph, std::vector<LinkSample>* samples) {
  flows_ = graph.flows();
  flow_links_ = graph.flow_links();
  if (flows_state_.size() < flows_.size()) flows_state_.resize(flows_.size());
  links_.assign(graph.link_capacities().size(), LinkState());
  for (std::size_t link = 0; link < links_.size(); ++link) {
    links_[link].capacity = graph.link_capacities()[link];
  }
  if (slots_.size() < flow_links_.size()) slots_.resize(flow_links_.size());
  ends_.clear();
  end_pool_.clear();
  free_ends_.clear();
  latest_end_time_ = -1;
  under_way_ = 0;
  begun_.clear();
  freed_.clear();
  changed_.clear();
  samples_ = samples;
}

void FluidNetwork::mark_changed(LinkId link) {
  if (links_[link].changed) return;
  links_[link].changed = true;
  changed_.push_back(link);
}

void FluidNetwork::add_up(LinkState& link) {
  link.used = 0.0;
  for (std::uint32_t slot = link.first_slot; slot != kNone; slot = slots_[slot].next) {
    link.used += flows_state_[slots_[slot].flow].rate;
  }
  link.sums = 0;
}

void FluidNetwork::attach(FlowId flow) {
  for (std::uint32_t slot = flows_[flow].first_link; slot < flows_[flow].end_link; ++slot) {
    LinkState& link = links_[flow_links_[slot]];
    slots_[slot] = {.next = link.first_slot, .previous = kNone, .flow = flow};
    if (link.first_slot != kNone) slots_[link.first_slot].previous = slot;
    link.first_slot = slot;
    ++link.flows;
  }
}

void FluidNetwork::detach(FlowId flow) {
  FlowState& state = flows_state_[flow];
  if (state.bottleneck != kNone) --links_[state.bottleneck].bottleneck_of;
  for (std::uint32_t slot = flows_[flow].first_link; slot < flows_[flow].end_link; ++slot) {
    const LinkId id = flow_links_[slot];
    LinkState& link = links_[id];
    const Slot place = slots_[slot];
    if (place.next != kNone) slots_[place.next].previous = place.previous;
    (place.previous == kNone ? link.first_slot : slots_[place.previous].next) = place.next;
    --link.flows;
    if (link.flows == 0) {
      link.used = 0.0;
      link.sums = 0;
    } else {
      link.used -= state.rate;
      ++link.sums;
    }
    if (link.bottleneck_of > 0) freed_.push_back(id);
    if (samples_ != nullptr) mark_changed(id);
  }
  state.end = -1;
  --under_way_;
}

void FluidNetwork::predict(FlowId flow, SimTime now) {
  FlowState& state = flows_state_[flow];
  const double span = state.left / state.rate;
  // At this rate; it may yet rise, so that only an end that comes true is an error.
  std::int64_t end = kNever;
  if (!(span < static_cast<double>(kTimeLimit.picoseconds())) ||
      __builtin_add_overflow(now.picoseconds(), round_to_picoseconds(span).picoseconds(), &end)) {
    end = kNever;
  }
  if (end == state.end) return;
  if (state.end < 0) ++under_way_;
  state.end = end;
  add_end(flow, end);
}

/// Ends that are found together are often equal: they share one event.
void FluidNetwork::add_end(FlowId flow, std::int64_t time) {
  std::uint32_t place = static_cast<std::uint32_t>(end_pool_.size());
  if (free_ends_.empty()) {
    end_pool_.emplace_back();
  } else {
    place = free_ends_.back();
    free_ends_.pop_back();
  }
  if (time == latest_end_time_) {
    end_pool_[place] = {.flow = flow, .next = end_pool_[latest_end_].next, .time = time};
    end_pool_[latest_end_].next = place;
  } else {
    end_pool_[place] = {.flow = flow, .next = kNone, .time = time};
    ends_.push(SimTime(time), place);
    latest_end_time_ = time;
    latest_end_ = place;
  }
}

void FluidNetwork::drop_stale_ends() {
  kept_ends_.clear();
  while (!ends_.empty()) {
    for (std::uint32_t place = ends_.pop(); place != kNone; place = end_pool_[place].next) {
      // A flow whose end came back to an earlier value has two that are not stale.
      FlowState& state = flows_state_[end_pool_[place].flow];
      if (is_stale(end_pool_[place]) || state.gathered) continue;
      state.gathered = true;
      kept_ends_.push_back(end_pool_[place]);
    }
  }
  ends_.clear();
  end_pool_.clear();
  free_ends_.clear();
  latest_end_time_ = -1;
  for (const End& end : kept_ends_) {
    flows_state_[end.flow].gathered = false;
    add_end(end.flow, end.time);
  }
}

bool FluidNetwork::has_next() {
  while (!ends_.empty()) {
    (void)ends_.next_time();
    std::uint32_t place = ends_.top();
    while (place != kNone && is_stale(end_pool_[place])) place = end_pool_[place].next;
    if (place != kNone) return true;
    for (place = ends_.pop(); place != kNone; place = end_pool_[place].next) {
      free_ends_.push_back(place);
      if (place == latest_end_) latest_end_time_ = -1;
    }
  }
  return false;
}

void FluidNetwork::take_ended(SimTime now, std::vector<TaskId>& ended) {
  const SimTime last = same_instant(now);
  while (!ends_.empty() && ends_.next_time() <= last) {
    for (std::uint32_t place = ends_.pop(); place != kNone; place = end_pool_[place].next) {
      if (place == latest_end_) latest_end_time_ = -1;
      free_ends_.push_back(place);
      const End& end = end_pool_[place];
      if (is_stale(end)) continue;
      ensure(end.time != kNever, "time runs over 2^63 ps");
      detach(end.flow);
      ended.push_back(flows_[end.flow].task);
    }
  }
}

void FluidNetwork::settle(SimTime now) {
  if (begun_.empty() && freed_.empty()) {
    if (samples_ != nullptr) write_samples(now);
    return;
  }
  for (const FlowId flow : begun_) {
    attach(flow);
    flows_state_[flow] = {.left = flows_[flow].work, .updated = now.picoseconds()};
  }
  // A flow that ended frees something only where another one has its bottleneck.
  std::erase_if(freed_, [&](LinkId link) { return links_[link].bottleneck_of == 0; });
  if (!settle_alone(now)) settle_components(now);
  if (end_count() > kMostEnds * under_way_ + kFewEnds) drop_stale_ends();
  begun_.clear();
  freed_.clear();
  if (samples_ != nullptr) write_samples(now);
}

/// The new flows and those that were held back where something became free, alone, in the room
/// that all others leave. False, and nothing changed, when another flow must give way or may get
/// more: when a new bottleneck carries others, or one of these becomes slower.
bool FluidNetwork::settle_alone(SimTime now) {
  gathered_.assign(begun_.begin(), begun_.end());
  for (const LinkId id : freed_) {
    for (std::uint32_t slot = links_[id].first_slot; slot != kNone; slot = slots_[slot].next) {
      FlowState& state = flows_state_[slots_[slot].flow];
      if (state.bottleneck != id || state.gathered) continue;
      state.gathered = true;
      gathered_.push_back(slots_[slot].flow);
    }
  }
  old_rates_.clear();
  old_bottlenecks_.clear();
  for (const FlowId flow : gathered_) {
    FlowState& state = flows_state_[flow];
    state.gathered = false;
    old_rates_.push_back(state.rate);
    old_bottlenecks_.push_back(state.bottleneck);
    if (state.bottleneck == kNone) continue;
    --links_[state.bottleneck].bottleneck_of;
    for (std::uint32_t slot = flows_[flow].first_link; slot < flows_[flow].end_link; ++slot) {
      links_[flow_links_[slot]].used -= state.rate;
      ++links_[flow_links_[slot]].sums;
    }
    state.rate = 0.0;
  }
  list_links(gathered_);
  fill();
  bool valid = true;
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    const FlowState& state = flows_state_[gathered_[i]];
    valid &= state.bottleneck == kNone || !links_[state.bottleneck].older;
    valid &= state.rate >= old_rates_[i] * (1.0 - kSlack);
  }
  if (!valid) {  // the component solver adds everything up afresh
    for (std::size_t i = 0; i < gathered_.size(); ++i) {
      flows_state_[gathered_[i]].rate = old_rates_[i];
      flows_state_[gathered_[i]].bottleneck = old_bottlenecks_[i];
      if (old_bottlenecks_[i] != kNone) ++links_[old_bottlenecks_[i]].bottleneck_of;
    }
    return false;
  }
  for (const FlowId flow : gathered_) {
    const LinkId bottleneck = flows_state_[flow].bottleneck;
    if (bottleneck != kNone) ++links_[bottleneck].bottleneck_of;
  }
  keep_use();
  take_rates(now);
  return true;
}

/// Brings what the gathered flows have left up to date where their rates have changed.
void FluidNetwork::take_rates(SimTime now) {
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    FlowState& state = flows_state_[gathered_[i]];
    const bool is_new = state.end < 0;
    if (state.rate == old_rates_[i] && !is_new) continue;
    if (!is_new) {
      const auto passed = static_cast<double>(now.picoseconds() - state.updated);
      state.left = std::max(state.left - old_rates_[i] * passed, 0.0);
    }
    state.updated = now.picoseconds();
    predict(gathered_[i], now);
  }
}

/// All flows that share a link, directly or through others, with what changed.
void FluidNetwork::settle_components(SimTime now) {
  gather_components();
  old_rates_.clear();
  for (const FlowId flow : gathered_) old_rates_.push_back(flows_state_[flow].rate);
  for (const FlowId flow : begun_) flows_state_[flow].rate = 0.0;
  list_links(gathered_);
  for (const LinkId link : listed_) links_[link].bottleneck_of = 0;
  fill();
  keep_use();
  for (const FlowId flow : gathered_) {
    FlowState& state = flows_state_[flow];
    state.gathered = false;
    if (state.bottleneck != kNone) ++links_[state.bottleneck].bottleneck_of;
  }
  take_rates(now);
}

void FluidNetwork::gather_components() {
  gathered_.clear();
  const auto gather_flow = [&](FlowId flow) {
    if (flows_state_[flow].gathered) return;
    flows_state_[flow].gathered = true;
    gathered_.push_back(flow);
  };
  const auto gather_link = [&](LinkId id) {
    if (links_[id].listed) return;
    links_[id].listed = true;
    listed_.push_back(id);
    for (std::uint32_t slot = links_[id].first_slot; slot != kNone; slot = slots_[slot].next) {
      gather_flow(slots_[slot].flow);
    }
  };
  listed_.clear();
  for (const FlowId flow : begun_) gather_flow(flow);
  for (const LinkId link : freed_) gather_link(link);
  for (std::size_t i = 0; i < gathered_.size(); ++i) {
    const TaskGraph::Flow& flow = flows_[gathered_[i]];
    for (std::uint32_t slot = flow.first_link; slot < flow.end_link; ++slot) {
      gather_link(flow_links_[slot]);
    }
  }
  for (const LinkId link : listed_) links_[link].listed = false;
}

/// Lists the links of `flows`, with the room that flows beside these leave on them.
void FluidNetwork::list_links(std::span<const FlowId> flows) {
  listed_.clear();
  capped_.clear();
  unfilled_ = flows.size();
  for (const FlowId flow : flows) {
    flows_state_[flow].filled = false;
    for (std::uint32_t slot = flows_[flow].first_link; slot < flows_[flow].end_link; ++slot) {
      LinkState& link = links_[flow_links_[slot]];
      if (!link.listed) {
        link.listed = true;
        link.unfilled = 0;
        listed_.push_back(flow_links_[slot]);
      }
      ++link.unfilled;
    }
    if (flows_[flow].cap < std::numeric_limits<double>::infinity()) capped_.push_back(flow);
  }
  std::sort(capped_.begin(), capped_.end(), [&](FlowId a, FlowId b) {
    return std::pair(flows_[a].cap, a) < std::pair(flows_[b].cap, b);
  });
  for (const LinkId id : listed_) {
    LinkState& link = links_[id];
    link.listed = false;
    link.older = link.flows > link.unfilled;
    if (link.older && link.sums > kMostSums) add_up(link);
    link.room = link.older ? std::max(link.capacity - link.used, 0.0) : link.capacity;
  }
}

void FluidNetwork::fill_flow(FlowId flow, double rate, LinkId bottleneck) {
  FlowState& state = flows_state_[flow];
  state.rate = rate;
  state.bottleneck = bottleneck;
  state.filled = true;
  --unfilled_;
  for (std::uint32_t slot = flows_[flow].first_link; slot < flows_[flow].end_link; ++slot) {
    LinkState& link = links_[flow_links_[slot]];
    link.room -= rate;
    --link.unfilled;
  }
}

/// Fills the flows of a link that are not filled yet; those that do not take part count as filled.
void FluidNetwork::fill_link(LinkId link, double rate) {
  for (std::uint32_t slot = links_[link].first_slot; links_[link].unfilled > 0;
       slot = slots_[slot].next) {
    if (!flows_state_[slots_[slot].flow].filled) fill_flow(slots_[slot].flow, rate, link);
  }
}

/// What a link offers each of its unfilled flows. Of equal shares the link without older flows is
/// taken first, so that these need not be solved.
FluidNetwork::Share FluidNetwork::share_of(std::uint32_t place) const {
  const LinkState& link = links_[listed_[place]];
  const double share = link.room / link.unfilled;
  return {
      .rank = link.older ? share * (1.0 + 2.0 * kSlack) : share, .share = share, .place = place};
}

/// Of the heap `shares_`, the link that offers the least. Filling a flow leaves more for others, so
/// shares rise and a share in the heap is a lower bound: only the head is brought up to date.
/// Without a link, which only flows with a cap have, a share without end.
FluidNetwork::Share FluidNetwork::least_share() {
  while (!shares_.empty()) {
    const Share head = shares_.front();
    const bool is_open = links_[listed_[head.place]].unfilled > 0;
    const Share now = is_open ? share_of(head.place) : head;
    if (is_open && now.rank <= head.rank) return now;
    std::pop_heap(shares_.begin(), shares_.end(), Share::offers_more);
    shares_.pop_back();
    if (!is_open) continue;
    shares_.push_back(now);
    std::push_heap(shares_.begin(), shares_.end(), Share::offers_more);
  }
  return {.share = std::numeric_limits<double>::infinity()};
}

/// Progressive filling over the listed links: gives each flow a rate and a bottleneck. Often the
/// first level fills all, so shares are made a heap only when there is a second one.
void FluidNetwork::fill() {
  if (unfilled_ == 0) return;
  shares_.clear();
  for (std::uint32_t place = 0; place < listed_.size(); ++place) shares_.push_back(share_of(place));
  Share least = shares_.empty()
                    ? least_share()
                    : *std::max_element(shares_.begin(), shares_.end(), Share::offers_more);
  std::size_t next_cap = 0;
  double level = 0.0;  // rates rise together: a share falls below it by rounding only
  for (bool is_heap = false; true; is_heap = true) {
    while (next_cap < capped_.size() && flows_state_[capped_[next_cap]].filled) ++next_cap;
    if (next_cap < capped_.size() && flows_[capped_[next_cap]].cap <= least.share) {
      level = std::max(level, flows_[capped_[next_cap]].cap);
      fill_flow(capped_[next_cap], flows_[capped_[next_cap]].cap, kNone);
    } else {
      level = std::max(level, least.share);
      fill_link(listed_[least.place], level);
    }
    if (unfilled_ == 0) return;
    if (!is_heap) std::make_heap(shares_.begin(), shares_.end(), Share::offers_more);
    least = least_share();
  }
}

/// After filling, what is no longer room is used.
void FluidNetwork::keep_use() {
  for (const LinkId id : listed_) {
    LinkState& link = links_[id];
    link.used = link.capacity - link.room;
    link.sums = link.older ? link.sums + 1 : 0;
    if (samples_ != nullptr) mark_changed(id);
  }
}

void FluidNetwork::write_samples(SimTime now) {
  for (const LinkId id : changed_) {
    links_[id].changed = false;
    samples_->push_back({.time = now, .link = id, .used = links_[id].used});
  }
  changed_.clear();
}

}  // namespace helixsim
