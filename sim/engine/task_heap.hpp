#pragma once

#include <utility>

#include "sim/engine/task_graph.hpp"

namespace helixsim {

/// Pairing heaps of tasks: adding a task takes constant time, removing the first one on average the
/// logarithm of the size.
///
/// A heap is known by its first task, kNoTask when empty, and linked through two arrays by task
/// that the caller lends: where they are used for other things too, as long as a task is in a heap
/// its places belong to the heap. `before(a, b)` says whether a leaves before b.
template <typename Before>
class TaskHeap {
 public:
  TaskHeap(TaskId* children, TaskId* siblings, Before before)
      : children_(children), siblings_(siblings), before_(before) {}

  /// Adds `task`, which is in no heap; gives the first task.
  TaskId push(TaskId first, TaskId task) const {
    children_[task] = kNoTask;
    return first == kNoTask ? task : merge(first, task);
  }

  /// Removes the first task; gives the next one.
  TaskId pop(TaskId first) const {
    TaskId pairs = kNoTask;  // last one first
    for (TaskId child = children_[first]; child != kNoTask;) {
      const TaskId other = siblings_[child];
      const TaskId rest = other == kNoTask ? kNoTask : siblings_[other];
      const TaskId pair = other == kNoTask ? child : merge(child, other);
      siblings_[pair] = pairs;
      pairs = pair;
      child = rest;
    }
    if (pairs == kNoTask) return kNoTask;
    TaskId merged = pairs;
    for (TaskId pair = siblings_[pairs]; pair != kNoTask;) {
      const TaskId rest = siblings_[pair];
      merged = merge(merged, pair);
      pair = rest;
    }
    return merged;
  }

 private:
  TaskId merge(TaskId a, TaskId b) const {
    if (before_(b, a)) std::swap(a, b);
    siblings_[b] = children_[a];
    children_[a] = b;
    return a;
  }

  TaskId* children_;
  TaskId* siblings_;
  Before before_;
};

}  // namespace helixsim
