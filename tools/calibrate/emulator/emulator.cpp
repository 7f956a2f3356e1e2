#include "tools/calibrate/emulator/emulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/context/fiber.hpp>
#include <boost/context/fixedsize_stack.hpp>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "tools/calibrate/emulator/threads.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace helixsim::emulator {
namespace {

namespace context = boost::context;

constexpr unsigned kWarp = 32;
constexpr unsigned kBarriers = 16;
constexpr std::size_t kStackBytes = std::size_t{128} * 1024;

/// A barrier of a block: how many threads are there, and how often all were.
struct Meeting {
  unsigned arrived = 0;
  std::uint64_t rounds = 0;
};

/// What lanes hand over. Two banks: a lane that writes the next one has read this one.
struct WarpExchange {
  std::byte banks[2][kWarp * kSlotBytes] = {};
  std::string_view instruction;
  Meeting lanes;
};

struct Block;

/// What a thread has begun: groups in order, and what is in none yet.
struct Works {
  std::deque<std::vector<std::function<void()>>> groups;
  std::vector<std::function<void()>> open;
  bool fenced = false;
};

/// Memory that begins where shared memory of a GPU does, at a multiple of any alignment in use.
struct SharedDeleter {
  void operator()(std::byte* memory) const { ::operator delete[](memory, kAlignment); }
  static constexpr std::align_val_t kAlignment{1024};
};

/// Leaves a kernel whose launch has failed.
struct Abandoned {};

/// Tells the address sanitizer which stack runs, where it is built in.
class StackSwitch {
 public:
  /// Before going over to a stack.
  void begin([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&fake_, bottom, size);
#endif
  }
  /// On the stack again that began this switch.
  void end() const {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(fake_, nullptr, nullptr);
#endif
  }
  /// On a new stack: where the one that began the switch lies.
  static void arrive([[maybe_unused]] const void** bottom, [[maybe_unused]] std::size_t* size) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, bottom, size);
#endif
  }
  /// Before leaving a stack for good.
  static void leave([[maybe_unused]] const void* bottom, [[maybe_unused]] std::size_t size) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(nullptr, bottom, size);
#endif
  }

 private:
  [[maybe_unused]] void* fake_ = nullptr;
};

/// Where a stack lies.
struct StackBounds {
  const void* bottom = nullptr;
  std::size_t size = 0;
};

/// A stack of kStackBytes whose bounds are kept.
struct KnownStack {
  StackBounds* bounds;
  context::fixedsize_stack stacks{kStackBytes};

  context::stack_context allocate() {
    const context::stack_context stack = stacks.allocate();
    *bounds = {static_cast<const char*>(stack.sp) - stack.size, stack.size};
    return stack;
  }
  void deallocate(context::stack_context& stack) noexcept { stacks.deallocate(stack); }
};

struct Thread {
  Block* block = nullptr;
  Place place;
  context::fiber fiber;
  context::fiber scheduler;  // to go back to while the thread runs
  StackBounds stack;
  StackBounds scheduler_stack;
  const std::function<bool()>* ready = nullptr;  // what it waits for; null: it can go on
  std::string_view waits_for;
  Works works;
  bool done = false;
  bool abandoned = false;  // the launch has failed; the kernel is left
};

struct Block {
  std::unique_ptr<std::byte[], SharedDeleter> shared;
  std::size_t shared_bytes = 0;
  Meeting barriers[kBarriers];
  std::vector<WarpExchange> warps;
  std::deque<Thread> threads;
};

struct LateCopy {
  void* to;
  const void* from;
  std::size_t bytes;
  std::function<void()> arrived;

  void arrive() const {
    std::memcpy(to, from, bytes);
    arrived();
  }
};

std::string name_of(const Thread& thread) {
  const auto& block = thread.place.block;
  return fmt::format("thread {} of block ({}, {}, {})", thread.place.thread, block[0], block[1],
                     block[2]);
}

class Launch {
 public:
  Launch(const LaunchShape& shape, const Schedule& schedule, const std::function<void()>& kernel,
         std::uint64_t most_switches)
      : shape_(shape), schedule_(schedule), kernel_(kernel), most_switches_(most_switches) {
    random_ = schedule.seed * 2 + 1;
  }

  Launch(const Launch&) = delete;
  Launch& operator=(const Launch&) = delete;
  /// Lets every thread that has not ended leave its kernel.
  ~Launch() {
    for (Thread* thread : threads_) {
      thread->abandoned = true;
      if (!thread->done) resume(*thread);
    }
  }

  LaunchFacts run();
  void copy(LateCopy copy);
  [[nodiscard]] bool work_is_late() const { return schedule_.late_work; }
  std::exception_ptr failure;

 private:
  void begin_block(std::uint64_t index);
  context::fiber run_thread(Thread& thread, context::fiber&& scheduler);
  void forget_finished_blocks();
  Thread* next_thread();
  std::size_t first_place();
  void resume(Thread& thread);
  [[noreturn]] void stuck() const;

  const LaunchShape& shape_;
  const Schedule& schedule_;
  const std::function<void()>& kernel_;
  std::uint64_t most_switches_;
  std::uint64_t random_;
  std::uint64_t switches_ = 0;
  std::size_t turn_ = 0;
  std::deque<std::unique_ptr<Block>> blocks_;  // resident
  std::vector<Thread*> threads_;               // of these
  std::deque<LateCopy> copies_;
};

// The launch and the thread that runs now. Launches do not nest, and each stays on one OS thread.
thread_local Launch* current_launch = nullptr;
thread_local Thread* current_thread = nullptr;

Thread& current() {
  if (current_thread == nullptr) throw std::logic_error("not a thread of an emulated kernel");
  return *current_thread;
}

void Launch::begin_block(std::uint64_t index) {
  auto block = std::make_unique<Block>();
  block->shared_bytes = shape_.shared_bytes;
  block->shared.reset(new (SharedDeleter::kAlignment) std::byte[shape_.shared_bytes]);
  std::memset(block->shared.get(), 0xFF, shape_.shared_bytes);  // NaN in every format
  block->warps.resize(shape_.threads / kWarp);
  Place place{.thread = 0, .threads = shape_.threads, .block = {}, .grid = {}};
  std::copy(std::begin(shape_.grid), std::end(shape_.grid), std::begin(place.grid));
  place.block[0] = static_cast<unsigned>(index % shape_.grid[0]);
  place.block[1] = static_cast<unsigned>(index / shape_.grid[0] % shape_.grid[1]);
  place.block[2] = static_cast<unsigned>(index / shape_.grid[0] / shape_.grid[1]);
  for (unsigned t = 0; t < shape_.threads; ++t) {
    Thread& thread = block->threads.emplace_back();
    thread.block = block.get();
    thread.place = place;
    thread.place.thread = t;
    thread.fiber = context::fiber(std::allocator_arg, KnownStack{&thread.stack},
                                  [this, &thread](context::fiber&& scheduler) {
                                    return run_thread(thread, std::move(scheduler));
                                  });
    threads_.push_back(&thread);
  }
  blocks_.push_back(std::move(block));
}

/// What a thread's fiber does: the kernel, from its beginning to its end.
context::fiber Launch::run_thread(Thread& thread, context::fiber&& scheduler) {
  thread.scheduler = std::move(scheduler);
  StackSwitch::arrive(&thread.scheduler_stack.bottom, &thread.scheduler_stack.size);
  try {
    if (!thread.abandoned) {
      kernel_();
      if (!thread.works.groups.empty() || !thread.works.open.empty())
        fail("ends before it has waited for its work");
    }
  } catch (const Abandoned&) {
  } catch (...) {
    failure = std::current_exception();
  }
  thread.done = true;
  StackSwitch::leave(thread.scheduler_stack.bottom, thread.scheduler_stack.size);
  return std::move(thread.scheduler);
}

void Launch::forget_finished_blocks() {
  const auto finished = [](const auto& block) {
    return std::all_of(block->threads.begin(), block->threads.end(),
                       [](const Thread& thread) { return thread.done; });
  };
  if (std::none_of(blocks_.begin(), blocks_.end(), finished)) return;
  std::erase_if(blocks_, finished);
  threads_.clear();
  for (const auto& block : blocks_) {
    for (Thread& thread : block->threads) threads_.push_back(&thread);
  }
}

/// Where the search for the next thread begins.
std::size_t Launch::first_place() {
  switch (schedule_.order) {
    case Order::RoundRobin:
      return turn_ % threads_.size();
    case Order::Random:
      random_ ^= random_ << 13;
      random_ ^= random_ >> 7;
      random_ ^= random_ << 17;
      return random_ % threads_.size();
    case Order::Starve:
      return schedule_.seed * kWarp % threads_.size();
  }
  return 0;
}

Thread* Launch::next_thread() {
  const std::size_t first = first_place();
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const std::size_t at = (first + i) % threads_.size();
    Thread& thread = *threads_[at];
    if (thread.done || (thread.ready != nullptr && !(*thread.ready)())) continue;
    turn_ = at + 1;
    return &thread;
  }
  return nullptr;
}

void Launch::resume(Thread& thread) {
  thread.ready = nullptr;
  current_thread = &thread;
  StackSwitch to_thread;
  to_thread.begin(thread.stack.bottom, thread.stack.size);
  thread.fiber = std::move(thread.fiber).resume();
  to_thread.end();
  current_thread = nullptr;
}

void Launch::copy(LateCopy copy) {
  if (!schedule_.late_copies) return copy.arrive();
  copies_.push_back(std::move(copy));
}

void Launch::stuck() const {
  std::string text = "no thread can go on:";
  int told = 0;
  for (const Thread* thread : threads_) {
    if (thread->done || ++told > 4) continue;
    text += fmt::format(" {} waits for {};", name_of(*thread), thread->waits_for);
  }
  throw EmulationError(text);
}

LaunchFacts Launch::run() {
  const std::uint64_t total = std::uint64_t{shape_.grid[0]} * shape_.grid[1] * shape_.grid[2];
  std::uint64_t begun = 0;
  while (begun < total || !blocks_.empty()) {
    while (begun < total && blocks_.size() < shape_.resident) begin_block(begun++);
    Thread* thread = next_thread();
    if (thread == nullptr) {
      if (copies_.empty()) stuck();
      copies_.front().arrive();
      copies_.pop_front();
      continue;
    }
    if (++switches_ > most_switches_)
      throw EmulationError(fmt::format("more than {} switches between threads", most_switches_));
    resume(*thread);
    if (failure) std::rethrow_exception(failure);
    if (thread->done) forget_finished_blocks();
  }
  for (const LateCopy& copy : copies_) copy.arrive();
  return {.switches = switches_};
}

/// Comes to a meeting of `expected` threads and waits for the others.
void meet(Meeting& meeting, unsigned expected, std::string_view what) {
  const std::uint64_t round = meeting.rounds;
  if (++meeting.arrived == expected) {
    meeting.arrived = 0;
    ++meeting.rounds;
    return;
  }
  wait_until([&meeting, round] { return meeting.rounds > round; }, what);
}

}  // namespace

std::string to_text(const Schedule& schedule) {
  static constexpr const char* kNames[] = {"round robin", "random", "starve"};
  return fmt::format("{} {}{}{}", kNames[static_cast<int>(schedule.order)], schedule.seed,
                     schedule.late_copies ? ", late copies" : "",
                     schedule.late_work ? ", late work" : "");
}

LaunchFacts launch(const LaunchShape& shape, const Schedule& schedule,
                   const std::function<void()>& kernel, std::uint64_t most_switches) {
  if (shape.threads == 0 || shape.threads % kWarp != 0 || shape.threads > 1024)
    throw EmulationError(
        fmt::format("{} threads a block: whole warps, at most 1024", shape.threads));
  Launch run(shape, schedule, kernel, most_switches);
  struct Current {
    explicit Current(Launch* launch) { current_launch = launch; }
    ~Current() { current_launch = nullptr; }
  } const current_until_end(&run);
  return run.run();
}

const Place& place() {
  return current().place;
}

std::span<std::byte> shared_memory() {
  Block& block = *current().block;
  return {block.shared.get(), block.shared_bytes};
}

void wait_until(const std::function<bool()>& ready, std::string_view what) {
  Thread& thread = current();
  thread.ready = &ready;
  thread.waits_for = what;
  StackSwitch to_scheduler;
  to_scheduler.begin(thread.scheduler_stack.bottom, thread.scheduler_stack.size);
  thread.scheduler = std::move(thread.scheduler).resume();
  to_scheduler.end();
  if (thread.abandoned) throw Abandoned{};
}

void block_barrier(unsigned id, unsigned threads) {
  if (id >= kBarriers) fail("there is no such barrier");
  if (threads == 0 || threads % kWarp != 0) fail("a barrier takes whole warps");
  meet(current().block->barriers[id], threads, "a block barrier");
}

Exchanged exchange(std::string_view instruction, const void* mine, std::size_t bytes) {
  if (bytes > kSlotBytes) fail("more than a slot holds");
  const Place& at = place();
  WarpExchange& warp = current().block->warps[at.thread / kWarp];
  if (warp.lanes.arrived == 0) warp.instruction = instruction;
  if (warp.instruction != instruction)
    fail(fmt::format("comes to {} where its warp is at {}", instruction, warp.instruction));
  std::byte* bank = warp.banks[warp.lanes.rounds % 2];
  std::memcpy(bank + at.thread % kWarp * kSlotBytes, mine, bytes);
  meet(warp.lanes, kWarp, instruction);
  return {bank};
}

void copy_later(void* to, const void* from, std::size_t bytes, std::function<void()> arrived) {
  current_launch->copy({to, from, bytes, std::move(arrived)});
}

void fence_work() {
  current().works.fenced = true;
}

void begin_work(std::function<void()> work) {
  Works& works = current().works;
  if (!works.fenced) fail("begins work without a fence before it");
  if (current_launch->work_is_late()) {
    works.open.push_back(std::move(work));
  } else {
    work();
  }
}

void commit_work() {
  Works& works = current().works;
  works.groups.push_back(std::move(works.open));
  works.open.clear();
}

void wait_for_work(unsigned pending) {
  Works& works = current().works;
  for (; works.groups.size() > pending; works.groups.pop_front()) {
    for (const auto& work : works.groups.front()) work();
  }
  works.fenced = false;
}

void fail(std::string_view what) {
  throw EmulationError(fmt::format("{}: {}", name_of(current()), what));
}

}  // namespace helixsim::emulator
