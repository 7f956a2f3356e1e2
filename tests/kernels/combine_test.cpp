#include "tools/calibrate/kernels/combine.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

float number_from(double value, float) {
  return static_cast<float>(value);
}
Bf16 number_from(double value, Bf16) {
  return to_bf16(static_cast<float>(value));
}
double number_of(float value) {
  return value;
}
double number_of(Bf16 value) {
  return to_float(value);
}

/// Partial outputs of rows, and the FP64 merge of what is stored.
template <class In>
struct Case {
  unsigned parts, rows, width;
  std::vector<In> partial;
  std::vector<float> lse2;
  std::vector<double> expected;
  std::vector<double> expected_lse2;

  Case(unsigned parts_, unsigned rows_, unsigned width_, std::uint32_t seed)
      : parts(parts_),
        rows(rows_),
        width(width_),
        partial(std::size_t{parts_} * rows_ * width_),
        lse2(std::size_t{parts_} * rows_) {
    Random random(seed);
    for (In& number : partial) number = number_from(normal(random), In{});
    for (float& lse : lse2)  // every fifth part is empty
      lse = random.between(0, 4) == 0 ? -INFINITY : static_cast<float>(100.0 * normal(random));
    for (unsigned part = 0; part < parts; ++part) lse2[std::size_t{part} * rows] = -INFINITY;
    // Parts that other lanes' second registers hold may be the only ones that count.
    for (unsigned part = 32; part < parts; ++part)
      lse2[std::size_t{part} * rows + rows - 1] += 1e4f;
    for (unsigned row = 0; row < rows; ++row) {
      MergedLse<double> merged;
      for (unsigned part = 0; part < parts; ++part)
        merged.add(lse2[std::size_t{part} * rows + row]);
      expected_lse2.push_back(merged.lse2());
      for (unsigned column = 0; column < width; ++column) {
        double sum = 0.0;
        for (unsigned part = 0; part < parts; ++part) {
          const std::size_t at = std::size_t{part} * rows + row;
          sum += merged.weight(lse2[at]) * number_of(partial[at * width + column]);
        }
        expected.push_back(sum);
      }
    }
  }
};

template <class In, class Out>
void check(unsigned parts, unsigned rows, unsigned width, double tolerance) {
  const Case<In> data(parts, rows, width, parts * 1000 + width);
  for (const emulator::Schedule& schedule : schedules()) {
    CAPTURE(parts, rows, width, to_text(schedule));
    std::vector<Out> out(std::size_t{rows} * width, number_from(NAN, Out{}));
    std::vector<float> out_lse2(rows, NAN);
    const Combine<In, Out> call{.partial = data.partial.data(),
                                .lse2 = data.lse2.data(),
                                .out = out.data(),
                                .out_lse2 = out_lse2.data(),
                                .parts = parts,
                                .rows = rows,
                                .width = width};
    const unsigned blocks = (rows + 3) / 4;
    emulator::launch({.grid = {blocks, 1, 1}, .threads = kCombineThreads}, schedule,
                     [&] { combine(call); });
    std::vector<double> found;
    for (const Out& number : out) found.push_back(number_of(number));
    CHECK(relative_error(found, data.expected) < tolerance);
    CHECK(out_lse2[0] == -INFINITY);  // all parts of the first row are empty
    for (unsigned row = 1; row < rows; ++row) {
      if (std::isinf(data.expected_lse2[row])) {
        CHECK(out_lse2[row] == -INFINITY);
      } else {
        CHECK(out_lse2[row] == Approx(data.expected_lse2[row]).epsilon(1e-6));
      }
    }
  }
}

}  // namespace

TEST_CASE("partial outputs merge as in FP64, empty parts among them", "[kernels][combine]") {
  const unsigned parts = GENERATE(1u, 2u, 8u, 33u, 64u);
  check<float, float>(parts, 7, 128, 2e-6);
  check<Bf16, Bf16>(parts, 7, 128, 4e-3);
  check<Bf16, float>(parts, 3, 512, 2e-6);
}

TEST_CASE("the order of parts changes a merge by rounding only", "[kernels][combine]") {
  const Case<float> data(8, 5, 128, 3);
  const auto merged = [&](bool reversed) {
    std::vector<float> partial = data.partial;
    std::vector<float> lse2 = data.lse2;
    for (unsigned part = 0; reversed && part < 8; ++part) {
      std::copy_n(data.partial.begin() + part * 5 * 128, 5 * 128,
                  partial.begin() + (7 - part) * 5 * 128);
      std::copy_n(data.lse2.begin() + part * 5, 5, lse2.begin() + (7 - part) * 5);
    }
    std::vector<float> out(5 * 128);
    const Combine<float, float> call{.partial = partial.data(),
                                     .lse2 = lse2.data(),
                                     .out = out.data(),
                                     .out_lse2 = nullptr,
                                     .parts = 8,
                                     .rows = 5,
                                     .width = 128};
    emulator::launch({.grid = {2, 1, 1}, .threads = kCombineThreads}, {}, [&] { combine(call); });
    return std::vector<double>(out.begin(), out.end());
  };
  CHECK(relative_error(merged(true), merged(false)) < 1e-6);
}
