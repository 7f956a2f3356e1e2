#include "sim/parallel/schedule_options.hpp"

namespace helixsim {

std::span<const std::string> dcp_exchange_names() {
  static const std::string kNames[] = {"ag_rs", "a2a"};
  return kNames;
}

std::span<const std::string> dcp_query_names() {
  static const std::string kNames[] = {"replicate", "all_gather"};
  return kNames;
}

std::span<const std::string> moe_exchange_names() {
  static const std::string kNames[] = {"all_reduce", "all_gather", "dispatch_combine"};
  return kNames;
}

std::span<const std::string> shared_expert_names() {
  static const std::string kNames[] = {"serial", "second_stream"};
  return kNames;
}

}  // namespace helixsim
