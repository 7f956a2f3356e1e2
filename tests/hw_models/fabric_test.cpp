#include <catch2/catch.hpp>
#include <stdexcept>

#include "hw_models/fabric.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

TEST_CASE("a group on NVL72 sees 900 GB/s", "[hw_models][fabric]") {
  const System system = gb200();
  const int group = GENERATE(range(2, 73));
  CAPTURE(group);
  // 18 switches, one 50 GB/s link to each; every route is GPU, switch, GPU.
  CHECK(system.fabric->ports({.size = group}).egress.value() == Approx(18 * 50e9).epsilon(1e-12));
}

TEST_CASE("egress adds the links to all switches", "[hw_models][fabric]") {
  const Fabric fabric(
      {.gpus = 4, .switches = 3, .links_per_switch = 2, .link_bandwidth = BytesPerSecond(10e9)});
  CHECK(fabric.ports({.size = 4}).egress.value() == Approx(3 * 2 * 10e9));
}

TEST_CASE("a group of one has all its ports", "[hw_models][fabric]") {
  const Fabric fabric(
      {.gpus = 1, .switches = 1, .links_per_switch = 1, .link_bandwidth = BytesPerSecond(5e9)});
  CHECK(fabric.ports({.size = 1}).egress.value() == 5e9);
}

TEST_CASE("a group must fit the fabric", "[hw_models][fabric]") {
  const System system = gb200();
  CHECK_THROWS_AS(system.fabric->ports({.size = 0}), std::logic_error);
  CHECK_NOTHROW(system.fabric->ports({.size = 1}));
  CHECK_NOTHROW(system.fabric->ports({.size = 72}));
  CHECK_THROWS_AS(system.fabric->ports({.size = 73}), std::logic_error);
}

TEST_CASE("links are the ports of every GPU, and switches and network where they limit",
          "[hw_models][fabric]") {
  const FabricSpec plain{.gpus = 2, .switches = 3, .link_bandwidth = BytesPerSecond(10e9)};
  CHECK(Fabric(plain).links().size() == 4);
  CHECK_FALSE(Fabric(plain).switch_link(0).has_value());

  FabricSpec spec = plain;
  spec.domains = 2;
  spec.nic_bandwidth = BytesPerSecond(5e9);
  spec.switch_capacity = BytesPerSecond(40e9);
  spec.scale_out_capacity = BytesPerSecond(8e9);
  const Fabric fabric(spec);
  const auto check = [&](FabricLinkId id, const char* name, double capacity) {
    const LinkSpec& link = fabric.links()[static_cast<std::size_t>(id)];
    CHECK(link.name == name);
    CHECK(link.capacity.value() == capacity);
  };
  CHECK(fabric.links().size() == 8 + 2 + 8 + 1);
  CHECK(fabric.total_gpus() == 4);
  CHECK(fabric.domain_of(1) == 0);
  CHECK(fabric.domain_of(2) == 1);
  check(fabric.egress_link(3), "gpu3 egress", 30e9);
  check(fabric.ingress_link(0), "gpu0 ingress", 30e9);
  check(fabric.switch_link(1).value(), "domain1 switches", 40e9);
  check(fabric.nic_egress_link(0), "gpu0 nic egress", 5e9);
  check(fabric.nic_ingress_link(3), "gpu3 nic ingress", 5e9);
  check(fabric.scale_out_link().value(), "scale-out", 8e9);
}

TEST_CASE("a message waits for the NIC between domains only", "[hw_models][fabric]") {
  const Fabric fabric({.gpus = 2,
                       .link_bandwidth = BytesPerSecond(10e9),
                       .domains = 2,
                       .nic_bandwidth = BytesPerSecond(5e9),
                       .nic_latency = Seconds(3e-6)});
  CHECK(fabric.latency(0, 1).value() == 0.0);
  CHECK(fabric.latency(1, 2).value() == 3e-6);
}

TEST_CASE("of many groups the one that crosses domains stands for all", "[hw_models][fabric]") {
  const System system = gb200_x2();
  const Fabric& fabric = *system.fabric;
  // The same group alone, in a layout of one domain, and in one of both.
  CHECK_FALSE(fabric.ports({.size = 16}).shape.spans_domains());
  CHECK_FALSE(fabric.ports({.size = 16, .ranks = 64}).shape.spans_domains());
  // 64..79 has 8 members on either side of GPU 72.
  const GroupPorts crossing = fabric.ports({.size = 16, .ranks = 128});
  CHECK(crossing.shape.domains == 2);
  CHECK(crossing.shape.fewest == 8);
  CHECK(crossing.nic.value() == 50e9);
  // 8 divides 72, so no group of 8 neighbours crosses; 16 KVP ranks that are 8 apart do.
  CHECK_FALSE(fabric.ports({.size = 8, .ranks = 128}).shape.spans_domains());
  CHECK(fabric.ports({.size = 16, .stride = 8, .ranks = 128}).shape.fewest == 7);
  CHECK_THROWS_AS(fabric.ports({.size = 16, .ranks = 145}), std::logic_error);
}

TEST_CASE("a GPU has its share of switches and network that all GPUs of the layout use",
          "[hw_models][fabric]") {
  const Fabric fabric({.gpus = 8,
                       .link_bandwidth = BytesPerSecond(10e9),
                       .domains = 2,
                       .nic_bandwidth = BytesPerSecond(5e9),
                       .switch_capacity = BytesPerSecond(40e9),
                       .scale_out_capacity = BytesPerSecond(16e9)});
  CHECK(fabric.ports({.size = 4}).egress.value() == 10e9);
  CHECK(fabric.ports({.size = 4, .ranks = 8}).egress.value() == 5e9);
  CHECK(fabric.ports({.size = 16}).egress.value() == 5e9);  // 8 of them in each domain
  CHECK(fabric.ports({.size = 16}).nic.value() == 1e9);
}
