#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "hw_models/collectives/fitted_collectives.hpp"
#include "hw_models/remembered.hpp"

namespace helixsim {

/// FittedCollectives for one thread, which remembers the costs that they gave.
class RememberedCollectives {
 public:
  explicit RememberedCollectives(std::shared_ptr<const FittedCollectives> laws)
      : laws_(std::move(laws)) {}

  [[nodiscard]] std::optional<FittedCost> cost(const CollectiveRequest& request) {
    if (!FittedCollectives::has_rows(request)) return std::nullopt;
    const int what =
        1 + static_cast<int>(request.kind) + kCollectiveKinds * static_cast<int>(request.experts);
    return costs_.of(
        {static_cast<double>(what), static_cast<double>(request.group), request.payload.value(),
         request.port_bytes.value(), request.local_bytes.value(), request.local_experts},
        [&] { return laws_->cost(request); });
  }

 private:
  std::shared_ptr<const FittedCollectives> laws_;
  Remembered<std::optional<FittedCost>, 6> costs_;
};

}  // namespace helixsim
