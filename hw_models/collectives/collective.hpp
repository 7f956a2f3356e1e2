#pragma once

#include <string_view>

#include "hw_models/fabric.hpp"
#include "sim/units/quantity.hpp"

namespace helixsim {

enum class CollectiveKind { AllReduce, AllGather, ReduceScatter, AllToAll, PointToPoint };
inline constexpr int kCollectiveKinds = 5;

/// Which start-up time a collective pays; exchanges of one kind differ in how they are shipped.
enum class StartUp { AllReduce, KvpExchange, Exchange, PointToPoint };
inline constexpr int kStartUps = 4;

/// One collective as one GPU of the group sees it.
struct CollectiveRequest {
  CollectiveKind kind = CollectiveKind::AllReduce;
  StartUp start_up = StartUp::AllReduce;
  int group = 1;
  Bytes payload;     ///< what the operation is about, as the reference counts it (all-reduce: the
                     ///< whole buffer)
  Bytes port_bytes;  ///< what a GPU must send when every byte goes once and directly; all-reduce
                     ///< derives its own
};

/// Links are full duplex and every algorithm here is symmetric: a GPU receives what it sends.
struct AlgorithmVolume {
  Bytes sent;
  int steps = 1;  ///< dependent rounds; each after the first pays the fabric's step latency
};

/// One row of the table of algorithms.
struct CollectiveAlgorithm {
  std::string_view name;
  CollectiveKind kind;
  bool (*applies)(const FabricSpec& fabric);
  AlgorithmVolume (*volume)(const CollectiveRequest& request);
};

}  // namespace helixsim
