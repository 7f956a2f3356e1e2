#include "sim/decode/sensitivity.hpp"

#include <catch2/catch.hpp>

#include "sim/config/catalog.hpp"
#include "tests/decode/point_case.hpp"
#include "tests/engine/sim_time_text.hpp"

using namespace helixsim;

namespace {

/// 80 GPUs of two domains: exchanges cross the switches and the network between them.
Point point_on_two_domains() {
  return {.strategy = &strategy_named("helix"),
          .layout = {.tpa = 8, .kvp = 10, .tpf = 80},
          .batch = 8,
          .context = 1e6,
          .hop_b = {}};
}

std::vector<SensitivityRow> rows_named(const Sensitivity& found, const std::string& part) {
  std::vector<SensitivityRow> rows;
  for (const SensitivityRow& row : found.rows) {
    if (row.resource.find(part) != std::string::npos) rows.push_back(row);
  }
  return rows;
}

}  // namespace

TEST_CASE("more of a resource never makes a step slower", "[decode][sensitivity][property]") {
  const auto seed = GENERATE(range(0U, 40U));
  const PointCase c(seed);
  CAPTURE(seed, c.text());
  SetupRequest request;
  request.model = "deepseek-r1";
  request.fidelity = c.fidelity;
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const std::vector<Override> roomy_system{{"system.gpu.memory.capacity.value", "10 TB"}};
  const Setup setup = make_setup(request, catalog, roomy_system);
  Point point = c.point;
  point.strategy = &strategy_named("helix");
  point.layout = {.tpa = 1, .kvp = 8, .tpf = 4, .ep = 2};
  point.batch = 16;
  if (point.hop_b.mode == HopBMode::Chunks) point.hop_b.chunks = 4;
  const SimTime as_it_is = ttl(setup, point);
  const auto rows = sensitivity(request, catalog, roomy_system, point).rows;
  CHECK(rows.size() == 5);  // one NVL domain has no NIC
  double before = 1.0;
  for (const SensitivityRow& row : rows) {
    CAPTURE(row.resource);
    CHECK(row.ttl <= as_it_is);
    CHECK(row.gain <= before);
    before = row.gain;
  }
}

TEST_CASE("what bounds a step is what helps it", "[decode][sensitivity]") {
  SetupRequest request;
  request.model = "llama-3.1-405b";
  request.fidelity = "ideal";
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const std::vector<Override> roomy_system{{"system.gpu.memory.capacity.value", "10 TB"}};
  const Point point{.strategy = &strategy_named("tp"),
                    .layout = {.tpa = 1, .tpf = 1},
                    .batch = 1,
                    .context = 1e6,
                    .hop_b = {}};
  // One GPU, no latency: all of the step is reading HBM, so 10 % more of it saves 1 - 1/1.1.
  const auto rows = sensitivity(request, catalog, roomy_system, point).rows;
  CHECK(rows.front().resource == "HBM bandwidth + 10 %");
  CHECK(rows.front().gain == Approx(1 - 1 / 1.1).epsilon(1e-3));
  for (std::size_t i = 1; i < rows.size(); ++i) CHECK(rows[i].gain == Approx(0.0).margin(1e-6));
}

TEST_CASE("under laws of measured kernels too, more bandwidth helps what reads",
          "[decode][sensitivity][measured]") {
  SetupRequest request;
  request.model = "llama-3.1-405b";  // and measured, as nothing else is asked for
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const Point point{.strategy = &strategy_named("tp"),
                    .layout = {.tpa = 8, .tpf = 8},
                    .batch = 32,
                    .context = 1e5,
                    .hop_b = {}};
  const auto rows = sensitivity(request, catalog, {}, point).rows;
  CHECK(rows.front().resource == "HBM bandwidth + 10 %");
  CHECK(rows.front().gain > 0.03);
  for (const SensitivityRow& row : rows) CHECK(row.gain < 1 - 1 / 1.1);
}

TEST_CASE("a quantity is scaled with its unit", "[decode][sensitivity]") {
  CHECK(scaled_quantity("8 TB/s", 1.5) == "12 TB/s");
  CHECK(scaled_quantity("2.5us", 2.0) == "5us");
  CHECK(scaled_quantity(" 8 TB/s", 1.5) == "12 TB/s");  // as files may have it
  CHECK_THROWS_WITH(scaled_quantity("fast", 2.0), Catch::Contains("number"));
}

TEST_CASE(
    "capacities of switches and of the network between domains are resources where there are any",
    "[decode][sensitivity]") {
  SetupRequest request;
  request.model = "llama-3.1-405b";
  request.system = "gb200_nvl72_x2";
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const Point point = point_on_two_domains();
  CHECK(rows_named(sensitivity(request, catalog, {}, point), "capacity").empty());
  // Alone: bytes within and between domains pass side by side, and the slower limit counts.
  const auto gain = [&](const std::string& key, const std::string& limit, const Point& of) {
    const std::vector<Override> limited{
        {"system.fabric." + key, R"({"value": ")" + limit + R"(", "source": "test"})"}};
    const Sensitivity found = sensitivity(request, catalog, limited, of);
    CHECK(found.left_out.empty());
    const auto rows = rows_named(found, "capacity");
    REQUIRE(rows.size() == 1);
    return rows.front().gain;
  };
  CHECK(gain("scale_out_capacity", "1 TB/s", point) > 0.0);
  Point in_a_domain = point;
  in_a_domain.layout = {.tpa = 8, .kvp = 8, .tpf = 64};
  CHECK(gain("switch_capacity", "20 TB/s", in_a_domain) > 0.0);
  const std::vector<Override> unlimited{
      {"system.fabric.switch_capacity", R"({"value": null, "source": "test"})"}};
  CHECK(rows_named(sensitivity(request, catalog, unlimited, point), "capacity").empty());
}

TEST_CASE("a number at its limit leaves its row out and the others alone",
          "[decode][sensitivity]") {
  SetupRequest request;
  request.model = "llama-3.1-405b";
  request.system = "gb200_nvl72_x2";
  const Catalog catalog{HELIXSIM_SOURCE_DIR};
  const Point point = point_on_two_domains();
  const auto as_it_is = sensitivity(request, catalog, {}, point);
  const auto fast = [&](const std::string& nic) {
    return sensitivity(request, catalog,
                       std::vector<Override>{{"system.fabric.nic_bandwidth.value", nic}}, point);
  };
  const Sensitivity below = fast("9 TB/s");  // 9.9 of 10 TB/s
  CHECK(below.left_out.empty());
  CHECK(below.rows.size() == as_it_is.rows.size());
  const Sensitivity above = fast("9.5 TB/s");
  REQUIRE(above.left_out.size() == 1);
  CHECK_THAT(above.left_out.front(),
             Catch::StartsWith("sensitivity leaves out NIC bandwidth + 10 %: ") &&
                 Catch::Contains("/fabric/nic_bandwidth/value") && Catch::Contains("outside"));
  CHECK(above.rows.size() == as_it_is.rows.size() - 1);
  CHECK(rows_named(above, "NIC").empty());
}
