#include <algorithm>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

#include "hw_models/routes.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

std::vector<FabricLinkId> list(std::span<const FabricLinkId> links) {
  return {links.begin(), links.end()};
}

FabricSpec two_domains() {
  return {.gpus = 3,
          .switches = 2,
          .link_bandwidth = BytesPerSecond(10e9),
          .domains = 2,
          .nic_bandwidth = BytesPerSecond(5e9)};
}

}  // namespace

TEST_CASE("a route in a domain is egress and ingress", "[hw_models][routes]") {
  const Fabric fabric(two_domains());
  const RouteTable routes(fabric, 6);
  CHECK(list(routes.route(3, 5)) ==
        std::vector<FabricLinkId>{fabric.egress_link(3), fabric.ingress_link(5)});
  CHECK(routes.route(4, 4).empty());
}

TEST_CASE("a route between domains passes both NICs and no NVLink", "[hw_models][routes]") {
  const Fabric fabric(two_domains());
  const RouteTable routes(fabric, 6);
  CHECK(list(routes.route(1, 4)) ==
        std::vector<FabricLinkId>{fabric.nic_egress_link(1), fabric.nic_ingress_link(4)});
}

TEST_CASE("routes pass switches and network where these limit", "[hw_models][routes]") {
  FabricSpec spec = two_domains();
  spec.switch_capacity = BytesPerSecond(20e9);
  spec.scale_out_capacity = BytesPerSecond(20e9);
  const Fabric fabric(spec);
  const RouteTable routes(fabric, 6);
  CHECK(list(routes.route(0, 2)) == std::vector<FabricLinkId>{fabric.egress_link(0),
                                                              fabric.switch_link(0).value(),
                                                              fabric.ingress_link(2)});
  CHECK(list(routes.route(5, 0)) == std::vector<FabricLinkId>{fabric.nic_egress_link(5),
                                                              fabric.scale_out_link().value(),
                                                              fabric.nic_ingress_link(0)});
  CHECK(list(routes.switch_route(4)) == std::vector<FabricLinkId>{fabric.egress_link(4),
                                                                  fabric.switch_link(1).value(),
                                                                  fabric.ingress_link(4)});
}

TEST_CASE("the way to the switches and back takes a GPU's own ports", "[hw_models][routes]") {
  const Fabric fabric(two_domains());
  const RouteTable routes(fabric, 4);
  for (int gpu = 0; gpu < routes.gpus(); ++gpu) {
    CHECK(list(routes.switch_route(gpu)) ==
          std::vector<FabricLinkId>{fabric.egress_link(gpu), fabric.ingress_link(gpu)});
  }
}

TEST_CASE("the narrowest link of every route is what groups see of the fabric",
          "[hw_models][routes]") {
  const System system = gb200_x2();
  const Fabric& fabric = *system.fabric;
  const RouteTable routes(fabric, fabric.total_gpus());
  for (int source = 0; source < fabric.total_gpus(); ++source) {
    for (int target = 0; target < fabric.total_gpus(); ++target) {
      if (source == target) continue;
      BytesPerSecond narrowest(1e18);
      for (const FabricLinkId link : routes.route(source, target)) {
        narrowest = std::min(narrowest, fabric.links()[static_cast<std::size_t>(link)].capacity);
      }
      const bool crosses = fabric.domain_of(source) != fabric.domain_of(target);
      const GroupPorts ports = fabric.ports({.size = 144});
      if (narrowest != (crosses ? ports.nic : ports.egress)) {
        CAPTURE(source, target, narrowest.value());
        FAIL_CHECK("a route that groups do not know");
      }
    }
  }
}

TEST_CASE("a table has routes of its own GPUs only", "[hw_models][routes]") {
  const Fabric fabric(two_domains());
  CHECK_THROWS_AS(RouteTable(fabric, 7), std::logic_error);
  const RouteTable routes(fabric, 4);
  CHECK_NOTHROW(routes.route(3, 0));
  CHECK_THROWS_AS(routes.route(4, 0), std::logic_error);
  CHECK_THROWS_AS(routes.switch_route(-1), std::logic_error);
}
