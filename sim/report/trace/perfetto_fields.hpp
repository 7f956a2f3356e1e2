#pragma once

#include <cstdint>

/// Field numbers and values of Perfetto's trace messages, as far as HelixSim writes them. Readers
/// skip what they do not know, so that newer fields do no harm in older viewers.
///
/// Source: github.com/google/perfetto, protos/perfetto/trace/: trace.proto, trace_packet.proto,
/// interned_data/interned_data.proto, track_event/{track_event, track_descriptor,
/// process_descriptor, counter_descriptor, debug_annotation}.proto; how they are used by a program
/// that is not being traced: docs/reference/synthetic-track-event.md there.
namespace helixsim::perfetto {

enum class Trace : std::uint32_t { Packet = 1 };

enum class Packet : std::uint32_t {
  Timestamp = 8,
  SequenceId = 10,
  Event = 11,
  InternedData = 12,
  SequenceFlags = 13,
  PreviousPacketDropped = 42,
  TrackDescriptor = 60,
  FirstPacketOnSequence = 87,
};

inline constexpr std::uint32_t kStateCleared = 1;  // SEQ_INCREMENTAL_STATE_CLEARED
inline constexpr std::uint32_t kNeedsState = 2;    // SEQ_NEEDS_INCREMENTAL_STATE

enum class InternedData : std::uint32_t {
  Categories = 1,
  EventNames = 2,
  ArgumentNames = 3,
  ArgumentTexts = 29,  // debug_annotation_string_values
};

/// Every entry of InternedData.
enum class InternedName : std::uint32_t { Id = 1, Name = 2 };

enum class Track : std::uint32_t {
  Uuid = 1,
  Name = 2,
  Process = 3,
  ParentUuid = 5,
  Counter = 8,
  ChildOrdering = 11,
  SiblingOrderRank = 12,
  ProcessOrdering = 19,
};

inline constexpr std::int32_t kChildrenByRank = 3;   // ChildTracksOrdering.EXPLICIT
inline constexpr std::int32_t kProcessesByRank = 1;  // PROCESS_ORDERING_EXPLICIT

enum class Process : std::uint32_t { Pid = 1, Name = 6 };

enum class Counter : std::uint32_t { UnitName = 6 };

enum class Event : std::uint32_t {
  CategoryIds = 3,
  Arguments = 4,  // debug_annotations
  Type = 9,
  NameId = 10,
  TrackUuid = 11,
  DoubleCounterValue = 44,
  FlowIds = 47,
  TerminatingFlowIds = 48,
};

inline constexpr std::int32_t kSliceBegin = 1;
inline constexpr std::int32_t kSliceEnd = 2;
inline constexpr std::int32_t kCounterValue = 4;

/// A DebugAnnotation.
enum class Argument : std::uint32_t { NameId = 1, UintValue = 3, TextId = 17 };

}  // namespace helixsim::perfetto
