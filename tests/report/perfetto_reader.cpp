#include "tests/report/perfetto_reader.hpp"

#include <protozero/pbf_reader.hpp>
#include <stdexcept>

namespace helixsim {
namespace {

using protozero::pbf_reader;

[[noreturn]] void unknown(const char* message, const pbf_reader& reader) {
  throw std::runtime_error(std::string(message) + " has no field " + std::to_string(reader.tag()));
}

class Reader {
 public:
  PerfettoTrace read(const std::string& bytes) {
    pbf_reader trace(bytes);
    while (trace.next()) {
      if (trace.tag() != 1) unknown("Trace", trace);
      read_packet(trace.get_message());
    }
    return std::move(trace_);
  }

 private:
  using Names = std::map<std::uint64_t, std::string>;

  void read_packet(pbf_reader packet) {
    std::uint64_t time = 0;
    std::uint32_t flags = 0;
    std::uint32_t sequence = 0;
    bool has_event = false;
    PerfettoTrace::Event event;
    while (packet.next()) {
      switch (packet.tag()) {
        case 8:
          time = packet.get_uint64();
          break;
        case 10:
          sequence = packet.get_uint32();
          break;
        case 11:
          event = read_event(packet.get_message());
          has_event = true;
          break;
        case 12:
          read_names(packet.get_message());
          break;
        case 13:
          flags = packet.get_uint32();
          break;
        case 42:
          packet.get_bool();
          break;
        case 60:
          trace_.tracks.push_back(read_track(packet.get_message()));
          break;
        case 87:
          packet.get_bool();
          break;
        default:
          unknown("TracePacket", packet);
      }
    }
    if ((flags & 1) != 0) cleared_ = true;
    if (sequence != 1) throw std::runtime_error("a packet of no sequence");
    if (!has_event) return;
    if (!cleared_ || (flags & 2) == 0) throw std::runtime_error("an event without its state");
    event.time = time;
    trace_.events.push_back(event);
  }

  void read_names(pbf_reader data) {
    while (data.next()) {
      Names& names = data.tag() == 1    ? categories_
                     : data.tag() == 2  ? event_names_
                     : data.tag() == 3  ? argument_names_
                     : data.tag() == 29 ? argument_texts_
                                        : (unknown("InternedData", data), event_names_);
      pbf_reader entry = data.get_message();
      std::uint64_t id = 0;
      std::string name;
      while (entry.next()) {
        if (entry.tag() == 1) {
          id = entry.get_uint64();
        } else if (entry.tag() == 2) {
          name = entry.get_string();
        } else {
          unknown("an interned name", entry);
        }
      }
      if (id == 0 || !names.emplace(id, name).second) throw std::runtime_error("an id given twice");
    }
  }

  static PerfettoTrace::Track read_track(pbf_reader descriptor) {
    PerfettoTrace::Track track;
    while (descriptor.next()) {
      switch (descriptor.tag()) {
        case 1:
          track.uuid = descriptor.get_uint64();
          break;
        case 2:
          track.name = descriptor.get_string();
          break;
        case 3:
          read_process(descriptor.get_message(), track);
          break;
        case 5:
          track.parent = descriptor.get_uint64();
          break;
        case 8:
          read_counter(descriptor.get_message(), track);
          break;
        case 11:
          track.child_ordering = descriptor.get_int32();
          break;
        case 12:
          track.rank = descriptor.get_int32();
          break;
        case 19:
          track.process_ordering = descriptor.get_int32();
          break;
        default:
          unknown("TrackDescriptor", descriptor);
      }
    }
    return track;
  }

  static void read_process(pbf_reader process, PerfettoTrace::Track& track) {
    while (process.next()) {
      if (process.tag() == 1) {
        track.pid = process.get_int32();
      } else if (process.tag() == 6) {
        track.name = process.get_string();
      } else {
        unknown("ProcessDescriptor", process);
      }
    }
  }

  static void read_counter(pbf_reader counter, PerfettoTrace::Track& track) {
    track.is_counter = true;
    while (counter.next()) {
      if (counter.tag() != 6) unknown("CounterDescriptor", counter);
      track.unit = counter.get_string();
    }
  }

  PerfettoTrace::Event read_event(pbf_reader message) {
    PerfettoTrace::Event event;
    while (message.next()) {
      switch (message.tag()) {
        case 3:
          event.category = categories_.at(message.get_uint64());
          break;
        case 4:
          read_argument(message.get_message(), event);
          break;
        case 9:
          event.type = message.get_enum();
          break;
        case 10:
          event.name = event_names_.at(message.get_uint64());
          break;
        case 11:
          event.track = message.get_uint64();
          break;
        case 44:
          event.value = message.get_double();
          break;
        case 47:
          event.flows.push_back(message.get_fixed64());
          break;
        case 48:
          event.ending_flows.push_back(message.get_fixed64());
          break;
        default:
          unknown("TrackEvent", message);
      }
    }
    return event;
  }

  void read_argument(pbf_reader argument, PerfettoTrace::Event& event) {
    std::string name;
    std::string value;
    while (argument.next()) {
      switch (argument.tag()) {
        case 1:
          name = argument_names_.at(argument.get_uint64());
          break;
        case 3:
          value = std::to_string(argument.get_uint64());
          break;
        case 17:
          value = argument_texts_.at(argument.get_uint64());
          break;
        default:
          unknown("DebugAnnotation", argument);
      }
    }
    event.arguments[name] = value;
  }

  PerfettoTrace trace_;
  Names categories_, event_names_, argument_names_, argument_texts_;
  bool cleared_ = false;
};

}  // namespace

PerfettoTrace read_perfetto(const std::string& bytes) {
  return Reader().read(bytes);
}

}  // namespace helixsim
