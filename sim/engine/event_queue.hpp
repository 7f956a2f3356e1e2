#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "sim/engine/event_heap.hpp"
#include "sim/engine/time.hpp"

namespace helixsim {

/// Pending events, earliest first and equal times by id.
///
/// A window of time is cut into a thousand buckets, so that most hold one event or none and taking
/// the next event means finding the next bucket that is not empty. What is due within the bucket
/// that was taken last is kept in order in a heap. What is due after the window waits unsorted
/// until the window is done; the next one is then cut to fit the events that are there. Few events
/// stay in the heap alone, and so do many that share one bucket. The order is that of the heap's
/// keys, (time, id): it depends neither on the order of insertion nor on how time was cut. Memory
/// is kept by clear().
class EventQueue {
 public:
  void clear();
  bool empty() const { return near_.empty() && waiting_ == 0; }

  /// Time must not be negative.
  void push(SimTime time, std::uint32_t id) {
    if (time.picoseconds() <= near_last_) {
      near_.push(time, id);
      return;
    }
    ++waiting_;
    if (time.picoseconds() <= window_last_) {
      put_in_bucket(time, id);
    } else {
      put_far(time, id);
    }
  }

  /// Time of the first event; the queue must not be empty.
  SimTime next_time() {
    if (near_.empty()) take_bucket();
    return near_.next_time();
  }

  /// Id of the first event; the queue must not be empty.
  std::uint32_t top() {
    if (near_.empty()) take_bucket();
    return near_.top();
  }

  /// Removes the first event and gives its id; the queue must not be empty.
  std::uint32_t pop() {
    if (near_.empty()) take_bucket();
    return near_.pop();
  }

 private:
  static constexpr std::uint32_t kNone = 0xffffffffU;

  /// An event, and in a bucket the next node of its list. Its members are written one by one: a
  /// copy in wider pieces would wait for them to leave the store buffer.
  struct Node {
    SimTime time;
    std::uint32_t id = 0;
    std::uint32_t next = kNone;
  };
  static constexpr std::size_t kFew = 8;
  static constexpr int kBucketBits = 10;
  static constexpr std::size_t kBuckets = std::size_t{1} << kBucketBits;
  static constexpr std::size_t kWords = kBuckets / 64;

  std::size_t bucket_of(SimTime time) const {
    return static_cast<std::size_t>(time.picoseconds() - window_first_) >> shift_;
  }

  void put_in_bucket(SimTime time, std::uint32_t id) {
    const std::size_t bucket = bucket_of(time);
    std::uint32_t node = free_;
    if (node == kNone) [[unlikely]] {
      node = static_cast<std::uint32_t>(nodes_.size());
      nodes_.emplace_back();
    } else {
      free_ = nodes_[node].next;
    }
    const std::uint64_t bit = std::uint64_t{1} << (bucket % 64);
    nodes_[node].time = time;
    nodes_[node].id = id;
    nodes_[node].next = heads_[bucket];
    heads_[bucket] = node;
    full_[bucket / 64] |= bit;
    full_words_ |= std::uint64_t{1} << (bucket / 64);
  }

  void put_far(SimTime time, std::uint32_t id) {
    Node& event = far_.emplace_back();
    event.time = time;
    event.id = id;
    count_far(time);
  }

  /// Picoseconds from window_last_, which may be -1, to `time`: unsigned, as they may be 2^63.
  std::uint64_t after_window(std::int64_t time) const {
    return static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(window_last_);
  }

  void count_far(SimTime time) {
    far_first_ = std::min(far_first_, time);
    far_last_ = std::max(far_last_, time);
    far_sum_ += after_window(time.picoseconds());
  }

  /// Moves the events of the next bucket to the heap.
  void take_bucket() {
    if (full_words_ == 0) {
      begin_window();
      if (full_words_ == 0) return;
    }
    const auto word = static_cast<std::size_t>(std::countr_zero(full_words_));
    const auto bucket = 64 * word + static_cast<std::size_t>(std::countr_zero(full_[word]));
    full_[word] &= full_[word] - 1;
    if (full_[word] == 0) full_words_ &= full_words_ - 1;
    near_last_ = last_of(bucket);
    std::uint32_t node = heads_[bucket];
    heads_[bucket] = kNone;
    while (node != kNone) {
      near_.push(nodes_[node].time, nodes_[node].id);
      --waiting_;
      const std::uint32_t next = nodes_[node].next;
      nodes_[node].next = free_;
      free_ = node;
      node = next;
    }
  }

  std::int64_t last_of(std::size_t bucket) const {
    const std::uint64_t last =
        static_cast<std::uint64_t>(window_first_) + ((std::uint64_t{bucket} + 1) << shift_) - 1;
    return static_cast<std::int64_t>(
        std::min(last, static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())));
  }

  void begin_window();
  void forget_far_times();

  EventHeap near_;  // due until near_last_
  std::int64_t near_last_ = -1;
  std::int64_t window_last_ = -1;  // in buckets: due after near_last_ and until here
  std::int64_t window_first_ = 0;
  int shift_ = 0;                             // 2^shift_ picoseconds a bucket
  std::size_t waiting_ = 0;                   // events in buckets and in far_
  std::uint64_t full_words_ = 0;              // of full_, those that are not 0
  std::array<std::uint64_t, kWords> full_{};  // a bit a bucket: not empty
  std::array<std::uint32_t, kBuckets> heads_ = empty_heads();
  std::vector<Node> nodes_;
  std::uint32_t free_ = kNone;
  std::vector<Node> far_;                                        // due after window_last_
  SimTime far_first_{std::numeric_limits<std::int64_t>::max()};  // of far_
  SimTime far_last_;
  std::uint64_t far_sum_ = 0;  // of their times after window_last_, modulo 2^64

  static constexpr std::array<std::uint32_t, kBuckets> empty_heads() {
    std::array<std::uint32_t, kBuckets> heads{};
    heads.fill(kNone);
    return heads;
  }
};

}  // namespace helixsim
