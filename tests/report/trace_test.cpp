#include "sim/report/trace/trace.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "tests/report/trace_case.hpp"

using namespace helixsim;

TEST_CASE("a name is kept once", "[report][trace]") {
  NameTable names;
  const NameId attention = names.intern("attention");
  CHECK(names.intern("ffn") != attention);
  CHECK(names.intern("attention") == attention);
  CHECK(names.intern("") == kNoName);
  CHECK(names[attention] == "attention");
  CHECK(names.size() == 3);
}

TEST_CASE("a copied trace has names of its own", "[report][trace]") {
  Trace copy;
  {
    Trace trace = tiny_trace();
    copy = trace;
    trace.intern("only in the first");
  }
  const std::size_t before = copy.names().size();
  CHECK(copy.names()[copy.intern("attention")] == "attention");
  copy.intern("only in the copy");
  CHECK(copy.names().size() == before + 1);
}

TEST_CASE("a trace takes only what can be drawn", "[report][trace]") {
  Trace trace;
  const ProcessId gpu = trace.add_process("GPU 0");
  const TrackId track = trace.add_track(gpu, "compute");
  const CounterId counter = trace.add_counter(gpu, "memory", "B");
  const NameId name = trace.intern("op");
  const SliceId first = trace.add({.duration = SimTime(10), .track = track, .name = name});
  const SliceId touching =
      trace.add({.start = SimTime(10), .duration = SimTime(5), .track = track, .name = name});
  const SliceId early =
      trace.add({.start = SimTime(9), .duration = SimTime(5), .track = track, .name = name});

  CHECK_THROWS_AS(trace.add_track(gpu + 1, "x"), std::logic_error);
  CHECK_THROWS_AS(trace.add_counter(gpu + 1, "x", ""), std::logic_error);
  CHECK_THROWS_AS(trace.add({.track = track + 1, .name = name}), std::logic_error);
  CHECK_THROWS_AS(trace.add({.track = track, .name = name + 2}), std::logic_error);
  CHECK_THROWS_AS(trace.add({.start = SimTime(-1), .track = track}), std::logic_error);
  CHECK_THROWS_AS(trace.add({.duration = SimTime(-1), .track = track}), std::logic_error);
  CHECK_THROWS_AS(trace.add(TraceSample{SimTime(), 1.0, counter + 1}), std::logic_error);
  CHECK_THROWS_AS(trace.add(TraceSample{SimTime(-1), 1.0, counter}), std::logic_error);
  CHECK_THROWS_AS(trace.add(TraceSample{SimTime(), std::numeric_limits<double>::infinity(), 0}),
                  std::logic_error);
  CHECK_NOTHROW(trace.add(TraceFlow{first, touching}));
  CHECK_THROWS_AS(trace.add(TraceFlow{first, early}), std::logic_error);
  CHECK_THROWS_AS(trace.add(TraceFlow{first, early + 1}), std::logic_error);
}

TEST_CASE("slices come track by track and in order of time", "[report][trace]") {
  Random random(GENERATE(range(0u, 20u)));
  Trace shuffled = random_trace(random);
  const Trace trace = shuffled;
  std::vector<SliceId> ids = slices_in_order(trace);
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const TraceSlice& before = trace.slices()[ids[i - 1]];
    const TraceSlice& after = trace.slices()[ids[i]];
    REQUIRE((before.track < after.track ||
             (before.track == after.track && before.end() <= after.start)));
  }
  std::sort(ids.begin(), ids.end());
  for (SliceId id = 0; id < ids.size(); ++id) REQUIRE(ids[id] == id);
  CHECK(ids.size() == trace.slices().size());
}

TEST_CASE("slices of one track may touch but not overlap", "[report][trace]") {
  Trace trace;
  const ProcessId gpu = trace.add_process("GPU 0");
  const TrackId tracks[] = {trace.add_track(gpu, "compute"), trace.add_track(gpu, "communication")};
  const auto add = [&](TrackId track, std::int64_t start, std::int64_t duration) {
    return trace.add({.start = SimTime(start), .duration = SimTime(duration), .track = track});
  };
  const SliceId late = add(tracks[0], 10, 5);
  const SliceId early = add(tracks[0], 0, 10);
  const SliceId instant = add(tracks[0], 10, 0);
  const SliceId other = add(tracks[1], 3, 10);
  CHECK(slices_in_order(trace) == std::vector{early, instant, late, other});
  add(tracks[0], 14, 1);
  CHECK_THROWS_WITH(slices_in_order(trace), Catch::Contains("overlap"));
}
