#pragma once

#include <cstddef>
#include <span>
#include <unordered_map>

#include "hw_models/hardware.hpp"
#include "sim/llm/operation.hpp"

namespace helixsim {

/// The chunk count in [1, requests] whose attention block is shortest, the smallest of equals; 1 is
/// HOP-B off, also where nothing is cut. Exact: the block differs between counts by the pipeline of
/// attention and exchange alone, a count is left out only when a lower bound exceeds the best, and
/// all times are whole picoseconds.
int best_chunks(std::span<const Operation> attention_block, int requests, const Hardware& hardware);

/// best_chunks of one piece of hardware, for one thread, which remembers what it chose: layouts
/// with the same attention and another FFN, or more stages, choose alike.
class ChunkChoices {
 public:
  int best(std::span<const Operation> attention_block, int requests, const Hardware& hardware);

 private:
  /// All that a choice depends on.
  struct Asked {
    KernelWork attention;
    CollectiveRequest exchange;  ///< with stride and ranks as they are by default
    GroupPorts ports;
    int requests = 1;

    bool operator==(const Asked&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Asked& asked) const;
  };

  std::unordered_map<Asked, int, Hash> chosen_;
};

}  // namespace helixsim
