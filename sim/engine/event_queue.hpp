#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

/// Pending completions, earliest first and equal times by task id.
///
/// An implicit 4-ary heap. Time and id share one 128-bit key, so that order is a single comparison
/// and does not depend on the order of insertion. Memory is kept by clear().
class EventQueue {
 public:
  void clear() { keys_.clear(); }
  bool empty() const { return keys_.empty(); }

  /// Time must not be negative.
  void push(SimTime time, TaskId task);

  /// Time of the first event; the queue must not be empty.
  SimTime next_time() const {
    return SimTime(static_cast<std::int64_t>(static_cast<std::uint64_t>(keys_.front() >> 64)));
  }

  /// Removes the first event; the queue must not be empty.
  TaskId pop();

 private:
  __extension__ typedef unsigned __int128 Key;  // time in the upper 64 bits, task id below
  static constexpr std::size_t kArity = 4;

  /// Moves the hole at the root down to where `key` belongs.
  void sink_from_root(Key key);

  std::vector<Key> keys_;
};

inline void EventQueue::push(SimTime time, TaskId task) {
  const Key key = (static_cast<Key>(time.picoseconds()) << 64) | task;
  std::size_t hole = keys_.size();
  keys_.push_back(key);
  while (hole > 0) {
    const std::size_t parent = (hole - 1) / kArity;
    if (keys_[parent] < key) {
      break;
    }
    keys_[hole] = keys_[parent];
    hole = parent;
  }
  keys_[hole] = key;
}

inline TaskId EventQueue::pop() {
  const auto task = static_cast<TaskId>(keys_.front());
  const Key last = keys_.back();
  keys_.pop_back();
  if (!keys_.empty()) {
    sink_from_root(last);
  }
  return task;
}

inline void EventQueue::sink_from_root(Key key) {
  const std::size_t size = keys_.size();
  std::size_t hole = 0;
  while (true) {
    const std::size_t first = hole * kArity + 1;
    if (first >= size) {
      break;
    }
    std::size_t smallest = first;
    for (std::size_t child = first + 1; child < std::min(first + kArity, size); ++child) {
      smallest = keys_[child] < keys_[smallest] ? child : smallest;
    }
    if (key < keys_[smallest]) {
      break;
    }
    keys_[hole] = keys_[smallest];
    hole = smallest;
  }
  keys_[hole] = key;
}

}  // namespace helixsim
