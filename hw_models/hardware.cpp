#include "hw_models/hardware.hpp"

#include "hw_models/collectives/alpha_beta.hpp"
#include "hw_models/collectives/registry.hpp"
#include "hw_models/collectives/remembered_collectives.hpp"
#include "hw_models/kernels/data_sheet_kernels.hpp"
#include "hw_models/kernels/registry.hpp"
#include "sim/config/config_error.hpp"
#include "sim/config/suggest.hpp"
#include "sim/engine/contract.hpp"
#include "sim/units/literals.hpp"

namespace helixsim {
using namespace literals;
namespace {

std::string_view all_reduce_named(std::string_view name, const System& system) {
  if (name == "auto") return {};
  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    if (row.kind != CollectiveKind::AllReduce || row.name != name) continue;
    if (row.applies(system.fabric->spec())) return row.name;
    throw ConfigError("--all-reduce: " + std::string(name) + " needs " + std::string(row.needs) +
                      ", which " + system.name + " does not have");
  }
  throw ConfigError("--all-reduce: unknown algorithm \"" + std::string(name) + "\"" +
                    suggestion(name, all_reduce_choices()));
}

Node fidelity_node(const System& system, std::string_view fidelity) {
  const Node all = system.document.object("fidelities");
  if (!all.has(fidelity)) {
    throw ConfigError(all.file() + ": /fidelities: no fidelity \"" + std::string(fidelity) + "\"" +
                      suggestion(fidelity, all.keys()));
  }
  return all.object(fidelity);
}

/// Kernels whose times are off by what was drawn.
class DrawnKernels final : public KernelModel {
 public:
  DrawnKernels(std::shared_ptr<const KernelModel> predicted, const ErrorRules& rules,
               const ErrorDraw& draw)
      : predicted_(std::move(predicted)), rules_(rules), draw_(draw) {}

  [[nodiscard]] Seconds duration(const KernelWork& work) const override {
    const Seconds time = predicted_->duration(work);
    return time * draw_.factor(time_error(provenance(work), rules_));
  }
  [[nodiscard]] Provenance provenance(const KernelWork& work) const override {
    return predicted_->provenance(work);
  }
  [[nodiscard]] bool monotone() const override { return false; }

 private:
  std::shared_ptr<const KernelModel> predicted_;
  ErrorRules rules_;
  ErrorDraw draw_;
};

}  // namespace

Hardware::Hardware(const System& system, std::string_view fidelity, std::string_view all_reduce)
    : Hardware(system, fidelity, all_reduce, true) {}

void Hardware::check(const System& system, std::string_view fidelity) {
  (void)Hardware(system, fidelity, "auto", false);
}

Hardware::Hardware(const System& system, std::string_view fidelity, std::string_view all_reduce,
                   bool read_laws)
    : system_name_(system.name),
      system_title_(system.title),
      gpu_(system.gpu),
      fabric_(system.fabric),
      fidelity_(fidelity),
      all_reduce_(all_reduce_named(all_reduce, system)) {
  const Node node = fidelity_node(system, fidelity);
  node.allow_only(
      {"summary", "accounting", "kernels", "collectives", "reserve", "errors", "precision"});
  const std::string accountings[] = {"theory", "event"};
  accounting_ =
      node.choice("accounting", accountings) == 0 ? Accounting::Theory : Accounting::Event;

  const Node kernels = node.object("kernels");
  const auto laws = kernel_laws();
  const KernelLawEntry& law = laws[kernels.choice("law", names_of(laws))];
  const Node collectives = node.object("collectives");
  const std::string laws_of_collectives[] = {"closed_forms", "measured"};
  const bool fitted_collectives =
      collectives.has("law") && collectives.choice("law", laws_of_collectives) == 1;
  std::shared_ptr<const FittedLaws> fitted;
  if (read_laws && (law.check != nullptr || fitted_collectives)) {
    fitted = std::make_shared<const FittedLaws>(read_system_laws(system));
  }
  if (law.check != nullptr && !read_laws) {
    law.check(kernels);
  } else {
    kernels_ = law.make(kernels, gpu_, fitted);
  }
  if (fitted_collectives && read_laws) {
    fitted_ = std::make_shared<const FittedCollectives>(*fitted);
  }

  collectives.allow_only({"law", "link_efficiency", "all_reduce", "kvp_exchange",
                          "kvp_exchange_latency", "exchange", "point_to_point", "step",
                          "figure3_exchange"});
  const Range<Seconds> times{0_us, 1.0_s};
  link_efficiency_ = sourced(collectives, "link_efficiency").number("value", {0.01, 1.0});
  const auto start_up_of = [&](StartUp which) -> Seconds& {
    return start_up_[static_cast<std::size_t>(which)];
  };
  start_up_of(StartUp::AllReduce) = sourced(collectives, "all_reduce").time("value", times);
  start_up_of(StartUp::KvpExchange) = sourced(collectives, "kvp_exchange").time("value", times);
  start_up_of(StartUp::Exchange) = sourced(collectives, "exchange").time("value", times);
  start_up_of(StartUp::PointToPoint) = sourced(collectives, "point_to_point").time("value", times);
  kvp_latency_ = sourced(collectives, "kvp_exchange_latency").time("value", times);
  step_ = sourced(collectives, "step").time("value", times);
  figure3_exchange_ = sourced(collectives, "figure3_exchange").time("value", times);
  reserve_ = sourced(node, "reserve").bytes("value", {0_B, gpu_.memory_capacity});

  if (node.has("precision")) precision_ = node.text("precision");
  if (node.has("errors")) error_rules_ = read_error_rules(node.object("errors"));

  for (const CollectiveAlgorithm& row : collective_algorithms()) {
    if (!row.applies(fabric_->spec())) continue;
    auto& rows = algorithms_[static_cast<std::size_t>(row.kind)];
    // The one that the caller names comes first: cost() looks no further where it suits.
    rows.insert(row.name == all_reduce_ ? rows.begin() : rows.end(), &row);
  }
}

Hardware Hardware::remembering() const {
  Hardware own = *this;
  if (std::shared_ptr<const KernelModel> kernels = kernels_->remembering(kernels_)) {
    own.kernels_ = std::move(kernels);
  }
  if (fitted_) own.remembered_ = std::make_shared<RememberedCollectives>(fitted_);
  return own;
}

Hardware Hardware::monotone_bound() const {
  if (monotone()) return *this;
  Hardware bound = *this;
  bound.kernels_ = make_data_sheet_kernels(gpu_);
  bound.free_collectives_ = true;
  return bound;
}

Hardware Hardware::with_errors(const ErrorDraw& draw) const {
  ensure(error_rules_.has_value(), "errors are drawn of a fidelity that knows its own");
  Hardware drawn = *this;
  drawn.kernels_ = std::make_shared<const DrawnKernels>(kernels_, *error_rules_, draw);
  drawn.draw_ = draw;
  return drawn;
}

Provenance Hardware::provenance(const CollectiveRequest& request) const {
  if (request.group <= 1 || !by_fitted_law(request, ports_of(*fabric_, request))) return {};
  return fitted_->provenance(request);
}

GroupPorts Hardware::ports(const CollectiveRequest& request) const {
  return ports_of(*fabric_, request);
}

CollectiveCost Hardware::cost(const CollectiveRequest& request) const {
  if (request.group <= 1) return {.occupancy = {}, .latency = {}, .sent = {}, .algorithm = "none"};
  return cost(request, ports(request));
}

CollectiveCost Hardware::cost(const CollectiveRequest& request, const GroupPorts& ports) const {
  if (request.group <= 1) return {.occupancy = {}, .latency = {}, .sent = {}, .algorithm = "none"};
  CollectiveCost cost = predicted_cost(request, ports);
  if (free_collectives_) [[unlikely]]
    cost.occupancy = cost.latency = Seconds();
  if (draw_) [[unlikely]] {
    const Provenance from =
        by_fitted_law(request, ports) ? fitted_->provenance(request) : Provenance{};
    const double factor = draw_->factor(time_error(from, *error_rules_));
    cost.occupancy = cost.occupancy * factor;
    cost.latency = cost.latency * factor;
  }
  return cost;
}

CollectiveCost Hardware::predicted_cost(const CollectiveRequest& request,
                                        const GroupPorts& ports) const {
  if (by_fitted_law(request, ports)) {
    if (const auto fitted = remembered_ ? remembered_->cost(request) : fitted_->cost(request)) {
      return {.occupancy = fitted->time,
              .latency = {},
              .sent = fitted->sent,
              .algorithm = fitted->kernel};
    }
  }
  return closed_form(request, ports);
}

CollectiveCost Hardware::closed_form(const CollectiveRequest& request,
                                     const GroupPorts& ports) const {
  const CollectiveAlgorithm* fastest = nullptr;
  CollectiveCost best;
  for (const CollectiveAlgorithm* row : algorithms_[static_cast<std::size_t>(request.kind)]) {
    if (row->fits != nullptr && !row->fits(ports.shape)) continue;
    const AlgorithmVolume volume = row->volume(request, ports.shape);
    Seconds time = start_up(request.start_up) + step_ * static_cast<double>(volume.steps - 1) +
                   beta_time(volume, ports, link_efficiency_);
    if (volume.nic_steps > 0) time += fabric_->spec().nic_latency * volume.nic_steps;
    if (fastest != nullptr && !(time < best.occupancy)) continue;
    fastest = row;
    best.occupancy = time;
    best.sent = volume.sent;
    if (row->name == all_reduce_) break;
  }
  ensure(fastest != nullptr, "every collective kind has an algorithm that runs anywhere");
  best.algorithm = fastest->name;
  if (request.start_up == StartUp::KvpExchange) best.latency = kvp_latency_;
  return best;
}

}  // namespace helixsim
