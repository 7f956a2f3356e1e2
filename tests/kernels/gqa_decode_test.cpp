#include "tools/calibrate/kernels/gqa_decode.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/combine.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

Bf16 number_from(float value, Bf16) {
  return to_bf16(value);
}
E4m3 number_from(float value, E4m3) {
  return to_e4m3(value);
}

struct Shape {
  unsigned kv_heads = 1;
  unsigned group = 16;
  int page_tokens = 0;  ///< 0: contiguous
  unsigned splits = 1;
  std::vector<int> lengths;
};

/// Keys and values of one shape, all NaN where no token is, and the FP64 attention over them.
template <class Format>
class GqaCase {
 public:
  using Number = typename Format::Number;

  GqaCase(const Shape& shape, std::uint32_t seed) : shape_(shape), random_(seed) {
    const int longest = *std::max_element(shape.lengths.begin(), shape.lengths.end());
    const auto batch = shape.lengths.size();
    page_tokens_ = shape.page_tokens > 0 ? shape.page_tokens : std::max(longest, 1);
    pages_per_request_ = (longest + page_tokens_ - 1) / page_tokens_;
    if (shape.page_tokens > 0) {
      pages_.resize(batch * static_cast<std::size_t>(pages_per_request_));
      for (std::size_t i = 0; i < pages_.size(); ++i)  // anywhere
        pages_[i] = static_cast<int>((i * 7 + 3) % pages_.size());
      while (pages_.size() % 7 == 0) pages_.pop_back();
    }
    const std::size_t numbers = std::max<std::size_t>(pages_.size() + 8, batch) * shape.kv_heads *
                                static_cast<std::size_t>(page_tokens_) * kHeadSize;
    keys_.assign(numbers, nan());
    values_.assign(numbers, nan());
    q_.resize(batch * shape.kv_heads * shape.group * kHeadSize);
    for (Bf16& number : q_) number = to_bf16(static_cast<float>(normal(random_)));
    for (std::size_t request = 0; request < batch; ++request) fill(request);
  }

  std::vector<double> expected;  ///< [batch, kv_heads, group, 128]
  std::vector<double> expected_lse2;

  /// By the kernel and a merge of its splits.
  void run(const emulator::Schedule& schedule, std::vector<double>& out,
           std::vector<double>& lse2) const {
    const unsigned rows =
        static_cast<unsigned>(shape_.lengths.size()) * shape_.kv_heads * shape_.group;
    std::vector<float> partial(std::size_t{shape_.splits} * rows * kHeadSize, NAN);
    std::vector<float> partial_lse2(std::size_t{shape_.splits} * rows, NAN);
    const GqaDecode<Format> call{.q = q_.data(),
                                 .keys = keys_.data(),
                                 .values = values_.data(),
                                 .pages = pages_.empty() ? nullptr : pages_.data(),
                                 .lengths = shape_.lengths.data(),
                                 .partial = partial.data(),
                                 .lse2 = partial_lse2.data(),
                                 .scale_log2 = kScaleLog2,
                                 .group = shape_.group,
                                 .page_tokens = page_tokens_,
                                 .pages_per_request = pages_per_request_};
    emulator::launch(
        {.grid = {shape_.splits, shape_.kv_heads, static_cast<unsigned>(shape_.lengths.size())},
         .threads = kGqaThreads,
         .shared_bytes = sizeof(GqaShared<Format>)},
        schedule, [&] { gqa_decode(call); });
    std::vector<float> merged(std::size_t{rows} * kHeadSize, NAN);
    std::vector<float> merged_lse2(rows, NAN);
    const Combine<float, float> merge{.partial = partial.data(),
                                      .lse2 = partial_lse2.data(),
                                      .out = merged.data(),
                                      .out_lse2 = merged_lse2.data(),
                                      .parts = shape_.splits,
                                      .rows = rows,
                                      .width = kHeadSize};
    emulator::launch({.grid = {(rows + 3) / 4, 1, 1}, .threads = kCombineThreads}, schedule,
                     [&] { combine(merge); });
    out.assign(merged.begin(), merged.end());
    lse2.assign(merged_lse2.begin(), merged_lse2.end());
  }

 private:
  static constexpr float kScaleLog2 = 0.1275f;  // log2(e) / sqrt(128)

  static Number nan() { return number_from(NAN, Number{}); }

  std::size_t at(std::size_t request, unsigned kv_head, int token) const {
    const std::size_t page =
        pages_.empty() ? request
                       : static_cast<std::size_t>(
                             pages_[request * static_cast<std::size_t>(pages_per_request_) +
                                    static_cast<std::size_t>(token / page_tokens_)]);
    return ((page * shape_.kv_heads + kv_head) * static_cast<std::size_t>(page_tokens_) +
            static_cast<std::size_t>(token % page_tokens_)) *
           kHeadSize;
  }

  void fill(std::size_t request) {
    for (unsigned head = 0; head < shape_.kv_heads; ++head) {
      AttentionInput input{.q = {}, .keys = {}, .values = {}, .scale_log2 = kScaleLog2};
      for (int token = 0; token < shape_.lengths[request]; ++token) {
        auto& key = input.keys.emplace_back();
        auto& value = input.values.emplace_back();
        const std::size_t first = at(request, head, token);
        for (std::size_t i = 0; i < kHeadSize; ++i) {
          keys_[first + i] = number_from(static_cast<float>(normal(random_)), Number{});
          values_[first + i] = number_from(static_cast<float>(normal(random_)), Number{});
          key.push_back(to_float(keys_[first + i]));
          value.push_back(to_float(values_[first + i]));
        }
      }
      for (unsigned row = 0; row < shape_.group; ++row) {
        const std::size_t query =
            ((request * shape_.kv_heads + head) * shape_.group + row) * kHeadSize;
        input.q.clear();
        for (std::size_t i = 0; i < kHeadSize; ++i) input.q.push_back(to_float(q_[query + i]));
        AttentionRow found = attention_reference(input);
        found.out.resize(kHeadSize, 0.0);
        expected.insert(expected.end(), found.out.begin(), found.out.end());
        expected_lse2.push_back(found.lse2);
      }
    }
  }

  Shape shape_;
  Random random_;
  int page_tokens_ = 1;
  int pages_per_request_ = 1;
  std::vector<int> pages_;
  std::vector<Bf16> q_;
  std::vector<Number> keys_;
  std::vector<Number> values_;
};

template <class Format>
void check(const Shape& shape, const std::vector<emulator::Schedule>& runs) {
  const GqaCase<Format> data(shape, 11);
  std::vector<double> first;
  for (const emulator::Schedule& schedule : runs) {
    CAPTURE(to_text(schedule), shape.kv_heads, shape.group, shape.page_tokens, shape.splits);
    std::vector<double> out;
    std::vector<double> lse2;
    data.run(schedule, out, lse2);
    CHECK(relative_error(out, data.expected) < 4e-3);
    for (std::size_t row = 0; row < lse2.size(); ++row) {
      if (std::isinf(data.expected_lse2[row])) {
        CHECK(lse2[row] == data.expected_lse2[row]);
      } else {
        CHECK(std::abs(lse2[row] - data.expected_lse2[row]) < 2e-6 * std::abs(lse2[row]) + 2e-6);
      }
    }
    if (first.empty()) first = out;
    CHECK(out == first);  // the schedule changes no bit
  }
}

}  // namespace

TEST_CASE("GQA decode agrees with FP64 attention under every schedule", "[kernels][gqa]") {
  const Shape shape{.kv_heads = 2, .group = 16, .page_tokens = 0, .splits = 2, .lengths = {300, 1}};
  check<Bf16Kv>(shape, schedules());
  check<E4m3Kv>(shape, schedules());
}

TEST_CASE("GQA decode takes ragged lengths, empty shards, pages and small groups",
          "[kernels][gqa]") {
  const Shape shape = GENERATE(
      Shape{.kv_heads = 1, .group = 8, .page_tokens = 16, .splits = 3, .lengths = {0, 63, 64, 65}},
      Shape{.kv_heads = 2, .group = 4, .page_tokens = 64, .splits = 1, .lengths = {129}},
      Shape{.kv_heads = 1, .group = 16, .page_tokens = 32, .splits = 5, .lengths = {257, 0}},
      Shape{.kv_heads = 1, .group = 1, .page_tokens = 0, .splits = 4, .lengths = {20}},
      Shape{.kv_heads = 1, .group = 16, .page_tokens = 0, .splits = 1, .lengths = {0}});
  const std::vector<emulator::Schedule> runs{{emulator::Order::Random, 3, true}};
  check<Bf16Kv>(shape, runs);
  check<E4m3Kv>(shape, runs);
}
