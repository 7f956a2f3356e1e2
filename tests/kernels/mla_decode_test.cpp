#include "tools/calibrate/kernels/mla_decode.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/kernels/attention_case.hpp"
#include "tests/kernels/schedules.hpp"
#include "tools/calibrate/kernels/combine.hpp"

using namespace helixsim;
using namespace helixsim::kernels;

namespace {

struct Shape {
  unsigned heads = 16;
  int page_tokens = 0;  ///< 0: contiguous
  unsigned splits = 1;
  std::vector<int> lengths;
};

/// Latents of one shape, NaN where no token is, and the FP64 attention of some heads over them.
class MlaCase {
 public:
  explicit MlaCase(const Shape& shape) : shape_(shape) {
    Random random(shape.heads);
    const int longest = *std::max_element(shape.lengths.begin(), shape.lengths.end());
    page_tokens_ = shape.page_tokens > 0 ? shape.page_tokens : std::max(longest, 1);
    pages_each_ = (longest + page_tokens_ - 1) / page_tokens_;
    const std::size_t batch = shape.lengths.size();
    if (shape.page_tokens > 0) {
      pages_.resize(batch * static_cast<std::size_t>(pages_each_));
      for (std::size_t i = 0; i < pages_.size(); ++i)
        pages_[i] = static_cast<int>(pages_.size() - i);
    }
    cache_.assign(
        (std::max(pages_.size() + 1, batch)) * static_cast<std::size_t>(page_tokens_) * kMlaWidth,
        to_bf16(NAN));
    q_.resize(batch * shape.heads * kMlaWidth);
    for (Bf16& number : q_) number = to_bf16(static_cast<float>(normal(random)));
    for (std::size_t request = 0; request < batch; ++request) {
      for (int token = 0; token < shape.lengths[request]; ++token) {
        for (std::size_t i = 0; i < kMlaWidth; ++i)
          cache_[at(request, token) + i] = to_bf16(static_cast<float>(normal(random)));
      }
    }
  }

  /// Of one head.
  AttentionRow expected(std::size_t request, unsigned head) const {
    AttentionInput input{.q = {}, .keys = {}, .values = {}, .scale_log2 = kScaleLog2};
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

  /// By the kernel and a merge of its splits.
  template <unsigned kHeads, unsigned kStages>
  void run(const emulator::Schedule& schedule, std::vector<float>& out,
           std::vector<float>& lse2) const {
    const auto batch = static_cast<unsigned>(shape_.lengths.size());
    const unsigned rows = batch * shape_.heads;
    std::vector<float> partial(std::size_t{shape_.splits} * rows * kMlaValues, NAN);
    std::vector<float> partial_lse2(std::size_t{shape_.splits} * rows, NAN);
    const MlaDecode call{.q = q_.data(),
                         .cache = cache_.data(),
                         .pages = pages_.empty() ? nullptr : pages_.data(),
                         .lengths = shape_.lengths.data(),
                         .partial = partial.data(),
                         .lse2 = partial_lse2.data(),
                         .scale_log2 = kScaleLog2,
                         .heads = shape_.heads,
                         .page_tokens = page_tokens_,
                         .pages_per_request = pages_each_};
    emulator::launch({.grid = {shape_.splits, shape_.heads / kHeads, batch},
                      .threads = kMlaThreads,
                      .shared_bytes = sizeof(MlaShared<kHeads, kStages>),
                      .resident = 2},
                     schedule, [&] { mla_decode<kHeads, kStages>(call); });
    out.assign(std::size_t{rows} * kMlaValues, NAN);
    lse2.assign(rows, NAN);
    const Combine<float, float> merge{.partial = partial.data(),
                                      .lse2 = partial_lse2.data(),
                                      .out = out.data(),
                                      .out_lse2 = lse2.data(),
                                      .parts = shape_.splits,
                                      .rows = rows,
                                      .width = kMlaValues};
    emulator::launch({.grid = {(rows + 3) / 4, 1, 1}, .threads = kCombineThreads}, schedule,
                     [&] { combine(merge); });
  }

  const Shape& shape() const { return shape_; }

 private:
  static constexpr float kScaleLog2 = 0.06f;

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

  Shape shape_;
  int page_tokens_ = 1;
  int pages_each_ = 1;
  std::vector<int> pages_;
  std::vector<Bf16> q_;
  std::vector<Bf16> cache_;
};

template <unsigned kHeads, unsigned kStages>
void check(const Shape& shape, const std::vector<emulator::Schedule>& runs) {
  const MlaCase data(shape);
  std::vector<float> first;
  for (const emulator::Schedule& schedule : runs) {
    CAPTURE(to_text(schedule), shape.heads, shape.splits, shape.page_tokens);
    std::vector<float> out;
    std::vector<float> lse2;
    data.run<kHeads, kStages>(schedule, out, lse2);
    for (std::size_t request = 0; request < shape.lengths.size(); ++request) {
      for (unsigned head = 0; head < shape.heads; head += 5) {
        const AttentionRow expected = data.expected(request, head);
        const std::size_t row = request * shape.heads + head;
        const std::vector<double> found(out.begin() + static_cast<long>(row * kMlaValues),
                                        out.begin() + static_cast<long>((row + 1) * kMlaValues));
        CHECK(relative_error(found, expected.out) < 5e-3);
        if (std::isinf(expected.lse2)) {
          CHECK(lse2[row] == -INFINITY);
        } else {
          CHECK(lse2[row] == Approx(expected.lse2).epsilon(2e-6).margin(2e-6));
        }
      }
    }
    if (first.empty()) first = out;
    CHECK(out == first);
  }
}

}  // namespace

TEST_CASE("MLA decode agrees with FP64 attention under every schedule", "[kernels][mla]") {
  check<16, 4>({.heads = 16, .page_tokens = 0, .splits = 2, .lengths = {150}}, schedules());
}

TEST_CASE("MLA decode shares the scores of 32 and 64 heads out right", "[kernels][mla]") {
  const std::vector<emulator::Schedule> runs{{emulator::Order::Random, 3, true},
                                             {emulator::Order::Starve, 5, true}};
  check<32, 4>({.heads = 64, .page_tokens = 0, .splits = 1, .lengths = {70}}, runs);
  check<64, 3>({.heads = 64, .page_tokens = 0, .splits = 1, .lengths = {33}}, runs);
}

TEST_CASE("MLA decode takes ragged lengths, empty shards and pages", "[kernels][mla]") {
  const std::vector<emulator::Schedule> runs{{emulator::Order::Starve, 1, true}};
  check<16, 4>({.heads = 16, .page_tokens = 16, .splits = 3, .lengths = {0, 31, 65}}, runs);
  check<16, 4>({.heads = 32, .page_tokens = 64, .splits = 7, .lengths = {129}}, runs);
}
