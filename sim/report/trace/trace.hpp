#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "sim/engine/time.hpp"
#include "sim/report/trace/name_table.hpp"

namespace helixsim {

using ProcessId = std::uint32_t;
using TrackId = std::uint32_t;
using SliceId = std::uint32_t;
using CounterId = std::uint32_t;

inline constexpr std::int32_t kNoLayer = -1;
inline constexpr std::uint32_t kNoNumber = std::numeric_limits<std::uint32_t>::max();

/// A group of tracks and counters under one name: a GPU.
struct TraceProcess {
  NameId name = kNoName;
};

/// One row of a timeline, on which one thing happens at a time: a stream of a GPU.
struct TraceTrack {
  ProcessId process = 0;
  NameId name = kNoName;
};

/// Something that takes time on a track. The last three are shown beside it and may be left out.
struct TraceSlice {
  SimTime start{};
  SimTime duration{};
  TrackId track = 0;
  NameId name = kNoName;
  NameId category = kNoName;
  NameId operation = kNoName;        ///< the operation of the step that it is a part of
  std::int32_t layer = kNoLayer;     ///< counted from 0
  std::uint32_t number = kNoNumber;  ///< of its own, to find it elsewhere: the task's

  SimTime end() const { return start + duration; }
};

/// `to` could not begin before `from` had ended.
struct TraceFlow {
  SliceId from = 0;
  SliceId to = 0;
};

/// A value of a process that changes in steps.
struct TraceCounter {
  ProcessId process = 0;
  NameId name = kNoName;
  NameId unit = kNoName;
};

/// From `time` on the counter has this value.
struct TraceSample {
  SimTime time{};
  double value = 0.0;
  CounterId counter = 0;
};

/// A timeline for viewers, of any kind and in no format: what trace formats are written from.
///
/// Use: add processes, then their tracks and counters, then slices, flows and samples in any order.
/// Ids count up from 0 in order of addition. A slice takes 40 bytes and a flow 8.
class Trace {
 public:
  NameId intern(std::string_view name) { return names_.intern(name); }

  ProcessId add_process(std::string_view name);

  /// Errors: std::logic_error for an unknown process, here and in add_counter.
  TrackId add_track(ProcessId process, std::string_view name);
  CounterId add_counter(ProcessId process, std::string_view name, std::string_view unit);

  /// Slices of one track must not overlap: slices_in_order, with which writers begin, checks it.
  ///
  /// Errors: std::logic_error for an unknown track or name, a negative start or duration.
  SliceId add(const TraceSlice& slice);

  /// Errors: std::logic_error for an unknown slice and when `to` starts before `from` ends.
  void add(const TraceFlow& flow);

  /// Errors: std::logic_error for an unknown counter, a negative time, a value that is not finite.
  void add(const TraceSample& sample);

  /// Room for that many slices and flows in all.
  void reserve(std::size_t slices, std::size_t flows);

  const NameTable& names() const { return names_; }
  std::span<const TraceProcess> processes() const { return processes_; }
  std::span<const TraceTrack> tracks() const { return tracks_; }
  std::span<const TraceSlice> slices() const { return slices_; }
  std::span<const TraceFlow> flows() const { return flows_; }
  std::span<const TraceCounter> counters() const { return counters_; }
  std::span<const TraceSample> samples() const { return samples_; }

 private:
  NameTable names_;
  std::vector<TraceProcess> processes_;
  std::vector<TraceTrack> tracks_;
  std::vector<TraceSlice> slices_;
  std::vector<TraceFlow> flows_;
  std::vector<TraceCounter> counters_;
  std::vector<TraceSample> samples_;
};

/// The slices track by track and in order of time on each.
///
/// Errors: std::logic_error when two slices of one track overlap.
std::vector<SliceId> slices_in_order(const Trace& trace);

}  // namespace helixsim
