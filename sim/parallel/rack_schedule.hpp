#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "hw_models/hardware.hpp"
#include "hw_models/routes.hpp"
#include "sim/engine/executor.hpp"
#include "sim/engine/task_graph.hpp"
#include "sim/parallel/layout.hpp"
#include "sim/parallel/rank_effects.hpp"
#include "sim/parallel/schedule.hpp"

namespace helixsim {

/// Where a task of the rack comes from.
struct RackTask {
  static constexpr std::uint32_t kNone = 0xffffffffU;

  std::uint32_t rank = kNone;       ///< none: a join of several ranks
  std::uint32_t operation = kNone;  ///< index into Schedule::operations()
  std::uint32_t part = kNone;       ///< index into Schedule::parts(): the one rank's task
  std::int32_t layer = -1;          ///< counted from 0; -1 before the first and after the last
  std::uint32_t peer = kNone;       ///< of a transfer, the rank that it goes to
};

/// The task graph of every rank of a layout: a compute and a communication stream each, collectives
/// among the ranks of their groups.
///
/// It unfolds the schedule of one rank (Schedule): every block of it is laid out for the ranks of a
/// stage as often as asked. A rank begins a block when its own part of the one before has ended. A
/// collective begins when every rank of its group has come to it (alpha-beta), or lets each rank
/// send from the time when it has come to it (flows).
///
/// Where all ranks do the same, each rank's times are those of the one rank, to the picosecond.
/// By induction over the tasks of the one rank: equal ends of predecessors give equal starts, and a
/// join over equal ends changes nothing.
class RackSchedule {
 public:
  /// `folded` is sealed (it has run) and outlives the rack, as does `hardware`. Contract: lists of
  /// `effects` are empty or have an entry a rank (an EP rank); rates are positive.
  ///
  /// Errors: ConfigError for exchanges whose time is not of their bytes (figure 3) over flows.
  RackSchedule(const Hardware& hardware, const Schedule& folded, const Layout& layout,
               const RankEffects& effects);

  /// Lays out block `block` of the folded schedule on all ranks of a stage, behind what they have.
  void append(int stage, std::size_t block, int layer);
  /// Lets the next block of stage `to` wait for what stage `from` has now, rank by rank: a
  /// micro-batch goes on.
  void hand_over(int from, int to);

  /// What the ranks of a stage have last: the joins of their latest block.
  struct Mark {
    int stage = 0;
    std::vector<std::array<TaskId, 2>> joins;  ///< by rank of the stage
  };
  [[nodiscard]] Mark mark(int stage) const;
  /// Lets the next block of stage `to` wait for an earlier mark.
  void resume(const Mark& mark, int to);

  /// Runs everything. With `samples`, changes of the use of links are appended.
  const Timeline& run(std::vector<LinkSample>* samples = nullptr);

  /// After the run: when the last and each rank of a mark had ended.
  [[nodiscard]] SimTime end_of(const Mark& mark) const;
  [[nodiscard]] std::vector<SimTime> ends_of(const Mark& mark) const;

  [[nodiscard]] const TaskGraph& graph() const { return graph_; }
  [[nodiscard]] const Timeline& timeline() const { return *timeline_; }
  [[nodiscard]] const Schedule& folded() const { return *folded_; }
  [[nodiscard]] std::span<const RackTask> tasks() const { return tasks_; }
  [[nodiscard]] int ranks() const { return layout_.gpus(); }
  [[nodiscard]] ResourceId compute_stream(int rank) const {
    return static_cast<ResourceId>(2 * rank);
  }
  [[nodiscard]] ResourceId communication_stream(int rank) const {
    return static_cast<ResourceId>(2 * rank + 1);
  }
  /// Links of the engine: those of the fabric first, then the HBM of each rank where it is shared.
  [[nodiscard]] std::optional<LinkId> hbm_link(int rank) const;
  [[nodiscard]] BytesPerSecond link_capacity(LinkId link) const;
  /// Whether collectives are transfers over links.
  [[nodiscard]] bool has_links() const { return !graph_.link_capacities().empty(); }
  /// Whether the task is one of those that begin, step through and end an exchange over flows.
  [[nodiscard]] bool is_exchange_of_flows(TaskId task) const;
  /// What a task on a compute stream reads on its rank.
  [[nodiscard]] Bytes hbm_bytes(TaskId task) const;

 private:
  /// What a rank waits for before its next block.
  struct Waits {
    std::array<TaskId, 6> tasks{};
    int count = 0;
  };

  void add_links();
  void keep(const RackTask& task);
  void collect_predecessors(TaskId folded, TaskId block_first, int member, int rank);
  void append_task(TaskId folded, TaskId block_first, int stage, int layer);
  TaskId add_kernel(const Operation& op, TaskId folded, int rank, int layer);
  [[nodiscard]] double kernel_stretch(int rank, TaskId folded, int layer) const;
  [[nodiscard]] KernelWork work_of(const Operation& op, double share, int rank) const;
  void append_exchange(TaskId folded, TaskId block_first, int stage, int layer);
  void append_as_closed_form(TaskId folded, TaskId block_first, const Group& group, int stage,
                             int layer);
  void append_as_flows(TaskId folded, TaskId block_first, const Group& group, int stage, int layer);
  void add_transfers(const CollectiveRequest& request, const TaskPart& part,
                     const GroupPlacement& placement, int layer, TaskId folded, TaskId block_first);
  void add_hop_flow(TaskId folded, TaskId block_first, int stage, int layer);
  TaskId add_transfer(Bytes bytes, std::span<const FabricLinkId> route, int source, int target,
                      TaskId after, const RackTask& origin);
  [[nodiscard]] int stage_begin(int stage) const { return stage * stage_gpus_; }
  TaskId& placed(TaskId folded, TaskId block_first, int member) {
    return placed_[(folded - block_first) * static_cast<std::size_t>(stage_gpus_) +
                   static_cast<std::size_t>(member)];
  }

  const Hardware* hardware_;
  const Schedule* folded_;
  Layout layout_;
  RankEffects effects_;
  int stage_gpus_;
  std::optional<RouteTable> routes_;
  double bytes_per_picosecond_ = 0.0;  // scale of HBM, of the hardware model's law
  std::vector<TaskId> order_;          // of the folded tasks, topological

  TaskGraph graph_;
  Executor executor_;
  EventExecutor sampler_;
  const Timeline* timeline_ = nullptr;
  std::vector<RackTask> tasks_;
  std::vector<Waits> waits_;                  // by rank
  std::vector<std::array<TaskId, 2>> joins_;  // by rank, of its latest block
  std::vector<TaskId> placed_;         // of a block's folded tasks, on the ranks of the stage
  std::vector<TaskId> last_exchange_;  // by rank, the latest task of its communication stream
  std::vector<TaskId> after_;
  std::vector<LinkId> links_;
  TransferList transfers_;
  std::vector<double> token_shares_;  // by EP rank, of all tokens sent to experts
};

}  // namespace helixsim
