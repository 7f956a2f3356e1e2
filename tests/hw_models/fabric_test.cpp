#include <catch2/catch.hpp>
#include <stdexcept>

#include "hw_models/fabric.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

TEST_CASE("a group on NVL72 sees 900 GB/s and two hops", "[hw_models][fabric]") {
  const System system = gb200();
  const int group = GENERATE(range(2, 73));
  CAPTURE(group);
  // 18 switches, one 50 GB/s link to each; every route is GPU, switch, GPU.
  CHECK(system.fabric->ports(group).egress.value() == Approx(18 * 50e9).epsilon(1e-12));
  CHECK(system.fabric->ports(group).hops == 2);
}

TEST_CASE("egress adds the links to all switches", "[hw_models][fabric]") {
  const Fabric fabric(
      {.gpus = 4, .switches = 3, .links_per_switch = 2, .link_bandwidth = BytesPerSecond(10e9)});
  CHECK(fabric.ports(4).egress.value() == Approx(3 * 2 * 10e9));
}

TEST_CASE("a group of one has no hops and all its ports", "[hw_models][fabric]") {
  const Fabric fabric(
      {.gpus = 1, .switches = 1, .links_per_switch = 1, .link_bandwidth = BytesPerSecond(5e9)});
  CHECK(fabric.ports(1).hops == 0);
  CHECK(fabric.ports(1).egress.value() == 5e9);
}

TEST_CASE("a group must fit the fabric", "[hw_models][fabric]") {
  const System system = gb200();
  CHECK_THROWS_AS(system.fabric->ports(0), std::logic_error);
  CHECK_NOTHROW(system.fabric->ports(1));
  CHECK_NOTHROW(system.fabric->ports(72));
  CHECK_THROWS_AS(system.fabric->ports(73), std::logic_error);
}
