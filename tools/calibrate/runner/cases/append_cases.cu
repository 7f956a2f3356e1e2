#include <cmath>
#include <stdexcept>
#include <vector>

#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/sampled_check.hpp"

namespace helixsim {
namespace {

using namespace kernels;

constexpr unsigned kPositions = 4096;
constexpr unsigned kPosition = 1234;  ///< of every new token
constexpr unsigned kCached = 2048;    ///< tokens of a request that there is room for
constexpr double kTolerance = 6e-3;   ///< of BF16

/// Angles whose cosine and sine are told apart by place only, which is all that a check needs.
std::vector<float> angles(unsigned numbers) {
  std::vector<float> table;
  for (unsigned position = 0; position < kPositions; ++position) {
    for (unsigned i = 0; i < numbers / 2; ++i) {
      const double angle = 0.001 * position * (i + 1);
      table.push_back(static_cast<float>(std::cos(angle)));
      table.push_back(static_cast<float>(std::sin(angle)));
    }
  }
  return table;
}

/// Shape: b requests, qh query heads, kvh KV heads; the rank owns every token.
class RopeAppendCase final : public KernelCase {
 public:
  RopeAppendCase(const Cell& cell, int sets)
      : batch_(static_cast<unsigned>(shape_of(cell, "b"))),
        q_heads_(static_cast<unsigned>(shape_of(cell, "qh"))),
        kv_heads_(static_cast<unsigned>(shape_of(cell, "kvh"))),
        numbers_(std::size_t{batch_} * (q_heads_ + 2 * kv_heads_) * kHeadSize),
        qkv_(normal_array<Bf16>(numbers_ * static_cast<std::size_t>(sets), 1)),
        q_(std::size_t{batch_} * q_heads_ * kHeadSize),
        keys_(std::size_t{batch_} * kv_heads_ * kCached * kHeadSize),
        values_(std::size_t{batch_} * kv_heads_ * kCached * kHeadSize),
        positions_(std::vector<int>(batch_, static_cast<int>(kPosition))),
        cos_sin_(angles(kHeadSize)) {}

  void enqueue(cudaStream_t stream, int set) override {
    RopeAppend<Bf16Kv> call;
    call.qkv = qkv_.data() + numbers_ * static_cast<std::size_t>(set);
    call.q = q_.data();
    call.keys = keys_.data();
    call.values = values_.data();
    call.positions = positions_.data();
    call.cos_sin = cos_sin_.data();
    call.batch = batch_;
    call.q_heads = q_heads_;
    call.kv_heads = kv_heads_;
    call.page_tokens = static_cast<int>(kCached);
    GpuDevice device(stream);
    run(device, call);
  }
  CheckResult check() override {
    q_.poison();
    keys_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    const unsigned last = batch_ - 1;
    const std::size_t row = std::size_t{last} * (q_heads_ + 2 * kv_heads_);
    add_head(found, qkv_.read((row + q_heads_ - 1) * kHeadSize, kHeadSize),
             q_.read((std::size_t{last} * q_heads_ + q_heads_ - 1) * kHeadSize, kHeadSize));
    const std::size_t head = std::size_t{last} * kv_heads_ + kv_heads_ - 1;
    add_head(found, qkv_.read((row + q_heads_ + kv_heads_ - 1) * kHeadSize, kHeadSize),
             keys_.read((head * kCached + kPosition) * kHeadSize, kHeadSize));
    return found.result(kTolerance);
  }

 private:
  void add_head(SampledCheck& found, const std::vector<Bf16>& in,
                const std::vector<Bf16>& out) const {
    const auto angle = cos_sin_.read(std::size_t{kPosition} * kHeadSize, kHeadSize);
    constexpr std::size_t kHalf = kHeadSize / 2;
    for (std::size_t i = 0; i < kHalf; ++i) {
      const double a = to_float(in[i]);
      const double b = to_float(in[i + kHalf]);
      found.add(to_float(out[i]), a * angle[2 * i] - b * angle[2 * i + 1]);
      found.add(to_float(out[i + kHalf]), b * angle[2 * i] + a * angle[2 * i + 1]);
    }
  }

  unsigned batch_, q_heads_, kv_heads_;
  std::size_t numbers_;
  DeviceArray<Bf16> qkv_, q_, keys_, values_;
  DeviceArray<int> positions_;
  DeviceArray<float> cos_sin_;
};

/// Shape: b requests, h heads; the rank owns every token.
class MlaAppendCase final : public KernelCase {
 public:
  MlaAppendCase(const Cell& cell, int sets)
      : batch_(static_cast<unsigned>(shape_of(cell, "b"))),
        heads_(static_cast<unsigned>(shape_of(cell, "h"))),
        numbers_(std::size_t{batch_} * heads_ * kMlaQuery),
        q_(normal_array<Bf16>(numbers_ * static_cast<std::size_t>(sets), 1)),
        latents_(normal_array<Bf16>(std::size_t{batch_} * kMlaWidth, 2)),
        weight_(normal_array<Bf16>(kMlaValues, 3)),
        q_out_(std::size_t{batch_} * heads_ * kMlaWidth),
        cache_(std::size_t{batch_} * kCached * kMlaWidth),
        positions_(std::vector<int>(batch_, static_cast<int>(kPosition))),
        cos_sin_(angles(kMlaRope)) {}

  void enqueue(cudaStream_t stream, int set) override {
    MlaAppend<Bf16Latents> call;
    call.q = q_.data() + numbers_ * static_cast<std::size_t>(set);
    call.q_out = q_out_.data();
    call.latents = latents_.data();
    call.weight = weight_.data();
    call.cache = cache_.data();
    call.positions = positions_.data();
    call.cos_sin = cos_sin_.data();
    call.batch = batch_;
    call.heads = heads_;
    call.page_tokens = static_cast<int>(kCached);
    GpuDevice device(stream);
    run(device, call);
  }
  CheckResult check() override {
    q_out_.poison();
    cache_.poison();
    enqueue(nullptr, 0);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    SampledCheck found;
    const std::size_t row = std::size_t{batch_} * heads_ - 1;
    add_turned(found, q_.read(row * kMlaQuery + kMlaPlain, kMlaRope),
               q_out_.read(row * kMlaWidth + kMlaValues, kMlaRope));
    const std::size_t last = batch_ - 1;
    const auto latent = latents_.read(last * kMlaWidth, kMlaWidth);
    const auto stored = cache_.read((last * kCached + kPosition) * kMlaWidth, kMlaWidth);
    const auto weight = weight_.read();
    double squares = 0.0;
    for (std::size_t i = 0; i < kMlaValues; ++i)
      squares += double{to_float(latent[i])} * to_float(latent[i]);
    const double scale = 1.0 / std::sqrt(squares / kMlaValues + 1e-6);
    for (std::size_t i = 0; i < kMlaValues; ++i)
      found.add(to_float(stored[i]), to_float(latent[i]) * scale * to_float(weight[i]));
    add_turned(found, {latent.begin() + kMlaValues, latent.end()},
               {stored.begin() + kMlaValues, stored.end()});
    return found.result(kTolerance);
  }

 private:
  void add_turned(SampledCheck& found, const std::vector<Bf16>& in,
                  const std::vector<Bf16>& out) const {
    const auto angle = cos_sin_.read(std::size_t{kPosition} * kMlaRope, kMlaRope);
    for (std::size_t i = 0; i < kMlaRope; i += 2) {
      const double a = to_float(in[i]);
      const double b = to_float(in[i + 1]);
      found.add(to_float(out[i]), a * angle[i] - b * angle[i + 1]);
      found.add(to_float(out[i + 1]), b * angle[i] + a * angle[i + 1]);
    }
  }

  unsigned batch_, heads_;
  std::size_t numbers_;
  DeviceArray<Bf16> q_, latents_, weight_, q_out_, cache_;
  DeviceArray<int> positions_;
  DeviceArray<float> cos_sin_;
};

}  // namespace

std::unique_ptr<KernelCase> make_rope_append(const Cell& cell, int sets) {
  return std::make_unique<RopeAppendCase>(cell, sets);
}
std::unique_ptr<KernelCase> make_mla_append(const Cell& cell, int sets) {
  return std::make_unique<MlaAppendCase>(cell, sets);
}

}  // namespace helixsim
