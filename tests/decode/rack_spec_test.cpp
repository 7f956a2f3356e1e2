#include "sim/decode/rack_spec.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "sim/config/json_file.hpp"
#include "sim/decode/rack_effects.hpp"
#include "sim/decode/rack_step.hpp"
#include "sim/decode/request.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/support/models.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

RackSpec read(const std::string& text) {
  RackSpec spec;
  read_rack_keys(parse_json(text, "demo.json"), spec);
  return spec;
}

Contexts contexts(const std::string& text, int requests) {
  return read_contexts_of(parse_json(text, "demo.json"), requests, 1);
}

}  // namespace

TEST_CASE("stragglers and failed links are read as objects and as short text", "[decode][rack]") {
  const RackSpec spec = read(R"({"network": "flows", "stragglers": ["3=1.3", "any=2",
      {"rank": 5, "slowdown": 1.1}, {"rank": "any", "slowdown": 1.2}],
      "failed_links": ["gpu2=0.5", "gpu4.ingress=0.25", {"gpu": 1, "port": "egress", "rate": 0.1}]})");
  REQUIRE(spec.stragglers.size() == 4);
  CHECK(spec.stragglers[0].rank == 3);
  CHECK(spec.stragglers[0].slowdown == 1.3);
  CHECK_FALSE(spec.stragglers[1].rank);
  CHECK(spec.stragglers[2].rank == 5);
  CHECK_FALSE(spec.stragglers[3].rank);
  REQUIRE(spec.failed_ports.size() == 4);  // gpu2 in both directions
  CHECK(spec.failed_ports[1].port == Port::Ingress);
  CHECK(spec.failed_ports[2].gpu == 4);
  CHECK(spec.failed_ports[3].rate == 0.1);
}

TEST_CASE("what a rack cannot be is refused with its place", "[decode][rack]") {
  CHECK_THROWS_WITH(read(R"({"stragglers": ["x=1.3"]})"),
                    Catch::Contains("/stragglers/0") && Catch::Contains("rank or any"));
  CHECK_THROWS_WITH(read(R"({"stragglers": ["3=-1"]})"), Catch::Contains("outside"));
  CHECK_THROWS_WITH(read(R"({"stragglers": ["3"]})"), Catch::Contains("3=1.3"));
  CHECK_THROWS_WITH(read(R"({"network": "flow"})"), Catch::Contains("flows"));
  CHECK_THROWS_WITH(read(R"({"network": "flows", "failed_links": ["gpu1.egres=0.5"]})"),
                    Catch::Contains("egress"));
  CHECK_THROWS_WITH(read(R"({"network": "flows", "failed_links": ["gpu1=0"]})"),
                    Catch::Contains("outside"));
  CHECK_THROWS_WITH(read(R"({"jitter": -0.1})"), Catch::Contains("/jitter"));
  CHECK_THROWS_WITH(
      read(R"({"network": "flows", "failed_links": ["gpu1=0.5", "gpu1.egress=0.5"]})"),
      Catch::Contains("/failed_links") && Catch::Contains("gpu1.egress is named twice"));
  const Fabric fabric(gb200_hardware("paper").fabric().spec());
  CHECK_THROWS_WITH(check_rack(read(R"({"failed_links": ["gpu1=0.5"]})"), fabric),
                    Catch::Contains("network flows"));
  CHECK_THROWS_WITH(check_rack(read(R"({"share_hbm": true})"), fabric),
                    Catch::Contains("network flows"));
  CHECK_THROWS_WITH(
      failed_links(read(R"({"network": "flows", "failed_links": ["gpu72=0.5"]})"), fabric),
      Catch::Contains("gpu71"));
  CHECK_THROWS_WITH(
      failed_links(read(R"({"network": "flows", "failed_links": ["gpu1.nic_egress=0.5"]})"),
                   fabric),
      Catch::Contains("NIC"));
}

TEST_CASE("a drawn straggler depends on the seed alone and lies in the layout", "[decode][rack]") {
  const auto seed = GENERATE(range(0U, 50U));
  RackSpec spec = read(R"({"stragglers": ["any=1.5"]})");
  spec.seed = seed;
  const auto all = slowdowns(spec, 7);
  CHECK(all == slowdowns(spec, 7));
  CHECK(std::accumulate(all.begin(), all.end(), 0.0) == Approx(6 + 1.5));
}

TEST_CASE("contexts are one for all, a list, a text of them or drawn", "[decode][rack]") {
  CHECK(contexts("\"1M\"", 3).each.empty());
  CHECK(contexts("\"1M\"", 3).mean == 1e6);
  const Contexts list = contexts(R"(["64k", 1000000, "2M"])", 3);
  CHECK(list.each == std::vector<double>{64e3, 1e6, 2e6});
  CHECK(list.mean == Approx(1.0213333e6));
  CHECK(contexts("\"64k,1M,2M\"", 3).each == list.each);
  CHECK_THROWS_WITH(contexts("\"64k,1M\"", 3), Catch::Contains("2 contexts for 3 requests"));
  const Contexts drawn = contexts(R"({"uniform": ["64k", "1M"]})", 200);
  CHECK(drawn.each == contexts("\"uniform:64k:1M\"", 200).each);
  for (const double tokens : drawn.each) CHECK((tokens >= 64e3 && tokens <= 1e6));
  CHECK(drawn.mean == Approx(532e3).epsilon(0.1));
  CHECK_THROWS_WITH(contexts("\"uniform:2M:1M\"", 2), Catch::Contains("smaller"));
  CHECK_THROWS_WITH(contexts("\"uniform:2M\"", 2), Catch::Contains("uniform:64k:1M"));
}

TEST_CASE("a scenario's failed link and its study's network are judged together",
          "[decode][rack]") {
  RackSpec spec = read(R"({"failed_links": ["gpu1=0.5"]})");
  read_rack_keys(parse_json(R"({"network": "flows"})", "study.json"), spec);
  CHECK_NOTHROW(check_rack(spec, gb200_hardware("paper").fabric()));
}

TEST_CASE("a rank or GPU beyond the layout is found, for a sweep to leave out", "[decode][rack]") {
  const RackSpec spec = read(R"({"stragglers": ["any=2", "7=2"], "failed_links": ["gpu9=0.5"]})");
  CHECK_FALSE(beyond_layout(spec, 10));
  CHECK(beyond_layout(spec, 9)->message == "gpu9 is outside [gpu0, gpu8] of the layout");
  CHECK(beyond_layout(spec, 7)->field == "stragglers");
  CHECK(slowdowns(read(R"({"stragglers": ["7=2"]})"), 4) == std::vector<double>(4, 1.0));
}

TEST_CASE("drawn experts are as many as expected on average", "[decode][rack]") {
  double mean = 0.0;
  constexpr int kDraws = 200;
  for (int seed = 0; seed < kDraws; ++seed) {
    const auto sampled = sampled_experts(256, 8, 16, 8, static_cast<std::uint64_t>(seed));
    mean += std::accumulate(sampled.active.begin(), sampled.active.end(), 0.0) / 8 / kDraws;
    CHECK(std::accumulate(sampled.rows.begin(), sampled.rows.end(), 0.0) == 16 * 8);
    for (std::size_t rank = 0; rank < 8; ++rank) CHECK(sampled.rows[rank] >= sampled.active[rank]);
  }
  // 32 experts a rank, each chosen by at least one of 16 tokens with 1 - (1 - 8/256)^16.
  CHECK(mean == Approx(32 * (1 - std::pow(1 - 8.0 / 256, 16))).epsilon(0.02));
}
