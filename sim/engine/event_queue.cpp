#include "sim/engine/event_queue.hpp"

namespace helixsim {

void EventQueue::clear() {
  near_.clear();
  while (full_words_ != 0) take_bucket();
  near_.clear();
  near_last_ = window_last_ = -1;
  waiting_ = 0;
  far_.clear();
  forget_far_times();
}

void EventQueue::forget_far_times() {
  far_first_ = SimTime(std::numeric_limits<std::int64_t>::max());
  far_last_ = SimTime();
  far_sum_ = 0;
}

/// Cuts the time from the earliest event on. The window reaches to twice the mean, so that a few
/// late events do not make buckets long; half of the events or more are due in it.
void EventQueue::begin_window() {
  const std::int64_t first = far_first_.picoseconds();
  const std::int64_t last = far_last_.picoseconds();
  if (far_.size() <= kFew) {
    near_last_ = window_last_ = last;
    for (const Node& event : far_) near_.push(event.time, event.id);
    waiting_ = 0;
    far_.clear();
    forget_far_times();
    return;
  }
  // Only the speed depends on this, should the sum have overflown.
  const std::uint64_t mean = far_sum_ / far_.size() - after_window(first);
  const std::uint64_t reach = std::min(2 * mean + 1, static_cast<std::uint64_t>(last - first));
  shift_ = std::max(0, static_cast<int>(std::bit_width(reach)) - kBucketBits);
  window_first_ = first;
  near_last_ = first - 1;
  window_last_ = last_of(kBuckets - 1);
  forget_far_times();
  std::size_t later = 0;
  for (const Node& event : far_) {
    if (event.time.picoseconds() <= window_last_) {
      put_in_bucket(event.time, event.id);
    } else {
      count_far(event.time);
      far_[later].time = event.time;
      far_[later++].id = event.id;
    }
  }
  far_.resize(later);
}

}  // namespace helixsim
