#include "sim/engine/event_queue.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

TEST_CASE("events leave by time, equal times by id", "[engine][event_queue]") {
  EventQueue queue;
  queue.push(ps(7), 1);
  queue.push(ps(3), 9);
  queue.push(ps(3), 2);
  queue.push(ps(3), 5);
  CHECK(queue.next_time() == ps(3));
  CHECK(queue.pop() == 2);
  CHECK(queue.pop() == 5);
  CHECK(queue.pop() == 9);
  CHECK(queue.next_time() == ps(7));
  CHECK(queue.pop() == 1);
  CHECK(queue.empty());
}

TEST_CASE("the largest time and id survive the packing", "[engine][event_queue]") {
  EventQueue queue;
  const SimTime last(std::numeric_limits<std::int64_t>::max());
  queue.push(last, kNoTask - 1);
  queue.push(last, 0);
  CHECK(queue.next_time() == last);
  CHECK(queue.pop() == 0);
  CHECK(queue.next_time() == last);
  CHECK(queue.pop() == kNoTask - 1);
}

TEST_CASE("a cleared queue is empty", "[engine][event_queue]") {
  EventQueue queue;
  queue.push(ps(1), 1);
  queue.clear();
  CHECK(queue.empty());
}

TEST_CASE("any mix of pushes and pops leaves in sorted order", "[engine][event_queue][property]") {
  const auto seed = GENERATE(range(0U, 50U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  EventQueue queue;
  std::vector<std::pair<SimTime, TaskId>> expected;
  for (TaskId task = 0; task < 300; ++task) {
    const SimTime time(static_cast<std::int64_t>(random() % 40));
    queue.push(time, task);
    expected.emplace_back(time, task);
    if (random() % 3 == 0) {
      const auto first = std::min_element(expected.begin(), expected.end());
      REQUIRE(queue.next_time() == first->first);
      REQUIRE(queue.pop() == first->second);
      expected.erase(first);
    }
  }
  std::sort(expected.begin(), expected.end());
  for (const auto& [time, task] : expected) {
    REQUIRE(queue.next_time() == time);
    REQUIRE(queue.pop() == task);
  }
  CHECK(queue.empty());
}

TEST_CASE("order holds however far apart events are", "[engine][event_queue][property]") {
  const auto seed = GENERATE(range(0U, 50U));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  EventQueue queue;
  std::set<std::pair<std::int64_t, TaskId>> expected;
  const auto largest = static_cast<int>(random() % 63);
  TaskId next = 0;
  for (int i = 0; i < 3000; ++i) {
    // Some times are close to each other, some are far off, some come before those already taken.
    const auto bits = static_cast<int>(random() % static_cast<std::uint64_t>(largest + 1));
    const auto time = static_cast<std::int64_t>(random() & ((std::uint64_t{1} << bits) - 1)) +
                      (random() % 4 == 0 ? std::int64_t{1} << largest : 0);
    queue.push(SimTime(time), next);
    expected.emplace(time, next++);
    for (auto taken = random() % 100 < 48 ? 2 : 0; taken > 0 && !expected.empty(); --taken) {
      REQUIRE(queue.next_time() == SimTime(expected.begin()->first));
      REQUIRE(queue.pop() == expected.begin()->second);
      expected.erase(expected.begin());
    }
    REQUIRE(queue.empty() == expected.empty());
    if (random() % 1000 == 0) {
      queue.clear();
      expected.clear();
    }
  }
  for (const auto& [time, task] : expected) {
    REQUIRE(queue.next_time() == SimTime(time));
    REQUIRE(queue.top() == task);
    REQUIRE(queue.pop() == task);
  }
  CHECK(queue.empty());
}
