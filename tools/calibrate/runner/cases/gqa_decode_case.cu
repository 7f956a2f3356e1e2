#include <cmath>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/random_fill.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

constexpr double kLog2E = 1.4426950408889634;
constexpr double kTolerance = 4e-3;

/// Shape: b requests of s tokens, kvh KV heads of g query heads, split ways, pages of `page` tokens
/// (0: contiguous).
template <class Format>
class GqaDecodeCase final : public KernelCase {
 public:
  using Number = typename Format::Number;

  GqaDecodeCase(const Cell& cell, int sets)
      : batch_(shape_of(cell, "b")),
        tokens_(shape_of(cell, "s")),
        heads_(shape_of(cell, "kvh")),
        group_(shape_of(cell, "g")),
        splits_(shape_of(cell, "split")),
        page_(shape_of(cell, "page")) {
    if (group_ < 1 || group_ > static_cast<int>(kGqaHeads))
      throw std::invalid_argument("groups of 1 to 16 query heads");
    const int page_tokens = page_ > 0 ? page_ : tokens_;
    pages_each_ = (tokens_ + page_tokens - 1) / page_tokens;
    const std::size_t cache =
        count(batch_ * pages_each_) * count(heads_) * count(page_tokens) * kHeadSize;
    const std::size_t rows = count(batch_) * count(heads_) * count(group_);
    q_ = normal_array<Bf16>(rows * kHeadSize, 1);
    keys_ = normal_array<Number>(cache * count(sets), 2);
    values_ = normal_array<Number>(cache * count(sets), 3);
    partial_ = DeviceArray<float>(count(splits_) * rows * kHeadSize);
    lse2_ = DeviceArray<float>(count(splits_) * rows);
    lengths_ = DeviceArray<int>(std::vector<int>(count(batch_), tokens_));
    if (page_ > 0) pages_ = DeviceArray<int>(shuffled_pages());
    cache_ = cache;
    call_ = {.q = q_.data(),
             .keys = keys_.data(),
             .values = values_.data(),
             .pages = pages_.data(),
             .lengths = lengths_.data(),
             .partial = partial_.data(),
             .lse2 = lse2_.data(),
             .scale_log2 = static_cast<float>(kLog2E / std::sqrt(double{kHeadSize})),
             .group = static_cast<unsigned>(group_),
             .page_tokens = page_tokens,
             .pages_per_request = pages_each_};
  }

  void enqueue(cudaStream_t stream, int set) override {
    GqaDecode<Format> call = call_;
    call.keys += cache_ * count(set);
    call.values += cache_ * count(set);
    GpuDevice device(stream);
    run(device, call, static_cast<unsigned>(splits_), static_cast<unsigned>(heads_),
        static_cast<unsigned>(batch_));
  }

  CheckResult check() override;

 private:
  static std::size_t count(int n) { return static_cast<std::size_t>(n); }
  [[nodiscard]] std::vector<int> shuffled_pages() const {
    const std::size_t all = count(batch_ * pages_each_);
    std::vector<int> pages(all);
    for (std::size_t i = 0; i < all; ++i) pages[i] = static_cast<int>(i);
    std::uint64_t state = 12345;
    for (std::size_t i = all; i > 1; --i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      std::swap(pages[i - 1], pages[(state >> 33) % i]);
    }
    return pages;
  }
  void add_head(int request, int head, SampledCheck& found);
  [[nodiscard]] std::vector<double> expected_of(int request, int head) const;

  int batch_, tokens_, heads_, group_, splits_, page_;
  int pages_each_ = 1;
  std::size_t cache_ = 0;
  DeviceArray<Bf16> q_;
  DeviceArray<Number> keys_, values_;
  DeviceArray<float> partial_, lse2_;
  DeviceArray<int> lengths_, pages_;
  GqaDecode<Format> call_;
  std::map<std::pair<int, int>, std::vector<double>> expected_;  ///< inputs stay
};

/// The first query row of a head in FP64 over all of its tokens.
template <class Format>
std::vector<double> GqaDecodeCase<Format>::expected_of(int request, int head) const {
  const std::size_t row = (count(request) * count(heads_) + count(head)) * count(group_);
  const std::vector<Bf16> q = q_.read(row * kHeadSize, kHeadSize);
  std::vector<int> pages;
  if (page_ > 0) pages = pages_.read(count(request * pages_each_), count(pages_each_));
  std::vector<double> sum(kHeadSize, 0.0);
  Softmax<double> state;
  for (int page = 0; page < pages_each_; ++page) {
    const std::size_t place = page_ > 0 ? count(pages[count(page)]) : count(request);
    const std::size_t from =
        (place * count(heads_) + count(head)) * count(call_.page_tokens) * kHeadSize;
    const int inside = std::min(call_.page_tokens, tokens_ - page * call_.page_tokens);
    const auto keys = keys_.read(from, count(inside) * kHeadSize);
    const auto values = values_.read(from, count(inside) * kHeadSize);
    for (int token = 0; token < inside; ++token) {
      double score = 0.0;
      for (std::size_t i = 0; i < kHeadSize; ++i)
        score += double{to_float(q[i])} * to_float(keys[count(token) * kHeadSize + i]);
      score *= call_.scale_log2;
      const double next = std::max(state.largest, score);
      const double keep = rescale_of(state, next);
      const double weight = std::exp2(score - next);
      for (std::size_t i = 0; i < kHeadSize; ++i)
        sum[i] = sum[i] * keep + weight * to_float(values[count(token) * kHeadSize + i]);
      state = {next, state.sum * keep + weight};
    }
  }
  for (double& one : sum) one /= state.sum;
  return sum;
}

/// Merged output of the first query row of a head against FP64.
template <class Format>
void GqaDecodeCase<Format>::add_head(int request, int head, SampledCheck& found) {
  std::vector<double>& expected = expected_[{request, head}];
  if (expected.empty()) expected = expected_of(request, head);
  const std::size_t row = (count(request) * count(heads_) + count(head)) * count(group_);
  const std::size_t rows = count(batch_) * count(heads_) * count(group_);
  MergedLse<double> merged;
  for (int split = 0; split < splits_; ++split)
    merged.add(lse2_.read(count(split) * rows + row, 1)[0]);
  std::vector<double> out(kHeadSize, 0.0);
  for (int split = 0; split < splits_; ++split) {
    const double weight = merged.weight(lse2_.read(count(split) * rows + row, 1)[0]);
    const auto part = partial_.read((count(split) * rows + row) * kHeadSize, kHeadSize);
    for (std::size_t i = 0; i < kHeadSize; ++i) out[i] += weight * part[i];
  }
  for (std::size_t i = 0; i < kHeadSize; ++i) found.add(out[i], expected[i]);
}

template <class Format>
CheckResult GqaDecodeCase<Format>::check() {
  partial_.poison();
  lse2_.poison();
  enqueue(nullptr, 0);
  HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
  SampledCheck found;
  add_head(0, 0, found);
  add_head(batch_ - 1, heads_ - 1, found);
  return found.result(kTolerance);
}

template <class Format>
std::unique_ptr<KernelCase> make(const Cell& cell, int sets) {
  return std::make_unique<GqaDecodeCase<Format>>(cell, sets);
}

}  // namespace

std::unique_ptr<KernelCase> make_gqa_decode_bf16(const Cell& cell, int sets) {
  return make<kernels::Bf16Kv>(cell, sets);
}
std::unique_ptr<KernelCase> make_gqa_decode_e4m3(const Cell& cell, int sets) {
  return make<kernels::E4m3Kv>(cell, sets);
}

}  // namespace helixsim
