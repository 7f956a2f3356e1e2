#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/engine/task_graph.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

/// Pending events, earliest first and equal times by id.
///
/// An implicit 4-ary heap. Time and id share one 128-bit key, so that order is a single comparison
/// and does not depend on the order of insertion. The place of a removed event is kept open for the
/// next push, which spares one of two walks through the heap in the common case that an event
/// causes the next one. Memory is kept by clear().
class EventHeap {
 public:
  void clear() {
    keys_.clear();
    open_root_ = false;
  }
  bool empty() const { return keys_.size() == (open_root_ ? 1U : 0U); }

  /// Time must not be negative.
  void push(SimTime time, std::uint32_t id) {
    const Key key = (static_cast<Key>(time.picoseconds()) << 64) | id;
    if (open_root_) {
      open_root_ = false;
      sink_from_root(key);
      return;
    }
    std::size_t hole = keys_.size();
    keys_.push_back(key);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / kArity;
      if (keys_[parent] < key) break;
      keys_[hole] = keys_[parent];
      hole = parent;
    }
    keys_[hole] = key;
  }

  /// Time of the first event; the queue must not be empty.
  SimTime next_time() {
    close_root();
    return SimTime(static_cast<std::int64_t>(static_cast<std::uint64_t>(keys_.front() >> 64)));
  }

  /// Id of the first event; the queue must not be empty.
  std::uint32_t top() {
    close_root();
    return static_cast<std::uint32_t>(keys_.front());
  }

  /// Removes the first event and gives its id; the queue must not be empty.
  std::uint32_t pop() {
    close_root();
    open_root_ = true;
    return static_cast<std::uint32_t>(keys_.front());
  }

 private:
  __extension__ typedef unsigned __int128 Key;  // time in the upper 64 bits, id below
  static constexpr std::size_t kArity = 4;

  void close_root() {
    if (!open_root_) return;
    open_root_ = false;
    const Key last = keys_.back();
    keys_.pop_back();
    if (!keys_.empty()) sink_from_root(last);
  }

  /// Moves the hole at the root down to where `key` belongs.
  void sink_from_root(Key key) {
    const std::size_t size = keys_.size();
    std::size_t hole = 0;
    while (true) {
      const std::size_t first = hole * kArity + 1;
      if (first >= size) break;
      std::size_t smallest = first;
      for (std::size_t child = first + 1; child < std::min(first + kArity, size); ++child) {
        smallest = keys_[child] < keys_[smallest] ? child : smallest;
      }
      if (key < keys_[smallest]) break;
      keys_[hole] = keys_[smallest];
      hole = smallest;
    }
    keys_[hole] = key;
  }

  std::vector<Key> keys_;
  bool open_root_ = false;  // the first key has been taken
};

}  // namespace helixsim
