#pragma once

#include "tools/calibrate/rank_layer/linear.hpp"

namespace helixsim::rank_layer {

/// One rank's share of a gated FFN under TPF.
struct DenseFfnShape {
  unsigned batch = 1;
  unsigned hidden = 0;
  unsigned width = 0;  ///< of the model / TPF
};

/// x and the residual [batch, hidden] -> RMSNorm -> gate and up -> SwiGLU -> down -> out [batch,
/// hidden], this rank's part of the sum that an all-reduce makes.
template <class Device, class Format>
class DenseFfn {
 public:
  struct Weights {
    ArrayOf<Device, Bf16> norm;
    Linear<Device, Format> gate_up, down;  ///< gate's rows first
  };

  DenseFfn(Device& device, const DenseFfnShape& shape, unsigned layers)
      : device_(device),
        shape_(shape),
        weights_(make_weights(layers)),
        scratch_(device, shape.batch, weights_.front().gate_up, weights_.front().down),
        normed_(device.template array<Bf16>(std::size_t{shape.batch} * shape.hidden)),
        gate_up_(device.template array<Bf16>(std::size_t{shape.batch} * 2 * shape.width)),
        gated_(device.template array<Bf16>(std::size_t{shape.batch} * shape.width)) {}

  void feed_forward(const Bf16* x, Bf16* residual, Bf16* out, unsigned layer) {
    using namespace kernels;
    const Weights& weights = weights_[layer];
    norm_input(device_, x, residual, weights.norm, shape_.batch, normed_.data());
    scratch_.run(device_, weights.gate_up.gemv(normed_.data(), shape_.batch, gate_up_.data()));
    Swiglu<RowsBf16> swiglu;
    swiglu.gate_up = gate_up_.data();
    swiglu.rows.out = gated_.data();
    swiglu.width = shape_.width;
    run(device_, swiglu, shape_.batch);
    scratch_.run(device_, weights.down.gemv(gated_.data(), shape_.batch, out));
  }

  [[nodiscard]] Weights& weights(unsigned layer) { return weights_[layer]; }
  void fill(std::uint64_t seed) {
    for (Weights& weights : weights_) {
      device_.fill_normal(weights.norm, ++seed, 1.0f);
      weights.gate_up.fill(device_, ++seed);
      weights.down.fill(device_, ++seed);
    }
  }
  [[nodiscard]] double bytes_of_layer() const {
    return static_cast<double>(weights_.front().gate_up.bytes() + weights_.front().down.bytes());
  }

 private:
  [[nodiscard]] std::vector<Weights> make_weights(unsigned layers) const {
    std::vector<Weights> all;
    for (unsigned layer = 0; layer < layers; ++layer)
      all.push_back({device_.template array<Bf16>(shape_.hidden),
                     {device_, 2 * shape_.width, shape_.hidden},
                     {device_, shape_.hidden, shape_.width}});
    return all;
  }

  Device& device_;
  DenseFfnShape shape_;
  std::vector<Weights> weights_;
  GemvScratch<Device> scratch_;
  ArrayOf<Device, Bf16> normed_, gate_up_, gated_;
};

}  // namespace helixsim::rank_layer
