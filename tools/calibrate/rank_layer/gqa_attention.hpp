#pragma once

#include "tools/calibrate/rank_layer/kv_shard.hpp"
#include "tools/calibrate/rank_layer/linear.hpp"

namespace helixsim::rank_layer {

/// One rank's share of a GQA attention block under Helix with TPA x KVP ranks.
struct GqaAttentionShape {
  unsigned batch = 1;
  unsigned hidden = 0;
  unsigned q_heads = 0;   ///< of the model / TPA
  unsigned kv_heads = 0;  ///< of the model / TPA
  unsigned kvp = 1;
  std::int64_t rank = 0;       ///< among the KVP ranks
  std::int64_t kv_block = 16;  ///< tokens that a rank appends in a row
  unsigned cached = 0;         ///< tokens of a request that this rank has room for
  unsigned first_position = 0;
  unsigned positions = 0;  ///< of the table of angles
  unsigned splits = 1;

  [[nodiscard]] unsigned heads_each() const { return q_heads / kvp; }
  [[nodiscard]] unsigned sent_rows() const { return batch * q_heads; }
};

/// The two parts of the block, before and behind Helix's all-to-all. The output is this rank's part
/// of the sum that an all-reduce makes.
///
/// attend():  x [batch, hidden] and the residual -> RMSNorm -> QKV -> RoPE, append -> decode ->
///            merge of splits -> sent [kvp, batch, heads_each, 128] with LSEs.
/// project(): received [kvp, batch, heads_each, 128] -> merge over KVP -> projection -> out [batch,
///            hidden].
/// Source: Helix, section 2.1, figure 2.
template <class Device, class WeightFormat, class KvFormat>
class GqaAttention {
 public:
  using KvNumber = typename KvFormat::Number;
  struct Weights {
    ArrayOf<Device, Bf16> norm;
    Linear<Device, WeightFormat> qkv, out;
    ArrayOf<Device, KvNumber> keys, values;  ///< [batch, kv_heads, cached, 128]
  };

  GqaAttention(Device& device, const GqaAttentionShape& shape, unsigned layers);

  void attend(const Bf16* x, Bf16* residual, unsigned layer);
  void project(const Bf16* received, const float* received_lse2, Bf16* out, unsigned layer);

  [[nodiscard]] Weights& weights(unsigned layer) { return weights_[layer]; }
  [[nodiscard]] const GqaAttentionShape& shape() const { return shape_; }
  [[nodiscard]] const ArrayOf<Device, Bf16>& sent() const { return sent_; }
  [[nodiscard]] const ArrayOf<Device, float>& sent_lse2() const { return sent_lse2_; }
  /// Positions of the new tokens; every rank's lengths with them follow.
  void set_positions(const std::vector<int>& positions);
  void fill(std::uint64_t seed);
  /// Read once by a pass over one layer.
  [[nodiscard]] double bytes_of_layer() const {
    const Weights& w = weights_.front();
    return static_cast<double>(w.qkv.bytes() + w.out.bytes()) +
           2.0 * static_cast<double>(w.keys.size()) * sizeof(KvNumber);
  }

 private:
  static constexpr unsigned kHead = kernels::kHeadSize;
  [[nodiscard]] unsigned qkv_numbers() const {
    return (shape_.q_heads + 2 * shape_.kv_heads) * kHead;
  }
  [[nodiscard]] std::vector<Weights> make_weights(unsigned layers) const;

  Device& device_;
  GqaAttentionShape shape_;
  std::vector<Weights> weights_;
  GemvScratch<Device> scratch_;
  ArrayOf<Device, Bf16> normed_, qkv_, q_, sent_, merged_;
  ArrayOf<Device, float> partial_, lse2_, sent_lse2_, cos_sin_;
  ArrayOf<Device, int> positions_, lengths_;
};

template <class Device, class WeightFormat, class KvFormat>
auto GqaAttention<Device, WeightFormat, KvFormat>::make_weights(unsigned layers) const
    -> std::vector<Weights> {
  std::vector<Weights> all;
  const std::size_t cache =
      std::size_t{shape_.batch} * shape_.kv_heads * shape_.cached * kernels::kHeadSize;
  for (unsigned layer = 0; layer < layers; ++layer)
    all.push_back({device_.template array<Bf16>(shape_.hidden),
                   {device_, qkv_numbers(), shape_.hidden},
                   {device_, shape_.hidden, shape_.heads_each() * kHead},
                   device_.template array<KvNumber>(cache),
                   device_.template array<KvNumber>(cache)});
  return all;
}

template <class Device, class WeightFormat, class KvFormat>
GqaAttention<Device, WeightFormat, KvFormat>::GqaAttention(Device& device,
                                                           const GqaAttentionShape& shape,
                                                           unsigned layers)
    : device_(device),
      shape_(shape),
      weights_(make_weights(layers)),
      scratch_(device, shape.batch, weights_.front().qkv, weights_.front().out),
      normed_(device.template array<Bf16>(std::size_t{shape.batch} * shape.hidden)),
      qkv_(device.template array<Bf16>(std::size_t{shape.batch} * qkv_numbers())),
      q_(device.template array<Bf16>(std::size_t{shape.sent_rows()} * kHead)),
      sent_(device.template array<Bf16>(std::size_t{shape.sent_rows()} * kHead)),
      merged_(device.template array<Bf16>(std::size_t{shape.batch} * shape.heads_each() * kHead)),
      partial_(device.template array<float>(std::size_t{shape.splits} * shape.sent_rows() * kHead)),
      lse2_(device.template array<float>(std::size_t{shape.splits} * shape.sent_rows())),
      sent_lse2_(device.template array<float>(shape.sent_rows())),
      cos_sin_(device.template array<float>(std::size_t{shape.positions} * kHead)),
      positions_(device.template array<int>(shape.batch)),
      lengths_(device.template array<int>(shape.batch)) {
  constexpr double kBase = 500'000.0;  // of Llama 3
  device.write(cos_sin_, rope_table(shape.first_position, shape.positions, kHead / 2, kBase));
}

template <class Device, class WeightFormat, class KvFormat>
void GqaAttention<Device, WeightFormat, KvFormat>::set_positions(
    const std::vector<int>& positions) {
  device_.write(positions_, positions);
  device_.write(lengths_, kept_lengths(positions, {shape_.kvp, shape_.kv_block}, shape_.rank));
}

template <class Device, class WeightFormat, class KvFormat>
void GqaAttention<Device, WeightFormat, KvFormat>::fill(std::uint64_t seed) {
  for (Weights& weights : weights_) {
    device_.fill_normal(weights.norm, ++seed, 1.0f);
    weights.qkv.fill(device_, ++seed);
    weights.out.fill(device_, ++seed);
    device_.fill_normal(weights.keys, ++seed, 1.0f);
    device_.fill_normal(weights.values, ++seed, 1.0f);
  }
}

template <class Device, class WeightFormat, class KvFormat>
void GqaAttention<Device, WeightFormat, KvFormat>::attend(const Bf16* x, Bf16* residual,
                                                          unsigned layer) {
  using namespace kernels;
  Weights& weights = weights_[layer];
  norm_input(device_, x, residual, weights.norm, shape_.batch, normed_.data());

  scratch_.run(device_, weights.qkv.gemv(normed_.data(), shape_.batch, qkv_.data()));

  RopeAppend<KvFormat> append;
  append.qkv = qkv_.data();
  append.q = q_.data();
  append.keys = weights.keys.data();
  append.values = weights.values.data();
  append.positions = positions_.data();
  append.cos_sin = cos_sin_.data();
  append.first_position = shape_.first_position;
  append.ownership = {shape_.kvp, shape_.kv_block};
  append.rank = shape_.rank;
  append.batch = shape_.batch;
  append.q_heads = shape_.q_heads;
  append.kv_heads = shape_.kv_heads;
  append.page_tokens = static_cast<int>(shape_.cached);
  run(device_, append);

  GqaDecode<KvFormat> decode;
  decode.q = q_.data();
  decode.keys = weights.keys.data();
  decode.values = weights.values.data();
  decode.lengths = lengths_.data();
  decode.partial = partial_.data();
  decode.lse2 = lse2_.data();
  decode.scale_log2 = static_cast<float>(1.4426950408889634 / std::sqrt(double{kHead}));
  decode.group = shape_.q_heads / shape_.kv_heads;
  decode.page_tokens = static_cast<int>(shape_.cached);
  run(device_, decode, shape_.splits, shape_.kv_heads, shape_.batch);

  Combine<float, Bf16> merge;
  merge.partial = partial_.data();
  merge.lse2 = lse2_.data();
  merge.out = sent_.data();
  merge.out_lse2 = sent_lse2_.data();
  merge.parts = shape_.splits;
  merge.rows = shape_.sent_rows();
  merge.heads = shape_.q_heads;
  merge.heads_each = shape_.heads_each();
  run(device_, merge);
}

template <class Device, class WeightFormat, class KvFormat>
void GqaAttention<Device, WeightFormat, KvFormat>::project(const Bf16* received,
                                                           const float* received_lse2, Bf16* out,
                                                           unsigned layer) {
  kernels::Combine<Bf16, Bf16> merge;
  merge.partial = received;
  merge.lse2 = received_lse2;
  merge.out = merged_.data();
  merge.parts = shape_.kvp;
  merge.rows = shape_.batch * shape_.heads_each();
  run(device_, merge);
  scratch_.run(device_, weights_[layer].out.gemv(merged_.data(), shape_.batch, out));
}

}  // namespace helixsim::rank_layer
