#include "sim/decode/rack_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/units/draw.hpp"

namespace helixsim {
namespace {

constexpr Range<double> kSlowdowns{0.01, 1000.0};
constexpr Range<double> kRates{1e-6, 1.0};
constexpr Range<long long> kRanks{0, 1'000'000};
constexpr std::uint64_t kOfStragglers = 0x57a661e5;  // keeps draws of one seed apart
constexpr std::uint64_t kOfExperts = 0xe4be875;

const std::vector<std::string>& port_names() {
  static const std::vector<std::string> kNames{"egress", "ingress", "nic_egress", "nic_ingress"};
  return kNames;
}

struct Assignment {
  std::string left;
  double right = 0.0;
};

/// "3=1.3" of the command line.
Assignment read_assignment(const Node& node, const std::string& example, Range<double> range) {
  const std::string text = node.as_text();
  const auto equals = text.find('=');
  Assignment read{.left = text.substr(0, equals)};
  const char* const begin = equals == std::string::npos ? nullptr : text.data() + equals + 1;
  const char* const end = text.data() + text.size();
  const auto parsed = begin == nullptr
                          ? std::from_chars_result{nullptr, std::errc::invalid_argument}
                          : std::from_chars(begin, end, read.right);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    node.fail("expected text such as \"" + example + "\", got \"" + text + "\"");
  }
  if (!(read.right >= range.low && read.right <= range.high)) {
    node.fail(fmt::format("{} is outside [{}, {}]", read.right, range.low, range.high));
  }
  return read;
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool good = parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() &&
                    value >= kRanks.low && value <= kRanks.high;
  return good ? std::optional(value) : std::nullopt;
}

Straggler read_straggler(const Node& node) {
  if (node.is_object()) {
    node.allow_only({"rank", "slowdown"});
    Straggler straggler{.rank = {}, .slowdown = node.number("slowdown", kSlowdowns)};
    if (node.has("rank") && node.at("rank").is_string()) {
      node.expect("rank", "any");
    } else if (node.has("rank")) {
      straggler.rank = static_cast<int>(node.integer("rank", kRanks));
    }
    return straggler;
  }
  const Assignment read = read_assignment(node, "3=1.3", kSlowdowns);
  Straggler straggler{.rank = whole_number(read.left), .slowdown = read.right};
  if (!straggler.rank && read.left != "any") {
    node.fail("expected a rank or any before =, got \"" + read.left + "\"");
  }
  return straggler;
}

void read_failed_link(const Node& node, std::vector<FailedPort>& out) {
  FailedPort failed;
  std::string port;
  if (node.is_object()) {
    node.allow_only({"gpu", "port", "rate"});
    failed.gpu = static_cast<int>(node.integer("gpu", kRanks));
    failed.rate = node.number("rate", kRates);
    port = node.text("port", "");
  } else {
    const Assignment read = read_assignment(node, "gpu3=0.5", kRates);
    failed.rate = read.right;
    std::string gpu = read.left;
    if (const auto dot = gpu.find('.'); dot != std::string::npos) {
      port = gpu.substr(dot + 1);
      gpu.resize(dot);
    }
    const auto number =
        gpu.starts_with("gpu") ? whole_number(std::string_view(gpu).substr(3)) : std::nullopt;
    if (!number) {
      node.fail("expected a GPU such as gpu3, or a port of it such as gpu3.egress, got \"" +
                read.left + "\"");
    }
    failed.gpu = *number;
  }
  if (port.empty()) {  // both directions
    for (const Port both : {Port::Egress, Port::Ingress}) {
      failed.port = both;
      out.push_back(failed);
    }
    return;
  }
  const auto& names = port_names();
  const auto found = std::find(names.begin(), names.end(), port);
  if (found == names.end()) node.fail("unknown port \"" + port + "\"" + suggestion(port, names));
  failed.port = static_cast<Port>(found - names.begin());
  out.push_back(failed);
}

const FailedPort* named_twice(const std::vector<FailedPort>& ports) {
  for (auto one = ports.begin(); one != ports.end(); ++one) {
    const auto same = [&](const FailedPort& other) {
      return other.gpu == one->gpu && other.port == one->port;
    };
    if (std::any_of(ports.begin(), one, same)) return &*one;
  }
  return nullptr;
}

}  // namespace

std::string_view name_of(Network network) {
  return network == Network::Flows ? "flows" : "alpha_beta";
}

std::string_view name_of(Port port) {
  return port_names()[static_cast<std::size_t>(port)];
}

std::vector<std::string_view> rack_keys() {
  return {"ranks",     "network", "stragglers",      "jitter", "failed_links",
          "share_hbm", "experts", "kv_append_block", "seed"};
}

void read_rack_keys(const Node& node, RackSpec& spec) {
  const std::vector<std::string> ranks{"folded", "all"};
  const std::vector<std::string> networks{"alpha_beta", "flows"};
  const std::vector<std::string> experts{"expected", "sampled"};
  if (node.has("ranks")) spec.every_rank = node.choice("ranks", ranks) == 1;
  if (node.has("network")) {
    spec.network = node.choice("network", networks) == 1 ? Network::Flows : Network::AlphaBeta;
  }
  if (node.has("stragglers")) {
    spec.stragglers.clear();
    for (const Node& one : node.array("stragglers")) {
      const Straggler straggler = read_straggler(one);
      const auto same = [&](const Straggler& other) { return other.rank == straggler.rank; };
      if (straggler.rank && std::any_of(spec.stragglers.begin(), spec.stragglers.end(), same)) {
        one.fail(
            fmt::format("rank {} is named twice; expected one factor for a rank", *straggler.rank));
      }
      spec.stragglers.push_back(straggler);
    }
  }
  if (node.has("jitter")) spec.jitter = node.number("jitter", {0.0, 10.0});
  if (node.has("failed_links")) {
    spec.failed_ports.clear();
    spec.failed_links_place = node.at("failed_links").place();
    for (const Node& one : node.array("failed_links")) read_failed_link(one, spec.failed_ports);
    if (const FailedPort* twice = named_twice(spec.failed_ports)) {
      node.at("failed_links")
          .fail(fmt::format("gpu{}.{} is named twice; expected one rate for a port", twice->gpu,
                            name_of(twice->port)));
    }
  }
  if (node.has("share_hbm")) {
    spec.share_hbm = node.boolean("share_hbm", false);
    spec.share_hbm_place = node.at("share_hbm").place();
  }
  if (node.has("experts")) spec.sample_experts = node.choice("experts", experts) == 1;
  if (node.has("kv_append_block")) {
    spec.kv_append_block = static_cast<int>(node.integer("kv_append_block", {1, 1'000'000}));
  }
  if (node.has("seed")) {
    spec.seed = static_cast<std::uint64_t>(node.integer("seed", {0, 1LL << 53}));
  }
}

void check_rack(const RackSpec& spec, const Fabric& fabric) {
  (void)failed_links(spec, fabric);
  if (spec.network == Network::Flows) return;
  if (!spec.failed_ports.empty()) {
    throw ConfigError(spec.failed_links_place +
                      ": closed forms know no single link; expected network flows beside it");
  }
  if (spec.share_hbm) {
    throw ConfigError(spec.share_hbm_place +
                      ": closed forms share no HBM; expected network flows beside it");
  }
}

std::vector<std::string> describe(const RackSpec& spec) {
  std::vector<std::string> lines;
  const auto add = [&](std::string line) { lines.push_back(std::move(line)); };
  if (spec.network == Network::Flows) add("network: flows, transfers share links");
  for (const Straggler& straggler : spec.stragglers) {
    add(fmt::format("straggler: {} x {}",
                    straggler.rank ? fmt::format("rank {}", *straggler.rank) : "a drawn rank",
                    straggler.slowdown));
  }
  for (const FailedPort& failed : spec.failed_ports) {
    add(fmt::format("failed link: gpu{}.{} at {} of its rate", failed.gpu, name_of(failed.port),
                    failed.rate));
  }
  if (spec.jitter > 0.0) add(fmt::format("jitter: up to {} of a kernel", spec.jitter));
  if (spec.share_hbm) add("HBM is shared between kernels and transfers");
  if (spec.sample_experts) add("experts: drawn by each token");
  if (spec.kv_append_block) add(fmt::format("KV append block: {} tokens", *spec.kv_append_block));
  if (!lines.empty()) add(fmt::format("seed of draws: {}", spec.seed));
  return lines;
}

std::optional<LayoutFault> beyond_layout(const RackSpec& spec, int gpus) {
  for (const Straggler& straggler : spec.stragglers) {
    if (straggler.rank && *straggler.rank >= gpus) {
      return LayoutFault{"stragglers", fmt::format("rank {} is outside [0, {}] of the layout",
                                                   *straggler.rank, gpus - 1)};
    }
  }
  for (const FailedPort& failed : spec.failed_ports) {
    if (failed.gpu >= gpus) {
      return LayoutFault{"failed_links", fmt::format("gpu{} is outside [gpu0, gpu{}] of the layout",
                                                     failed.gpu, gpus - 1)};
    }
  }
  return std::nullopt;
}

std::vector<FailedLink> failed_links(const RackSpec& spec, const Fabric& fabric) {
  std::vector<FailedLink> links;
  for (const FailedPort& failed : spec.failed_ports) {
    if (failed.gpu >= fabric.total_gpus()) {
      throw ConfigError(fmt::format("{}: gpu{} is outside [gpu0, gpu{}]", spec.failed_links_place,
                                    failed.gpu, fabric.total_gpus() - 1));
    }
    const bool nic = failed.port == Port::NicEgress || failed.port == Port::NicIngress;
    if (nic && fabric.spec().domains == 1) {
      throw ConfigError(spec.failed_links_place + ": the fabric is one NVL domain and has no NIC");
    }
    FabricLinkId link = 0;
    switch (failed.port) {
      case Port::Egress:
        link = fabric.egress_link(failed.gpu);
        break;
      case Port::Ingress:
        link = fabric.ingress_link(failed.gpu);
        break;
      case Port::NicEgress:
        link = fabric.nic_egress_link(failed.gpu);
        break;
      case Port::NicIngress:
        link = fabric.nic_ingress_link(failed.gpu);
        break;
    }
    links.push_back({.link = link, .rate = failed.rate});
  }
  return links;
}

std::vector<double> slowdowns(const RackSpec& spec, int ranks) {
  if (spec.stragglers.empty()) return {};
  std::vector<double> all(static_cast<std::size_t>(ranks), 1.0);
  for (std::size_t i = 0; i < spec.stragglers.size(); ++i) {
    const Straggler& straggler = spec.stragglers[i];
    const int rank =
        straggler.rank.value_or(static_cast<int>(drawn(spec.seed ^ kOfStragglers, i, 0) * ranks));
    if (rank < ranks) all[static_cast<std::size_t>(rank)] *= straggler.slowdown;
  }
  return all;
}

SampledExperts sampled_experts(int experts, int experts_per_token, int tokens, int ep,
                               std::uint64_t seed) {
  const int on_a_rank = experts / ep;
  SampledExperts sampled{.active = std::vector<double>(static_cast<std::size_t>(ep), 0.0),
                         .rows = std::vector<double>(static_cast<std::size_t>(ep), 0.0)};
  std::vector<int> deck(static_cast<std::size_t>(experts));
  std::iota(deck.begin(), deck.end(), 0);
  std::vector<bool> chosen(deck.size(), false);
  for (int token = 0; token < tokens; ++token) {
    for (int draw = 0; draw < experts_per_token; ++draw) {
      const double number = drawn(seed ^ kOfExperts, static_cast<std::uint64_t>(token),
                                  static_cast<std::uint64_t>(draw));
      const int other = draw + static_cast<int>(number * (experts - draw));
      std::swap(deck[static_cast<std::size_t>(draw)], deck[static_cast<std::size_t>(other)]);
      const int expert = deck[static_cast<std::size_t>(draw)];
      const auto rank = static_cast<std::size_t>(expert / on_a_rank);
      sampled.rows[rank] += 1.0;
      if (chosen[static_cast<std::size_t>(expert)]) continue;
      chosen[static_cast<std::size_t>(expert)] = true;
      sampled.active[rank] += 1.0;
    }
  }
  return sampled;
}

}  // namespace helixsim
