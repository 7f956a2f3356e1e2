#include <catch2/catch.hpp>
#include <string>

#include "sim/config/config_error.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;
using Catch::Matchers::Equals;

TEST_CASE("an unknown fidelity or all-reduce is answered with the nearest name",
          "[hw_models][hardware]") {
  const std::string file = HELIXSIM_SOURCE_DIR "/hw_models/systems/gb200_nvl72.json";
  CHECK_THROWS_WITH(
      gb200_hardware("papers"),
      Equals(file + ": /fidelities: no fidelity \"papers\"; did you mean \"paper\"?"));
  CHECK_THROWS_WITH(gb200_hardware("paper", {}, "rings"),
                    Equals("--all-reduce: unknown algorithm \"rings\"; did you mean \"ring\"?"));
}

TEST_CASE("ideal counts by theory and paper by events", "[hw_models][hardware]") {
  CHECK(gb200_hardware("ideal").accounting() == Accounting::Theory);
  CHECK(gb200_hardware("paper").accounting() == Accounting::Event);
}

TEST_CASE("the reserve is held to the capacity of the GPU", "[hw_models][hardware]") {
  const std::string path = "fidelities.paper.reserve.value";
  CHECK(gb200_hardware("paper", {{path, "186 GB"}}).reserve().value() == 186e9);
  CHECK_THROWS_AS(gb200_hardware("paper", {{path, "187 GB"}}), ConfigError);
}
