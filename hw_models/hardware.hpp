#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hw_models/collectives/collective.hpp"
#include "hw_models/collectives/fitted_collectives.hpp"
#include "hw_models/kernels/kernel_model.hpp"
#include "hw_models/system.hpp"
#include "hw_models/time_error.hpp"

namespace helixsim {

class RememberedCollectives;

/// What one collective costs on one GPU.
struct CollectiveCost {
  Seconds occupancy;  ///< holds the communication stream
  Seconds latency;    ///< passes afterwards, holding nothing
  Bytes sent;         ///< by each GPU, under the chosen algorithm
  std::string_view algorithm;

  [[nodiscard]] Seconds total() const { return occupancy + latency; }
};

/// How a fidelity counts a decode step: `Theory` is the reference arithmetic (mean expert rank,
/// lm_head alone at the ends, layers averaged over pipeline stages), `Event` the critical rank,
/// every operation and the slowest stage.
enum class Accounting { Theory, Event };

/// A system seen through one fidelity: turns work into time. Immutable and safe to share between
/// threads, but for what remembering() gives and copies of it.
class Hardware {
 public:
  /// `all_reduce` names an algorithm or "auto". Errors: ConfigError for an unknown fidelity or
  /// algorithm, and for what is wrong in the fidelity or in the fitted laws that it reads.
  Hardware(const System& system, std::string_view fidelity, std::string_view all_reduce);
  /// Reads a fidelity as the constructor does, but for the file of fitted laws, which is large.
  static void check(const System& system, std::string_view fidelity);

  /// Name of the all-reduce that is used, or "auto" for the fastest.
  [[nodiscard]] std::string_view all_reduce() const {
    return all_reduce_.empty() ? "auto" : all_reduce_;
  }
  [[nodiscard]] const std::string& system_name() const { return system_name_; }
  [[nodiscard]] const std::string& system_title() const { return system_title_; }
  [[nodiscard]] const Gpu& gpu() const { return gpu_; }
  [[nodiscard]] const Fabric& fabric() const { return *fabric_; }
  [[nodiscard]] const std::string& fidelity() const { return fidelity_; }
  [[nodiscard]] Accounting accounting() const { return accounting_; }
  [[nodiscard]] Bytes reserve() const { return reserve_; }
  /// Name of the preset of formats that stands where nothing is asked for; empty: all of FP4.
  [[nodiscard]] const std::string& precision() const { return precision_; }
  /// The exchange of one request in the paper's figure 3, which `hop_b: figure3` reads literally.
  [[nodiscard]] Seconds figure3_exchange() const { return figure3_exchange_; }

  [[nodiscard]] Seconds duration(const KernelWork& work) const { return kernels_->duration(work); }
  /// What is known of the errors of these times; empty where a fidelity is a definition or a
  /// calibration, not a prediction.
  [[nodiscard]] const std::optional<ErrorRules>& error_rules() const { return error_rules_; }
  /// Which measured kernels a time comes from.
  [[nodiscard]] Provenance provenance(const KernelWork& work) const {
    return kernels_->provenance(work);
  }
  [[nodiscard]] Provenance provenance(const CollectiveRequest& request) const;
  /// The same hardware as it would be if its errors were those of the draw; that of the composition
  /// is left to the caller, as it is common to a step. Contract: it has error rules.
  [[nodiscard]] Hardware with_errors(const ErrorDraw& draw) const;

  /// KernelModel::monotone of the fidelity's law.
  [[nodiscard]] bool monotone() const { return kernels_->monotone(); }
  /// Hardware whose times are monotone and never above those of this one: itself, or, where a
  /// larger kernel may be faster, kernels by the data sheet and collectives that take no time.
  [[nodiscard]] Hardware monotone_bound() const;
  /// The same hardware for one thread: it remembers durations and costs where that is faster.
  [[nodiscard]] Hardware remembering() const;
  /// KernelModel::least_when_cut of the fidelity's law.
  [[nodiscard]] Seconds least_when_cut(const KernelWork& work, int launches) const {
    return kernels_->least_when_cut(work, launches);
  }
  /// By the fitted law of the system where the fidelity has them and the group lies within one
  /// domain. Else the fastest algorithm that the group can run, or the named one where it suits the
  /// group. A group of one costs nothing. Of many groups the worst placed stands for all. Model: t
  /// = start_up + (steps - 1) * step + sent / (link_efficiency * egress) within an NVL domain;
  /// across domains the bytes take beta_time (collectives/alpha_beta.hpp) and each round through
  /// the NIC its latency. Then the latency of the exchange.
  [[nodiscard]] CollectiveCost cost(const CollectiveRequest& request) const;
  /// What the worst placed of the groups sees: all that `stride` and `ranks` of a request decide.
  [[nodiscard]] GroupPorts ports(const CollectiveRequest& request) const;
  /// The cost for one group, which sees `ports`.
  [[nodiscard]] CollectiveCost cost(const CollectiveRequest& request,
                                    const GroupPorts& ports) const;

  /// The same by the fastest algorithm alone, whose transfers are known, also where there is a
  /// fitted law.
  [[nodiscard]] CollectiveCost closed_form(const CollectiveRequest& request,
                                           const GroupPorts& ports) const;

  /// What a collective is made of, for schedules that send its transfers over links themselves.
  [[nodiscard]] Seconds start_up(StartUp which) const {
    return start_up_[static_cast<std::size_t>(which)];
  }
  [[nodiscard]] Seconds step() const { return step_; }
  [[nodiscard]] double link_efficiency() const { return link_efficiency_; }

 private:
  Hardware(const System& system, std::string_view fidelity, std::string_view all_reduce,
           bool read_laws);

  /// A named all-reduce is a closed form; it names nothing of other collectives.
  [[nodiscard]] bool by_fitted_law(const CollectiveRequest& request,
                                   const GroupPorts& ports) const {
    const bool named = !all_reduce_.empty() && request.kind == CollectiveKind::AllReduce;
    return fitted_ && !named && !ports.shape.spans_domains();
  }
  [[nodiscard]] CollectiveCost predicted_cost(const CollectiveRequest& request,
                                              const GroupPorts& ports) const;

  std::string system_name_;
  std::string system_title_;
  Gpu gpu_;
  std::shared_ptr<const Fabric> fabric_;
  std::string fidelity_;
  std::string precision_;
  std::string_view all_reduce_;
  /// By kind: the algorithms that this fabric can run, the named one first, else in table order.
  std::array<std::vector<const CollectiveAlgorithm*>, kCollectiveKinds> algorithms_;
  std::shared_ptr<const KernelModel> kernels_;
  std::shared_ptr<const FittedCollectives> fitted_;    ///< null: closed forms
  std::shared_ptr<RememberedCollectives> remembered_;  ///< null: `fitted_` are asked
  Accounting accounting_ = Accounting::Event;
  double link_efficiency_ = 1.0;
  Seconds start_up_[kStartUps];
  Seconds step_;
  Seconds kvp_latency_;
  Seconds figure3_exchange_;
  Bytes reserve_;
  std::optional<ErrorRules> error_rules_;
  std::optional<ErrorDraw> draw_;  ///< of collectives; kernels have their own
  bool free_collectives_ = false;
};

}  // namespace helixsim
