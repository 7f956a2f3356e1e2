#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hw_models/collectives/alpha_beta.hpp"
#include "hw_models/collectives/registry.hpp"
#include "hw_models/routes.hpp"
#include "tests/support/random.hpp"

using namespace helixsim;

namespace {

/// A collective on one group of a random fabric of one to three domains.
struct Case {
  Fabric fabric;
  GroupPlacement group;
  CollectiveRequest request;

  [[nodiscard]] TransferList transfers(const CollectiveAlgorithm& row) const {
    TransferList list;
    row.transfers(request, group, list);
    return list;
  }
  [[nodiscard]] AlgorithmVolume volume(const CollectiveAlgorithm& row) const {
    return row.volume(request, group.shape());
  }
};

bool suits(const CollectiveAlgorithm& row, const GroupShape& shape) {
  return row.fits == nullptr || row.fits(shape);
}

Fabric random_fabric(Random& random) {
  return Fabric({.gpus = random.between(4, 24),
                 .switches = random.between(1, 4),
                 .link_bandwidth = BytesPerSecond(1e9 * random.between(10, 100)),
                 .in_switch_reduction = true,
                 .domains = random.between(1, 3),
                 .nic_bandwidth = BytesPerSecond(1e9 * random.between(1, 300)),
                 .nic_latency = Seconds(1e-6 * random.between(0, 5))});
}

/// A group that the row suits; hierarchical ones are built, others found by chance.
GroupPlacement random_group(const CollectiveAlgorithm& row, const Fabric& fabric, Random& random) {
  const int total = fabric.total_gpus();
  while (true) {
    const int stride = random.between(1, 4);
    const int most = row.kind == CollectiveKind::PointToPoint ? 2 : (total - 1) / stride + 1;
    if (most < 2) continue;
    const int size = random.between(2, most);
    const int first = random.between(0, total - 1 - (size - 1) * stride);
    const GroupPlacement group = fabric.place(first, {.size = size, .stride = stride});
    if (suits(row, group.shape())) return group;
  }
}

Case random_case(const CollectiveAlgorithm& row, Random& random) {
  Fabric fabric = random_fabric(random);
  while (!row.applies(fabric.spec())) fabric = random_fabric(random);
  const GroupPlacement group = random_group(row, fabric, random);
  const double payload = random.between(1, 1'000'000'000);
  return {.fabric = fabric,
          .group = group,
          .request = {.kind = row.kind,
                      .group = group.size,
                      .stride = group.stride,
                      .payload = Bytes(payload),
                      .port_bytes = Bytes(payload * (0.1 + random.unit()))}};
}

/// Bytes that each position sends and receives.
struct Totals {
  std::vector<double> sent;
  std::vector<double> received;
};

Totals totals(const TransferList& transfers, int size) {
  Totals sums{std::vector<double>(static_cast<std::size_t>(size)),
              std::vector<double>(static_cast<std::size_t>(size))};
  for (const Transfer& each : transfers) {
    sums.sent[static_cast<std::size_t>(each.source)] += each.bytes.value();
    sums.received[static_cast<std::size_t>(each.target)] += each.bytes.value();
  }
  return sums;
}

std::span<const FabricLinkId> route_of(const Transfer& transfer, const GroupPlacement& group,
                                       const RouteTable& routes) {
  const int source = group.gpu(transfer.source);
  return transfer.in_switch ? routes.switch_route(source)
                            : routes.route(source, group.gpu(transfer.target));
}

/// Without contention from outside, rounds in step: each takes as long as its busiest link.
Seconds time_by_links(const Case& c, const TransferList& transfers) {
  const RouteTable routes(c.fabric, c.fabric.total_gpus());
  std::map<int, std::map<FabricLinkId, Bytes>> load;  // by step and link
  for (const Transfer& each : transfers) {
    for (const FabricLinkId link : route_of(each, c.group, routes))
      load[each.step][link] += each.bytes;
  }
  Seconds sum;
  for (const auto& [step, links] : load) {
    Seconds longest;
    for (const auto& [link, bytes] : links) {
      longest =
          std::max(longest, bytes / c.fabric.links()[static_cast<std::size_t>(link)].capacity);
    }
    sum += longest;
  }
  return sum;
}

/// Whose contribution each position holds after all steps, as bits: in a step a member passes on
/// what it held before, and switches what all of the group held.
std::vector<std::uint64_t> contributions(const TransferList& transfers, int size) {
  std::vector<std::uint64_t> held(static_cast<std::size_t>(size));
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < held.size(); ++i) all |= held[i] = std::uint64_t{1} << i;
  const int steps = transfers.empty() ? 0 : transfers.back().step + 1;
  for (int step = 0; step < steps; ++step) {
    const std::vector<std::uint64_t> before = held;
    for (const Transfer& each : transfers) {
      if (each.step != step) continue;
      held[static_cast<std::size_t>(each.target)] |=
          each.in_switch ? all : before[static_cast<std::size_t>(each.source)];
    }
  }
  return held;
}

/// Runs `check` on a random case of every row.
void for_every_row(std::uint32_t seed,
                   const std::function<void(const CollectiveAlgorithm&, const Case&)>& check) {
  Random random(seed);
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    const Case c = random_case(row, random);
    CAPTURE(seed, row.name, c.group.first, c.group.size, c.group.stride, c.group.domain_gpus);
    check(row, c);
  }
}

constexpr unsigned kSeeds = 80;

}  // namespace

TEST_CASE("transfers send what the volume says, from every member alike",
          "[hw_models][transfers][conformance]") {
  for_every_row(GENERATE(range(0U, kSeeds)), [](const CollectiveAlgorithm& row, const Case& c) {
    const Totals sums = totals(c.transfers(row), c.group.size);
    const double sent = c.volume(row).sent.value();
    for (std::size_t i = 0; i < sums.sent.size(); ++i) {
      const bool sends = row.kind != CollectiveKind::PointToPoint || i == 0;
      const bool receives = row.kind != CollectiveKind::PointToPoint || i == 1;
      CHECK(sums.sent[i] == Approx(sends ? sent : 0.0));
      CHECK(sums.received[i] == Approx(receives ? sent : 0.0));
    }
  });
}

TEST_CASE("transfers are in order, of the group, and in as many rounds as the volume says",
          "[hw_models][transfers][conformance]") {
  for_every_row(GENERATE(range(0U, kSeeds)), [](const CollectiveAlgorithm& row, const Case& c) {
    int last = 0;
    for (const Transfer& each : c.transfers(row)) {
      CHECK((each.step == last || each.step == last + 1));
      last = each.step;
      CHECK((each.source >= 0 && each.source < c.group.size));
      CHECK((each.target >= 0 && each.target < c.group.size));
      CHECK((each.source == each.target) == each.in_switch);
      CHECK(each.bytes.value() > 0.0);
    }
    CHECK(last + 1 == c.volume(row).steps);
  });
}

TEST_CASE("the busiest links of the transfers take the time of the closed form",
          "[hw_models][transfers][conformance]") {
  for_every_row(GENERATE(range(0U, kSeeds)), [](const CollectiveAlgorithm& row, const Case& c) {
    const GroupPorts ports = c.fabric.ports(c.group, c.group.size);
    CHECK(beta_time(c.volume(row), ports, 1.0).value() ==
          Approx(time_by_links(c, c.transfers(row)).value()));
  });
}

TEST_CASE("as many rounds wait for the NIC as have a message between domains",
          "[hw_models][transfers][conformance]") {
  for_every_row(GENERATE(range(0U, kSeeds)), [](const CollectiveAlgorithm& row, const Case& c) {
    std::map<int, bool> crosses;
    for (const Transfer& each : c.transfers(row)) {
      crosses[each.step] |= c.group.domain(each.source) != c.group.domain(each.target);
    }
    CHECK(std::count_if(crosses.begin(), crosses.end(), [](const auto& at) { return at.second; }) ==
          c.volume(row).nic_steps);
  });
}

TEST_CASE("every member ends up with everyone's contribution",
          "[hw_models][transfers][conformance]") {
  for_every_row(GENERATE(range(0U, kSeeds)), [](const CollectiveAlgorithm& row, const Case& c) {
    if (row.kind == CollectiveKind::PointToPoint) return;
    if (c.group.size > 63) return;  // one bit a member
    const std::uint64_t all = (std::uint64_t{1} << c.group.size) - 1;
    for (const std::uint64_t held : contributions(c.transfers(row), c.group.size)) {
      CHECK(held == all);
    }
  });
}

TEST_CASE("every pair exchanges its part of a direct collective in one round",
          "[hw_models][transfers][conformance]") {
  for_every_row(GENERATE(range(0U, kSeeds)), [](const CollectiveAlgorithm& row, const Case& c) {
    if (row.kind == CollectiveKind::AllReduce || row.kind == CollectiveKind::PointToPoint) return;
    std::map<std::pair<int, int>, double> pairs;
    for (const Transfer& each : c.transfers(row)) {
      CHECK(each.step == 0);
      pairs[{each.source, each.target}] += each.bytes.value();
    }
    CHECK(static_cast<int>(pairs.size()) == c.group.size * (c.group.size - 1));
    for (const auto& [pair, bytes] : pairs) {
      CHECK(bytes == Approx(c.request.port_bytes.value() / (c.group.size - 1)));
    }
  });
}

TEST_CASE("a group of one sends nothing", "[hw_models][transfers][conformance]") {
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    CAPTURE(row.name);
    TransferList list;
    row.transfers({.kind = row.kind, .group = 1, .payload = Bytes(8), .port_bytes = Bytes(8)},
                  {.first = 0, .size = 1, .stride = 1, .domain_gpus = 4}, list);
    CHECK(list.empty());
  }
}

namespace {

/// The g parts of the buffer that a transfer of an all-reduce carries, in a group of g = m d
/// members, m in each of d domains (one domain: m = g).
using PartsOf = std::function<std::vector<int>(const Transfer&, int m, int d)>;

std::vector<int> run_of(int first, int count) {
  std::vector<int> parts;
  for (int i = 0; i < count; ++i) parts.push_back(first + i);
  return parts;
}

int wrapped(int value, int size) {
  return ((value % size) + size) % size;
}

const std::map<std::string_view, PartsOf>& parts_by_algorithm() {
  static const std::map<std::string_view, PartsOf> kParts{
      {"ring",
       [](const Transfer& t, int m, int d) {
         const int g = m * d;
         const int gathered = t.step - (g - 1);
         return run_of(wrapped(gathered < 0 ? t.source - t.step : t.source + 1 - gathered, g), 1);
       }},
      {"two_shot",
       [](const Transfer& t, int, int) { return run_of(t.step == 0 ? t.target : t.source, 1); }},
      {"one_shot", [](const Transfer&, int m, int d) { return run_of(0, m * d); }},
      {"in_switch", [](const Transfer&, int m, int d) { return run_of(0, m * d); }},
      // The m-th at a place is d parts, one for each domain.
      {"hierarchical", [](const Transfer& t, int m, int d) {
         if (t.step == 0) return run_of(t.target % m * d, d);
         if (t.step == 1) return run_of(t.source % m * d + t.target / m, 1);
         if (t.step == 2) return run_of(t.source % m * d + t.source / m, 1);
         return run_of(t.source % m * d, d);
       }}};
  return kParts;
}

}  // namespace

TEST_CASE("an all-reduce adds every contribution to every part once",
          "[hw_models][transfers][conformance]") {
  const int m = GENERATE(2, 3, 4, 8);
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    if (row.kind != CollectiveKind::AllReduce) continue;
    CAPTURE(row.name, m);
    REQUIRE(parts_by_algorithm().contains(row.name));  // a new algorithm says here what it carries
    const PartsOf& parts_of = parts_by_algorithm().at(row.name);
    const int d = suits(row, one_domain(m)) ? 1 : 3;
    const int g = m * d;
    const CollectiveRequest request{.group = g, .payload = Bytes(g), .port_bytes = {}};
    TransferList transfers;
    row.transfers(request, {.first = 0, .size = g, .stride = 1, .domain_gpus = m}, transfers);

    // held[member][part]: bits of the members whose contribution the part holds.
    const auto size = static_cast<std::size_t>(g);
    const std::uint64_t all = (std::uint64_t{1} << g) - 1;
    std::vector<std::vector<std::uint64_t>> held(size, std::vector<std::uint64_t>(size));
    for (std::size_t i = 0; i < size; ++i) held[i].assign(size, std::uint64_t{1} << i);
    for (int step = 0; step <= transfers.back().step; ++step) {
      const auto before = held;
      for (const Transfer& each : transfers) {
        if (each.step != step) continue;
        const auto parts = parts_of(each, m, d);
        CHECK(each.bytes.value() == Approx(static_cast<double>(parts.size())));
        for (const int index : parts) {
          const auto part = static_cast<std::size_t>(index);
          const std::uint64_t got = before[static_cast<std::size_t>(each.source)][part];
          std::uint64_t& mine = held[static_cast<std::size_t>(each.target)][part];
          // Either the parts add up, or the whole sum replaces what was there.
          CHECK((each.in_switch || got == all || (got & mine) == 0));
          mine |= each.in_switch ? all : got;
        }
      }
    }
    for (const auto& parts : held) CHECK(std::count(parts.begin(), parts.end(), all) == g);
  }
}

TEST_CASE("an uneven all-to-all sends each member its share and no more in all",
          "[hw_models][transfers]") {
  const double shares[] = {0.5, 0.3, 0.2, 0.0};
  const CollectiveRequest request{.kind = CollectiveKind::AllToAll,
                                  .group = 4,
                                  .payload = Bytes(400),
                                  .port_bytes = Bytes(300)};
  TransferList transfers;
  pairwise_all_to_all_transfers(
      request, {.first = 0, .size = 4, .stride = 1, .domain_gpus = 4, .target_share = shares},
      transfers);
  // Even parts are 100 B; a share of 1/4 is even.
  const Totals sums = totals(transfers, 4);
  CHECK(sums.received[0] == Approx(3 * 100 * 0.5 * 4));
  CHECK(sums.received[1] == Approx(3 * 100 * 0.3 * 4));
  CHECK(sums.received[3] == 0.0);
  CHECK(sums.sent[0] == Approx(100 * 4 * (0.3 + 0.2)));
  CHECK(sums.sent[3] == Approx(100 * 4 * 1.0));
  CHECK(transfers.size() == 9);  // none to the last
  double all = 0;
  for (const double sent : sums.sent) all += sent;
  CHECK(all == Approx(4 * 300));
}
