#pragma once

#include <optional>

#include "hw_models/collectives/collective.hpp"
#include "hw_models/laws/fitted_laws.hpp"

namespace helixsim {

/// A collective's time by a fitted law, and what each GPU sends.
struct FittedCost {
  Seconds time;
  Bytes sent;
  std::string_view kernel;  ///< whose rows it was fitted to
};

/// Collectives within one NVL domain, by the laws that were fitted for the system: all-reduce by
/// the library's kernel in a graph, all-gather and reduce-scatter by NCCL, dispatch and combine of
/// tokens by the library's all-to-all, else by DeepEP. The all-to-all of partial outputs and
/// pipeline hops have no rows; neither has what no law was fitted for: empty.
class FittedCollectives {
 public:
  explicit FittedCollectives(const FittedLaws& laws);
  /// Whether there are rows of such collectives: else no law was fitted for any system.
  [[nodiscard]] static bool has_rows(const CollectiveRequest& request) {
    const bool partial_outputs =
        request.kind == CollectiveKind::AllToAll && request.start_up == StartUp::KvpExchange;
    return !partial_outputs && request.kind != CollectiveKind::PointToPoint;
  }
  [[nodiscard]] std::optional<FittedCost> cost(const CollectiveRequest& request) const;
  /// Of that cost; that of nothing where no law was fitted.
  [[nodiscard]] Provenance provenance(const CollectiveRequest& request) const;

 private:
  struct Kernel {
    std::optional<FittedLaw<CollectiveLaw>> law;
    bool knows_experts = false;  ///< whether its rows tell how many experts a GPU received for
  };
  /// A kernel and the shape that it is asked for.
  struct Use {
    const Kernel* kernel = nullptr;
    CollectiveShape shape;
    Bytes sent;
  };
  [[nodiscard]] Use use_for(const CollectiveRequest& request) const;
  static Kernel first_of(const FittedLaws& laws, std::initializer_list<std::string_view> families);

  Kernel all_reduce_;
  Kernel all_gather_;
  Kernel reduce_scatter_;
  Kernel prepare_;
  Kernel dispatch_;
  Kernel combine_;
};

}  // namespace helixsim
