#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <type_traits>
#include <vector>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/combine.hpp"
#include "tools/calibrate/kernels/mla_decode.hpp"

/// What the bodies of MLA decode are tested with.
namespace helixsim {

using namespace kernels;

struct MlaShape {
  unsigned heads = 16;
  int page_tokens = 0;  ///< 0: contiguous
  unsigned splits = 1;
  std::vector<int> lengths;
  float scale_log2 = 0.06f;
};

template <class Number>
Number mla_rounded(double value) {
  if constexpr (std::is_same_v<Number, Bf16>) return to_bf16(static_cast<float>(value));
  if constexpr (std::is_same_v<Number, E4m3>) return to_e4m3(static_cast<float>(value));
}

struct MlaResult {
  std::vector<float> out;
  std::vector<float> lse2;
};

/// Latents of one shape, NaN where no token is, and the FP64 attention of every head over them.
template <class Format>
class MlaCase {
 public:
  using Number = typename Format::Number;

  explicit MlaCase(const MlaShape& shape) : shape_(shape) {
    const int longest = *std::max_element(shape.lengths.begin(), shape.lengths.end());
    page_tokens_ = shape.page_tokens > 0 ? shape.page_tokens : std::max(longest, 1);
    pages_each_ = (longest + page_tokens_ - 1) / page_tokens_;
    if (shape.page_tokens > 0) {
      pages_.resize(shape.lengths.size() * static_cast<std::size_t>(pages_each_));
      for (std::size_t i = 0; i < pages_.size(); ++i)
        pages_[i] = static_cast<int>(pages_.size() - i);
    }
    fill();
  }

  /// Of row [request, head].
  AttentionRow expected(std::size_t request, unsigned head) const {
    AttentionInput input{.q = {}, .keys = {}, .values = {}, .scale_log2 = shape_.scale_log2};
    const std::size_t from = (request * shape_.heads + head) * kMlaWidth;
    for (std::size_t i = 0; i < kMlaWidth; ++i) input.q.push_back(to_float(q_[from + i]));
    for (int token = 0; token < shape_.lengths[request]; ++token) {
      auto& key = input.keys.emplace_back();
      for (std::size_t i = 0; i < kMlaWidth; ++i)
        key.push_back(to_float(cache_[at(request, token) + i]));
      input.values.emplace_back(key.begin(), key.begin() + kMlaValues);
    }
    AttentionRow row = attention_reference(input);
    row.out.resize(kMlaValues, 0.0);
    return row;
  }

  /// By a kernel, which `launch(call, splits, batch, schedule)` starts, and a merge of its splits.
  template <class Launch>
  MlaResult run(const emulator::Schedule& schedule, Launch&& launch) const {
    const auto batch = static_cast<unsigned>(shape_.lengths.size());
    const unsigned rows = batch * shape_.heads;
    std::vector<float> partial(std::size_t{shape_.splits} * rows * kMlaValues, NAN);
    std::vector<float> partial_lse2(std::size_t{shape_.splits} * rows, NAN);
    const MlaDecode<Format> call{.q = q_.data(),
                                 .cache = cache_.data(),
                                 .pages = pages_.empty() ? nullptr : pages_.data(),
                                 .lengths = shape_.lengths.data(),
                                 .partial = partial.data(),
                                 .lse2 = partial_lse2.data(),
                                 .scale_log2 = shape_.scale_log2,
                                 .heads = shape_.heads,
                                 .page_tokens = page_tokens_,
                                 .pages_per_request = pages_each_};
    launch(call, shape_.splits, batch, schedule);
    MlaResult result{.out = std::vector<float>(std::size_t{rows} * kMlaValues, NAN),
                     .lse2 = std::vector<float>(rows, NAN)};
    const Combine<float, float> merge{.partial = partial.data(),
                                      .lse2 = partial_lse2.data(),
                                      .out = result.out.data(),
                                      .out_lse2 = result.lse2.data(),
                                      .parts = shape_.splits,
                                      .rows = rows,
                                      .width = kMlaValues};
    emulator::launch({.grid = {(rows + 3) / 4, 1, 1}, .threads = kCombineThreads}, schedule,
                     [&] { combine(merge); });
    return result;
  }

 private:
  void fill() {
    Random random(shape_.heads);
    const std::size_t batch = shape_.lengths.size();
    const std::size_t places =
        std::max(pages_.size() + 1, batch) * static_cast<std::size_t>(page_tokens_);
    cache_.assign(places * kMlaWidth, mla_rounded<Number>(NAN));
    q_.resize(batch * shape_.heads * kMlaWidth);
    for (Bf16& number : q_) number = mla_rounded<Bf16>(normal(random));
    for (std::size_t request = 0; request < batch; ++request) {
      for (int token = 0; token < shape_.lengths[request]; ++token) {
        for (std::size_t i = 0; i < kMlaWidth; ++i)
          cache_[at(request, token) + i] = mla_rounded<Number>(normal(random));
      }
    }
  }
  std::size_t at(std::size_t request, int token) const {
    const std::size_t page =
        pages_.empty()
            ? request
            : static_cast<std::size_t>(pages_[request * static_cast<std::size_t>(pages_each_) +
                                              static_cast<std::size_t>(token / page_tokens_)]);
    return (page * static_cast<std::size_t>(page_tokens_) +
            static_cast<std::size_t>(token % page_tokens_)) *
           kMlaWidth;
  }

  MlaShape shape_;
  int page_tokens_ = 1;
  int pages_each_ = 1;
  std::vector<int> pages_;
  std::vector<Bf16> q_;
  std::vector<Number> cache_;
};

/// BF16 of probabilities: 2^-9 each at most, and much less in a sum.
inline constexpr double kMlaTolerance = 4e-3;

inline void check_mla_row(const MlaResult& found, std::size_t row, const AttentionRow& expected) {
  CAPTURE(row);
  const auto from = found.out.begin() + static_cast<long>(row * kMlaValues);
  const std::vector<double> out(from, from + kMlaValues);
  CHECK(relative_error(out, expected.out) < kMlaTolerance);
  if (std::isinf(expected.lse2)) {
    CHECK(found.lse2[row] == -INFINITY);
  } else {
    CHECK(found.lse2[row] == Approx(expected.lse2).epsilon(2e-6).margin(2e-6));
  }
}

/// Every head against FP64 under the first schedule, and the same bits under the others.
template <class Format, class Launch>
void check_mla(const MlaShape& shape, const std::vector<emulator::Schedule>& runs,
               Launch&& launch) {
  const MlaCase<Format> data(shape);
  CAPTURE(shape.heads, shape.splits, shape.page_tokens, shape.lengths);
  const MlaResult first = data.run(runs.front(), launch);
  for (std::size_t request = 0; request < shape.lengths.size(); ++request) {
    for (unsigned head = 0; head < shape.heads; ++head)
      check_mla_row(first, request * shape.heads + head, data.expected(request, head));
  }
  for (std::size_t i = 1; i < runs.size(); ++i) {
    CAPTURE(to_text(runs[i]));
    const MlaResult other = data.run(runs[i], launch);
    CHECK(other.out == first.out);
    CHECK(other.lse2 == first.lse2);
  }
}

}  // namespace helixsim
