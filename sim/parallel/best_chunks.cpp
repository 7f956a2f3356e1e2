#include "sim/parallel/best_chunks.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>

#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/operation_time.hpp"

namespace helixsim {
namespace {

/// Attention and exchange of a chunk of some size.
struct ChunkTimes {
  SimTime attention;
  SimTime exchange;
};

/// What HOP-B cuts in a block; null where there is nothing to choose.
struct CutOperations {
  const Operation* attention = nullptr;
  const Operation* exchange = nullptr;
};

CutOperations cut_operations(std::span<const Operation> attention_block, int requests) {
  const auto exchange = std::find_if(attention_block.begin(), attention_block.end(),
                                     [](const Operation& op) { return op.cut_by_hop_b; });
  if (exchange == attention_block.end() || exchange == attention_block.begin() || requests < 2)
    return {};
  return {.attention = &*(exchange - 1), .exchange = &*exchange};
}

class ChunkSearch {
 public:
  ChunkSearch(const CutOperations& cut, const GroupPorts& ports, int requests,
              const Hardware& hardware)
      : attention_(cut.attention->work),
        exchange_(cut.exchange->collective),
        ports_(ports),
        requests_(requests),
        hardware_(hardware) {}

  /// Sizes of chunks that were timed.
  [[nodiscard]] int timed() const { return timed_; }

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
  [[nodiscard]] ChunkTimes times_of(int size) {
    ++timed_;
    const double share = static_cast<double>(size) / requests_;
    return {operation_time(hardware_.duration(part_of(attention_, share))),
            operation_time(hardware_.cost(part_of(exchange_, share), ports_).occupancy)};
  }

  /// A lower bound of the attention of all chunks, for this many chunks or more. Each chunk is
  /// rounded by half a picosecond at most; twice that is allowed for.
  [[nodiscard]] SimTime least_from(int chunks) const {
    const SimTime exact = operation_time(hardware_.least_when_cut(attention_, chunks));
    return exact - SimTime(requests_ + exact.picoseconds() / 1'000'000'000'000);
  }

  [[nodiscard]] SimTime pipeline(const ChunkTimes& large, const ChunkTimes& small,
                                 int chunks) const {
    const int large_count = requests_ % chunks;
    return pipeline_time({PieceRun{large_count, large.attention, large.exchange, 0.0},
                          PieceRun{chunks - large_count, small.attention, small.exchange, 0.0}});
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

  const KernelWork& attention_;
  const CollectiveRequest& exchange_;
  const GroupPorts& ports_;
  int requests_;
  const Hardware& hardware_;
  int timed_ = 0;
  int best_ = 1;
  SimTime best_time_;
};

}  // namespace

int best_chunks(std::span<const Operation> attention_block, int requests,
                const Hardware& hardware) {
  const CutOperations cut = cut_operations(attention_block, requests);
  if (cut.exchange == nullptr) return 1;
  return ChunkSearch(cut, hardware.ports(cut.exchange->collective), requests, hardware).run();
}

int ChunkChoices::best(std::span<const Operation> attention_block, int requests,
                       const Hardware& hardware) {
  constexpr std::size_t kMostKept = std::size_t{1} << 15;
  constexpr int kWorthKeeping = 6;  // sizes timed: less costs no more than remembering it
  const CutOperations cut = cut_operations(attention_block, requests);
  if (cut.exchange == nullptr) return 1;
  Asked asked{.attention = cut.attention->work,
              .exchange = cut.exchange->collective,
              .ports = hardware.ports(cut.exchange->collective),
              .requests = requests};
  asked.exchange.stride = CollectiveRequest().stride;  // the ports say what these decide
  asked.exchange.ranks = CollectiveRequest().ranks;
  if (const auto known = chosen_.find(asked); known != chosen_.end()) return known->second;
  ChunkSearch search(cut, asked.ports, requests, hardware);
  const int chunks = search.run();
  if (search.timed() < kWorthKeeping) return chunks;
  if (chosen_.size() >= kMostKept) chosen_.clear();
  chosen_.emplace(asked, chunks);
  return chunks;
}

std::size_t ChunkChoices::Hash::operator()(const Asked& asked) const {
  std::uint64_t hash = 0;
  for (const double number :
       {asked.attention.kv_bytes.value(), asked.attention.flops.value(),
        asked.exchange.port_bytes.value(), static_cast<double>(asked.requests)}) {
    hash = (std::rotl(hash, 31) ^ std::bit_cast<std::uint64_t>(number)) * 0x9e3779b97f4a7c15ULL;
  }
  return hash >> 32;  // the upper bits: see Remembered
}

}  // namespace helixsim
