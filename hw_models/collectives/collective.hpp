#pragma once

#include <string_view>
#include <vector>

#include "hw_models/fabric.hpp"
#include "hw_models/group.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

enum class CollectiveKind { AllReduce, AllGather, ReduceScatter, AllToAll, PointToPoint };
inline constexpr int kCollectiveKinds = 5;

/// Which start-up time a collective pays; exchanges of one kind differ in how they are shipped.
enum class StartUp { AllReduce, KvpExchange, Exchange, PointToPoint };
inline constexpr int kStartUps = 4;

/// Which end of an all-to-all are the ranks of the experts, whose loads routing makes uneven.
enum class ExpertEnd { None, Target, Source };

/// One collective as one GPU of the group sees it.
struct CollectiveRequest {
  CollectiveKind kind = CollectiveKind::AllReduce;
  StartUp start_up = StartUp::AllReduce;
  int group = 1;  ///< members: ranks r, r + stride, r + 2 stride, ...
  int stride = 1;
  int ranks = 0;       ///< that form such groups; 0: one group alone, from rank 0
  Bytes payload{};     ///< what the operation is about, as the reference counts it (all-reduce: the
                       ///< whole buffer)
  Bytes port_bytes{};  ///< what a GPU must send when every byte goes once and directly; all-reduce
                       ///< derives its own
  ExpertEnd experts = ExpertEnd::None;
  Bytes local_bytes{};         ///< of dispatch and combine: the hidden states of this GPU's tokens
  double local_experts = 0.0;  ///< of dispatch and combine: experts that a GPU holds

  [[nodiscard]] constexpr Group members() const {
    return {.size = group, .stride = stride, .ranks = ranks};
  }
  bool operator==(const CollectiveRequest&) const = default;
};

/// What a GPU sends. Links are full duplex and a GPU receives what it sends. Of a group that spans
/// NVL domains, the busiest GPU's parts over NVLink and over its NIC are given too.
struct AlgorithmVolume {
  Bytes sent;     ///< by each GPU, over NVLink and NIC together
  int steps = 1;  ///< dependent rounds; each after the first pays the step latency
  Bytes nvlink{};
  Bytes nic{};
  int nic_steps = 0;         ///< rounds that cross domains, each of which pays the NIC's latency
  bool takes_turns = false;  ///< NVLink and NIC carry in different rounds, not side by side
};

/// One message of a collective, between positions 0..g-1 of the group. A transfer of step k starts
/// when its source has sent and received all of its own transfers of step k-1; those of step 0
/// start with the collective, and a member is done when its last ones are. `in_switch`: source and
/// target are one member, whose bytes go up to the switches to be summed while the sum comes down.
struct Transfer {
  int step = 0;
  int source = 0;
  int target = 0;
  Bytes bytes{};
  bool in_switch = false;
};
using TransferList = std::vector<Transfer>;

/// One row of the table of algorithms.
struct CollectiveAlgorithm {
  std::string_view name;
  CollectiveKind kind;
  /// Whether the fabric has what it takes.
  bool (*applies)(const FabricSpec& fabric);
  std::string_view needs;  ///< what that is, in words; empty when nothing
  /// Whether it suits one group of such a fabric; null when it suits every one.
  bool (*fits)(const GroupShape& shape);
  AlgorithmVolume (*volume)(const CollectiveRequest& request, const GroupShape& shape);
  /// Appends the messages, by step; none for a group of one. Contract: `fits` the group's shape;
  /// group.size is request.group.
  void (*transfers)(const CollectiveRequest& request, const GroupPlacement& group,
                    TransferList& out);
};

}  // namespace helixsim
