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
  const FabricSpec plain{.gpus = 72, .link_bandwidth = {}, .in_switch_reduction = false};
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    const CollectiveRequest request = random_request(random, row.kind);
    const bool needs_switch = !row.applies(plain);
    CAPTURE(row.name, request.group, request.payload.value());
    const AlgorithmVolume volume = row.volume(request);
    CHECK(volume.sent.value() >= least_sent(request, needs_switch).value() * (1 - 1e-12));
    CHECK(volume.steps >= 1);

    CollectiveRequest doubled = request;
    doubled.payload *= 2.0;
    doubled.port_bytes *= 2.0;
    CHECK(row.volume(doubled).sent.value() == Approx(2.0 * volume.sent.value()));
  }
}

TEST_CASE("all-reduce volumes are those of their algorithms", "[hw_models][collectives]") {
  const CollectiveRequest request{.group = 8, .payload = Bytes(1024), .port_bytes = {}};
  CHECK(in_switch_all_reduce(request).sent.value() == 1024);
  CHECK(two_shot_all_reduce(request).sent.value() == 1024 * 2.0 * 7 / 8);
  CHECK(ring_all_reduce(request).sent.value() == 1024 * 2.0 * 7 / 8);
  CHECK(in_switch_all_reduce(request).steps == 1);
  CHECK(two_shot_all_reduce(request).steps == 2);
  CHECK(ring_all_reduce(request).steps == 14);  // g - 1 rounds to reduce, g - 1 to gather
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
