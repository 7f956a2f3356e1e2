#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/event_queue.hpp"
#include "sim/engine/task_graph.hpp"
#include "sim/engine/time.hpp"
#include "sim/engine/timeline.hpp"

namespace helixsim {

/// Runs task graphs event by event.
///
/// A task is ready at the instant its last dependency finishes, at 0 without any. It then starts,
/// or waits in the queue of its exclusive resource, ordered by (ready time, id). One instant passes
/// in rounds: first everything that ends at it ends and frees its resource; then the newly ready
/// tasks start or queue, in order of id; then the freed resources take the head of their queue. A
/// task of no duration ends in the next round of the same instant.
///
/// The result is a function of the graph alone. The object only keeps memory from run to run:
/// reused on graphs that are no larger than earlier ones, it does not allocate. One object per
/// thread.
class Executor {
 public:
  /// Runs a sealed graph. The timeline is valid until the next run.
  ///
  /// Errors: std::logic_error when the graph is not sealed, when tasks are left that never become
  /// ready (a cycle; check_graph names its tasks), when time runs over 2^63 ps.
  const Timeline& run(const TaskGraph& graph);

 private:
  /// An exclusive resource and its queue, a list through next_in_queue_.
  struct Stream {
    TaskId last = kNoTask;  // holder, or the latest one when idle
    TaskId queue_head = kNoTask;
    TaskId queue_tail = kNoTask;
    bool busy = false;
  };

  void prepare(const TaskGraph& graph);
  bool collect_ended();
  void end_tasks(const TaskGraph& graph);
  void admit_ready(const TaskGraph& graph);
  void serve_freed(const TaskGraph& graph);
  void start(const TaskGraph& graph, TaskId task, TaskId previous);
  void start_on(const TaskGraph& graph, TaskId task, Stream& stream);
  void enqueue(TaskId task, Stream& stream);

  Timeline timeline_;
  EventQueue events_;
  SimTime now_;
  std::vector<TaskId> ended_;        // end in this round
  std::vector<TaskId> ending_next_;  // of no duration, started in this round
  std::vector<TaskId> ready_;        // ready since this round
  std::vector<Stream> streams_;
  std::vector<std::uint32_t> unmet_;  // dependencies that have not finished yet
  std::vector<TaskId> next_in_queue_;
  std::vector<SimTime> ready_times_;  // of the tasks in queues
};

}  // namespace helixsim
