#pragma once

#include "tools/calibrate/rank_layer/linear.hpp"

namespace helixsim::rank_layer {

/// One rank's share of a MoE FFN: some experts whole (EP), of the shared expert a part (TP).
struct MoeFfnShape {
  unsigned batch = 1;
  unsigned hidden = 0;
  unsigned first_expert = 0;
  unsigned experts = 0;       ///< of this rank
  unsigned expert_width = 0;  ///< of the model / TPF
  unsigned shared_width = 0;  ///< of the model's shared expert / ranks
  kernels::Routing routing;
  bool block_scales = true;

  [[nodiscard]] unsigned pairs() const { return batch * routing.top_k; }
};

/// x and the residual [batch, hidden] -> RMSNorm -> router -> pairs by expert -> gate and up ->
/// SwiGLU -> down -> weighted sum with the shared expert's -> out [batch, hidden], this rank's part
/// of the sum that an all-reduce makes. All tokens are on every rank, as under Helix.
/// Source: DeepSeek-V3, section 2.1.2.
template <class Device, class Format>
class MoeFfn {
 public:
  struct Weights {
    ArrayOf<Device, Bf16> norm;
    Linear<Device, kernels::Bf16Weights> gate;  ///< of the router, whole on every rank
    ArrayOf<Device, float> bias;                ///< [all experts]
    Linear<Device, Format> gate_up, down;       ///< [experts]; gate's rows first
    Linear<Device, Format> shared_gate_up, shared_down;
  };

  MoeFfn(Device& device, const MoeFfnShape& shape, unsigned layers);

  void feed_forward(const Bf16* x, Bf16* residual, Bf16* out, unsigned layer);

  [[nodiscard]] Weights& weights(unsigned layer) { return weights_[layer]; }
  [[nodiscard]] const MoeFfnShape& shape() const { return shape_; }
  void fill(std::uint64_t seed);
  /// With the weights of `touched` experts.
  [[nodiscard]] double bytes_of_layer(double touched) const {
    const Weights& w = weights_.front();
    return touched / w.gate_up.batch * static_cast<double>(w.gate_up.bytes() + w.down.bytes()) +
           static_cast<double>(w.gate.bytes() + w.shared_gate_up.bytes() + w.shared_down.bytes());
  }
  /// Of one layer, all experts.
  [[nodiscard]] double footprint() const { return bytes_of_layer(shape_.experts); }
  /// Slots of each expert after a pass: [experts + 1] offsets.
  [[nodiscard]] const ArrayOf<Device, int>& offsets() const { return offsets_; }

 private:
  [[nodiscard]] std::vector<Weights> make_weights(unsigned layers) const;
  void route(const Weights& weights);
  void run_experts(const Weights& weights);
  void run_shared(const Weights& weights);

  Device& device_;
  MoeFfnShape shape_;
  std::vector<Weights> weights_;
  GemvScratch<Device> scratch_;
  ArrayOf<Device, Bf16> normed_, logits_, gate_up_, gated_, y_, shared_gate_up_, shared_gated_,
      shared_;
  ArrayOf<Device, int> expert_of_, offsets_, pair_of_, slot_of_;
  ArrayOf<Device, float> weight_of_;
};

template <class Device, class Format>
auto MoeFfn<Device, Format>::make_weights(unsigned layers) const -> std::vector<Weights> {
  const MoeFfnShape& s = shape_;
  std::vector<Weights> all;
  for (unsigned layer = 0; layer < layers; ++layer)
    all.push_back({device_.template array<Bf16>(s.hidden),
                   {device_, s.routing.experts, s.hidden},
                   device_.template array<float>(s.routing.experts),
                   {device_, 2 * s.expert_width, s.hidden, s.block_scales, s.experts},
                   {device_, s.hidden, s.expert_width, s.block_scales, s.experts},
                   {device_, 2 * s.shared_width, s.hidden, s.block_scales},
                   {device_, s.hidden, s.shared_width, s.block_scales}});
  return all;
}

template <class Device, class Format>
MoeFfn<Device, Format>::MoeFfn(Device& device, const MoeFfnShape& shape, unsigned layers)
    : device_(device),
      shape_(shape),
      weights_(make_weights(layers)),
      scratch_(device, shape.batch, weights_.front().gate, weights_.front().shared_gate_up,
               weights_.front().shared_down),
      normed_(device.template array<Bf16>(std::size_t{shape.batch} * shape.hidden)),
      logits_(device.template array<Bf16>(std::size_t{shape.batch} * shape.routing.experts)),
      gate_up_(device.template array<Bf16>(std::size_t{shape.pairs()} * 2 * shape.expert_width)),
      gated_(device.template array<Bf16>(std::size_t{shape.pairs()} * shape.expert_width)),
      y_(device.template array<Bf16>(std::size_t{shape.pairs()} * shape.hidden)),
      shared_gate_up_(
          device.template array<Bf16>(std::size_t{shape.batch} * 2 * shape.shared_width)),
      shared_gated_(device.template array<Bf16>(std::size_t{shape.batch} * shape.shared_width)),
      shared_(device.template array<Bf16>(std::size_t{shape.batch} * shape.hidden)),
      expert_of_(device.template array<int>(shape.pairs())),
      offsets_(device.template array<int>(shape.experts + 1)),
      pair_of_(device.template array<int>(shape.pairs())),
      slot_of_(device.template array<int>(shape.pairs())),
      weight_of_(device.template array<float>(shape.pairs())) {}

template <class Device, class Format>
void MoeFfn<Device, Format>::fill(std::uint64_t seed) {
  for (Weights& weights : weights_) {
    device_.fill_normal(weights.norm, ++seed, 1.0f);
    weights.gate.fill(device_, ++seed);
    device_.fill_normal(weights.bias, ++seed, 0.01f);
    for (auto* linear :
         {&weights.gate_up, &weights.down, &weights.shared_gate_up, &weights.shared_down})
      linear->fill(device_, ++seed);
  }
}

template <class Device, class Format>
void MoeFfn<Device, Format>::route(const Weights& weights) {
  using namespace kernels;
  scratch_.run(device_, weights.gate.gemv(normed_.data(), shape_.batch, logits_.data()));
  Router<Bf16> router;
  router.logits = logits_.data();
  router.bias = weights.bias.data();
  router.expert_of = expert_of_.data();
  router.weight_of = weight_of_.data();
  router.tokens = shape_.batch;
  router.routing = shape_.routing;
  run(device_, router);
  OrderTokens order;
  order.expert_of = expert_of_.data();
  order.offsets = offsets_.data();
  order.pair_of = pair_of_.data();
  order.slot_of = slot_of_.data();
  order.pairs = shape_.pairs();
  order.first_expert = static_cast<int>(shape_.first_expert);
  order.experts = shape_.experts;
  run(device_, order);
}

template <class Device, class Format>
void MoeFfn<Device, Format>::run_experts(const Weights& weights) {
  using namespace kernels;
  const unsigned touched = std::min(shape_.experts, shape_.pairs());
  GroupedGemm<Format> gate_up;
  gate_up.x = normed_.data();
  gate_up.w = weights.gate_up.w.data();
  gate_up.scales = weights.gate_up.scales.data();
  gate_up.offsets = offsets_.data();
  gate_up.pair_of = pair_of_.data();
  gate_up.out = gate_up_.data();
  gate_up.pairs_per_token = shape_.routing.top_k;
  gate_up.experts = shape_.experts;
  gate_up.n = weights.gate_up.n;
  gate_up.k = weights.gate_up.k;
  gate_up.block_scales = shape_.block_scales;
  run(device_, gate_up, touched, shape_.batch);
  Swiglu<RowsBf16> swiglu;  // rows of slots that no pair has are never read
  swiglu.gate_up = gate_up_.data();
  swiglu.rows.out = gated_.data();
  swiglu.width = shape_.expert_width;
  run(device_, swiglu, shape_.pairs());
  GroupedGemm<Format> down = gate_up;
  down.x = gated_.data();
  down.w = weights.down.w.data();
  down.scales = weights.down.scales.data();
  down.pair_of = nullptr;  // x stands by slot
  down.out = y_.data();
  down.pairs_per_token = 1;
  down.n = weights.down.n;
  down.k = weights.down.k;
  run(device_, down, touched, shape_.batch);
}

template <class Device, class Format>
void MoeFfn<Device, Format>::run_shared(const Weights& weights) {
  scratch_.run(device_,
               weights.shared_gate_up.gemv(normed_.data(), shape_.batch, shared_gate_up_.data()));
  kernels::Swiglu<kernels::RowsBf16> swiglu;
  swiglu.gate_up = shared_gate_up_.data();
  swiglu.rows.out = shared_gated_.data();
  swiglu.width = shape_.shared_width;
  run(device_, swiglu, shape_.batch);
  scratch_.run(device_,
               weights.shared_down.gemv(shared_gated_.data(), shape_.batch, shared_.data()));
}

template <class Device, class Format>
void MoeFfn<Device, Format>::feed_forward(const Bf16* x, Bf16* residual, Bf16* out,
                                          unsigned layer) {
  using namespace kernels;
  const Weights& weights = weights_[layer];
  norm_input(device_, x, residual, weights.norm, shape_.batch, normed_.data());
  route(weights);
  run_shared(weights);
  run_experts(weights);
  Finalise finalise;
  finalise.y = y_.data();
  finalise.slot_of = slot_of_.data();
  finalise.weight_of = weight_of_.data();
  finalise.shared = shared_.data();
  finalise.out = out;
  finalise.pairs_per_token = shape_.routing.top_k;
  finalise.n = shape_.hidden;
  run(device_, finalise, shape_.batch);
}

}  // namespace helixsim::rank_layer
