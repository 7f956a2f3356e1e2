#pragma once

#include <cmath>

#include "tools/calibrate/kernels/host_device.hpp"

namespace helixsim::kernels {

/// Softmax over scores that come one after the other, in base 2: with scores times log2(e), weights
/// are exp2(score - largest) / sum, and lse2 = largest + log2(sum) is the LSE to base 2.
/// Nothing has come yet: largest = -inf, sum = 0, lse2 = -inf; its weights are 0. Differences of
/// two infinities are never formed. Source: Milakov and Gimelshein 2018, online normalizer; Helix,
/// section 2.1, merge by LSE.
template <class Real>
struct Softmax {
  Real largest = -static_cast<Real>(INFINITY);
  Real sum = 0;
};

/// exp2(a - b), 0 where a is -inf, whatever b is.
template <class Real>
HELIXSIM_HOST_DEVICE Real weight_of(Real a, Real b) {
  return a == -static_cast<Real>(INFINITY) ? Real{0} : static_cast<Real>(exp2(a - b));
}

/// What sums so far are to be multiplied with when `largest` becomes `next`, at least `largest`.
template <class Real>
HELIXSIM_HOST_DEVICE Real rescale_of(const Softmax<Real>& state, Real next) {
  return weight_of(state.largest, next);
}

template <class Real>
HELIXSIM_HOST_DEVICE Real lse2_of(const Softmax<Real>& state) {
  return state.sum == Real{0} ? -static_cast<Real>(INFINITY)
                              : state.largest + static_cast<Real>(log2(state.sum));
}

/// Weights of partial outputs by their LSEs, base 2: exp2(lse2_i - largest) / sum of those. All are
/// 0 when every part is empty.
template <class Real>
struct MergedLse {
  Real largest = -static_cast<Real>(INFINITY);
  Real sum = 0;  ///< of exp2(lse2 - largest)

  HELIXSIM_HOST_DEVICE void add(Real lse2) {
    const Real next = lse2 > largest ? lse2 : largest;
    sum = sum * weight_of(largest, next) + weight_of(lse2, next);
    largest = next;
  }
  [[nodiscard]] HELIXSIM_HOST_DEVICE Real weight(Real lse2) const {
    return sum == Real{0} ? Real{0} : weight_of(lse2, largest) / sum;
  }
  [[nodiscard]] HELIXSIM_HOST_DEVICE Real lse2() const {
    return lse2_of(Softmax<Real>{largest, sum});
  }
};

}  // namespace helixsim::kernels
