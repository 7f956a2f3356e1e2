#include "sim/report/trace/chrome_trace.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sim/report/trace/trace_ids.hpp"
#include "tests/report/trace_case.hpp"

using namespace helixsim;
using nlohmann::json;

namespace {

std::string written(const Trace& trace) {
  std::ostringstream out;
  write_chrome_trace(trace, out);
  return out.str();
}

std::vector<json> events(const Trace& trace, const std::string& phase) {
  const json all = json::parse(written(trace));
  std::vector<json> found;
  for (const json& event : all.at("traceEvents")) {
    if (event.at("ph") == phase) found.push_back(event);
  }
  return found;
}

/// Picoseconds of a number of microseconds, which the file holds to the picosecond.
std::int64_t picoseconds(const json& microseconds) {
  return std::llround(microseconds.get<double>() * 1e6);
}

/// What the format demands of an event beyond its phase: names and types of members.
struct Shape {
  std::map<std::string, json::value_t> required;
  std::set<std::string> optional;
};

using Type = json::value_t;

const std::map<std::string, Shape>& shapes() {
  static const std::map<std::string, Shape> kShapes = {
      {"M",
       {{{"name", Type::string}, {"pid", Type::number_unsigned}, {"args", Type::object}}, {"tid"}}},
      {"X",
       {{{"name", Type::string},
         {"cat", Type::string},
         {"pid", Type::number_unsigned},
         {"tid", Type::number_unsigned},
         {"ts", Type::number_float},
         {"dur", Type::number_float},
         {"args", Type::object}},
        {}}},
      {"s",
       {{{"name", Type::string},
         {"cat", Type::string},
         {"id", Type::number_unsigned},
         {"pid", Type::number_unsigned},
         {"tid", Type::number_unsigned},
         {"ts", Type::number_float}},
        {}}},
      {"f",
       {{{"name", Type::string},
         {"cat", Type::string},
         {"id", Type::number_unsigned},
         {"pid", Type::number_unsigned},
         {"tid", Type::number_unsigned},
         {"ts", Type::number_float},
         {"bp", Type::string}},
        {}}},
      {"C",
       {{{"name", Type::string},
         {"pid", Type::number_unsigned},
         {"ts", Type::number_float},
         {"args", Type::object}},
        {}}},
  };
  return kShapes;
}

void check_shape(const json& event) {
  CAPTURE(event.dump());
  const std::string phase = event.at("ph");
  REQUIRE(shapes().count(phase) == 1);
  const Shape& shape = shapes().at(phase);
  for (const auto& [name, type] : shape.required) {
    REQUIRE(event.contains(name));
    REQUIRE(event[name].type() == type);
  }
  for (const auto& [name, value] : event.items()) {
    REQUIRE((name == "ph" || shape.required.count(name) == 1 || shape.optional.count(name) == 1));
  }
}

}  // namespace

TEST_CASE("a tiny trace as Chrome JSON, byte for byte", "[report][trace][chrome]") {
  CHECK(written(tiny_trace()) == R"({"displayTimeUnit":"ns","traceEvents":[
{"ph":"M","name":"process_name","pid":1000,"args":{"name":"GPU 0"}},
{"ph":"M","name":"process_sort_index","pid":1000,"args":{"sort_index":0}},
{"ph":"M","name":"process_name","pid":1001,"args":{"name":"GPU 1"}},
{"ph":"M","name":"process_sort_index","pid":1001,"args":{"sort_index":1}},
{"ph":"M","name":"thread_name","pid":1000,"tid":1,"args":{"name":"compute"}},
{"ph":"M","name":"thread_sort_index","pid":1000,"tid":1,"args":{"sort_index":1}},
{"ph":"M","name":"thread_name","pid":1000,"tid":2,"args":{"name":"communication"}},
{"ph":"M","name":"thread_sort_index","pid":1000,"tid":2,"args":{"sort_index":2}},
{"ph":"M","name":"thread_name","pid":1001,"tid":1,"args":{"name":"compute"}},
{"ph":"M","name":"thread_sort_index","pid":1001,"tid":1,"args":{"sort_index":1}},
{"ph":"X","name":"attention","cat":"attention","pid":1000,"tid":1,"ts":0.000000,"dur":1.500001,"args":{"operation":"flash_decode","layer":0,"number":7}},
{"ph":"X","name":"a2a","cat":"communication","pid":1000,"tid":2,"ts":1.500001,"dur":12.000000,"args":{}},
{"ph":"X","name":"ffn","cat":"gemm","pid":1001,"tid":1,"ts":2.000400,"dur":0.999600,"args":{"layer":3}},
{"ph":"s","name":"dependency","cat":"flow","id":0,"pid":1000,"tid":1,"ts":1.498001},
{"ph":"f","name":"dependency","cat":"flow","id":0,"pid":1001,"tid":1,"ts":2.000400,"bp":"e"},
{"ph":"C","name":"memory","pid":1001,"ts":0.000250,"args":{"GB":1.5}}
]}
)");
}

TEST_CASE("a trace without anything is a valid Chrome JSON", "[report][trace][chrome]") {
  CHECK(json::parse(written(Trace())).at("traceEvents").empty());
}

TEST_CASE("every Chrome event has the members of its phase", "[report][trace][chrome]") {
  Random random(GENERATE(range(0u, 10u)));
  for (const Trace& trace : {hop_b_trace(), random_trace(random)}) {
    const json all = json::parse(written(trace));
    CHECK(all.at("displayTimeUnit") == "ns");
    for (const json& event : all.at("traceEvents")) check_shape(event);
    CHECK(events(trace, "X").size() == trace.slices().size());
    CHECK(events(trace, "s").size() == trace.flows().size());
    CHECK(events(trace, "f").size() == trace.flows().size());
    CHECK(events(trace, "C").size() == trace.samples().size());
    CHECK(events(trace, "M").size() == 2 * trace.processes().size() + 2 * trace.tracks().size());
  }
}

TEST_CASE("Chrome names survive quotes, alphabets and broken text", "[report][trace][chrome]") {
  Trace trace;
  const TrackId track = trace.add_track(trace.add_process("GPU \"0\"\\\n"), "\t<compute>");
  trace.add({.track = track, .name = trace.intern("∑ вектор 注意")});
  trace.add({.track = track, .name = trace.intern("cut \xe2\x88 short")});
  CHECK(events(trace, "M")[0]["args"]["name"] == "GPU \"0\"\\\n");
  CHECK(events(trace, "M")[2]["args"]["name"] == "\t<compute>");
  CHECK(events(trace, "X")[0]["name"] == "∑ вектор 注意");
  CHECK(events(trace, "X")[1]["name"] == "cut \uFFFD short");
}

TEST_CASE("Chrome times are exact, and no viewer's rounding makes slices overlap",
          "[report][trace][chrome]") {
  const auto seed = GENERATE(range(0u, 30u));
  CAPTURE(seed);
  Random random(seed);
  const Trace trace = random_trace(random);
  const std::vector<SliceId> order = slices_in_order(trace);
  const std::vector<json> slices = events(trace, "X");
  struct Row {
    double first;
    double end = 0.0;
    double end_from_first = 0.0;
    std::int64_t end_ns = 0;
  };
  std::map<TrackId, Row> rows;
  for (std::size_t i = 0; i < slices.size(); ++i) {
    const TraceSlice& slice = trace.slices()[order[i]];
    REQUIRE(picoseconds(slices[i]["ts"]) == slice.start.picoseconds());
    REQUIRE(picoseconds(slices[i]["dur"]) == slice.duration.picoseconds());
    const double start = slices[i]["ts"];
    const double duration = slices[i]["dur"];
    REQUIRE(duration >= 0.0);
    Row& row = rows.try_emplace(slice.track, Row{start}).first->second;
    REQUIRE(row.end <= start);
    row.end = start + duration;
    REQUIRE(row.end_from_first <= start - row.first);  // speedscope
    row.end_from_first = (start - row.first) + duration;
    const auto start_ns = static_cast<std::int64_t>(start * 1000.0);  // Perfetto
    REQUIRE(row.end_ns <= start_ns);
    row.end_ns = start_ns + static_cast<std::int64_t>(duration * 1000.0);
  }
}

TEST_CASE("only a duration that the next slice touches is a tenth of a picosecond short",
          "[report][trace][chrome]") {
  Trace trace;
  const ProcessId gpu = trace.add_process("GPU 0");
  const TrackId track = trace.add_track(gpu, "compute");
  const TrackId other = trace.add_track(gpu, "communication");
  const auto add = [&](TrackId where, std::int64_t start, std::int64_t duration) {
    trace.add({.start = SimTime(start), .duration = SimTime(duration), .track = where});
  };
  REQUIRE(0.1 + 0.2 > 0.3);
  add(track, 100'000, 200'000);
  add(track, 300'000, 0);
  add(track, 300'000, 1);
  add(track, 300'002, 5);
  add(other, 300'007, 1);  // another track's slice is no neighbour
  const std::string text = written(trace);
  for (const std::string pair :
       {R"("ts":0.100000,"dur":0.1999999,)", R"("ts":0.300000,"dur":0.000000,)",
        R"("ts":0.300000,"dur":0.000001,)", R"("ts":0.300002,"dur":0.000005,)",
        R"("ts":0.300007,"dur":0.000001,)"}) {
    CHECK_THAT(text, Catch::Contains(pair));
  }
}

TEST_CASE("both ends of a Chrome flow lie within their slices", "[report][trace][chrome]") {
  const Trace trace = hop_b_trace();
  const std::vector<json> begins = events(trace, "s");
  const std::vector<json> ends = events(trace, "f");
  const auto lies_within = [&](const json& end, SliceId id) {
    const TraceSlice& slice = trace.slices()[id];
    CHECK(end["pid"] == process_number(trace.tracks()[slice.track].process));
    CHECK(picoseconds(end["ts"]) >= slice.start.picoseconds());
    CHECK(picoseconds(end["ts"]) < slice.end().picoseconds());
  };
  REQUIRE(trace.flows().size() > 10);
  for (std::size_t i = 0; i < begins.size(); ++i) {
    CHECK(begins[i]["id"] == i);
    CHECK(ends[i]["id"] == i);
    CHECK(begins[i]["name"] == ends[i]["name"]);
    CHECK(begins[i]["cat"] == ends[i]["cat"]);
    CHECK(ends[i]["bp"] == "e");
    CHECK(begins[i]["ts"] < ends[i]["ts"]);
    lies_within(begins[i], trace.flows()[i].from);
    lies_within(ends[i], trace.flows()[i].to);
  }
}

TEST_CASE("a long trace goes out in blocks and comes out whole", "[report][trace][chrome]") {
  Trace trace;
  const TrackId track = trace.add_track(trace.add_process("GPU 0"), "compute");
  for (int i = 0; i < 20'000; ++i) {
    trace.add({.start = SimTime(i * 1000), .duration = SimTime(999), .track = track});
  }
  CHECK(events(trace, "X").size() == 20'000);
}
