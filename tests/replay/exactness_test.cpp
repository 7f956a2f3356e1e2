#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "sim/config/config_error.hpp"
#include "sim/replay/replay.hpp"

using namespace helixsim;

namespace {

ReplayCase::Task delay(double latency, std::vector<std::uint32_t> after = {}) {
  return {.id = 0,
          .work = 0,
          .latency = latency,
          .fifo = {},
          .links = {},
          .cap = {},
          .after = std::move(after)};
}

ReplayCase::Task on_fifo(double work, std::uint32_t fifo, std::vector<std::uint32_t> after = {}) {
  return {.id = 0,
          .work = work,
          .latency = 0,
          .fifo = fifo,
          .links = {},
          .cap = {},
          .after = std::move(after)};
}

ReplayCase::Task flow(double work, std::vector<std::uint32_t> links,
                      std::optional<double> cap = std::nullopt) {
  return {.id = 0,
          .work = work,
          .latency = 0,
          .fifo = {},
          .links = std::move(links),
          .cap = cap,
          .after = {}};
}

ReplayCase numbered(ReplayCase of) {
  for (std::size_t i = 0; i < of.tasks.size(); ++i) of.tasks[i].id = static_cast<std::int64_t>(i);
  return of;
}

/// Two tasks on one fifo, ready after `parts` and after `whole`: does the one with the lower id,
/// which waits for the parts, go first? `beside` are delays of their own.
bool lower_id_goes_first(const std::vector<double>& parts, double whole,
                         const std::vector<double>& beside = {}) {
  ReplayCase of{.name = "tie", .resources = {{.name = "gpu"}}, .tasks = {}};
  of.tasks = {on_fifo(1, 0), on_fifo(1, 0), delay(whole)};
  for (const double part : parts) {
    const auto last = static_cast<std::uint32_t>(of.tasks.size() - 1);
    of.tasks.push_back(delay(part, last == 2 ? std::vector<std::uint32_t>() : std::vector{last}));
  }
  of.tasks[0].after = {static_cast<std::uint32_t>(of.tasks.size() - 1)};
  of.tasks[1].after = {2};
  for (const double span : beside) of.tasks.push_back(delay(span));
  const ReplayResult result = Replay().run(numbered(of));
  return result.start[0] < result.start[1];
}

/// A chain of `count` equal tasks, its last dependency first when reversed; gives the makespan.
double chain_makespan(std::uint32_t count, double latency, bool reversed) {
  ReplayCase of{.name = "chain", .resources = {}, .tasks = {}};
  for (std::uint32_t i = 0; i < count; ++i) {
    std::vector<std::uint32_t> after;
    if (!reversed && i > 0) after = {i - 1};
    if (reversed && i + 1 < count) after = {i + 1};
    of.tasks.push_back(delay(latency, after));
  }
  return Replay().run(numbered(of)).makespan;
}

}  // namespace

TEST_CASE("equal sums of decimals are ties, decided by id", "[replay][exactness]") {
  CHECK(lower_id_goes_first({0.1, 0.2}, 0.3));  // not so in doubles: 0.1 + 0.2 > 0.3
  CHECK(lower_id_goes_first({0.1, 0.7}, 0.8));
  CHECK(lower_id_goes_first({1.0 / 3, 1.0 / 3, 1.0 / 3}, 1.0));
  CHECK(lower_id_goes_first(std::vector<double>(7, 1.0 / 7), 1.0));
  CHECK(lower_id_goes_first(std::vector<double>(10, 0.1), 1.0));
  CHECK(lower_id_goes_first(std::vector<double>(1000, 0.001), 1.0));
}

TEST_CASE("a short span beside them leaves sums of decimals ties", "[replay][exactness]") {
  for (int i = 1; i <= 200; ++i) {
    CAPTURE(i);
    CHECK(lower_id_goes_first({i / 10.0, 2 * i / 10.0}, 3 * i / 10.0, {1e-6}));
    CHECK(lower_id_goes_first({i / 7.0, 2 * i / 7.0}, 3 * i / 7.0, {1e-6}));
  }
}

TEST_CASE("times that differ are no ties, however little", "[replay][exactness]") {
  CHECK(lower_id_goes_first({0.1, 0.2}, 0.30000001));
  CHECK_FALSE(lower_id_goes_first({0.1, 0.2}, 0.29999999));
  CHECK_FALSE(lower_id_goes_first({1.0, 1e-9}, 1.0));
}

TEST_CASE("works over a capacity such as 17 are ties too: a fixed defect", "[replay][exactness]") {
  // Five works of 1 one after the other take as long as one of 5. Sevenths were whole ticks,
  // seventeenths were not, and their ties went by rounding.
  for (const double capacity : {7.0, 17.0, 19.0, 23.0, 1.9, 2.3}) {
    CAPTURE(capacity);
    ReplayCase of{.name = "tie",
                  .resources = {{.name = "gpu"},
                                {.name = "ones", .capacity = capacity},
                                {.name = "five", .capacity = capacity}},
                  .tasks = {}};
    of.tasks = {on_fifo(1, 0, {7}), on_fifo(1, 0, {2}), on_fifo(5, 2)};
    for (int i = 0; i < 5; ++i) of.tasks.push_back(on_fifo(1, 1));
    const ReplayResult fives = Replay().run(numbered(of));
    CHECK(fives.start[0] < fives.start[1]);
    of.tasks[0].after = {2};
    of.tasks[1].after = {7};
    const ReplayResult ones = Replay().run(numbered(of));
    CHECK(ones.start[0] < ones.start[1]);
  }
}

TEST_CASE("a chain of a million tasks is exact, forwards and backwards", "[replay][exactness]") {
  for (const bool reversed : {false, true}) {
    CAPTURE(reversed);
    CHECK(chain_makespan(1'000'000, 0.5, reversed) == 500'000.0);
    // One third, a million times: rounding once a task must not add up beyond 1e-9.
    CHECK(std::abs(chain_makespan(1'000'000, 1.0 / 3, reversed) - 1e6 / 3) < 1e-9 * 1e6 / 3);
    CHECK(std::abs(chain_makespan(1'000'000, 0.0123457, reversed) - 12345.7) < 1e-9 * 12345.7);
  }
}

TEST_CASE("a chain of flows keeps its precision", "[replay][exactness]") {
  ReplayCase of{
      .name = "flows", .resources = {{.name = "l", .is_link = true, .capacity = 3}}, .tasks = {}};
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    of.tasks.push_back(flow(1.0, {0}));
    if (i > 0) of.tasks.back().after = {i - 1};
  }
  CHECK(std::abs(Replay().run(numbered(of)).makespan - 1e5 / 3) < 1e-9 * 1e5 / 3);
}

TEST_CASE("short spans beside long ones keep nine digits", "[replay][exactness]") {
  // 3 microseconds beside half an hour, both over a seventh.
  ReplayCase of{.name = "wide", .resources = {{.name = "g", .capacity = 7}}, .tasks = {}};
  of.tasks = {on_fifo(3e-6, 0), on_fifo(1800, 0), on_fifo(3e-6, 0)};
  const ReplayResult result = Replay().run(numbered(of));
  CHECK(std::abs(result.finish[0] - 3e-6 / 7) < 1e-9 * 3e-6 / 7);
  CHECK(std::abs(result.makespan - 1800.000006 / 7) < 1e-9 * 1800 / 7);
}

TEST_CASE("any magnitude runs as long as all times fit one clock", "[replay][exactness]") {
  for (const double unit : {1e-12, 1e-6, 1.0, 1e6, 1e8}) {
    CAPTURE(unit);
    ReplayCase of{.name = "unit",
                  .resources = {{.name = "l", .is_link = true, .capacity = 1 / unit}},
                  .tasks = {}};
    // Two flows share until the first has its 1; the second has 2 left of 3 then, alone.
    of.tasks = {flow(1, {0}), flow(3, {0})};
    const ReplayResult result = Replay().run(numbered(of));
    CHECK(result.finish[0] == Approx(2 * unit).epsilon(1e-9));
    CHECK(result.finish[1] == Approx(4 * unit).epsilon(1e-9));
  }
}

TEST_CASE("times that no clock holds are refused with their place", "[replay][exactness]") {
  ReplayCase of{.name = "huge", .resources = {{.name = "g", .capacity = 1e-300}}, .tasks = {}};
  of.tasks = {on_fifo(1e18, 0)};
  CHECK_THROWS_AS(Replay().run(numbered(of)), ConfigError);
}

TEST_CASE("ticks beyond doubles are refused too: a fixed defect", "[replay][exactness]") {
  ReplayCase of{
      .name = "tiny",
      .resources = {{.name = "g", .capacity = 1}, {.name = "l", .is_link = true, .capacity = 1e18}},
      .tasks = {}};
  of.tasks = {on_fifo(3e-294, 0), flow(1e-290, {1})};
  CHECK_THROWS_AS(Replay().run(numbered(of)), ConfigError);
}

TEST_CASE("a case says when a span is too short beside the others", "[replay][exactness]") {
  ReplayCase of{.name = "wide", .resources = {{.name = "g", .capacity = 1}}, .tasks = {}};
  of.tasks = {on_fifo(1e-5, 0), on_fifo(1e3, 0)};
  CHECK_FALSE(Replay().run(numbered(of)).loses_digits);
  of.tasks = {on_fifo(1e-12, 0), on_fifo(1e3, 0)};
  CHECK(Replay().run(numbered(of)).loses_digits);
}

TEST_CASE("a flow that is slow at first may be predicted to end beyond engine time: a fixed defect",
          "[replay][exactness]") {
  // 64 flows share one link at first and have short and long bodies; at its share of the first
  // instant the long one would take 64 times as long as all together do.
  ReplayCase of{
      .name = "crowd", .resources = {{.name = "l", .is_link = true, .capacity = 1}}, .tasks = {}};
  for (int i = 0; i < 63; ++i) of.tasks.push_back(flow(1e-7, {0}));
  of.tasks.push_back(flow(1e3, {0}));
  const ReplayResult result = Replay().run(numbered(of));
  CHECK(result.finish[0] == Approx(64e-7).epsilon(1e-9));
  CHECK(result.makespan == Approx(1e3 + 63e-7).epsilon(1e-9));
}

TEST_CASE("a case runs the same on a used engine as on a fresh one", "[replay][exactness]") {
  ReplayCase small{.name = "small", .resources = {{.name = "g", .capacity = 7}}, .tasks = {}};
  small.tasks = {on_fifo(1, 0), on_fifo(2, 0)};
  ReplayCase large{
      .name = "large", .resources = {{.name = "l", .is_link = true, .capacity = 3}}, .tasks = {}};
  for (int i = 1; i < 50; ++i) large.tasks.push_back(flow(i, {0}, 0.01 * i));
  Replay used;
  const ReplayResult first = used.run(numbered(large));
  CHECK(used.run(numbered(small)).finish == Replay().run(numbered(small)).finish);
  CHECK(used.run(numbered(large)).finish == first.finish);
}

TEST_CASE("a case without tasks takes no time", "[replay][exactness]") {
  const ReplayResult result = Replay().run({});
  CHECK(result.start.empty());
  CHECK(result.makespan == 0.0);
}
