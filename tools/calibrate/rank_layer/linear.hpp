#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "tools/calibrate/kernels/launches.hpp"

/// A device of these blocks has memory, beside what launches.hpp asks of it:
///   template <class T> using Array: data(), size();
///   template <class T> Array<T> array(std::size_t count);   of any content
///   template <class T> void fill_normal(Array<T>&, std::uint64_t seed, float scale);
///   template <class T> void write(Array<T>&, const std::vector<T>&);
namespace helixsim::rank_layer {

using kernels::Bf16;
using kernels::E4m3;

template <class Device, class T>
using ArrayOf = typename Device::template Array<T>;

/// What every block begins with: x is added to the residual [batch, hidden], and its RMSNorm goes
/// to `out`.
template <class Device>
void norm_input(Device& device, const Bf16* x, Bf16* residual, const ArrayOf<Device, Bf16>& weight,
                unsigned batch, Bf16* out) {
  kernels::RmsNorm<kernels::RowsBf16> norm;
  norm.x = x;
  norm.residual = residual;
  norm.weight = weight.data();
  norm.rows.out = out;
  norm.hidden = static_cast<unsigned>(weight.size());
  run(device, norm, batch);
}

/// Weights [batch, n, k] of a projection, with their scales: one for each of the batch, or one for
/// each 128 x 128 numbers, as DeepSeek has them.
template <class Device, class Format>
struct Linear {
  using Number = typename Format::Number;
  unsigned n = 0;
  unsigned k = 0;
  unsigned batch = 1;
  bool block_scales = false;
  ArrayOf<Device, Number> w;
  ArrayOf<Device, float> scales;

  Linear(Device& device, unsigned n_, unsigned k_, bool block_scales_ = false, unsigned batch_ = 1)
      : n(n_),
        k(k_),
        batch(batch_),
        block_scales(block_scales_),
        w(device.template array<Number>(std::size_t{batch} * n * k)),
        scales(device.template array<float>(scale_count())) {}

  /// Normal numbers whose outputs are about as large as their inputs.
  void fill(Device& device, std::uint64_t seed) {
    device.fill_normal(w, seed, 1.0f);
    const auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(k)));
    device.write(scales, std::vector<float>(scales.size(), scale));
  }
  [[nodiscard]] std::size_t scale_count() const {
    const std::size_t blocks = std::size_t{(n + 127) / 128} * ((k + 127) / 128);
    return batch * (block_scales ? blocks : 1);
  }
  [[nodiscard]] std::size_t bytes() const { return std::size_t{batch} * n * k * sizeof(Number); }

  /// out[m, n] = x[m, k] w^T, still without the workspace of splits.
  [[nodiscard]] kernels::Gemv<Format> gemv(const Bf16* x, unsigned m, Bf16* out) const {
    kernels::Gemv<Format> call;
    call.x = x;
    call.w = w.data();
    call.scales = scales.data();
    call.out = out;
    call.m = m;
    call.n = n;
    call.k = k;
    call.block_scales = block_scales;
    return call;
  }
};

/// The workspace of a block's projections, which run one after the other.
template <class Device>
class GemvScratch {
 public:
  template <class... Linears>
  GemvScratch(Device& device, unsigned m, const Linears&... linears) {
    kernels::GemvRoom most;
    const auto see = [&](unsigned n, unsigned k) {
      const auto room = kernels::gemv_room(m, n, k, device.multiprocessors());
      most = {std::max(most.sums, room.sums), std::max(most.arrived, room.arrived)};
    };
    (see(linears.n, linears.k), ...);
    sums_ = device.template array<float>(most.sums);
    arrived_ = device.template array<unsigned>(most.arrived);
    device.write(arrived_, std::vector<unsigned>(most.arrived, 0u));
  }
  template <class Format>
  void run(Device& device, kernels::Gemv<Format> call) const {
    call.sums = sums_.data();
    call.arrived = arrived_.data();
    kernels::run(device, call);
  }

 private:
  ArrayOf<Device, float> sums_;
  ArrayOf<Device, unsigned> arrived_;
};

}  // namespace helixsim::rank_layer
