#include "sim/engine/task_heap.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <vector>

#include "tests/support/random.hpp"

using namespace helixsim;

TEST_CASE("tasks leave a heap in order, whatever order they came in", "[engine][task_heap]") {
  std::vector<TaskId> children(8);
  std::vector<TaskId> siblings(8);
  const TaskHeap heap(children.data(), siblings.data(), std::less<TaskId>());
  std::vector<TaskId> tasks{0, 1, 2, 3, 4, 5};
  do {
    TaskId first = kNoTask;
    for (const TaskId task : tasks) first = heap.push(first, task);
    std::vector<TaskId> left;
    for (; first != kNoTask; first = heap.pop(first)) left.push_back(first);
    CHECK(left == std::vector<TaskId>{0, 1, 2, 3, 4, 5});
  } while (std::next_permutation(tasks.begin(), tasks.end()));
}

TEST_CASE("two heaps in the same arrays are apart, as tasks come and go", "[engine][task_heap]") {
  const auto seed = GENERATE(range(0U, 20U));
  CAPTURE(seed);
  Random random(seed);
  constexpr int kTasks = 200;
  std::vector<TaskId> children(kTasks);
  std::vector<TaskId> siblings(kTasks);
  const TaskHeap heap(children.data(), siblings.data(), std::greater<TaskId>());
  TaskId first[2] = {kNoTask, kNoTask};
  std::set<TaskId, std::greater<>> expected[2];
  for (int step = 0; step < 2000; ++step) {
    const int which = random.between(0, 1);
    const auto task = static_cast<TaskId>(random.between(0, kTasks - 1));
    if (random.coin() && !expected[0].contains(task) && !expected[1].contains(task)) {
      first[which] = heap.push(first[which], task);
      expected[which].insert(task);
    } else if (!expected[which].empty()) {
      first[which] = heap.pop(first[which]);
      expected[which].erase(expected[which].begin());
    }
    REQUIRE(first[which] == (expected[which].empty() ? kNoTask : *expected[which].begin()));
  }
}
