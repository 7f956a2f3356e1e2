#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>

/// Runs kernels on the CPU: every thread of a block is a fiber, and blocks that are resident
/// together take turns. It knows block and warp barriers, shuffles, matrix instructions,
/// transaction barriers, bulk copies and flags in global memory, and nothing of time. It does not
/// know the memory model: what one thread writes, every other sees at once. A missing fence passes
/// here.
namespace helixsim::emulator {

/// Who runs next where several could. Results must not depend on it.
enum class Order {
  RoundRobin,  ///< all in turn
  Random,      ///< anyone, by the seed
  Starve  ///< always the first that can, from warp `seed` on: one warp runs far ahead of the rest
};

struct Schedule {
  Order order = Order::RoundRobin;
  std::uint64_t seed = 0;
  /// Copies arrive only when no thread can go on without them, else at once.
  bool late_copies = false;
  /// Work that a thread begins is done only when it waits for it, else at once.
  bool late_work = false;
};
std::string to_text(const Schedule& schedule);

struct LaunchShape {
  unsigned grid[3] = {1, 1, 1};
  unsigned threads = 32;         ///< of a block, in whole warps
  std::size_t shared_bytes = 0;  ///< of a block; filled with NaN before it begins
  unsigned resident = 4;         ///< blocks that run at once
};

/// What a kernel did that no GPU could: threads of a warp that part before an instruction for all
/// of them, a misaligned copy, a barrier that nobody can reach.
class EmulationError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct LaunchFacts {
  std::uint64_t switches = 0;  ///< between threads
};

/// Runs `kernel` once for every thread of the grid.
/// Errors: EmulationError, also when more than `most_switches` are made; what the kernel throws.
LaunchFacts launch(const LaunchShape& shape, const Schedule& schedule,
                   const std::function<void()>& kernel, std::uint64_t most_switches = 100'000'000);

}  // namespace helixsim::emulator
