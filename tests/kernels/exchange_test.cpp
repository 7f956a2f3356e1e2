#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/helix_all_to_all.hpp"
#include "tools/calibrate/kernels/one_shot_all_reduce.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

/// With `orders` of magnitude between them, so that sums tell in which order they were made.
std::vector<Bf16> normal_numbers(std::size_t count, Random& random, int orders = 0) {
  std::vector<Bf16> numbers(count);
  for (Bf16& number : numbers) {
    const int exponent = orders > 0 ? random.between(-orders, orders) : 0;
    number = to_bf16(std::ldexp(static_cast<float>(normal(random)), exponent));
  }
  return numbers;
}

/// Inboxes of ranks that share this process.
struct SharedInboxes {
  std::vector<std::vector<Words4>> memory;
  Inboxes pointers;

  SharedInboxes(unsigned ranks, std::size_t packets) : memory(ranks, std::vector<Words4>(packets)) {
    for (unsigned rank = 0; rank < ranks; ++rank) pointers.of_rank[rank] = memory[rank].data();
  }
};

/// One kernel a rank, all at once: the ranks are the rows of the grid.
template <class Call, class Kernel>
void run_ranks(const std::vector<Call>& calls, unsigned blocks, unsigned threads,
               const emulator::Schedule& schedule, Kernel&& kernel) {
  const auto ranks = static_cast<unsigned>(calls.size());
  emulator::launch({.grid = {blocks, ranks, 1}, .threads = threads, .resident = blocks * ranks},
                   schedule, [&] { kernel(calls[block_y()]); });
}

}  // namespace

TEST_CASE("a one-shot all-reduce gives every rank the same sum, epoch after epoch",
          "[kernels][exchange]") {
  const unsigned ranks = GENERATE(1u, 2u, 5u);
  const unsigned numbers = 2060;
  Random random(ranks);
  SharedInboxes inboxes(ranks, std::size_t{2} * ranks * numbers / 4);
  unsigned epoch = 0;
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(ranks, to_text(schedule));
    ++epoch;
    std::vector<std::vector<Bf16>> in;
    std::vector<std::vector<Bf16>> out(ranks, std::vector<Bf16>(numbers, to_bf16(NAN)));
    std::vector<OneShotAllReduce> calls;
    for (unsigned rank = 0; rank < ranks; ++rank) {
      in.push_back(normal_numbers(numbers, random, 12));
      calls.push_back({.in = nullptr,
                       .out = out[rank].data(),
                       .inboxes = inboxes.pointers,
                       .ranks = ranks,
                       .rank = rank,
                       .numbers = numbers,
                       .epoch = epoch,
                       .epochs = {}});
    }
    for (unsigned rank = 0; rank < ranks; ++rank) calls[rank].in = in[rank].data();
    run_ranks(calls, 2, kAllReduceThreads, schedule,
              [](const OneShotAllReduce& call) { one_shot_all_reduce(call); });
    for (unsigned i = 0; i < numbers; ++i) {
      float sum = 0.0f;
      for (unsigned rank = 0; rank < ranks; ++rank) sum += to_float(in[rank][i]);
      for (unsigned rank = 0; rank < ranks; ++rank) REQUIRE(out[rank][i].bits == to_bf16(sum).bits);
    }
  }
}

TEST_CASE("a rank that is an epoch ahead does not write over what others still read",
          "[kernels][exchange]") {
  constexpr unsigned kRanks = 3;
  constexpr unsigned kNumbers = 64;
  constexpr unsigned kEpochs = 4;
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(to_text(schedule));
    SharedInboxes inboxes(kRanks, std::size_t{2} * kRanks * kNumbers / 4);
    std::vector<Bf16> in(kNumbers);
    std::vector<std::vector<Bf16>> out(kRanks * kEpochs, std::vector<Bf16>(kNumbers, to_bf16(NAN)));
    for (unsigned i = 0; i < kNumbers; ++i) in[i] = to_bf16(static_cast<float>(i));
    std::vector<OneShotAllReduce> calls;
    for (unsigned rank = 0; rank < kRanks; ++rank)
      calls.push_back({.in = in.data(),
                       .out = nullptr,
                       .inboxes = inboxes.pointers,
                       .ranks = kRanks,
                       .rank = rank,
                       .numbers = kNumbers,
                       .epoch = 0,
                       .epochs = {}});
    run_ranks(calls, 1, kAllReduceThreads, schedule, [&](OneShotAllReduce call) {
      for (unsigned epoch = 1; epoch <= kEpochs; ++epoch) {  // no barrier between them
        call.epoch = epoch;
        call.out = out[call.rank * kEpochs + epoch - 1].data();
        one_shot_all_reduce(call);
        block_barrier();  // as a kernel's end
      }
    });
    for (const std::vector<Bf16>& one : out) {
      for (unsigned i = 0; i < kNumbers; ++i)
        REQUIRE(to_float(one[i]) == 3.0f * static_cast<float>(i));
    }
  }
}

TEST_CASE("Helix's exchange merges every rank's rows as in FP64, empty shards among them",
          "[kernels][exchange]") {
  const unsigned ranks = GENERATE(1u, 2u, 6u);
  const unsigned rows = 5;
  const unsigned width = GENERATE(128u, 512u);
  Random random(ranks + width);
  SharedInboxes inboxes(ranks, std::size_t{2} * ranks * rows * (width / 4 + 1));
  unsigned epoch = 0;
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(ranks, width, to_text(schedule));
    ++epoch;
    std::vector<std::vector<Bf16>> partial;
    std::vector<std::vector<float>> lse2(ranks, std::vector<float>(std::size_t{ranks} * rows));
    std::vector<std::vector<Bf16>> out(ranks, std::vector<Bf16>(rows * width, to_bf16(NAN)));
    std::vector<HelixAllToAll> calls;
    for (unsigned rank = 0; rank < ranks; ++rank) {
      partial.push_back(normal_numbers(std::size_t{ranks} * rows * width, random));
      for (float& lse : lse2[rank])
        lse = random.between(0, 3) == 0 ? -INFINITY : static_cast<float>(8.0 * normal(random));
      calls.push_back({.partial = nullptr,
                       .lse2 = lse2[rank].data(),
                       .out = out[rank].data(),
                       .inboxes = inboxes.pointers,
                       .ranks = ranks,
                       .rank = rank,
                       .rows = rows,
                       .width = width,
                       .epoch = epoch,
                       .epochs = {}});
    }
    for (unsigned rank = 0; rank < ranks; ++rank) calls[rank].partial = partial[rank].data();
    run_ranks(calls, 2, kHelixThreads, schedule,
              [](const HelixAllToAll& call) { helix_all_to_all(call); });
    std::vector<double> found;
    std::vector<double> expected;
    for (unsigned rank = 0; rank < ranks; ++rank) {
      for (unsigned row = 0; row < rows; ++row) {
        const std::size_t at = std::size_t{rank} * rows + row;
        MergedLse<double> merged;
        for (unsigned from = 0; from < ranks; ++from) merged.add(lse2[from][at]);
        for (unsigned i = 0; i < width; ++i) {
          double sum = 0.0;
          for (unsigned from = 0; from < ranks; ++from)
            sum += merged.weight(lse2[from][at]) * to_float(partial[from][at * width + i]);
          expected.push_back(sum);
          found.push_back(to_float(out[rank][row * width + i]));
        }
      }
    }
    CHECK(relative_error(found, expected) < 4e-3);
  }
}

TEST_CASE("an exchange that counts its epochs can be launched as it is, again and again",
          "[kernels][exchange]") {
  constexpr unsigned kRanks = 3;
  constexpr unsigned kNumbers = 4100;  // for two blocks
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(to_text(schedule));
    SharedInboxes inboxes(kRanks, std::size_t{2} * kRanks * kNumbers / 4);
    std::vector<std::vector<Bf16>> in(kRanks, std::vector<Bf16>(kNumbers));
    std::vector<std::vector<Bf16>> out(kRanks, std::vector<Bf16>(kNumbers));
    std::vector<unsigned> last(kRanks, 0);
    std::vector<unsigned> arrived(kRanks, 0);
    std::vector<OneShotAllReduce> calls;
    for (unsigned rank = 0; rank < kRanks; ++rank)
      calls.push_back({.in = in[rank].data(),
                       .out = out[rank].data(),
                       .inboxes = inboxes.pointers,
                       .ranks = kRanks,
                       .rank = rank,
                       .numbers = kNumbers,
                       .epoch = 0,
                       .epochs = {&last[rank], &arrived[rank]}});
    for (unsigned epoch = 1; epoch <= 4; ++epoch) {
      for (auto& numbers : in)
        std::fill(numbers.begin(), numbers.end(), to_bf16(static_cast<float>(epoch)));
      run_ranks(calls, 2, kAllReduceThreads, schedule,
                [](const OneShotAllReduce& call) { one_shot_all_reduce(call); });
      CHECK(last == std::vector<unsigned>(kRanks, epoch));
      CHECK(arrived == std::vector<unsigned>(kRanks, 0));
      for (const auto& numbers : out) {
        for (const Bf16 number : numbers)
          REQUIRE(to_float(number) == 3.0f * static_cast<float>(epoch));
      }
    }
  }
}
