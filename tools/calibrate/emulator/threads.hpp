#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <span>
#include <string_view>

/// What a thread of an emulated kernel can ask for. Contract of all: called by a thread of a
/// launch.
namespace helixsim::emulator {

struct Place {
  unsigned thread = 0;  ///< of the block
  unsigned threads = 1;
  unsigned block[3] = {0, 0, 0};
  unsigned grid[3] = {1, 1, 1};
};
const Place& place();

std::span<std::byte> shared_memory();

/// Until `ready`; `what` names it in errors.
void wait_until(const std::function<bool()>& ready, std::string_view what);

/// Until `threads` threads of the block, in whole warps, have come to barrier `id` (0 to 15) as
/// often as this one.
void block_barrier(unsigned id, unsigned threads);

/// What all lanes of a warp hand over at one instruction: `count` bytes of each at a distance of
/// `kSlotBytes`. Valid until the lane's next exchange.
inline constexpr std::size_t kSlotBytes = 64;
struct Exchanged {
  const std::byte* slots = nullptr;
  template <class T>
  [[nodiscard]] T of(unsigned lane) const {
    static_assert(sizeof(T) <= kSlotBytes);
    T value;
    std::memcpy(&value, slots + lane * kSlotBytes, sizeof(T));
    return value;
  }
};
/// Contract: all lanes of the warp come to the same `instruction`.
Exchanged exchange(std::string_view instruction, const void* mine, std::size_t bytes);

/// A copy that arrives now or later, by the schedule; `arrived` runs then.
void copy_later(void* to, const void* from, std::size_t bytes, std::function<void()> arrived);

/// Work that a thread begins and that ends later, in the order in which it was begun: at once, or
/// only when the thread waits for it, by the schedule.
/// Contract: fence_work comes between a wait and the work after it; a thread that ends has waited
/// for all of its work.
void fence_work();
void begin_work(std::function<void()> work);
/// What was begun since the last commit becomes a group.
void commit_work();
/// Until all groups but the last `pending` are done.
void wait_for_work(unsigned pending);

/// Ends the launch with an EmulationError that names the thread.
[[noreturn]] void fail(std::string_view what);

}  // namespace helixsim::emulator
