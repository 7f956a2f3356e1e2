#pragma once

#include <memory>

#include "hw_models/kernels/kernel.hpp"
#include "hw_models/laws/law_error.hpp"

namespace helixsim {

/// Durations of kernels. Contract for implementers: a pure function; finite and not negative; never
/// below the data-sheet roofline; where `monotone`, never falling when bytes or flops grow.
class KernelModel {
 public:
  virtual ~KernelModel() = default;
  [[nodiscard]] virtual Seconds duration(const KernelWork& work) const = 0;

  /// Which measured kernels the duration comes from. The default: from none. What it refers to
  /// lives as long as the model.
  [[nodiscard]] virtual Provenance provenance(const KernelWork& work) const {
    static_cast<void>(work);
    return {};
  }

  /// Libraries switch kernels, and a larger one may then be faster: measured laws are not monotone.
  [[nodiscard]] virtual bool monotone() const { return true; }

  /// The same durations for one thread, which remembers those that it gave, and keeps this model,
  /// which is `self`, alive. Null where asking again costs no more than looking up.
  [[nodiscard]] virtual std::unique_ptr<KernelModel> remembering(
      std::shared_ptr<const KernelModel> self) const {
    static_cast<void>(self);
    return nullptr;
  }

  /// A lower bound of what `work` takes in total when its KV bytes and flops are cut, in any
  /// proportions, into `launches` kernels or more. It never falls with `launches`. Searches use it
  /// to leave out what cannot win; the default promises nothing, which is always right.
  [[nodiscard]] virtual Seconds least_when_cut(const KernelWork& work, int launches) const {
    static_cast<void>(work);
    static_cast<void>(launches);
    return {};
  }
};

}  // namespace helixsim
