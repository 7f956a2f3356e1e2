#include "sim/decode/rack_step.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/decode/compute_time.hpp"
#include "sim/parallel/busy_times.hpp"

namespace helixsim {
namespace {

constexpr int kProbedLayers = 3;  // of a kind, before the rest may be taken to repeat
constexpr int kFewestRounds = 3;  // of a pipeline: the first fills it
constexpr int kMostRounds = 24;

std::size_t index_of(Block block) {
  return static_cast<std::size_t>(block);
}

}  // namespace

RackStep::RackStep(const Evaluator& evaluator, const Point& point, const RackOptions& options)
    : evaluator_(&evaluator), point_(point), options_(options) {
  const bool theory = evaluator.setup().hardware.accounting() == Accounting::Theory;
  if (point.layout.pp == 1) {
    run_one_stage();
  } else if (theory) {
    run_pipeline_by_definition();
  } else {
    run_pipeline();
  }
  result_.tasks = schedule_->graph().task_count();
}

void RackStep::begin() {
  samples_.clear();
  schedule_ = std::make_unique<RackSchedule>(evaluator_->setup().hardware, evaluator_->schedule(),
                                             point_.layout, options_.effects);
}

void RackStep::append_layer(int stage, int layer, const StageLayers& layers) {
  int first = 0;  // of the stage, among all layers
  for (int before = 0; before < stage; ++before) {
    const StageLayers earlier = stage_layers(evaluator_->setup().model, point_.layout.pp, before);
    first += earlier.dense + earlier.moe;
  }
  schedule_->append(stage, index_of(Block::Attention), first + layer);
  schedule_->append(stage, index_of(layer < layers.dense ? Block::Dense : Block::Moe),
                    first + layer);
}

void RackStep::run_layers(const StageLayers& layers, int most_of_a_kind,
                          std::vector<Boundary>* boundaries) {
  begin();
  schedule_->append(0, index_of(Block::Begin), -1);
  const auto run_kind = [&](int first, int count) {
    for (int i = 0; i < std::min(count, most_of_a_kind); ++i) {
      append_layer(0, first + i, layers);
      if (boundaries != nullptr) boundaries->push_back({first + i, schedule_->mark(0)});
    }
  };
  run_kind(0, layers.dense);
  run_kind(layers.dense, layers.moe);
  schedule_->append(0, index_of(Block::End), -1);
  schedule_->run(options_.keep_link_samples ? &samples_ : nullptr);
}

void RackStep::run_one_stage() {
  const StageLayers layers = stage_layers(evaluator_->setup().model, 1, 0);
  const bool may_repeat = !options_.every_layer && options_.effects.jitter == 0.0 &&
                          std::max(layers.dense, layers.moe) > kProbedLayers;
  if (may_repeat && run_few_layers(layers)) return;
  run_layers(layers, std::numeric_limits<int>::max(), nullptr);
  result_.ttl = schedule_->end_of(schedule_->mark(0));
  result_.layers_run = layers.dense + layers.moe;
  layer_weights_.assign(static_cast<std::size_t>(result_.layers_run), 1.0);
  book();
}

/// Whether the state after a layer is that after the one before it, so that all further layers of
/// the kind repeat it.
bool RackStep::repeats(const Boundary& before, const Boundary& after) const {
  const auto ends_before = schedule_->ends_of(before.mark);
  const auto ends_after = schedule_->ends_of(after.mark);
  const SimTime period = ends_after[0] - ends_before[0];
  for (std::size_t rank = 0; rank < ends_before.size(); ++rank) {
    if (ends_after[rank] - ends_before[rank] != period) return false;
  }
  // Whatever else belongs to the state has ended: nothing of a layer beside the next one.
  const Timeline& timeline = schedule_->timeline();
  for (const Boundary* boundary : {&before, &after}) {
    SimTime last_end;
    SimTime next_start(std::numeric_limits<std::int64_t>::max());
    for (TaskId task = 0; task < timeline.task_count(); ++task) {
      const int layer = schedule_->tasks()[task].layer;
      if (layer == boundary->layer) last_end = std::max(last_end, timeline.finish(task));
      if (layer == boundary->layer + 1) next_start = std::min(next_start, timeline.start(task));
    }
    if (next_start < last_end && options_.effects.network == Network::Flows) return false;
  }
  return true;
}

bool RackStep::run_few_layers(const StageLayers& layers) {
  std::vector<Boundary> boundaries;
  run_layers(layers, kProbedLayers, &boundaries);
  std::vector<double> weights(static_cast<std::size_t>(layers.dense + layers.moe), 1.0);
  SimTime skipped;
  std::size_t first = 0;
  for (const int count : {layers.dense, layers.moe}) {
    const auto run = static_cast<std::size_t>(std::min(count, kProbedLayers));
    if (count > kProbedLayers) {
      const Boundary& last = boundaries[first + run - 1];
      const Boundary& before = boundaries[first + run - 2];
      if (!repeats(before, last)) return false;
      const SimTime period = schedule_->ends_of(last.mark)[0] - schedule_->ends_of(before.mark)[0];
      skipped += period * (count - kProbedLayers);
      weights[static_cast<std::size_t>(last.layer)] += count - kProbedLayers;
    }
    first += run;
  }
  result_.ttl = schedule_->end_of(schedule_->mark(0)) + skipped;
  result_.layers_run = static_cast<int>(boundaries.size());
  layer_weights_ = std::move(weights);
  book();
  return true;
}

/// Rounds of pp micro-batches through all stages, until every rank ends every micro-batch of a
/// round as long after that of the round before as it did the last time.
void RackStep::run_pipeline() {
  const ModelSpec& model = evaluator_->setup().model;
  const int pp = point_.layout.pp;
  for (int rounds = kFewestRounds; true; rounds *= 2) {
    begin();
    std::vector<std::vector<RackSchedule::Mark>> marks;  // by round: of micro-batches and stages
    std::vector<RackSchedule::Mark> leaving(static_cast<std::size_t>(pp));
    for (int round = 0; round < rounds; ++round) {
      marks.emplace_back();
      for (int micro_batch = 0; micro_batch < pp; ++micro_batch) {
        for (int stage = 0; stage < pp; ++stage) {
          RackSchedule::Mark& arriving = leaving[static_cast<std::size_t>(micro_batch)];
          if (stage > 0 || round > 0) schedule_->resume(arriving, stage);
          const StageLayers layers = stage_layers(model, pp, stage);
          if (stage == 0) schedule_->append(stage, index_of(Block::Begin), -1);
          for (int layer = 0; layer < layers.dense + layers.moe; ++layer) {
            append_layer(stage, layer, layers);
          }
          if (stage == pp - 1) schedule_->append(stage, index_of(Block::End), -1);
          schedule_->append(stage, index_of(Block::Hop), -1);
          arriving = schedule_->mark(stage);
          marks.back().push_back(arriving);
        }
      }
    }
    samples_.clear();
    schedule_->run(options_.keep_link_samples ? &samples_ : nullptr);
    const auto ends = [&](std::size_t round) {
      std::vector<SimTime> all;
      for (const auto& mark : marks[round]) {
        for (const SimTime end : schedule_->ends_of(mark)) all.push_back(end);
      }
      return all;
    };
    const auto last = ends(marks.size() - 1);
    const auto before = ends(marks.size() - 2);
    const SimTime period = last[0] - before[0];
    bool steady = true;
    for (std::size_t i = 0; i < last.size(); ++i) steady &= last[i] - before[i] == period;
    if (!steady && rounds < kMostRounds) continue;
    // A pipeline that does not settle is taken by its mean over the later half, where it is the
    // slowest: micro-batches gather before a stage that is hardly slower than the one before it for
    // many rounds.
    const auto half = static_cast<std::size_t>(rounds / 2);
    const auto at_half = ends(half);
    SimTime longest;
    for (std::size_t i = 0; i < last.size(); ++i) longest = std::max(longest, last[i] - at_half[i]);
    const SimTime mean(longest.picoseconds() / static_cast<std::int64_t>(marks.size() - 1 - half));
    result_.ttl = steady ? period : mean;
    result_.layers_run = model.layers();
    ends_weight_ = 1.0 / rounds;
    layer_weights_.assign(static_cast<std::size_t>(model.layers()), ends_weight_);
    book();
    return;
  }
}

/// Theory: the times of the blocks, taken from all ranks, by the definition of TTL.
void RackStep::run_pipeline_by_definition() {
  const ModelSpec& model = evaluator_->setup().model;
  const int pp = point_.layout.pp;
  begin();
  struct Measured {
    Block block;
    int stage;
    RackSchedule::Mark before;
    RackSchedule::Mark after;
  };
  std::vector<Measured> measured;
  const auto append = [&](int stage, Block block, int layer) {
    const auto before = schedule_->mark(stage);
    schedule_->append(stage, index_of(block), layer);
    measured.push_back({block, stage, before, schedule_->mark(stage)});
  };
  int layer_index = 0;
  for (int stage = 0; stage < pp; ++stage) {
    if (stage > 0) schedule_->hand_over(stage - 1, stage);
    const StageLayers layers = stage_layers(model, pp, stage);
    for (int layer = 0; layer < layers.dense + layers.moe; ++layer, ++layer_index) {
      append(stage, Block::Attention, layer_index);
      append(stage, layer < layers.dense ? Block::Dense : Block::Moe, layer_index);
    }
    if (stage == pp - 1) append(stage, Block::End, -1);
    append(stage, Block::Hop, -1);
  }
  schedule_->run(options_.keep_link_samples ? &samples_ : nullptr);
  StepBlocks blocks;
  std::vector<SimTime> stage_starts(static_cast<std::size_t>(pp));
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const Measured& one = measured[i];
    // The first block of a stage begins when the stage before has handed over.
    const bool first = i > 0 && measured[i - 1].stage != one.stage;
    const SimTime start = schedule_->end_of(first ? measured[i - 1].after : one.before);
    const SimTime time = schedule_->end_of(one.after) - start;
    SimTime* const of_kind[] = {&blocks.begin, &blocks.attention, &blocks.dense,
                                &blocks.moe,   &blocks.end,       &blocks.hop};
    SimTime& longest = *of_kind[index_of(one.block)];
    longest = std::max(longest, time);
  }
  const StepWeights weights = step_weights(model, pp, Accounting::Theory, blocks);
  result_.ttl = weighted(weights, blocks);
  result_.layers_run = model.layers();
  // Each block counts as the definition weighs its kind, spread over all that were laid out.
  by_definition_ = true;
  const auto each = [](double weight, int count) { return count == 0 ? 0.0 : weight / count; };
  block_weights_[index_of(Block::Begin)] = 0.0;
  block_weights_[index_of(Block::Attention)] = each(weights.attention, model.layers());
  block_weights_[index_of(Block::Dense)] = each(weights.dense, model.dense.layers);
  block_weights_[index_of(Block::Moe)] = each(weights.moe, model.moe.layers);
  block_weights_[index_of(Block::End)] = weights.end;
  block_weights_[index_of(Block::Hop)] = each(weights.hop, pp);
  book();
}

double RackStep::weight(TaskId task) const {
  const RackTask& origin = schedule_->tasks()[task];
  if (by_definition_) {
    return block_weights_[schedule_->folded().operations()[origin.operation].block];
  }
  return origin.layer < 0 ? ends_weight_ : layer_weights_[static_cast<std::size_t>(origin.layer)];
}

/// Time by category on the rank that computes the longest; what it does not compute is exposed
/// communication or waiting for others. By definition a TTL goes through all stages, so there a
/// rank stands for those at its place in every stage.
void RackStep::book() {
  const int places = by_definition_ ? point_.layout.stage_gpus() : schedule_->ranks();
  constexpr auto kCommunication = static_cast<std::size_t>(TimeCategory::Communication);
  std::vector<std::array<double, kTimeCategories>> seconds(static_cast<std::size_t>(places));
  const std::vector<RankBusy> all = busy_times(*schedule_);
  const auto operation_of = [&](const RankBusy& busy) -> const Operation& {
    const RackTask& origin = schedule_->tasks()[busy.task];
    return *schedule_->folded().operations()[origin.operation].operation;
  };
  const auto add = [&](const RankBusy& busy, SimTime time) {
    const std::uint32_t place =
        schedule_->tasks()[busy.task].rank % static_cast<std::uint32_t>(places);
    seconds[place][static_cast<std::size_t>(operation_of(busy).category)] +=
        weight(busy.task) * time.seconds().value();
  };
  std::map<std::uint32_t, std::vector<RankBusy>> second;  // by rank
  for (const RankBusy& busy : all) {
    if (operation_of(busy).stream == KernelStream::Second) {
      second[schedule_->tasks()[busy.task].rank].push_back(busy);
    } else {
      add(busy, busy.finish - busy.start);
    }
  }
  if (!second.empty()) {  // of a second stream counts what the first does not hide
    std::map<std::uint32_t, std::vector<std::pair<SimTime, SimTime>>> first;
    for (const RankBusy& busy : all) {
      const Operation& op = operation_of(busy);
      if (op.kind == OperationKind::Collective || op.stream == KernelStream::Second) continue;
      first[schedule_->tasks()[busy.task].rank].emplace_back(busy.start, busy.finish);
    }
    for (const auto& [rank, kernels] : second) {
      const ComputeTime compute(std::move(first[rank]));
      for (const RankBusy& busy : kernels) add(busy, compute.idle(busy.start, busy.finish));
    }
  }
  double most = -1.0;
  for (std::size_t place = 0; place < seconds.size(); ++place) {
    double compute = 0.0;
    for (std::size_t c = 0; c < kTimeCategories; ++c) {
      if (c != kCommunication) compute += seconds[place][c];
    }
    if (compute <= most) continue;
    most = compute;
    result_.slowest_rank = static_cast<int>(place);
    result_.seconds = seconds[place];
    const double busy = seconds[place][kCommunication];
    result_.seconds[kCommunication] = std::max(result_.ttl.seconds().value() - compute, 0.0);
    result_.hidden_seconds = std::max(busy - result_.seconds[kCommunication], 0.0);
  }
}

}  // namespace helixsim
