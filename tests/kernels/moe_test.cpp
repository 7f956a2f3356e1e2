#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/finalise.hpp"
#include "tools/calibrate/kernels/grouped_gemm.hpp"
#include "tools/calibrate/kernels/order_tokens.hpp"
#include "tools/calibrate/kernels/router.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

void set(Bf16& number, float value) {
  number = to_bf16(value);
}
void set(E4m3& number, float value) {
  number = to_e4m3(value);
}

struct Ordered {
  std::vector<int> offsets, pair_of, slot_of;
};
Ordered run_order(const std::vector<int>& expert_of, int first_expert, unsigned experts,
                  const emulator::Schedule& schedule) {
  Ordered out{std::vector<int>(experts + 1, -7), std::vector<int>(expert_of.size(), -7),
              std::vector<int>(expert_of.size(), -7)};
  const OrderTokens call{.expert_of = expert_of.data(),
                         .offsets = out.offsets.data(),
                         .pair_of = out.pair_of.data(),
                         .slot_of = out.slot_of.data(),
                         .pairs = static_cast<unsigned>(expert_of.size()),
                         .first_expert = first_expert,
                         .experts = experts};
  emulator::launch({.threads = kOrderThreads, .shared_bytes = sizeof(OrderShared)}, schedule,
                   [&] { order_tokens(call); });
  return out;
}

}  // namespace

TEST_CASE("tokens are put together by expert, in their order", "[kernels][moe]") {
  struct Shape {
    int pairs, all, first;
    unsigned experts;
  };
  const Shape shape = GENERATE(Shape{1, 2, 0, 1}, Shape{33, 4, 1, 2}, Shape{1030, 100, 20, 40},
                               Shape{2100, 256, 0, 256}, Shape{64, 8, 8, 4});
  CAPTURE(shape.pairs, shape.experts);
  Random random(static_cast<std::uint32_t>(shape.pairs));
  std::vector<int> expert_of;
  for (int i = 0; i < shape.pairs; ++i) expert_of.push_back(random.between(0, shape.all - 1));
  Ordered expected{
      {0}, std::vector<int>(expert_of.size(), -7), std::vector<int>(expert_of.size(), -1)};
  int slot = 0;
  for (int e = shape.first; e < shape.first + static_cast<int>(shape.experts); ++e) {
    for (std::size_t pair = 0; pair < expert_of.size(); ++pair) {
      if (expert_of[pair] != e) continue;
      expected.pair_of[static_cast<std::size_t>(slot)] = static_cast<int>(pair);
      expected.slot_of[pair] = slot++;
    }
    expected.offsets.push_back(slot);
  }
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(to_text(schedule));
    const Ordered found = run_order(expert_of, shape.first, shape.experts, schedule);
    CHECK(found.offsets == expected.offsets);
    CHECK(found.pair_of == expected.pair_of);
    CHECK(found.slot_of == expected.slot_of);
  }
}

namespace {

enum class Scales { None, Experts, Blocks };

struct GroupedShape {
  std::vector<int> loads;
  unsigned n, k, k_warps, grid;
  Scales scales;
  bool gathered = true;
};

/// Small whole numbers and scales that are powers of two, so that every order of sums is exact.
/// What must not be read is NaN: weights and scales of experts without tokens, rows of x that no
/// slot names.
template <class Format>
struct GroupedCase {
  using Number = typename Format::Number;
  static constexpr unsigned kPairs = 2;  ///< of a token
  const GroupedShape& shape;
  std::vector<int> offsets{0};
  std::vector<int> pair_of;
  std::vector<Bf16> x;
  std::vector<Number> w;
  std::vector<float> scales;

  explicit GroupedCase(const GroupedShape& of) : shape(of) {
    Random random(17);
    for (const int load : shape.loads) offsets.push_back(offsets.back() + load);
    for (int slot = 0; slot < offsets.back(); ++slot)
      pair_of.push_back((slot * 7 + 3) % (3 * offsets.back()));
    fill_x(random);
    for (const int load : shape.loads) {
      for (std::size_t i = 0; i < std::size_t{shape.n} * shape.k; ++i)
        set(w.emplace_back(), load == 0 ? NAN : static_cast<float>(random.between(-3, 3)));
      for (std::size_t i = 0; i < scales_each(); ++i)
        scales.push_back(load == 0 ? NAN : std::ldexp(1.0f, random.between(-2, 2)));
    }
  }
  void fill_x(Random& random) {
    const auto slots = static_cast<std::size_t>(offsets.back());
    x.resize(std::max(slots, (3 * slots + 1) / kPairs) * shape.k, to_bf16(NAN));
    for (std::size_t slot = 0; slot < slots; ++slot) {
      for (std::size_t i = 0; i < shape.k; ++i)
        x[row_of(slot) * shape.k + i] = to_bf16(static_cast<float>(random.between(-3, 3)));
    }
  }
  [[nodiscard]] std::size_t row_of(std::size_t slot) const {
    return shape.gathered ? static_cast<std::size_t>(pair_of[slot]) / kPairs : slot;
  }
  [[nodiscard]] std::size_t scales_across() const { return shape.k / 128; }
  [[nodiscard]] std::size_t scales_each() const {
    return shape.scales == Scales::Blocks ? (shape.n + 127) / 128 * scales_across() : 1;
  }
  [[nodiscard]] double scale(std::size_t expert, std::size_t row, std::size_t column) const {
    if (shape.scales == Scales::None) return 1.0;
    if (shape.scales == Scales::Experts) return scales[expert];
    return scales[expert * scales_each() + row / 128 * scales_across() + column / 128];
  }
  [[nodiscard]] double expected(std::size_t expert, std::size_t slot, std::size_t row) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < shape.k; ++i)
      sum += scale(expert, row, i) * to_float(x[row_of(slot) * shape.k + i]) *
             to_float(w[(expert * shape.n + row) * shape.k + i]);
    return sum;
  }

  /// Switches between threads of one launch.
  [[nodiscard]] std::uint64_t work() const {
    emulator::LaunchFacts facts;
    (void)run<1>({}, &facts);
    return facts.switches;
  }

  template <unsigned kTokenTiles>
  [[nodiscard]] std::vector<Bf16> run(const emulator::Schedule& schedule,
                                      emulator::LaunchFacts* facts = nullptr) const {
    std::vector<Bf16> out(static_cast<std::size_t>(offsets.back()) * shape.n, to_bf16(NAN));
    const GroupedGemm<Format> call{.x = x.data(),
                                   .w = w.data(),
                                   .scales = shape.scales == Scales::None ? nullptr : scales.data(),
                                   .offsets = offsets.data(),
                                   .pair_of = shape.gathered ? pair_of.data() : nullptr,
                                   .out = out.data(),
                                   .pairs_per_token = kPairs,
                                   .experts = static_cast<unsigned>(shape.loads.size()),
                                   .n = shape.n,
                                   .k = shape.k,
                                   .k_warps = shape.k_warps,
                                   .block_scales = shape.scales == Scales::Blocks};
    const auto made = emulator::launch({.grid = {shape.grid, 1, 1},
                                        .threads = kGroupedThreads,
                                        .shared_bytes = sizeof(GroupedShared<Format, kTokenTiles>)},
                                       schedule, [&] { grouped_gemm<Format, kTokenTiles>(call); });
    if (facts != nullptr) *facts = made;
    return out;
  }

  template <unsigned kTokenTiles>
  void check() const {
    std::vector<Bf16> all;
    for (std::size_t e = 0; e < shape.loads.size(); ++e) {
      for (int slot = offsets[e]; slot < offsets[e + 1]; ++slot) {
        for (std::size_t row = 0; row < shape.n; ++row)
          all.push_back(
              to_bf16(static_cast<float>(expected(e, static_cast<std::size_t>(slot), row))));
      }
    }
    for (const emulator::Schedule& schedule : schedules()) {
      CAPTURE(to_text(schedule), kTokenTiles, shape.loads, shape.k_warps, shape.grid);
      const std::vector<Bf16> out = run<kTokenTiles>(schedule);
      REQUIRE(out.size() == all.size());
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < out.size(); ++i) wrong += out[i].bits != all[i].bits ? 1 : 0;
      CHECK(wrong == 0);
    }
  }
};

template <class Format, unsigned kTokenTiles>
void check_grouped(const GroupedShape& shape) {
  GroupedCase<Format>(shape).template check<kTokenTiles>();
}

}  // namespace

// k: one whole stage and a part of one, n: a part of a piece, blocks: one, some, too many.
TEST_CASE("a grouped GEMM of BF16 multiplies each token with its own expert and reads no other",
          "[kernels][moe]") {
  check_grouped<Bf16Weights, 1>({{1, 0, 3}, 144, 640, 1, 2, Scales::None});
  check_grouped<Bf16Weights, 1>({{0, 8, 0}, 48, 256, 4, 5, Scales::Experts});
}

TEST_CASE("warps that share rows of a grouped GEMM sum their parts of k", "[kernels][moe]") {
  check_grouped<Bf16Weights, 1>({{2, 1}, 80, 1152, 2, 1, Scales::Blocks});
  check_grouped<Bf16Weights, 2>({{9, 0, 16}, 48, 640, 4, 3, Scales::None});
}

TEST_CASE("a grouped GEMM of FP8 applies a scale to each expert", "[kernels][moe]") {
  check_grouped<E4m3Weights, 1>({{1, 0, 3}, 144, 640, 1, 2, Scales::Experts});
}

TEST_CASE("a grouped GEMM of FP8 applies a scale to each block", "[kernels][moe]") {
  check_grouped<E4m3Weights, 1>({{2, 1}, 144, 384, 2, 3, Scales::Blocks});
  check_grouped<E4m3Weights, 2>({{0, 11}, 48, 1152, 2, 1, Scales::Blocks});
}

TEST_CASE("a grouped GEMM takes rows of x that are slots already", "[kernels][moe]") {
  check_grouped<E4m3Weights, 4>({{25, 3}, 48, 640, 2, 3, Scales::Blocks, false});
}

TEST_CASE("an expert of more tokens than fit is read again for the others", "[kernels][moe]") {
  check_grouped<Bf16Weights, 1>({{17, 0, 8}, 32, 128, 4, 2, Scales::None});
  check_grouped<Bf16Weights, 4>({{33, 2}, 32, 640, 2, 1, Scales::None});
}

TEST_CASE("experts with tokens are found wherever they are", "[kernels][moe]") {
  std::vector<int> loads(70, 0);
  for (const std::size_t touched : {0u, 31u, 32u, 63u, 69u}) loads[touched] = 1;
  check_grouped<Bf16Weights, 1>({loads, 16, 128, 1, 2, Scales::None});
  const GroupedShape untouched{std::vector<int>(40, 0), 32, 128, 2, 3, Scales::None};
  CHECK(GroupedCase<Bf16Weights>(untouched).run<1>({}).empty());
}

namespace {

/// Weights of experts of one page each, all 1, of which those without tokens cannot be read at all.
class GuardedWeights {
 public:
  explicit GuardedWeights(const std::vector<int>& loads)
      : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
        bytes_(page_ * loads.size()),
        memory_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(memory_ != MAP_FAILED);
    std::fill_n(static_cast<Bf16*>(memory_), bytes_ / sizeof(Bf16), to_bf16(1.0f));
    for (std::size_t e = 0; e < loads.size(); ++e) {
      if (loads[e] == 0)
        REQUIRE(mprotect(static_cast<char*>(memory_) + e * page_, page_, PROT_NONE) == 0);
    }
  }
  GuardedWeights(const GuardedWeights&) = delete;
  GuardedWeights& operator=(const GuardedWeights&) = delete;
  ~GuardedWeights() { munmap(memory_, bytes_); }

  [[nodiscard]] const Bf16* data() const { return static_cast<const Bf16*>(memory_); }
  [[nodiscard]] unsigned numbers() const { return static_cast<unsigned>(page_ / sizeof(Bf16)); }

 private:
  std::size_t page_;
  std::size_t bytes_;
  void* memory_;
};

}  // namespace

TEST_CASE("weights of experts without tokens are not read", "[kernels][moe]") {
  const std::vector<int> loads{0, 2, 0, 0, 1, 0};
  const std::vector<int> offsets{0, 0, 2, 2, 2, 3, 3};
  const GuardedWeights w(loads);
  const unsigned k = 128;
  const unsigned n = w.numbers() / k;
  const std::vector<Bf16> x(3 * k, to_bf16(1.0f));
  std::vector<Bf16> out(3 * n, to_bf16(NAN));
  const GroupedGemm<Bf16Weights> call{.x = x.data(),
                                      .w = w.data(),
                                      .offsets = offsets.data(),
                                      .out = out.data(),
                                      .experts = static_cast<unsigned>(loads.size()),
                                      .n = n,
                                      .k = k};
  emulator::launch({.grid = {2, 1, 1},
                    .threads = kGroupedThreads,
                    .shared_bytes = sizeof(GroupedShared<Bf16Weights, 1>)},
                   {}, [&] { grouped_gemm<Bf16Weights, 1>(call); });
  for (const Bf16 number : out) CHECK(to_float(number) == 128.0f);
}

TEST_CASE("blocks of a grouped GEMM share its pieces and do none twice", "[kernels][moe]") {
  // 12 pieces: a block for each, or 4 blocks in turn, is about the same work.
  const auto work = [](unsigned grid) {
    const GroupedShape shape{{1, 1, 1}, 128, 640, 4, grid, Scales::None};
    return static_cast<double>(GroupedCase<Bf16Weights>(shape).work());
  };
  CHECK(work(4) == Approx(work(12)).epsilon(0.25));
}

TEST_CASE("warps share rows of a grouped GEMM only where whole pieces do not fill the blocks",
          "[kernels][moe]") {
  // Gate and up of DeepSeek-V3: 32 pieces of an expert at 1, 64 at 2, 128 at 4.
  CHECK(grouped_k_warps(64, 4096, 4, 8, 264) == 1);  // 2,048 pieces: 8 rounds of 264, 97% full
  CHECK(grouped_k_warps(1, 4096, 4, 8, 264) == 4);   // 32 of 264 blocks would be busy
  CHECK(grouped_k_warps(1, 4096, 2, 8, 264) == 2);
  CHECK(grouped_k_warps(8, 4096, 4, 8, 264) == 1);  // 256 of 264
  CHECK(grouped_k_warps(9, 4096, 4, 8, 264) == 4);  // 288: two rounds; 1,152: five, 87% full
  CHECK(grouped_k_warps(0, 4096, 4, 8, 264) == 1);
}

TEST_CASE("outputs of experts are weighed and summed in the order of pairs", "[kernels][moe]") {
  const unsigned n = 1032;
  const unsigned pairs = 11;  // more than are in flight at once
  Random random(4);
  std::vector<Bf16> y(8 * n, to_bf16(NAN));
  const std::vector<int> used{0, 2, 3, 5, 7};
  for (const int slot : used) {
    for (unsigned i = 0; i < n; ++i)
      y[static_cast<unsigned>(slot) * n + i] = to_bf16(static_cast<float>(normal(random)));
  }
  std::vector<int> slot_of(2 * pairs, -1);
  std::vector<float> weights(2 * pairs, NAN);
  const auto place = [&](unsigned pair, int slot, float weight) {
    slot_of[pair] = slot;
    weights[pair] = weight;
  };
  place(0, 2, 0.5f);
  place(4, 7, 1e6f);
  place(9, 7, -1e6f);
  place(10, 0, 1.3f);
  place(pairs + 1, 3, 2.0f);
  place(pairs + 3, 5, 0.3f);
  for (const emulator::Schedule& schedule : schedules()) {
    std::vector<Bf16> out(2 * n, to_bf16(NAN));
    const Finalise call{.y = y.data(),
                        .slot_of = slot_of.data(),
                        .weight_of = weights.data(),
                        .out = out.data(),
                        .pairs_per_token = pairs,
                        .n = n};
    emulator::launch({.grid = {2, 2, 1}, .threads = kFinaliseThreads}, schedule,
                     [&] { finalise(call); });
    std::size_t wrong = 0;
    for (unsigned token = 0; token < 2; ++token) {
      for (unsigned i = 0; i < n; ++i) {
        float sum = 0.0f;
        for (unsigned pair = token * pairs; pair < (token + 1) * pairs; ++pair) {
          if (slot_of[pair] >= 0)
            sum = std::fmaf(weights[pair],
                            to_float(y[static_cast<unsigned>(slot_of[pair]) * n + i]), sum);
        }
        wrong += out[token * n + i].bits != to_bf16(sum).bits ? 1 : 0;
      }
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("router, order, grouped GEMM and finalise together are a layer of experts",
          "[kernels][moe]") {
  const unsigned tokens = 6;
  const unsigned k = 256;
  const unsigned n = 32;
  const Routing routing{.experts = 16, .groups = 4, .groups_kept = 2, .top_k = 3};
  const int first = 4;  // this rank has experts 4 to 11
  const unsigned local = 8;
  Random random(23);
  std::vector<float> logits(tokens * routing.experts);
  for (float& logit : logits) logit = static_cast<float>(normal(random));
  std::vector<Bf16> x(tokens * k);
  for (Bf16& number : x) set(number, static_cast<float>(normal(random)));
  std::vector<E4m3> w(local * n * k);
  for (E4m3& number : w) set(number, static_cast<float>(normal(random)));
  std::vector<double> expected(tokens * n, 0.0);
  for (unsigned token = 0; token < tokens; ++token) {
    const RoutedToken routed =
        route_token(std::vector<float>(logits.begin() + token * routing.experts,
                                       logits.begin() + (token + 1) * routing.experts),
                    {}, routing);
    for (std::size_t i = 0; i < routing.top_k; ++i) {
      const unsigned expert = routed.experts[i] - static_cast<unsigned>(first);
      if (expert >= local) continue;
      for (unsigned row = 0; row < n; ++row) {
        for (unsigned c = 0; c < k; ++c)
          expected[token * n + row] += double{routed.weights[i]} * to_float(x[token * k + c]) *
                                       to_float(w[(expert * n + row) * k + c]);
      }
    }
  }
  const unsigned pairs = tokens * routing.top_k;
  std::vector<int> expert_of(pairs, -1);
  std::vector<float> weights(pairs, NAN);
  const Router<float> choose{.logits = logits.data(),
                             .bias = nullptr,
                             .expert_of = expert_of.data(),
                             .weight_of = weights.data(),
                             .tokens = tokens,
                             .routing = routing};
  emulator::launch({.grid = {2, 1, 1}, .threads = kRouterThreads}, {},
                   [&] { router<float, 8>(choose); });
  const Ordered ordered = run_order(expert_of, first, local, {});
  std::vector<Bf16> y(pairs * n, to_bf16(NAN));
  const GroupedGemm<E4m3Weights> multiply{.x = x.data(),
                                          .w = w.data(),
                                          .scales = nullptr,
                                          .offsets = ordered.offsets.data(),
                                          .pair_of = ordered.pair_of.data(),
                                          .out = y.data(),
                                          .pairs_per_token = routing.top_k,
                                          .experts = local,
                                          .n = n,
                                          .k = k,
                                          .k_warps = 2};
  emulator::launch({.grid = {3, 1, 1},
                    .threads = kGroupedThreads,
                    .shared_bytes = sizeof(GroupedShared<E4m3Weights, 1>)},
                   {}, [&] { grouped_gemm<E4m3Weights, 1>(multiply); });
  std::vector<Bf16> out(tokens * n, to_bf16(NAN));
  const Finalise sum{.y = y.data(),
                     .slot_of = ordered.slot_of.data(),
                     .weight_of = weights.data(),
                     .out = out.data(),
                     .pairs_per_token = routing.top_k,
                     .n = n};
  emulator::launch({.grid = {1, tokens, 1}, .threads = kFinaliseThreads}, {},
                   [&] { finalise(sum); });
  std::vector<double> found;
  for (const Bf16 number : out) found.push_back(to_float(number));
  CHECK(relative_error(found, expected) < 4e-3);  // y and out are BF16
}
