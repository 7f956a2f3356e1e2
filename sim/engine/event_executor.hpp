#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/event_queue.hpp"
#include "sim/engine/fluid_network.hpp"
#include "sim/engine/task_graph.hpp"
#include "sim/engine/time.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim {

/// Runs any task graph event by event.
///
/// A task is ready at the instant its last predecessor finishes, at 0 without any. It then starts,
/// or waits in the queue of its exclusive resource, ordered by (ready time, id). One instant passes
/// in rounds: first everything that ends at it ends and frees its resource; then the newly ready
/// tasks start or queue; then free resources take the head of their queue. A task of no duration
/// ends in the next round of the same instant. Once an instant has no more rounds, the rates of
/// flows are settled.
///
/// The result is a function of the graph alone. The object only keeps memory from run to run:
/// reused on graphs that are no larger than earlier ones, it does not allocate. One object per
/// thread.
class EventExecutor {
 public:
  /// Runs a graph that was sealed with successors. The timeline is valid until the next run. With
  /// `samples`, every change of a link's use is appended to it.
  ///
  /// Errors: std::logic_error when the graph is not sealed, when tasks are left that never become
  /// ready (a cycle; check_graph names its tasks), when time runs over 2^63 ps.
  const Timeline& run(const TaskGraph& graph, std::vector<LinkSample>* samples = nullptr);

 private:
  /// What the loop needs of a task, in one place.
  struct Node {
    std::int64_t span = 0;              // as TaskGraph::spans()
    ResourceId resource = kNoResource;  // of kind Exclusive; streams are among the predecessors
    std::uint32_t unmet = 0;            // predecessors that have not finished yet
  };

  /// An exclusive resource and its queue: a list in order through next_, and a heap of the tasks
  /// that came after one they go before. The head is the first of both.
  struct Queue {
    TaskId last = kNoTask;  // holder, or the latest one when idle
    TaskId head = kNoTask;
    TaskId tail = kNoTask;
    TaskId late = kNoTask;  // first of the heap
    bool busy = false;
    bool touched = false;  // to be served at the end of the round
  };

  void prepare(const TaskGraph& graph, std::vector<LinkSample>* samples);
  template <bool kHasFlows>
  void replay(const TaskGraph& graph);
  // The loop's parts become one function, whatever the compiler makes of their size: a call for
  // each task costs a quarter of the run.
  template <bool kHasFlows>
  [[gnu::always_inline]] void end_task(TaskId task);
  template <bool kHasFlows>
  [[gnu::always_inline]] void make_ready(TaskId task);
  template <bool kHasFlows>
  [[gnu::always_inline]] void start(TaskId task);
  template <bool kHasFlows>
  [[gnu::always_inline]] void serve();
  bool next_instant_with_flows();
  void start_flow(TaskId task);
  [[gnu::always_inline]] void schedule_end(SimTime finish, TaskId task);
  void enqueue(TaskId task);
  [[gnu::noinline]] void enqueue_late(TaskId task, Queue& queue);
  [[gnu::noinline]] void take_late(Queue& queue);
  bool goes_before(TaskId a, TaskId b) const;
  void touch(ResourceId resource);

  Timeline timeline_;
  Timeline::Span* spans_ = nullptr;  // of timeline_
  // Of timeline_; null without exclusive resources. Of tasks in heaps, links of the heap.
  TaskId* previous_ = nullptr;
  const std::uint32_t* successor_offsets_ = nullptr;
  const TaskId* successors_ = nullptr;

  SimTime now_;
  EventQueue events_;  // lists of tasks that end at one time, by their first task
  static constexpr std::size_t kRecent = 2;
  SimTime recent_times_[kRecent];  // of the lists begun last
  TaskId recent_heads_[kRecent] = {kNoTask, kNoTask};
  std::size_t next_recent_ = 0;

  std::vector<Node> nodes_;
  std::vector<TaskId> next_;          // in a list of ends or in a queue; no task is in both
  std::vector<SimTime> ready_times_;  // of tasks in queues
  std::vector<Queue> queues_;
  std::vector<ResourceId> touched_;
  std::vector<TaskId> ending_;       // end in this round
  std::vector<TaskId> ending_next_;  // of no duration, started in this round
  std::size_t ended_count_ = 0;

  FluidNetwork fluid_;
  std::span<const TaskGraph::Flow> flows_;
  std::vector<std::uint8_t> in_body_;  // of flows: the latency has passed
};

}  // namespace helixsim
