#include "sim/report/trace/trace.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

/// Appends and gives the new element's position.
template <typename T>
std::uint32_t append(std::vector<T>& all, const T& one) {
  ensure(all.size() < std::numeric_limits<std::uint32_t>::max(), "too many for 32-bit ids");
  all.push_back(one);
  return static_cast<std::uint32_t>(all.size() - 1);
}

}  // namespace

ProcessId Trace::add_process(std::string_view name) {
  return append(processes_, {intern(name)});
}

TrackId Trace::add_track(ProcessId process, std::string_view name) {
  ensure(process < processes_.size(), "a track of an unknown process");
  return append(tracks_, {process, intern(name)});
}

CounterId Trace::add_counter(ProcessId process, std::string_view name, std::string_view unit) {
  ensure(process < processes_.size(), "a counter of an unknown process");
  return append(counters_, {process, intern(name), intern(unit)});
}

SliceId Trace::add(const TraceSlice& slice) {
  ensure(slice.track < tracks_.size(), "a slice on an unknown track");
  ensure(std::max({slice.name, slice.category, slice.operation}) < names_.size(),
         "a slice with an unknown name");
  ensure(slice.start >= SimTime() && slice.duration >= SimTime(), "a slice with a negative time");
  return append(slices_, slice);
}

void Trace::add(const TraceFlow& flow) {
  ensure(flow.from < slices_.size() && flow.to < slices_.size(), "a flow of an unknown slice");
  ensure(slices_[flow.from].end() <= slices_[flow.to].start, "a flow back in time");
  flows_.push_back(flow);
}

void Trace::add(const TraceSample& sample) {
  ensure(sample.counter < counters_.size(), "a sample of an unknown counter");
  ensure(sample.time >= SimTime() && std::isfinite(sample.value), "a sample that cannot be drawn");
  samples_.push_back(sample);
}

void Trace::reserve(std::size_t slices, std::size_t flows) {
  slices_.reserve(slices);
  flows_.reserve(flows);
}

std::vector<SliceId> slices_in_order(const Trace& trace) {
  const auto slices = trace.slices();
  // The end comes after the start, so that a slice of no length precedes the one that begins there.
  const auto place = [&](SliceId id) {
    const TraceSlice& slice = slices[id];
    return std::tuple(slice.track, slice.start, slice.end(), id);
  };
  std::vector<SliceId> order(slices.size());
  std::iota(order.begin(), order.end(), SliceId{0});
  std::sort(order.begin(), order.end(), [&](SliceId a, SliceId b) { return place(a) < place(b); });
  for (std::size_t i = 1; i < order.size(); ++i) {
    const TraceSlice& before = slices[order[i - 1]];
    const TraceSlice& after = slices[order[i]];
    ensure(before.track != after.track || before.end() <= after.start,
           "slices of one track overlap");
  }
  return order;
}

}  // namespace helixsim
