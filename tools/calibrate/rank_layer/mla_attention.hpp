#pragma once

#include "tools/calibrate/rank_layer/kv_shard.hpp"
#include "tools/calibrate/rank_layer/linear.hpp"

namespace helixsim::rank_layer {

/// One rank's share of an MLA attention block under Helix with TPA x KVP ranks.
struct MlaAttentionShape {
  unsigned batch = 1;
  unsigned hidden = 0;
  unsigned q_rank = 0;  ///< of the queries' low-rank projection
  unsigned heads = 0;   ///< of the model / TPA
  unsigned kvp = 1;
  std::int64_t rank = 0;
  std::int64_t kv_block = 16;
  unsigned cached = 0;
  unsigned first_position = 0;
  unsigned positions = 0;
  unsigned splits = 1;
  bool block_scales = true;  ///< of the weights

  [[nodiscard]] unsigned heads_each() const { return heads / kvp; }
  [[nodiscard]] unsigned rows() const { return batch * heads; }
};

/// The two parts of the block, before and behind Helix's all-to-all, with keys and values absorbed.
/// Every KVP rank works out all its heads' queries, as Helix does.
///
/// attend():  RMSNorm -> queries' and latents' down projection -> RMSNorm -> queries' up projection
///            -> absorption into the latent space, a GEMM a head -> RoPE, append -> decode -> merge
///            of splits -> sent [kvp, batch, heads_each, 512] with LSEs.
/// project(): received [kvp, batch, heads_each, 512] -> merge over KVP -> values' up projection, a
///            GEMM a head -> output projection -> out [batch, hidden].
/// Source: DeepSeek-V2, section 2.1 and appendix C; Helix, section 2.1.
template <class Device, class WeightFormat, class KvFormat>
class MlaAttention {
 public:
  using KvNumber = typename KvFormat::Number;
  struct Weights {
    ArrayOf<Device, Bf16> norm, q_norm, latent_norm;
    Linear<Device, WeightFormat> down;    ///< q_rank rows, then 576 of the latent
    Linear<Device, WeightFormat> q_up;    ///< [heads x 192, q_rank]
    Linear<Device, WeightFormat> absorb;  ///< [heads][512, 128]
    Linear<Device, WeightFormat> v_up;    ///< [heads_each][128, 512]
    Linear<Device, WeightFormat> out;
    ArrayOf<Device, KvNumber> cache;  ///< [batch, cached, 576]
  };

  MlaAttention(Device& device, const MlaAttentionShape& shape, unsigned layers);

  void attend(const Bf16* x, Bf16* residual, unsigned layer);
  void project(const Bf16* received, const float* received_lse2, Bf16* out, unsigned layer);

  [[nodiscard]] Weights& weights(unsigned layer) { return weights_[layer]; }
  [[nodiscard]] const MlaAttentionShape& shape() const { return shape_; }
  [[nodiscard]] const ArrayOf<Device, Bf16>& sent() const { return sent_; }
  [[nodiscard]] const ArrayOf<Device, float>& sent_lse2() const { return sent_lse2_; }
  void set_positions(const std::vector<int>& positions);
  void fill(std::uint64_t seed);
  [[nodiscard]] double bytes_of_layer() const {
    const Weights& w = weights_.front();
    return static_cast<double>(w.down.bytes() + w.q_up.bytes() + w.absorb.bytes() + w.v_up.bytes() +
                               w.out.bytes()) +
           static_cast<double>(w.cache.size()) * sizeof(KvNumber);
  }

  static constexpr unsigned kValueHead = 128;

 private:
  static constexpr unsigned kLatent = kernels::kMlaValues;
  static constexpr unsigned kWidth = kernels::kMlaWidth;
  [[nodiscard]] unsigned down_numbers() const { return shape_.q_rank + kWidth; }
  [[nodiscard]] std::vector<Weights> make_weights(unsigned layers) const;
  void project_queries(const Weights& weights);
  void decode(const Weights& weights);

  Device& device_;
  MlaAttentionShape shape_;
  std::vector<Weights> weights_;
  GemvScratch<Device> scratch_;
  ArrayOf<Device, Bf16> normed_, down_, q_normed_, q_, absorbed_, sent_, merged_, values_;
  ArrayOf<Device, float> partial_, lse2_, sent_lse2_, cos_sin_;
  ArrayOf<Device, int> positions_, lengths_;
};

template <class Device, class WeightFormat, class KvFormat>
auto MlaAttention<Device, WeightFormat, KvFormat>::make_weights(unsigned layers) const
    -> std::vector<Weights> {
  const bool blocks = shape_.block_scales;
  std::vector<Weights> all;
  for (unsigned layer = 0; layer < layers; ++layer)
    all.push_back(
        {device_.template array<Bf16>(shape_.hidden),
         device_.template array<Bf16>(shape_.q_rank),
         device_.template array<Bf16>(kLatent),
         {device_, down_numbers(), shape_.hidden, blocks},
         {device_, shape_.heads * kernels::kMlaQuery, shape_.q_rank, blocks},
         {device_, kLatent, kernels::kMlaPlain, blocks, shape_.heads},
         {device_, kValueHead, kLatent, blocks, shape_.heads_each()},
         {device_, shape_.hidden, shape_.heads_each() * kValueHead, blocks},
         device_.template array<KvNumber>(std::size_t{shape_.batch} * shape_.cached * kWidth)});
  return all;
}

template <class Device, class WeightFormat, class KvFormat>
MlaAttention<Device, WeightFormat, KvFormat>::MlaAttention(Device& device,
                                                           const MlaAttentionShape& shape,
                                                           unsigned layers)
    : device_(device),
      shape_(shape),
      weights_(make_weights(layers)),
      scratch_(device, shape.batch, weights_.front().down, weights_.front().q_up,
               weights_.front().out),
      normed_(device.template array<Bf16>(std::size_t{shape.batch} * shape.hidden)),
      down_(device.template array<Bf16>(std::size_t{shape.batch} * down_numbers())),
      q_normed_(device.template array<Bf16>(std::size_t{shape.batch} * shape.q_rank)),
      q_(device.template array<Bf16>(std::size_t{shape.rows()} * kernels::kMlaQuery)),
      absorbed_(device.template array<Bf16>(std::size_t{shape.rows()} * kWidth)),
      sent_(device.template array<Bf16>(std::size_t{shape.rows()} * kLatent)),
      merged_(device.template array<Bf16>(std::size_t{shape.batch} * shape.heads_each() * kLatent)),
      values_(
          device.template array<Bf16>(std::size_t{shape.batch} * shape.heads_each() * kValueHead)),
      partial_(device.template array<float>(std::size_t{shape.splits} * shape.rows() * kLatent)),
      lse2_(device.template array<float>(std::size_t{shape.splits} * shape.rows())),
      sent_lse2_(device.template array<float>(shape.rows())),
      cos_sin_(device.template array<float>(std::size_t{shape.positions} * kernels::kMlaRope)),
      positions_(device.template array<int>(shape.batch)),
      lengths_(device.template array<int>(shape.batch)) {
  constexpr double kBase = 10'000.0;
  device.write(cos_sin_,
               rope_table(shape.first_position, shape.positions, kernels::kMlaRope / 2, kBase));
}

template <class Device, class WeightFormat, class KvFormat>
void MlaAttention<Device, WeightFormat, KvFormat>::set_positions(
    const std::vector<int>& positions) {
  device_.write(positions_, positions);
  device_.write(lengths_, kept_lengths(positions, {shape_.kvp, shape_.kv_block}, shape_.rank));
}

template <class Device, class WeightFormat, class KvFormat>
void MlaAttention<Device, WeightFormat, KvFormat>::fill(std::uint64_t seed) {
  for (Weights& weights : weights_) {
    for (auto* norm : {&weights.norm, &weights.q_norm, &weights.latent_norm})
      device_.fill_normal(*norm, ++seed, 1.0f);
    for (auto* linear :
         {&weights.down, &weights.q_up, &weights.absorb, &weights.v_up, &weights.out})
      linear->fill(device_, ++seed);
    device_.fill_normal(weights.cache, ++seed, 1.0f);
  }
}

/// From the normed input to queries of the latent space, all but RoPE.
template <class Device, class WeightFormat, class KvFormat>
void MlaAttention<Device, WeightFormat, KvFormat>::project_queries(const Weights& weights) {
  using namespace kernels;
  scratch_.run(device_, weights.down.gemv(normed_.data(), shape_.batch, down_.data()));
  RmsNorm<RowsBf16> norm;
  norm.x = down_.data();
  norm.weight = weights.q_norm.data();
  norm.rows.out = q_normed_.data();
  norm.hidden = shape_.q_rank;
  norm.x_stride = down_numbers();
  run(device_, norm, shape_.batch);
  scratch_.run(device_, weights.q_up.gemv(q_normed_.data(), shape_.batch, q_.data()));
  Gemv<WeightFormat> absorb = weights.absorb.gemv(q_.data(), shape_.batch, absorbed_.data());
  absorb.x_stride = shape_.heads * kMlaQuery;
  absorb.x_batch = kMlaQuery;
  absorb.out_stride = shape_.heads * kWidth;
  absorb.out_batch = kWidth;
  run_batch(device_, absorb, shape_.heads);
}

template <class Device, class WeightFormat, class KvFormat>
void MlaAttention<Device, WeightFormat, KvFormat>::decode(const Weights& weights) {
  using namespace kernels;
  MlaDecode<KvFormat> decode;
  decode.q = absorbed_.data();
  decode.cache = weights.cache.data();
  decode.lengths = lengths_.data();
  decode.partial = partial_.data();
  decode.lse2 = lse2_.data();
  decode.scale_log2 = static_cast<float>(1.4426950408889634 / std::sqrt(double{kMlaQuery}));
  decode.heads = shape_.heads;
  decode.page_tokens = static_cast<int>(shape_.cached);
  run(device_, decode, shape_.splits, shape_.batch);
  Combine<float, Bf16> merge;
  merge.partial = partial_.data();
  merge.lse2 = lse2_.data();
  merge.out = sent_.data();
  merge.out_lse2 = sent_lse2_.data();
  merge.parts = shape_.splits;
  merge.rows = shape_.rows();
  merge.width = kLatent;
  merge.heads = shape_.heads;
  merge.heads_each = shape_.heads_each();
  run(device_, merge);
}

template <class Device, class WeightFormat, class KvFormat>
void MlaAttention<Device, WeightFormat, KvFormat>::attend(const Bf16* x, Bf16* residual,
                                                          unsigned layer) {
  using namespace kernels;
  Weights& weights = weights_[layer];
  norm_input(device_, x, residual, weights.norm, shape_.batch, normed_.data());
  project_queries(weights);
  MlaAppend<KvFormat> append;
  append.q = q_.data();
  append.q_out = absorbed_.data();
  append.latents = down_.data() + shape_.q_rank;
  append.weight = weights.latent_norm.data();
  append.cache = weights.cache.data();
  append.positions = positions_.data();
  append.cos_sin = cos_sin_.data();
  append.first_position = shape_.first_position;
  append.ownership = {shape_.kvp, shape_.kv_block};
  append.rank = shape_.rank;
  append.batch = shape_.batch;
  append.heads = shape_.heads;
  append.latent_stride = down_numbers();
  append.page_tokens = static_cast<int>(shape_.cached);
  run(device_, append);
  decode(weights);
}

template <class Device, class WeightFormat, class KvFormat>
void MlaAttention<Device, WeightFormat, KvFormat>::project(const Bf16* received,
                                                           const float* received_lse2, Bf16* out,
                                                           unsigned layer) {
  using namespace kernels;
  const Weights& weights = weights_[layer];
  Combine<Bf16, Bf16> merge;
  merge.partial = received;
  merge.lse2 = received_lse2;
  merge.out = merged_.data();
  merge.parts = shape_.kvp;
  merge.rows = shape_.batch * shape_.heads_each();
  merge.width = kLatent;
  run(device_, merge);
  Gemv<WeightFormat> values = weights.v_up.gemv(merged_.data(), shape_.batch, values_.data());
  values.x_stride = shape_.heads_each() * kLatent;
  values.x_batch = kLatent;
  values.out_stride = shape_.heads_each() * kValueHead;
  values.out_batch = kValueHead;
  run_batch(device_, values, shape_.heads_each());
  scratch_.run(device_, weights.out.gemv(values_.data(), shape_.batch, out));
}

}  // namespace helixsim::rank_layer
