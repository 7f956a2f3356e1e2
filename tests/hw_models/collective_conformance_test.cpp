#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "hw_models/collectives/registry.hpp"
#include "tests/support/random.hpp"
#include "tests/support/systems.hpp"

using namespace helixsim;

namespace {

CollectiveRequest random_request(Random& random, CollectiveKind kind) {
  const StartUp start_ups[] = {StartUp::AllReduce, StartUp::KvpExchange, StartUp::Exchange,
                               StartUp::PointToPoint};
  const double payload = random.between(0, 1'000'000'000);
  return {.kind = kind,
          .start_up = start_ups[random.between(0, 3)],
          .group = random.between(2, 72),
          .payload = Bytes(payload),
          .port_bytes = Bytes(payload * random.unit())};
}

/// Bytes that a GPU must send whatever the algorithm. An all-reduce without help from the switch
/// sends each byte it holds to be summed and its part of the sum to the others.
Bytes least_sent(const CollectiveRequest& request, bool reduces_in_switch) {
  if (request.kind != CollectiveKind::AllReduce) return request.port_bytes;
  if (reduces_in_switch) return request.payload;
  const double g = request.group;
  return request.payload * (2.0 * (g - 1.0) / g);
}

}  // namespace

TEST_CASE("every collective algorithm sends no less than its lower bound",
          "[hw_models][collectives][conformance]") {
  const auto seed = GENERATE(range(0U, 50U));
  CAPTURE(seed);
  Random random(seed);
  const FabricSpec without_reduction{.link_bandwidth = {}, .domains = 2};
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    const CollectiveRequest request = random_request(random, row.kind);
    const bool needs_switch = !row.applies(without_reduction);
    CAPTURE(row.name, request.group, request.payload.value());
    const GroupShape shape = one_domain(request.group);
    const AlgorithmVolume volume = row.volume(request, shape);
    CHECK(volume.sent.value() >= least_sent(request, needs_switch).value() * (1 - 1e-12));
    CHECK(volume.steps >= 1);

    CollectiveRequest doubled = request;
    doubled.payload *= 2.0;
    doubled.port_bytes *= 2.0;
    CHECK(row.volume(doubled, shape).sent.value() == Approx(2.0 * volume.sent.value()));
  }
}

TEST_CASE("all-reduce volumes are those of their algorithms", "[hw_models][collectives]") {
  const CollectiveRequest request{.group = 8, .payload = Bytes(1024), .port_bytes = {}};
  const GroupShape shape = one_domain(8);
  CHECK(in_switch_all_reduce(request, shape).sent.value() == 1024);
  CHECK(two_shot_all_reduce(request, shape).sent.value() == 1024 * 2.0 * 7 / 8);
  CHECK(ring_all_reduce(request, shape).sent.value() == 1024 * 2.0 * 7 / 8);
  CHECK(one_shot_all_reduce(request, shape).sent.value() == 1024 * 7);
  CHECK(in_switch_all_reduce(request, shape).steps == 1);
  CHECK(two_shot_all_reduce(request, shape).steps == 2);
  CHECK(ring_all_reduce(request, shape).steps == 14);  // g - 1 rounds to reduce, g - 1 to gather
  CHECK(one_shot_all_reduce(request, shape).steps == 1);
}

TEST_CASE("hierarchical all-reduce sends a shard through each NIC", "[hw_models][collectives]") {
  // Two domains of four: shards of 256 B, reduced over NVLink, then halves of them over the NIC.
  const CollectiveRequest request{.group = 8, .payload = Bytes(1024), .port_bytes = {}};
  const AlgorithmVolume volume =
      hierarchical_all_reduce(request, {.size = 8, .domains = 2, .fewest = 4, .most = 4});
  CHECK(volume.nvlink.value() == 2 * 3 * 256);
  CHECK(volume.nic.value() == 2 * 128);
  CHECK(volume.sent.value() == 2 * 3 * 256 + 2 * 128);
  CHECK(volume.steps == 4);
}

TEST_CASE("a collective holds its stream for start-up, rounds and bytes over the link",
          "[hw_models][collectives]") {
  const Hardware paper = gb200_hardware("paper", {}, "ring");
  const CollectiveRequest request{.group = 4, .payload = Bytes(3.6e6), .port_bytes = {}};
  // 8 us start-up, 5 further rounds of 0.5 us, 1.5 x 3.6 MB over 0.8 x 900 GB/s = 7.5 us.
  CHECK(paper.cost(request).occupancy.value() == Approx(8e-6 + 5 * 0.5e-6 + 7.5e-6));
  CHECK(paper.cost(request).algorithm == "ring");
}

TEST_CASE("only the KVP exchange pays its latency, after it has freed the stream",
          "[hw_models][collectives]") {
  const Hardware hardware = gb200_hardware(
      "ideal", {{"fidelities.ideal.collectives.kvp_exchange_latency.value", "3 us"}});
  CollectiveRequest request{.kind = CollectiveKind::AllToAll,
                            .start_up = StartUp::KvpExchange,
                            .group = 4,
                            .payload = Bytes(9e5),
                            .port_bytes = Bytes(9e5)};
  CHECK(hardware.cost(request).occupancy.value() == Approx(1e-6));
  CHECK(hardware.cost(request).latency.value() == Approx(3e-6));
  CHECK(hardware.cost(request).total().value() == Approx(4e-6));
  request.start_up = StartUp::Exchange;
  CHECK(hardware.cost(request).latency.value() == 0.0);
}

TEST_CASE("a group of one costs nothing in any fidelity", "[hw_models][collectives][conformance]") {
  for (const std::string& fidelity : gb200_fidelities()) {
    const Hardware hardware = gb200_hardware(fidelity);
    for (const CollectiveAlgorithm& row : collective_algorithms()) {
      CAPTURE(fidelity, row.name);
      const CollectiveCost cost = hardware.cost(
          {.kind = row.kind, .group = 1, .payload = Bytes(1e9), .port_bytes = Bytes(1e9)});
      CHECK(cost.total().value() == 0.0);
      CHECK(cost.sent.value() == 0.0);
    }
  }
}

TEST_CASE("a collective never gets cheaper with more bytes nor dearer with a faster link",
          "[hw_models][collectives][conformance]") {
  const auto seed = GENERATE(range(0U, 40U));
  CAPTURE(seed);
  Random random(seed);
  const double factor = 1.0 + 3.0 * random.unit();
  for (const std::string& fidelity : gb200_fidelities()) {
    const Hardware slow = gb200_hardware(fidelity);
    const Hardware fast = gb200_hardware(
        fidelity, {{"fabric.link_bandwidth.value", std::to_string(50.0 * factor) + " GB/s"}});
    for (const CollectiveAlgorithm& row : collective_algorithms()) {
      const CollectiveRequest request = random_request(random, row.kind);
      CAPTURE(fidelity, row.name, request.group, request.payload.value());
      CollectiveRequest larger = request;
      larger.payload *= factor;
      larger.port_bytes *= factor;
      CHECK(slow.cost(larger).total() >= slow.cost(request).total());
      CHECK(fast.cost(request).total() <= slow.cost(request).total());
    }
  }
}

TEST_CASE("the fastest all-reduce is chosen unless one is named", "[hw_models][collectives]") {
  const auto seed = GENERATE(range(0U, 60U));
  Random random(seed);
  const CollectiveRequest request = random_request(random, CollectiveKind::AllReduce);
  const std::string reduces = random.coin() ? "true" : "false";
  CAPTURE(seed, request.group, request.payload.value(), reduces);
  const std::vector<Override> changes{{"fabric.in_switch_reduction.value", reduces}};
  const CollectiveCost chosen = gb200_hardware("paper", changes).cost(request);
  bool is_one_of_them = false;
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    if (row.kind != CollectiveKind::AllReduce) continue;
    if (!row.applies({.link_bandwidth = {}, .in_switch_reduction = reduces == "true"})) {
      CHECK(chosen.algorithm != row.name);
      continue;
    }
    const CollectiveCost named = gb200_hardware("paper", changes, row.name).cost(request);
    CHECK(named.algorithm == row.name);
    CHECK(chosen.occupancy <= named.occupancy);
    is_one_of_them =
        is_one_of_them || (chosen.algorithm == named.algorithm &&
                           chosen.occupancy == named.occupancy && chosen.sent == named.sent);
  }
  CHECK(is_one_of_them);
}

TEST_CASE("a group across domains reduces within them before it uses the NICs",
          "[hw_models][collectives]") {
  const System system = gb200_x2();
  const CollectiveRequest request{.group = 144, .payload = Bytes(72e6), .port_bytes = {}};
  // 2 x 71/72 x 72 MB over 900 GB/s, then 2 x 1/2 x 1 MB over 50 GB/s. The direct two-shot sends
  // 2 x 72/144 x 72 MB through each NIC instead.
  const CollectiveCost chosen = Hardware(system, "ideal", "auto").cost(request);
  CHECK(chosen.algorithm == "hierarchical");
  CHECK(chosen.occupancy.value() == Approx(142e6 / 900e9 + 1e6 / 50e9));
  CHECK(Hardware(system, "ideal", "two_shot").cost(request).occupancy.value() ==
        Approx(72e6 / 50e9));
  CHECK(Hardware(system, "ideal", "ring").cost(request).occupancy.value() ==
        Approx(2 * 143.0 / 144 * 72e6 / 50e9));
}

TEST_CASE("each round that crosses domains pays the NIC's latency", "[hw_models][collectives]") {
  const auto hardware = [](std::string_view algorithm) {
    return Hardware(gb200_x2({{"fabric.nic_latency.value", "3 us"}}), "ideal", algorithm);
  };
  const CollectiveRequest tiny{.group = 144, .payload = Bytes(1), .port_bytes = {}};
  CHECK(hardware("two_shot").cost(tiny).occupancy.value() == Approx(6e-6).epsilon(1e-3));
  CHECK(hardware("hierarchical").cost(tiny).occupancy.value() == Approx(6e-6).epsilon(1e-3));
  CHECK(hardware("one_shot").cost(tiny).occupancy.value() == Approx(3e-6).epsilon(1e-3));
  const CollectiveRequest inside{.group = 72, .payload = Bytes(1), .port_bytes = {}};
  CHECK(hardware("one_shot").cost(inside).occupancy.value() < 1e-6);
}

TEST_CASE("a named all-reduce gives way where it does not suit the group",
          "[hw_models][collectives]") {
  const System system = gb200_x2();
  const auto algorithm = [&](std::string_view named, const CollectiveRequest& request) {
    return Hardware(system, "paper", named).cost(request).algorithm;
  };
  const CollectiveRequest inside{.group = 8, .payload = Bytes(1e6), .port_bytes = {}};
  const CollectiveRequest across{.group = 144, .payload = Bytes(1e9), .port_bytes = {}};
  CHECK(algorithm("in_switch", inside) == "in_switch");
  CHECK(algorithm("in_switch", across) == "hierarchical");
  CHECK(algorithm("hierarchical", across) == "hierarchical");
  CHECK(algorithm("hierarchical", inside) == "in_switch");
}

TEST_CASE("a hop uses the NIC as soon as the layout reaches into a second domain",
          "[hw_models][collectives]") {
  const Hardware hardware(gb200_x2(), "ideal", "auto");
  const auto time = [&](int stage, int stages) {
    return hardware
        .cost({.kind = CollectiveKind::PointToPoint,
               .start_up = StartUp::PointToPoint,
               .group = 2,
               .stride = stage,
               .ranks = stage * stages,
               .payload = Bytes(9e5),
               .port_bytes = Bytes(9e5)})
        .occupancy.value();
  };
  CHECK(time(36, 2) == Approx(1e-6));   // 72 GPUs
  CHECK(time(36, 3) == Approx(18e-6));  // the last hop crosses
  CHECK(time(24, 5) == Approx(18e-6));  // an odd number of stages
  CHECK(time(48, 2) == Approx(18e-6));  // some ranks of a stage in each domain
}

TEST_CASE("an all-reduce that the system cannot run is refused by what it needs",
          "[hw_models][collectives]") {
  CHECK_THROWS_WITH(gb200_hardware("paper", {}, "hierarchical"),
                    "--all-reduce: hierarchical needs several NVL domains, which gb200_nvl72 does "
                    "not have");
  CHECK_THROWS_WITH(
      gb200_hardware("paper", {{"fabric.in_switch_reduction.value", "false"}}, "in_switch"),
      "--all-reduce: in_switch needs switches that reduce, which gb200_nvl72 does not have");
}
