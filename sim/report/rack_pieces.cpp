#include "sim/report/rack_pieces.hpp"

#include <algorithm>

namespace helixsim {
namespace {

class PieceCollector {
 public:
  explicit PieceCollector(const RackSchedule& schedule)
      : schedule_(schedule), begun_(static_cast<std::size_t>(schedule.ranks()), kNoTask) {}

  RackPieces collect() {
    const auto count = static_cast<TaskId>(schedule_.graph().task_count());
    result_.of_tasks.assign(count, RackPiece::kNone);
    for (TaskId task = 0; task < count; ++task) {
      if (schedule_.tasks()[task].rank != RackTask::kNone) add(task);
    }
    return std::move(result_);
  }

 private:
  void add(TaskId task) {
    const auto rank = schedule_.tasks()[task].rank;
    const ResourceId stream = schedule_.graph().resources()[task];
    const RackTask& origin = schedule_.tasks()[task];
    const Operation& op = *schedule_.folded().operations()[origin.operation].operation;
    if (stream == schedule_.compute_stream(static_cast<int>(rank))) {
      add_piece(task, RackRow::Compute);
    } else if (op.stream == KernelStream::Second) {
      add_piece(task, RackRow::SecondCompute);
    } else if (stream == kNoResource) {
      add_piece(task, RackRow::Links);
    } else if (schedule_.has_links()) {
      add_end_of_collective(task, begun_[rank]);
    } else {
      add_piece(task, RackRow::Communication);
    }
  }

  void add_piece(TaskId task, RackRow row) {
    const Timeline& timeline = schedule_.timeline();
    if (timeline.finish(task) == timeline.start(task)) return;
    append(task, row, timeline.finish(task));
  }

  void append(TaskId task, RackRow row, SimTime finish) {
    const RackTask& origin = schedule_.tasks()[task];
    result_.of_tasks[task] = static_cast<std::uint32_t>(result_.pieces.size());
    result_.pieces.push_back({.start = schedule_.timeline().start(task),
                              .finish = finish,
                              .task = task,
                              .rank = origin.rank,
                              .operation = origin.operation,
                              .layer = origin.layer,
                              .peer = origin.peer,
                              .row = row});
  }

  /// Over links a collective holds its stream with two tasks: one that starts it up and one that
  /// ends when all its transfers have.
  void add_end_of_collective(TaskId task, TaskId& begun) {
    if (begun == kNoTask) {
      begun = task;
      return;
    }
    const SimTime finish = schedule_.timeline().finish(task);
    if (finish > schedule_.timeline().start(begun)) {
      append(begun, RackRow::Communication, finish);
    }
    begun = kNoTask;
  }

  const RackSchedule& schedule_;
  std::vector<TaskId> begun_;  // by rank, the start-up of a collective
  RackPieces result_;
};

}  // namespace

RackPieces pieces_of(const RackSchedule& schedule) {
  return PieceCollector(schedule).collect();
}

std::vector<bool> first_layers(const ModelSpec& model, int pp, int of_a_kind) {
  std::vector<bool> shown;
  for (int stage = 0; stage < pp; ++stage) {
    const StageLayers layers = stage_layers(model, pp, stage);
    for (int i = 0; i < layers.dense; ++i) shown.push_back(i < of_a_kind);
    for (int i = 0; i < layers.moe; ++i) shown.push_back(i < of_a_kind);
  }
  return shown;
}

}  // namespace helixsim
