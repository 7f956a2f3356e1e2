#include <cmath>
#include <stdexcept>
#include <vector>

#include "tools/calibrate/rank_layer/dense_ffn.hpp"
#include "tools/calibrate/rank_layer/gqa_attention.hpp"
#include "tools/calibrate/rank_layer/mla_attention.hpp"
#include "tools/calibrate/rank_layer/moe_ffn.hpp"
#include "tools/calibrate/runner/cases/cases.hpp"
#include "tools/calibrate/runner/gpu_device.hpp"
#include "tools/calibrate/runner/side_stream.hpp"

namespace helixsim {
namespace {

using namespace kernels;

constexpr unsigned kKvBlock = 16;  ///< tokens that a rank appends in a row

unsigned number(const Cell& cell, const char* name) {
  return static_cast<unsigned>(shape_of(cell, name));
}

/// The last position that rank 0 owns when it keeps `kept` tokens of a request.
unsigned last_position(unsigned kept, unsigned kvp) {
  if (kept % kKvBlock != 0 || kept == 0) throw std::invalid_argument("s in whole 16");
  return (kept / kKvBlock - 1) * kKvBlock * kvp + kKvBlock - 1;
}

/// Shape: b requests of s tokens on this rank, hidden h, of this rank qh query heads, kvh KV heads
/// and f of the FFN; kvp ranks; split ways.
template <class WeightFormat, class KvFormat>
struct GqaDense {
  using Attention = rank_layer::GqaAttention<GpuDevice, WeightFormat, KvFormat>;
  using Ffn = rank_layer::DenseFfn<GpuDevice, WeightFormat>;

  static rank_layer::GqaAttentionShape attention(const Cell& cell) {
    const unsigned kvp = number(cell, "kvp");
    return {.batch = number(cell, "b"),
            .hidden = number(cell, "h"),
            .q_heads = number(cell, "qh"),
            .kv_heads = number(cell, "kvh"),
            .kvp = kvp,
            .kv_block = kKvBlock,
            .cached = number(cell, "s"),
            .first_position = last_position(number(cell, "s"), kvp),
            .positions = 1,
            .splits = number(cell, "split")};
  }
  static rank_layer::DenseFfnShape ffn(const Cell& cell) {
    return {.batch = number(cell, "b"), .hidden = number(cell, "h"), .width = number(cell, "f")};
  }
};

/// Shape: b requests of s tokens on this rank, hidden h, query rank qr, qh heads of this rank; kvp
/// ranks; split ways; e experts of this rank of width fe, of the shared expert fs.
template <class WeightFormat, class KvFormat>
struct MlaMoe {
  using Attention = rank_layer::MlaAttention<GpuDevice, WeightFormat, KvFormat>;
  using Ffn = rank_layer::MoeFfn<GpuDevice, WeightFormat>;

  static rank_layer::MlaAttentionShape attention(const Cell& cell) {
    const unsigned kvp = number(cell, "kvp");
    return {.batch = number(cell, "b"),
            .hidden = number(cell, "h"),
            .q_rank = number(cell, "qr"),
            .heads = number(cell, "qh"),
            .kvp = kvp,
            .kv_block = kKvBlock,
            .cached = number(cell, "s"),
            .first_position = last_position(number(cell, "s"), kvp),
            .positions = 1,
            .splits = number(cell, "split")};
  }
  static rank_layer::MoeFfnShape ffn(const Cell& cell) {
    return {.batch = number(cell, "b"),
            .hidden = number(cell, "h"),
            .experts = number(cell, "e"),
            .expert_width = number(cell, "fe"),
            .shared_width = number(cell, "fs"),
            .routing = {}};
  }
};

/// One rank's layer, a set a layer with weights and KV cache of its own. Of the shape, beside the
/// model's part: exchange 0: nothing takes the place of collectives, and merges find numbers that
/// were there; 1: copies of as many bytes within the GPU; pdl 1: launches overlap.
template <class Model>
class RankLayerCase final : public KernelCase {
 public:
  RankLayerCase(const Cell& cell, int sets)
      : layers_(static_cast<unsigned>(sets)),
        copies_(shape_of(cell, "exchange") == 1),
        programmatic_(shape_of(cell, "pdl") == 1),
        attention_(device_, Model::attention(cell), layers_),
        ffn_(device_, Model::ffn(cell), layers_),
        numbers_(std::size_t{attention_.shape().batch} * attention_.shape().hidden),
        x_(numbers_),
        reduced_(numbers_),
        attended_(numbers_),
        fed_(numbers_),
        residual_(numbers_),
        received_(normal_array<Bf16>(attention_.sent().size(), 1)),
        received_lse2_(normal_array<float>(attention_.sent_lse2().size(), 2)) {
    attention_.set_positions(std::vector<int>(attention_.shape().batch,
                                              static_cast<int>(attention_.shape().first_position)));
    attention_.fill(100);
    ffn_.fill(200'000);
    reset();
  }

  void enqueue(cudaStream_t stream, int set) override {
    device_.use(stream, programmatic_);
    layer(static_cast<unsigned>(set));
  }

  /// Kernels are checked on their own, and their chain on the CPU. Here: all layers in one go, with
  /// launches that overlap, come to the bits of launches that do not.
  CheckResult check() override {
    const std::vector<Bf16> apart = all_layers(false);
    const std::vector<Bf16> overlapped = all_layers(programmatic_);
    double wrong = 0.0;
    for (std::size_t i = 0; i < numbers_; ++i) {
      const bool right = apart[i].bits == overlapped[i].bits && std::isfinite(to_float(apart[i]));
      wrong += right ? 0.0 : 1.0;
    }
    reset();
    return {.error = wrong / static_cast<double>(numbers_), .ok = wrong == 0.0};
  }

 private:
  void reset() {
    residual_.clear();
    device_.fill_normal(x_, 3, 1.0f);
    device_.fill_normal(fed_, 3, 1.0f);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
  }
  std::vector<Bf16> all_layers(bool overlap) {
    reset();
    const OwnStream stream;
    device_.use(stream.get(), overlap);
    for (unsigned layer_index = 0; layer_index < layers_; ++layer_index) layer(layer_index);
    HELIXSIM_CUDA_CALL(cudaDeviceSynchronize());
    return fed_.read();
  }
  void layer(unsigned index) {
    attention_.attend(copies_ ? x_.data() : fed_.data(), residual_.data(), index);
    if (copies_) {
      device_.copy(received_.data(), attention_.sent().data(), received_.size());
      device_.copy(received_lse2_.data(), attention_.sent_lse2().data(), received_lse2_.size());
    }
    attention_.project(received_.data(), received_lse2_.data(), attended_.data(), index);
    if (copies_) device_.copy(reduced_.data(), attended_.data(), numbers_);
    ffn_.feed_forward(copies_ ? reduced_.data() : attended_.data(), residual_.data(), fed_.data(),
                      index);
    if (copies_) device_.copy(x_.data(), fed_.data(), numbers_);
  }

  GpuDevice device_;
  unsigned layers_;
  bool copies_, programmatic_;
  typename Model::Attention attention_;
  typename Model::Ffn ffn_;
  std::size_t numbers_;
  DeviceArray<Bf16> x_, reduced_, attended_, fed_, residual_, received_;
  DeviceArray<float> received_lse2_;
};

template <class Model>
std::unique_ptr<KernelCase> make(const Cell& cell, int sets) {
  return std::make_unique<RankLayerCase<Model>>(cell, sets);
}

}  // namespace

std::unique_ptr<KernelCase> make_gqa_dense_bf16(const Cell& cell, int sets) {
  return make<GqaDense<Bf16Weights, Bf16Kv>>(cell, sets);
}
std::unique_ptr<KernelCase> make_gqa_dense_e4m3(const Cell& cell, int sets) {
  return make<GqaDense<E4m3Weights, E4m3Kv>>(cell, sets);
}
std::unique_ptr<KernelCase> make_mla_moe_e4m3(const Cell& cell, int sets) {
  return make<MlaMoe<E4m3Weights, E4m3Latents>>(cell, sets);
}
std::unique_ptr<KernelCase> make_mla_moe_e4m3_kv_bf16(const Cell& cell, int sets) {
  return make<MlaMoe<E4m3Weights, Bf16Latents>>(cell, sets);
}

}  // namespace helixsim
