#pragma once

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace helixsim {

/// Calls work(i) for every i in [0, count), on this thread and `threads` - 1 more, each with a
/// worker of its own from `make_worker`. Who gets which i is not determined: results belong into
/// places that i names. Ends early when `stop` is set or a worker throws; the first exception is
/// thrown again here.
template <typename MakeWorker>
void for_each_in_parallel(unsigned threads, std::size_t count, const std::atomic<bool>* stop,
                          MakeWorker make_worker) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto run = [&] {
    try {
      auto work = make_worker();
      const auto go_on = [&] {
        return !failed && (stop == nullptr || !stop->load(std::memory_order_relaxed));
      };
      for (std::size_t i = next++; i < count && go_on(); i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
      failed = true;
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned t = 1; t < threads; ++t) others.emplace_back(run);
    run();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace helixsim
