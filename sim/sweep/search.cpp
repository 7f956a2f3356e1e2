#include "sim/sweep/search.hpp"

#include <algorithm>
#include <map>
#include <mutex>
#include <span>

#include "sim/config/config_error.hpp"
#include "sim/decode/pass_evaluator.hpp"
#include "sim/engine/contract.hpp"
#include "sim/sweep/parallel_for.hpp"
#include "sim/sweep/pruning.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr long long kMostPoints = 100'000'000;

/// All points of one layout at one context.
struct ItemResult {
  SearchCounts counts;
  std::vector<Record> records;
  std::size_t settled = 0;  ///< records of earlier rounds, when pruning
  std::string text;
};

/// Whether one of the last records, of the same layout and batch, ran the schedule of this one:
/// equal chunks and TTL.
bool repeats(const std::vector<Record>& records, const Record& record) {
  for (auto last = records.rbegin(); last != records.rend() && last->batch == record.batch;
       ++last) {
    if (last->chunks == record.chunks && last->ttl_ps == record.ttl_ps) return true;
  }
  return false;
}

class Search {
 public:
  Search(const SearchSpace& space, const Setup& setup, const Grid& grid,
         const SearchOptions& options)
      : space_(space),
        setup_(setup),
        grid_(grid),
        options_(options),
        items_(space.contexts.size() * grid.layouts.size()) {}

  void run() {
    ensure(!options_.prune || options_.stream == nullptr, "a stream holds every point");
    // A stream wants one context after the other. Otherwise all contexts of a layout are one piece
    // of work, because the evaluator keeps what they share.
    contexts_of_unit_ = options_.stream != nullptr ? 1 : space_.contexts.size();
    if (!options_.prune) {
      for_each_unit([this](Worker& worker, std::size_t unit) {
        evaluate_unit(worker, unit, [](std::size_t) { return true; });
      });
    } else {
      run_in_rounds();
    }
  }

  std::vector<ItemResult>& items() { return items_; }
  [[nodiscard]] bool stopped() const {
    return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
  }

 private:
  struct Worker {
    PassEvaluator evaluator;
    StepOperations operations;  // for bounds
  };

  /// One pass over all units of work, in parallel.
  template <typename Work>
  void for_each_unit(Work work) {
    for_each_in_parallel(options_.threads, units(), options_.stop, [&] {
      return [&, worker = Worker{PassEvaluator(setup_), StepOperations(setup_)}](
                 std::size_t unit) mutable {
        work(worker, unit);
        finish(unit);
      };
    });
  }

  [[nodiscard]] std::size_t units() const { return items_.size() / contexts_of_unit_; }

  ItemResult& item(std::size_t context, std::size_t layout) {
    return items_[context * grid_.layouts.size() + layout];
  }

  void run_in_rounds() {
    pruning_.emplace(space_, setup_, grid_);
    for (int round = 0; round < Pruning::rounds() && !stopped(); ++round) {
      for_each_unit([this, round](Worker& worker, std::size_t layout) {
        if (round == 0) pruning_->prepare(layout, worker.operations);
        const auto& rounds = pruning_->rounds_of(grid_.layouts[layout].layout.dp);
        evaluate_unit(worker, layout, [&](std::size_t batch) { return rounds[batch] == round; });
      });
      for (std::size_t i = 0; i < items_.size(); ++i) {
        ItemResult& item = items_[i];
        pruning_->add(i / grid_.layouts.size(), std::span(item.records).subspan(item.settled));
        item.settled = item.records.size();
      }
      pruning_->settle();
    }
    for (ItemResult& item : items_) {
      std::stable_sort(item.records.begin(), item.records.end(),
                       [](const Record& a, const Record& b) { return a.batch < b.batch; });
    }
  }

  /// Evaluates the points of a unit whose batch (an index) `takes` accepts.
  template <typename Takes>
  void evaluate_unit(Worker& worker, std::size_t unit, Takes takes) {
    const std::size_t layout = unit % grid_.layouts.size();
    const std::size_t first = unit / grid_.layouts.size();
    Point point{.strategy = grid_.layouts[layout].strategy,
                .layout = grid_.layouts[layout].layout,
                .batch = 1,
                .context = 1,
                .hop_b = {}};
    for (std::size_t batch = 0; batch < space_.batches.size(); ++batch) {
      if (stopped()) return;
      if (!takes(batch)) continue;
      point.batch = space_.batches[batch];
      for (std::size_t context = first; context < first + contexts_of_unit_; ++context) {
        point.context = space_.contexts[context];
        add_step(worker.evaluator, point, context, layout);
      }
    }
  }

  /// The points of one layout, batch and context: all HOP-B modes.
  void add_step(PassEvaluator& evaluator, Point& point, std::size_t context, std::size_t layout) {
    ItemResult& out = item(context, layout);
    if (point.batch % point.layout.dp != 0) {
      out.counts.invalid += static_cast<long long>(space_.hop_bs.size());
      return;
    }
    const int requests = point.batch / point.layout.dp;
    const Shortage shortage = evaluator.shortage(point);
    const bool left_out = shortage == Shortage::None && pruning_ &&
                          pruning_->can_leave_out(context, layout, point.batch);
    for (const HopB& mode : space_.hop_bs) {
      point.hop_b = mode;
      if (mode.mode == HopBMode::Chunks && mode.chunks > requests) {
        ++out.counts.invalid;
      } else if (left_out) {
        out.counts.pruned = out.counts.pruned.value_or(0) + 1;
      } else {
        out.counts.add(shortage);
        if (shortage == Shortage::None) add_record(evaluator, point, layout, out);
        if (options_.stream != nullptr)
          options_.stream->format(point, evaluator.evaluate(point), out.text);
      }
    }
  }

  void add_record(PassEvaluator& evaluator, const Point& point, std::size_t layout,
                  ItemResult& out) const {
    const PointTime time = evaluator.time(point);
    Record record{.layout = static_cast<std::uint32_t>(layout),
                  .batch = point.batch,
                  .hop_b = point.hop_b,
                  .chunks = time.chunks,
                  .repeats = false,
                  .ttl_ps = time.ttl.picoseconds()};
    record.repeats = repeats(out.records, record);
    out.records.push_back(record);
  }

  /// Writes the texts of finished units in order and reports progress.
  void finish(std::size_t unit) {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (options_.stream != nullptr) {
      finished_.emplace(unit, std::move(items_[unit].text));
      for (auto head = finished_.begin(); head != finished_.end() && head->first == written_;
           head = finished_.begin()) {
        options_.stream->write(head->second);
        finished_.erase(head);
        ++written_;
      }
    }
    if (options_.progress) {
      const std::size_t points = contexts_of_unit_ * space_.batches.size() * space_.hop_bs.size();
      const std::size_t passes = options_.prune ? static_cast<std::size_t>(Pruning::rounds()) : 1;
      const std::size_t done = done_ * points / passes;
      const std::size_t total = units() * points;
      options_.progress(static_cast<long long>(done), static_cast<long long>(total));
    }
  }

  const SearchSpace& space_;
  const Setup& setup_;
  const Grid& grid_;
  const SearchOptions& options_;
  std::vector<ItemResult> items_;
  std::size_t contexts_of_unit_ = 1;
  std::optional<Pruning> pruning_;
  std::mutex mutex_;
  std::size_t done_ = 0;
  std::map<std::size_t, std::string> finished_;
  std::size_t written_ = 0;
};

}  // namespace

void SearchCounts::add(Shortage shortage) {
  switch (shortage) {
    case Shortage::None:
      ++simulated;
      break;
    case Shortage::Weights:
      ++infeasible_weights;
      break;
    case Shortage::KvCache:
      ++infeasible_kv_cache;
      break;
  }
}

SearchCounts& SearchCounts::operator+=(const SearchCounts& other) {
  simulated += other.simulated;
  infeasible_weights += other.infeasible_weights;
  infeasible_kv_cache += other.infeasible_kv_cache;
  invalid += other.invalid;
  if (other.pruned) pruned = pruned.value_or(0) + *other.pruned;
  return *this;
}

SearchCounts SearchResult::counts() const {
  SearchCounts total;
  for (const ContextResult& context : contexts) total += context.counts;
  return total;
}

Point point_of(const Grid& grid, double context, const Record& record) {
  const GridLayout& layout = grid.layouts[record.layout];
  return {.strategy = layout.strategy,
          .layout = layout.layout,
          .batch = record.batch,
          .context = context,
          .hop_b = record.hop_b};
}

ParetoPoint pareto_point(const Grid& grid, const Record& record) {
  const Layout& layout = grid.layouts[record.layout].layout;
  return {record.ttl_ps, tokens_per_second_per_gpu(static_cast<long long>(record.batch) * layout.pp,
                                                   SimTime(record.ttl_ps), layout.gpus())};
}

SearchResult run_search(const SearchSpace& space, const Setup& setup,
                        const SearchOptions& options) {
  if (options.prune && setup.rack.needs_ranks()) {
    throw ConfigError(
        "--prune: its lower bound is that of one rank for all; leave it out where all are "
        "simulated");
  }
  SearchResult result{.grid = make_grid(space, setup), .contexts = {}, .interrupted = false};
  const auto points_per_item =
      static_cast<long long>(space.batches.size()) * static_cast<long long>(space.hop_bs.size());
  const auto items = static_cast<long long>(space.contexts.size()) *
                     static_cast<long long>(result.grid.layouts.size());
  if (items > kMostPoints / points_per_item) {
    throw ConfigError("the search space has more than " + format_count(kMostPoints) +
                      " points; narrow its lists");
  }
  Search search(space, setup, result.grid, options);
  search.run();
  result.interrupted = search.stopped();
  const long long rejected_points = result.grid.rejected_layouts * points_per_item;
  for (std::size_t c = 0; c < space.contexts.size(); ++c) {
    ContextResult context{.context = space.contexts[c], .counts = {}, .records = {}};
    context.counts.invalid = rejected_points;
    if (options.prune) context.counts.pruned = 0;
    const std::span of_context(search.items().data() + c * result.grid.layouts.size(),
                               result.grid.layouts.size());
    for (const ItemResult& item : of_context) context.counts += item.counts;
    context.records.reserve(static_cast<std::size_t>(context.counts.simulated));
    for (ItemResult& item : of_context) {
      context.records.insert(context.records.end(), item.records.begin(), item.records.end());
      item.records = {};
    }
    result.contexts.push_back(std::move(context));
  }
  return result;
}

}  // namespace helixsim
