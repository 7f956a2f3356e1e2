#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "hw_models/hardware.hpp"
#include "sim/engine/executor.hpp"
#include "sim/engine/task_graph.hpp"
#include "sim/llm/operation.hpp"
#include "sim/parallel/beside_time.hpp"
#include "sim/parallel/block_order.hpp"
#include "sim/parallel/block_times.hpp"
#include "sim/parallel/hop_b.hpp"
#include "sim/parallel/hop_b_pieces.hpp"
#include "sim/parallel/schedule_options.hpp"

namespace helixsim {

/// Where one operation went: its tasks, for how long they hold their stream, and what each GPU
/// sends.
struct ScheduledOperation {
  const Operation* operation = nullptr;
  std::size_t block = 0;  ///< the append() that brought it
  TaskId first = 0;       ///< tasks [first, end)
  TaskId end = 0;
  SimTime busy;  ///< sum over its tasks, latencies included
  Bytes sent;
  std::string_view algorithm;  ///< of a collective
};

/// What one task is a part of: what else is needed to run it on every rank.
struct TaskPart {
  std::uint32_t operation = 0;  ///< index into Schedule::operations()
  double share = 1.0;           ///< of the operation's requests
  bool starts_up = true;        ///< an exchange that pays the start-up of its collective
  bool as_published = false;    ///< an exchange whose time is no function of its bytes
};

/// The tasks of one block.
struct ScheduledBlock {
  TaskId first = 0;
  TaskId end = 0;
  /// Those that the next block waits for, of tasks [first, end) unless the block is empty.
  std::array<TaskId, 2> joins{kNoTask, kNoTask};
};

/// The task graph of one rank: a compute stream and a communication stream, blocks of operations in
/// program order. All ranks are equal by symmetry, so one stands for all. Blocks are separated by
/// joins: nothing of one block runs beside another. The operation lists must outlive the schedule.
/// Reused objects do not allocate.
class Schedule {
 public:
  Schedule(const Hardware& hardware, const ScheduleOptions& options, bool overlaps_all_reduce);

  void clear();
  /// Appends a block of operations for an attention group of `requests`. Contract: hop_b is not
  /// Best, and Chunks has at most `requests` chunks.
  void append(std::span<const Operation> operations, const HopB& hop_b, int requests);
  /// Runs everything; block times are differences between joins.
  void run();

  [[nodiscard]] const TaskGraph& graph() const { return graph_; }
  [[nodiscard]] const Timeline& timeline() const { return *timeline_; }
  [[nodiscard]] std::span<const ScheduledOperation> operations() const { return operations_; }
  [[nodiscard]] std::span<const BlockTimes> blocks() const { return blocks_; }
  [[nodiscard]] std::span<const ScheduledBlock> scheduled_blocks() const { return block_tasks_; }
  /// By task.
  [[nodiscard]] std::span<const TaskPart> parts() const { return parts_; }
  [[nodiscard]] ResourceId compute_stream() const { return compute_; }
  [[nodiscard]] ResourceId communication_stream() const { return communication_; }

 private:
  struct Joins {
    std::array<TaskId, 2> tasks{kNoTask, kNoTask};
  };
  TaskId add_task(SimTime time, ResourceId stream);
  void depend_on(const Joins& joins, TaskId task);
  TaskId add_compute(const Operation& op, const Joins& after);
  TaskId add_second(const Operation& op, const Joins& after);
  void wait_for_second(const Operation& op);
  TaskId add_collective(const Operation& op, const Joins& after);
  void add_pieces(const Operation& attention, const Operation& exchange, const HopBPieces& pieces);
  void note(const Operation& op, TaskId first, SimTime busy, const CollectiveCost& cost);

  const Hardware* hardware_;
  bool overlap_all_reduce_;
  TaskGraph graph_;
  Executor executor_;
  const Timeline* timeline_ = nullptr;
  ResourceId compute_ = 0;
  ResourceId communication_ = 0;
  Joins joins_;
  TaskId second_ = kNoTask;  // latest kernel of the second stream that nothing waits for yet
  BesideTime beside_;
  SimTime first_stream_;  // of kernels on the compute stream so far
  std::vector<ScheduledOperation> operations_;
  std::vector<BlockTimes> blocks_;
  std::vector<ScheduledBlock> block_tasks_;
  std::vector<TaskPart> parts_;
};

}  // namespace helixsim
