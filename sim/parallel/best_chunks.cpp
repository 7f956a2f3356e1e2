#include "sim/parallel/best_chunks.hpp"

#include <algorithm>

#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {
namespace {

/// Attention and exchange of a chunk of some size.
struct ChunkTimes {
  SimTime attention;
  SimTime exchange;
};

class ChunkSearch {
 public:
  ChunkSearch(const Operation& attention, const Operation& exchange, int requests,
              const Hardware& hardware)
      : attention_(attention), exchange_(exchange), requests_(requests), hardware_(hardware) {}

  int run() {
    const SimTime no_bytes = times_of(0).exchange;
    best_time_ = pipeline({}, times_of(requests_), 1);
    // Counts with the same smallest chunk share its times, and there are few such groups.
    for (int first = 2; first <= requests_;) {
      if (least_from(first) + no_bytes > best_time_) break;
      const int small_size = requests_ / first;
      const int last = requests_ / small_size;
      consider(first, last, times_of(small_size), times_of(small_size + 1));
      first = last + 1;
    }
    return best_;
  }

 private:
  [[nodiscard]] ChunkTimes times_of(int size) const {
    const double share = static_cast<double>(size) / requests_;
    return {operation_time(hardware_.duration(part_of(attention_.work, share))),
            operation_time(hardware_.cost(part_of(exchange_.collective, share)).occupancy)};
  }

  /// A lower bound of the attention of all chunks, for this many chunks or more. Each chunk is
  /// rounded by half a picosecond at most; twice that is allowed for.
  [[nodiscard]] SimTime least_from(int chunks) const {
    const SimTime exact = operation_time(hardware_.least_when_cut(attention_.work, chunks));
    return exact - SimTime(requests_ + exact.picoseconds() / 1'000'000'000'000);
  }

  [[nodiscard]] SimTime pipeline(const ChunkTimes& large, const ChunkTimes& small,
                                 int chunks) const {
    const int large_count = requests_ % chunks;
    return pipeline_time({PieceRun{large_count, large.attention, large.exchange},
                          PieceRun{chunks - large_count, small.attention, small.exchange}});
  }

  /// Counts from first to last, whose smallest chunks are equal. All attention and the last
  /// exchange are a lower bound that is linear in the count, so its ends bound the whole range.
  void consider(int first, int last, const ChunkTimes& small, const ChunkTimes& large) {
    const auto attention_sum = [&](int chunks) {
      const int large_count = requests_ % chunks;
      return large.attention * large_count + small.attention * (chunks - large_count);
    };
    const SimTime bound = std::min(attention_sum(first), attention_sum(last)) + small.exchange;
    if (bound > best_time_) return;
    const auto time_of = [&](int chunks) { return pipeline(large, small, chunks); };
    // While there are larger chunks, the pipeline is a maximum of linear functions of the count,
    // hence convex: the first count behind which it does not fall is the smallest of the shortest.
    const bool last_is_even = requests_ % last == 0;
    int low = first;
    int high = last_is_even ? last - 1 : last;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (time_of(middle + 1) < time_of(middle)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    if (low <= high) take_if_shorter(low, time_of(low));
    if (last_is_even) take_if_shorter(last, time_of(last));
  }

  void take_if_shorter(int chunks, SimTime time) {
    if (!(time < best_time_)) return;
    best_time_ = time;
    best_ = chunks;
  }

  const Operation& attention_;
  const Operation& exchange_;
  int requests_;
  const Hardware& hardware_;
  int best_ = 1;
  SimTime best_time_;
};

}  // namespace

int best_chunks(std::span<const Operation> attention_block, int requests,
                const Hardware& hardware) {
  const auto exchange = std::find_if(attention_block.begin(), attention_block.end(),
                                     [](const Operation& op) { return op.cut_by_hop_b; });
  if (exchange == attention_block.end() || exchange == attention_block.begin() || requests < 2)
    return 1;
  return ChunkSearch(*(exchange - 1), *exchange, requests, hardware).run();
}

}  // namespace helixsim
