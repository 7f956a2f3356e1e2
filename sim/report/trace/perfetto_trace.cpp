#include "sim/report/trace/perfetto_trace.hpp"

#include <cstdint>
#include <protozero/pbf_builder.hpp>
#include <span>
#include <string>
#include <vector>

#include "sim/report/trace/block_stream.hpp"
#include "sim/report/trace/perfetto_fields.hpp"
#include "sim/report/trace/trace_ids.hpp"

// protozero and not libprotobuf: headers only, no .proto files and no compiler for them, and a
// packet costs no allocation. The dozen messages needed are in perfetto_fields.hpp.

namespace helixsim {
namespace {

namespace pf = perfetto;

template <typename Field>
using Message = protozero::pbf_builder<Field>;

constexpr std::uint32_t kSequence = 1;  // one writer, one sequence of packets

std::uint64_t nanoseconds(SimTime time) {
  return (static_cast<std::uint64_t>(time.picoseconds()) + 500) / 1000;
}

/// Interned ids count from 1: 0 means none.
std::uint64_t interned(NameId name) {
  return std::uint64_t{name} + 1;
}

/// Names of arguments, interned by position.
enum class ArgumentName : std::uint8_t { Operation = 1, Layer, Number };
constexpr std::string_view kArgumentNames[] = {"operation", "layer", "number"};

/// Per slice the flows that leave it and that reach it: ids of slice s are
/// ids[offsets[s]] up to ids[offsets[s + 1]].
class FlowsOfSlices {
 public:
  FlowsOfSlices(const Trace& trace, SliceId TraceFlow::*end)
      : offsets_(trace.slices().size() + 1, 0), ids_(trace.flows().size()) {
    for (const TraceFlow& flow : trace.flows()) ++offsets_[flow.*end + 1];
    for (std::size_t slice = 1; slice < offsets_.size(); ++slice) {
      offsets_[slice] += offsets_[slice - 1];
    }
    std::vector<std::size_t> next(offsets_.begin(), offsets_.end() - 1);
    for (std::size_t flow = 0; flow < ids_.size(); ++flow) {
      ids_[next[trace.flows()[flow].*end]++] = flow + 1;
    }
  }

  std::span<const std::uint64_t> of(SliceId slice) const {
    return std::span(ids_).subspan(offsets_[slice], offsets_[slice + 1] - offsets_[slice]);
  }

 private:
  std::vector<std::size_t> offsets_;
  std::vector<std::uint64_t> ids_;
};

class PerfettoWriter {
 public:
  PerfettoWriter(const Trace& trace, std::ostream& out)
      : trace_(trace),
        leaving_(trace, &TraceFlow::from),
        arriving_(trace, &TraceFlow::to),
        out_(out) {}

  void write() {
    const std::vector<SliceId> order = slices_in_order(trace_);
    add_names();
    add_descriptor([](auto& track) {
      track.add_uint64(pf::Track::Uuid, 0);  // the root, whose children are the processes
      track.add_int32(pf::Track::ProcessOrdering, pf::kProcessesByRank);
    });
    for (ProcessId process = 0; process < trace_.processes().size(); ++process) {
      add_process(process);
    }
    for (TrackId track = 0; track < trace_.tracks().size(); ++track) add_track(track);
    for (CounterId counter = 0; counter < trace_.counters().size(); ++counter) {
      add_counter(counter);
    }
    for (const SliceId slice : order) add_slice(slice);
    for (const TraceSample& sample : trace_.samples()) add_sample(sample);
    out_.flush();
  }

 private:
  std::uint64_t uuid_of_process(ProcessId id) const { return 1 + std::uint64_t{id}; }
  std::uint64_t uuid_of_track(TrackId id) const { return 1 + trace_.processes().size() + id; }
  std::uint64_t uuid_of_counter(CounterId id) const {
    return 1 + trace_.processes().size() + trace_.tracks().size() + id;
  }

  /// `fill` adds to the message that is at `field` of `parent`.
  template <typename Child, typename Parent, typename Fill>
  static void nest(Message<Parent>& parent, Parent field, const Fill& fill) {
    Message<Child> child{parent, field};
    fill(child);
  }

  template <typename Fill>
  void add_packet(const Fill& fill) {
    Message<pf::Trace> trace{out_.text()};
    nest<pf::Packet>(trace, pf::Trace::Packet, [&](auto& packet) {
      packet.add_uint32(pf::Packet::SequenceId, kSequence);
      fill(packet);
    });
    out_.flush_if_full();
  }

  template <typename Fill>
  void add_descriptor(const Fill& fill) {
    add_packet([&](auto& packet) { nest<pf::Track>(packet, pf::Packet::TrackDescriptor, fill); });
  }

  template <typename Fill>
  void add_event(SimTime time, std::int32_t type, std::uint64_t track, const Fill& fill) {
    add_packet([&](auto& packet) {
      packet.add_uint64(pf::Packet::Timestamp, nanoseconds(time));
      packet.add_uint32(pf::Packet::SequenceFlags, pf::kNeedsState);
      nest<pf::Event>(packet, pf::Packet::Event, [&](auto& event) {
        event.add_enum(pf::Event::Type, type);
        event.add_uint64(pf::Event::TrackUuid, track);
        fill(event);
      });
    });
  }

  /// All names in the first packet, which also says that nothing came before it.
  void add_names() {
    add_packet([&](auto& packet) {
      packet.add_uint32(pf::Packet::SequenceFlags, pf::kStateCleared | pf::kNeedsState);
      packet.add_bool(pf::Packet::PreviousPacketDropped, true);
      packet.add_bool(pf::Packet::FirstPacketOnSequence, true);
      nest<pf::InternedData>(packet, pf::Packet::InternedData, [&](auto& data) {
        add_used_names(data, pf::InternedData::Categories, &TraceSlice::category);
        add_used_names(data, pf::InternedData::EventNames, &TraceSlice::name);
        add_used_names(data, pf::InternedData::ArgumentTexts, &TraceSlice::operation);
        std::uint64_t id = 0;
        for (const std::string_view name : kArgumentNames) {
          add_name(data, pf::InternedData::ArgumentNames, ++id, name);
        }
      });
    });
  }

  void add_used_names(Message<pf::InternedData>& data, pf::InternedData field,
                      NameId TraceSlice::*role) const {
    std::vector<bool> used(trace_.names().size(), false);
    for (const TraceSlice& slice : trace_.slices()) used[slice.*role] = true;
    for (NameId name = 0; name < used.size(); ++name) {
      if (used[name]) add_name(data, field, interned(name), trace_.names()[name]);
    }
  }

  static void add_name(Message<pf::InternedData>& data, pf::InternedData field, std::uint64_t id,
                       std::string_view name) {
    nest<pf::InternedName>(data, field, [&](auto& entry) {
      entry.add_uint64(pf::InternedName::Id, id);
      entry.add_string(pf::InternedName::Name, name.data(), name.size());
    });
  }

  void add_process(ProcessId id) {
    add_descriptor([&](auto& track) {
      track.add_uint64(pf::Track::Uuid, uuid_of_process(id));
      track.add_int32(pf::Track::ChildOrdering, pf::kChildrenByRank);
      track.add_int32(pf::Track::SiblingOrderRank, static_cast<std::int32_t>(id));
      nest<pf::Process>(track, pf::Track::Process, [&](auto& process) {
        process.add_int32(pf::Process::Pid, static_cast<std::int32_t>(process_number(id)));
        process.add_string(pf::Process::Name, trace_.names()[trace_.processes()[id].name]);
      });
    });
  }

  // Plain tracks and not threads: these would be shown with thread numbers after their names.
  void add_track(TrackId id) {
    const TraceTrack& row = trace_.tracks()[id];
    add_descriptor([&](auto& track) {
      track.add_uint64(pf::Track::Uuid, uuid_of_track(id));
      track.add_uint64(pf::Track::ParentUuid, uuid_of_process(row.process));
      track.add_string(pf::Track::Name, trace_.names()[row.name]);
      track.add_int32(pf::Track::SiblingOrderRank, static_cast<std::int32_t>(id));
    });
  }

  void add_counter(CounterId id) {
    const TraceCounter& counter = trace_.counters()[id];
    add_descriptor([&](auto& track) {
      track.add_uint64(pf::Track::Uuid, uuid_of_counter(id));
      track.add_uint64(pf::Track::ParentUuid, uuid_of_process(counter.process));
      track.add_string(pf::Track::Name, trace_.names()[counter.name]);
      track.add_int32(pf::Track::SiblingOrderRank,
                      static_cast<std::int32_t>(trace_.tracks().size() + id));
      // Even without a unit the message must be there: it makes the track a counter. A nested one
      // that stays empty is left out by protozero.
      std::string properties;
      if (counter.unit != kNoName) {
        Message<pf::Counter>{properties}.add_string(pf::Counter::UnitName,
                                                    trace_.names()[counter.unit]);
      }
      track.add_message(pf::Track::Counter, properties);
    });
  }

  void add_slice(SliceId id) {
    const TraceSlice& slice = trace_.slices()[id];
    const std::uint64_t track = uuid_of_track(slice.track);
    add_event(slice.start, pf::kSliceBegin, track, [&](auto& event) {
      event.add_uint64(pf::Event::NameId, interned(slice.name));
      event.add_uint64(pf::Event::CategoryIds, interned(slice.category));
      if (slice.operation != kNoName) {
        add_argument(event, ArgumentName::Operation, pf::Argument::TextId,
                     interned(slice.operation));
      }
      if (slice.layer != kNoLayer) {
        add_argument(event, ArgumentName::Layer, pf::Argument::UintValue,
                     static_cast<std::uint64_t>(slice.layer));
      }
      if (slice.number != kNoNumber) {
        add_argument(event, ArgumentName::Number, pf::Argument::UintValue, slice.number);
      }
      for (const std::uint64_t flow : leaving_.of(id)) {
        event.add_fixed64(pf::Event::FlowIds, flow);
      }
      for (const std::uint64_t flow : arriving_.of(id)) {
        event.add_fixed64(pf::Event::TerminatingFlowIds, flow);
      }
    });
    add_event(slice.end(), pf::kSliceEnd, track, [](const auto&) {});
  }

  static void add_argument(Message<pf::Event>& event, ArgumentName name, pf::Argument kind,
                           std::uint64_t value) {
    nest<pf::Argument>(event, pf::Event::Arguments, [&](auto& argument) {
      argument.add_uint64(pf::Argument::NameId, static_cast<std::uint64_t>(name));
      argument.add_uint64(kind, value);
    });
  }

  void add_sample(const TraceSample& sample) {
    add_event(sample.time, pf::kCounterValue, uuid_of_counter(sample.counter),
              [&](auto& event) { event.add_double(pf::Event::DoubleCounterValue, sample.value); });
  }

  const Trace& trace_;
  FlowsOfSlices leaving_;
  FlowsOfSlices arriving_;
  BlockStream out_;
};

}  // namespace

void write_perfetto_trace(const Trace& trace, std::ostream& out) {
  PerfettoWriter(trace, out).write();
}

}  // namespace helixsim
