#include "sim/report/trace/perfetto_trace.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sim/report/trace/chrome_trace.hpp"
#include "tests/report/perfetto_reader.hpp"
#include "tests/report/trace_case.hpp"

using namespace helixsim;

namespace {

std::string written(const Trace& trace) {
  std::ostringstream out;
  write_perfetto_trace(trace, out);
  return out.str();
}

std::uint64_t nearest_ns(SimTime time) {
  return static_cast<std::uint64_t>((time.picoseconds() + 500) / 1000);
}

using Event = PerfettoTrace::Event;

/// As trace_processor does: all events in order of time, those of one instant in file order.
std::vector<Event> in_order_of_time(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time < b.time; });
  return events;
}

}  // namespace

TEST_CASE("the first bytes of a Perfetto trace are as the protobuf encoding says",
          "[report][trace][perfetto]") {
  // Trace.packet (tag 1, length-delimited: 0x0a) of n bytes; sequence id 1 (0x50 0x01); sequence
  // flags 3 (0x68 0x03); previous_packet_dropped (42, varint: 0xd0 0x02) true;
  // first_packet_on_sequence (87: 0xb8 0x05) true; interned_data (12: 0x62) of the three names of
  // arguments, each field 3 (0x1a) of id (0x08) and name (0x12).
  const std::string names =
      "\x1a\x0d\x08\x01\x12\x09operation\x1a\x09\x08\x02\x12\x05layer\x1a\x0a\x08\x03\x12\x06numbe"
      "r";
  const std::string body = std::string("\x50\x01\x68\x03\xd0\x02\x01\xb8\x05\x01") + "\x62" +
                           static_cast<char>(names.size()) + names;
  // protozero writes the length of a nested message in as few bytes as it takes.
  const std::string expected = std::string("\x0a") + static_cast<char>(body.size()) + body;
  CHECK(written(Trace()).substr(0, expected.size()) == expected);
}

TEST_CASE("a tiny trace read back from Perfetto's format", "[report][trace][perfetto]") {
  const PerfettoTrace trace = read_perfetto(written(tiny_trace()));
  REQUIRE(trace.tracks.size() == 1 + 2 + 3 + 1);
  CHECK(trace.tracks[0].uuid == 0);
  CHECK(trace.tracks[0].process_ordering == 1);
  std::set<std::uint64_t> uuids;
  std::map<std::string, std::uint64_t> by_name;
  for (const auto& track : trace.tracks) {
    uuids.insert(track.uuid);
    by_name.emplace(track.name, track.uuid);
  }
  CHECK(uuids.size() == trace.tracks.size());
  const auto& gpu = trace.tracks[2];
  CHECK(gpu.name == "GPU 1");
  CHECK(gpu.pid == 1001);
  CHECK(gpu.rank == 1);
  CHECK(gpu.child_ordering == 3);
  const auto& communication = trace.tracks[4];
  CHECK(communication.name == "communication");
  CHECK(communication.parent == by_name["GPU 0"]);
  CHECK(communication.rank > trace.tracks[3].rank);
  const auto& counter = trace.tracks[6];
  CHECK(counter.is_counter);
  CHECK(counter.name == "memory");
  CHECK(counter.unit == "GB");
  CHECK(counter.parent == gpu.uuid);

  REQUIRE(trace.events.size() == 2 * 3 + 1);
  const Event& attention = trace.events[0];
  CHECK(attention.type == 1);
  CHECK(attention.time == 0);
  CHECK(attention.name == "attention");
  CHECK(attention.category == "attention");
  CHECK(attention.arguments == std::map<std::string, std::string>{
                                   {"operation", "flash_decode"}, {"layer", "0"}, {"number", "7"}});
  CHECK(trace.events[1].type == 2);
  CHECK(trace.events[1].time == 1500);
  const Event& exchange = trace.events[2];
  CHECK(exchange.track == communication.uuid);
  CHECK(exchange.time == 1500);
  CHECK(exchange.arguments.empty());
  const Event& ffn = trace.events[4];
  CHECK(ffn.time == 2000);
  CHECK(ffn.ending_flows == attention.flows);
  CHECK(attention.flows.size() == 1);
  const Event& sample = trace.events[6];
  CHECK(sample.type == 4);
  CHECK(sample.track == counter.uuid);
  CHECK(sample.value == 1.5);
}

TEST_CASE("Perfetto slices open and close in turn and keep their rounded times",
          "[report][trace][perfetto]") {
  const auto seed = GENERATE(range(0u, 30u));
  CAPTURE(seed);
  Random random(seed);
  const Trace trace = random_trace(random);
  std::map<std::uint64_t, const Event*> open;
  std::size_t closed = 0;
  const std::vector<Event> events = in_order_of_time(read_perfetto(written(trace)).events);
  for (const Event& event : events) {
    if (event.type == 1) {
      REQUIRE(open[event.track] == nullptr);  // nothing nests: a track does one thing at a time
      open[event.track] = &event;
      continue;
    }
    REQUIRE(event.type == 2);
    const Event* begin = open[event.track];
    REQUIRE(begin != nullptr);
    const TraceSlice& slice = trace.slices()[std::stoul(begin->arguments.at("number"))];
    REQUIRE(begin->time == nearest_ns(slice.start));
    REQUIRE(event.time == nearest_ns(slice.end()));
    REQUIRE(begin->name == trace.names()[slice.name]);
    open[event.track] = nullptr;
    ++closed;
  }
  CHECK(closed == trace.slices().size());
}

TEST_CASE("each Perfetto flow has one beginning and a later end", "[report][trace][perfetto]") {
  const Trace trace = hop_b_trace();
  std::map<std::uint64_t, Event> begins;
  std::size_t ended = 0;
  for (const Event& event : in_order_of_time(read_perfetto(written(trace)).events)) {
    for (const std::uint64_t id : event.flows) REQUIRE(begins.emplace(id, event).second);
    for (const std::uint64_t id : event.ending_flows) {
      REQUIRE(begins.count(id) == 1);
      const TraceFlow& flow = trace.flows()[id - 1];
      CHECK(begins[id].arguments["number"] == std::to_string(trace.slices()[flow.from].number));
      CHECK(event.arguments.at("number") == std::to_string(trace.slices()[flow.to].number));
      ++ended;
    }
  }
  CHECK(begins.size() == trace.flows().size());
  CHECK(ended == trace.flows().size());
}

TEST_CASE("a counter without a unit is a counter in both formats", "[report][trace][perfetto]") {
  Trace trace;
  const CounterId counter = trace.add_counter(trace.add_process("GPU 0"), "requests", "");
  trace.add(TraceSample{SimTime(1'000'000), 3.0, counter});
  const PerfettoTrace read = read_perfetto(written(trace));
  REQUIRE(read.tracks.size() == 3);
  CHECK(read.tracks[2].is_counter);
  CHECK(read.tracks[2].unit.empty());
  std::ostringstream chrome;
  write_chrome_trace(trace, chrome);
  CHECK_THAT(chrome.str(), Catch::Contains(R"("ts":1.000000,"args":{"value":3})"));
}
