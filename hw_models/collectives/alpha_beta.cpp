#include "hw_models/collectives/alpha_beta.hpp"

namespace helixsim {

GroupPorts hop_ports(const Fabric& fabric, const CollectiveRequest& request) {
  // One hop crosses to the second domain as soon as the layout reaches into it.
  const int domain = fabric.spec().gpus;
  const bool crosses = request.ranks > domain;
  const int first = crosses ? std::max(0, domain - request.stride) : 0;
  return fabric.ports(fabric.place(first, request.members()),
                      std::max(request.ranks, request.group));
}

}  // namespace helixsim
