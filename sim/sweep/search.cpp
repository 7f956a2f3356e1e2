#include "sim/sweep/search.hpp"

#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "sim/config/config_error.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

constexpr long long kMostPoints = 100'000'000;

/// All points of one layout at one context: the unit of work that threads share out.
struct ItemResult {
  SearchCounts counts;
  std::vector<Record> records;
  std::string text;
};

/// Whether one of the last records, of the same layout and batch, ran the schedule of this one:
/// equal chunks and TTL.
bool repeats(const std::vector<Record>& records, const Point& point, const PointResult& result) {
  for (auto last = records.rbegin(); last != records.rend() && last->batch == point.batch; ++last) {
    if (last->chunks == result.chunks && last->ttl_ps == result.ttl.picoseconds()) return true;
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
    std::vector<std::jthread> workers;
    for (unsigned t = 1; t < options_.threads; ++t) workers.emplace_back([this] { work(); });
    work();
    workers.clear();
    if (failure_) std::rethrow_exception(failure_);
  }

  std::vector<ItemResult>& items() { return items_; }
  [[nodiscard]] bool stopped() const {
    return options_.stop != nullptr && options_.stop->load(std::memory_order_relaxed);
  }
  [[nodiscard]] long long points_per_item() const {
    return static_cast<long long>(space_.batches.size()) *
           static_cast<long long>(space_.hop_bs.size());
  }

 private:
  void work() {
    try {
      Evaluator evaluator(setup_);
      for (std::size_t item = next_++; item < items_.size() && !stopped() && !failed_;
           item = next_++) {
        items_[item] = evaluate_item(evaluator, item);
        finish(item);
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
      failed_ = true;
    }
  }

  ItemResult evaluate_item(Evaluator& evaluator, std::size_t item) const {
    ItemResult out;
    const auto layout_index = static_cast<std::uint32_t>(item % grid_.layouts.size());
    const GridLayout& layout = grid_.layouts[layout_index];
    Point point{.strategy = layout.strategy,
                .layout = layout.layout,
                .batch = 1,
                .context = space_.contexts[item / grid_.layouts.size()],
                .hop_b = {}};
    for (const int batch : space_.batches) {
      for (const HopB& mode : space_.hop_bs) {
        point.batch = batch;
        point.hop_b = mode;
        add_point(evaluator, point, layout_index, out);
      }
    }
    return out;
  }

  void add_point(Evaluator& evaluator, const Point& point, std::uint32_t layout,
                 ItemResult& out) const {
    const bool divides = point.batch % point.layout.dp == 0;
    const int requests = point.batch / point.layout.dp;
    if (!divides || (point.hop_b.mode == HopBMode::Chunks && point.hop_b.chunks > requests)) {
      ++out.counts.invalid;
      return;
    }
    const PointResult result = evaluator.evaluate(point);
    switch (result.shortage) {
      case Shortage::None:
        ++out.counts.simulated;
        out.records.push_back({.layout = layout,
                               .batch = point.batch,
                               .hop_b = point.hop_b,
                               .chunks = result.chunks,
                               .repeats = repeats(out.records, point, result),
                               .ttl_ps = result.ttl.picoseconds()});
        break;
      case Shortage::Weights:
        ++out.counts.infeasible_weights;
        break;
      case Shortage::KvCache:
        ++out.counts.infeasible_kv_cache;
        break;
    }
    if (options_.stream != nullptr) options_.stream->format(point, result, out.text);
  }

  /// Writes the texts of finished items in order and reports progress.
  void finish(std::size_t item) {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (options_.stream != nullptr) {
      finished_.emplace(item, std::move(items_[item].text));
      for (auto head = finished_.begin(); head != finished_.end() && head->first == written_;
           head = finished_.begin()) {
        options_.stream->write(head->second);
        finished_.erase(head);
        ++written_;
      }
    }
    if (options_.progress) {
      const long long points = points_per_item();
      options_.progress(static_cast<long long>(done_) * points,
                        static_cast<long long>(items_.size()) * points);
    }
  }

  const SearchSpace& space_;
  const Setup& setup_;
  const Grid& grid_;
  const SearchOptions& options_;
  std::vector<ItemResult> items_;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::size_t done_ = 0;
  std::map<std::size_t, std::string> finished_;
  std::size_t written_ = 0;
};

}  // namespace

SearchCounts& SearchCounts::operator+=(const SearchCounts& other) {
  simulated += other.simulated;
  infeasible_weights += other.infeasible_weights;
  infeasible_kv_cache += other.infeasible_kv_cache;
  invalid += other.invalid;
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

SearchResult run_search(const SearchSpace& space, const Setup& setup,
                        const SearchOptions& options) {
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
    for (std::size_t l = 0; l < result.grid.layouts.size(); ++l) {
      ItemResult item = std::move(search.items()[c * result.grid.layouts.size() + l]);
      context.counts += item.counts;
      context.records.insert(context.records.end(), item.records.begin(), item.records.end());
    }
    result.contexts.push_back(std::move(context));
  }
  return result;
}

}  // namespace helixsim
