#include "tools/calibrate/kernels/stream.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "tests/kernels/schedules.hpp"
#include "tests/support/random.hpp"
#include "tools/calibrate/kernels/launch_chain.hpp"
#include "tools/calibrate/kernels/pointer_chase.hpp"
#include "tools/calibrate/kernels/throttled_copy.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

std::vector<Words4> random_words(std::size_t count) {
  Random random(5);
  const auto word = [&] { return static_cast<std::uint32_t>(random.unit() * 4294967296.0); };
  std::vector<Words4> words(count);
  for (Words4& one : words) one = {word(), word(), word(), word()};
  return words;
}

std::uint32_t xor_of_all(const std::vector<Words4>& words) {
  std::uint32_t sum = 0;
  for (const Words4& one : words) sum ^= xor_of(one);
  return sum;
}

bool same(const Words4& a, const Words4& b) {
  return a.x == b.x && a.y == b.y && a.z == b.z && a.w == b.w;
}

}  // namespace

TEST_CASE("a read stream reads every word once, by any number of blocks", "[kernels][stream]") {
  const std::size_t count =
      GENERATE(std::size_t{0}, std::size_t{1}, std::size_t{5000}, std::size_t{8 * 3 * 256 + 17});
  const unsigned blocks = GENERATE(1u, 3u);
  const std::vector<Words4> words = random_words(count);
  for (const emulator::Schedule& schedule : schedules()) {
    std::vector<std::uint32_t> sums(blocks * kStreamThreads / 32, 0xFFFFFFFFu);
    const Stream call{
        .from = words.data(), .to = nullptr, .words = count, .checksums = sums.data()};
    emulator::launch({.grid = {blocks, 1, 1}, .threads = kStreamThreads}, schedule,
                     [&] { stream_read(call); });
    std::uint32_t sum = 0;
    for (const std::uint32_t one : sums) sum ^= one;
    CHECK(sum == xor_of_all(words));
  }
}

TEST_CASE("a read stream through shared memory reads every chunk once", "[kernels][stream]") {
  const std::size_t chunks = GENERATE(std::size_t{1}, std::size_t{9}, std::size_t{40});
  const unsigned blocks = GENERATE(1u, 3u);
  const std::vector<Words4> words = random_words(chunks * kBulkChunkBytes / sizeof(Words4));
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(to_text(schedule), chunks, blocks);
    std::vector<std::uint32_t> sums(blocks * kStreamThreads / 32, 0xFFFFFFFFu);
    const Stream call{
        .from = words.data(), .to = nullptr, .words = words.size(), .checksums = sums.data()};
    emulator::launch(
        {.grid = {blocks, 1, 1}, .threads = kStreamThreads, .shared_bytes = sizeof(BulkShared)},
        schedule, [&] { stream_read_bulk(call); });
    std::uint32_t sum = 0;
    for (const std::uint32_t one : sums) sum ^= one;
    CHECK(sum == xor_of_all(words));
  }
}

TEST_CASE("copies and writes reach every word and none beyond", "[kernels][stream]") {
  const std::size_t count = GENERATE(std::size_t{1}, std::size_t{9001});
  const std::vector<Words4> words = random_words(count);
  const Words4 poison{7, 7, 7, 7};
  const auto run = [&](auto&& kernel) {
    std::vector<Words4> to(count + 64, poison);
    const Stream call{.from = words.data(), .to = to.data(), .words = count, .checksums = nullptr};
    emulator::launch({.grid = {2, 1, 1}, .threads = kStreamThreads}, {}, [&] { kernel(call); });
    for (std::size_t i = count; i < to.size(); ++i) CHECK(same(to[i], poison));
    to.resize(count);
    return to;
  };
  const std::vector<Words4> copied = run([](const Stream& call) { stream_copy(call); });
  const std::vector<Words4> written = run([](const Stream& call) { stream_write(call); });
  const ThrottledCopy slow_call{.from = words.data(), .to = nullptr, .words = count, .cycles = 64};
  const std::vector<Words4> slow = run([&](const Stream& call) {
    ThrottledCopy one = slow_call;
    one.to = call.to;
    throttled_copy(one);
  });
  for (std::size_t i = 0; i < count; ++i) {
    REQUIRE(same(copied[i], words[i]));
    REQUIRE(same(slow[i], words[i]));
    REQUIRE(written[i].x == i);
  }
}

TEST_CASE("a copy that is to run beside another kernel goes on until it is told",
          "[kernels][stream]") {
  for (const bool with_words : {true, false}) {
    std::vector<Words4> words = random_words(kThrottleWords + 5);
    std::vector<Words4> copied(words.size());
    unsigned stop = 0;
    const ThrottledCopy call{.from = words.data(),
                             .to = copied.data(),
                             .words = with_words ? words.size() : 0,
                             .cycles = 100,
                             .stop = &stop};
    const auto wait = [&] {
      for (int looks = 0; looks < 20; ++looks) look_at(&stop);
    };
    emulator::launch({.grid = {3, 1, 1}, .threads = kThrottleThreads},
                     {emulator::Order::RoundRobin, 0, false}, [&] {
                       if (block_x() < 2) return throttled_copy(call);
                       if (thread_index() > 0) return;  // the last block is the other kernel
                       wait();
                       words[3] = {1, 2, 3, 4};
                       wait();
                       stop = 1;
                     });
    for (std::size_t i = 0; i < words.size(); ++i)
      REQUIRE(same(copied[i], with_words ? words[i] : Words4{}));
  }
}

TEST_CASE("a copy's rate is chunks of all blocks over the time between them", "[kernels][stream]") {
  // 16 KB a chunk, 8 blocks, 1 TB/s: 131 ns, at 2 GHz 262 cycles.
  CHECK(cycles_between_chunks(1e12, 8, 2e9) == 262);
  CHECK(cycles_between_chunks(2e12, 8, 2e9) == 131);
}

TEST_CASE("a chase goes through one cycle of all lines", "[kernels][stream]") {
  const std::uint32_t count = GENERATE(1u, 2u, 7u, 1000u);
  const std::vector<std::uint32_t> next = random_cycle(count, 3);
  std::set<std::uint32_t> seen;
  std::uint32_t line = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    seen.insert(line);
    line = next[line];
  }
  CHECK(line == 0);
  CHECK(seen.size() == count);

  std::vector<std::uint32_t> lines(std::size_t{count} * kChaseWords, 0xFFFFFFFFu);
  for (std::uint32_t i = 0; i < count; ++i) lines[std::size_t{i} * kChaseWords] = next[i];
  std::uint32_t last = 0;
  const PointerChase call{.lines = lines.data(), .last = &last, .first = 0, .steps = count + 1};
  emulator::launch({}, {}, [&] { pointer_chase(call); });
  CHECK(last == next[0]);
}

TEST_CASE("a launch of the chain counts once", "[kernels][stream]") {
  unsigned counter = 0;
  const LaunchChain call{.counter = &counter};
  emulator::launch({.grid = {5, 1, 1}}, {}, [&] { launch_chain(call); });
  CHECK(counter == 1);
}
