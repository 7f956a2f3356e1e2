#include "tools/calibrate/kernels/gemv.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

Bf16 number_from(float value, Bf16) {
  return to_bf16(value);
}
E4m3 number_from(float value, E4m3) {
  return to_e4m3(value);
}

enum class Scales { None, Tensor, Blocks };

struct Shape {
  unsigned m, n, k;
  GemvPlan plan;
};

template <class Format>
class GemvCase {
 public:
  using Number = typename Format::Number;

  GemvCase(const Shape& shape, Scales scales) : shape_(shape), kind_(scales) {
    Random random(shape.n + shape.m);
    const auto count = [](unsigned a, unsigned b) { return std::size_t{a} * b; };
    for (std::size_t i = 0; i < count(shape.m, shape.k); ++i)
      x_.push_back(to_bf16(static_cast<float>(normal(random))));
    for (std::size_t i = 0; i < count(shape.n, shape.k); ++i)
      w_.push_back(number_from(static_cast<float>(normal(random)), Number{}));
    across_ = (shape.k + 127) / 128;
    const std::size_t blocks = count((shape.n + 127) / 128, across_);
    for (std::size_t i = 0; i < (scales == Scales::Tensor ? 1 : blocks); ++i)
      scales_.push_back(0.5f + static_cast<float>(random.unit()));
    for (unsigned token = 0; token < shape.m; ++token) {
      for (unsigned row = 0; row < shape.n; ++row) {
        double sum = 0.0;
        for (unsigned i = 0; i < shape.k; ++i)
          sum += double{to_float(x_[count(token, shape.k) + i])} *
                 to_float(w_[count(row, shape.k) + i]) * scale(row, i);
        expected.push_back(sum);
      }
    }
  }

  std::vector<double> expected;

  template <unsigned kTokenTiles>
  std::vector<double> run(const emulator::Schedule& schedule,
                          std::vector<unsigned>& arrived) const {
    const auto splits = static_cast<unsigned>(shape_.plan.splits);
    std::vector<float> sums(std::size_t{splits} * shape_.n * shape_.m, NAN);
    std::vector<Bf16> out(std::size_t{shape_.m} * shape_.n, to_bf16(NAN));
    const Gemv<Format> call{.x = x_.data(),
                            .w = w_.data(),
                            .scales = kind_ == Scales::None ? nullptr : scales_.data(),
                            .sums = sums.data(),
                            .arrived = arrived.data(),
                            .out = out.data(),
                            .m = shape_.m,
                            .n = shape_.n,
                            .k = shape_.k,
                            .k_range = static_cast<unsigned>(shape_.plan.k_range),
                            .block_scales = kind_ == Scales::Blocks};
    emulator::launch({.grid = {static_cast<unsigned>(shape_.plan.groups), splits, 1},
                      .threads = kGemvThreads,
                      .shared_bytes = gemv_shared_bytes<Format>(call.k_range, kTokenTiles)},
                     schedule, [&] { gemv<Format, kTokenTiles>(call); });
    std::vector<double> found;
    for (const Bf16 number : out) found.push_back(to_float(number));
    return found;
  }

 private:
  double scale(unsigned row, unsigned column) const {
    if (kind_ == Scales::None) return 1.0;
    return kind_ == Scales::Tensor ? scales_[0]
                                   : scales_[std::size_t{row / 128} * across_ + column / 128];
  }

  Shape shape_;
  Scales kind_;
  unsigned across_ = 1;
  std::vector<Bf16> x_;
  std::vector<Number> w_;
  std::vector<float> scales_;
};

template <class Format, unsigned kTokenTiles>
void check(const Shape& shape, Scales scales) {
  const GemvCase<Format> data(shape, scales);
  std::vector<unsigned> arrived((shape.n + 15) / 16, 0);
  std::vector<double> first;
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(shape.m, shape.n, shape.k, shape.plan.splits, shape.plan.groups, to_text(schedule));
    const std::vector<double> found = data.template run<kTokenTiles>(schedule, arrived);
    CHECK(relative_error(found, data.expected) < 4e-3);
    CHECK(std::all_of(arrived.begin(), arrived.end(), [](unsigned n) { return n == 0; }));
    if (first.empty()) first = found;
    CHECK(found == first);  // the bits do not depend on who comes last
  }
}

}  // namespace

TEST_CASE("a skinny GEMM is that of FP64 for ragged rows, columns and tokens", "[kernels][gemv]") {
  const Shape one = GENERATE(Shape{1, 40, 128, {128, 1, 1}}, Shape{8, 150, 400, {128, 4, 1}},
                             Shape{5, 33, 272, {384, 1, 2}}, Shape{3, 300, 256, {128, 2, 2}});
  check<Bf16Weights, 1>(one, Scales::None);
  check<E4m3Weights, 1>(one, Scales::Tensor);
  check<E4m3Weights, 1>(one, Scales::Blocks);
}

TEST_CASE("a skinny GEMM takes up to sixteen tokens in two tiles", "[kernels][gemv]") {
  const Shape two = GENERATE(Shape{9, 40, 272, {128, 3, 1}}, Shape{16, 24, 128, {128, 1, 1}});
  check<Bf16Weights, 2>(two, Scales::None);
  check<E4m3Weights, 2>(two, Scales::Blocks);
}

TEST_CASE("a plan of a skinny GEMM covers all columns with whole splits and fills the GPU",
          "[kernels][gemv][property]") {
  for (const int n : {16, 512, 2112, 7168, 16384, 106496}) {
    for (const int k : {128, 256, 832, 1536, 7168, 16384, 53248}) {
      for (const int slots : {264, 296}) {
        const GemvPlan plan = gemv_plan(n, k, 128, kGemvMostRange, kGemvWarps, slots);
        CAPTURE(n, k, slots, plan.splits, plan.groups, plan.k_range);
        REQUIRE(plan.k_range % 128 == 0);
        REQUIRE(plan.k_range <= kGemvMostRange);
        REQUIRE(plan.splits * plan.k_range >= k);
        REQUIRE((plan.splits - 1) * plan.k_range < k);
        REQUIRE(plan.groups >= 1);
        REQUIRE((plan.groups - 1) * static_cast<int>(kGemvWarps) * 16 < n);
        // Large matrices leave little undone.
        const double warps = static_cast<double>(slots) * kGemvWarps;
        const double units = static_cast<double>((n + 15) / 16) * plan.splits;
        if (static_cast<double>(n) * k > 60e6) {
          const double rounds = std::ceil(static_cast<double>((n + 15) / 16) /
                                          (plan.groups * static_cast<double>(kGemvWarps)));
          CHECK(units / (rounds * warps) > 0.8);
        }
      }
    }
  }
}
