#include "sim/decode/rack_times.hpp"

#include <algorithm>
#include <optional>

#include "sim/decode/compute_time.hpp"
#include "sim/parallel/busy_times.hpp"

namespace helixsim {
namespace {

/// One operation within one layer.
struct Part {
  std::uint32_t operation = 0;
  double weight = 0.0;
  SimTime busy;
  SimTime start;
  SimTime finish;
  ExposedTime exposed;
};

class Means {
 public:
  explicit Means(std::size_t operations) : sums_(operations) {}

  void add_layer(const std::vector<Part>& parts) {
    if (parts.empty()) return;
    SimTime begin = parts.front().start;
    for (const Part& part : parts) begin = std::min(begin, part.start);
    for (const Part& part : parts) {
      Sum& sum = sums_[part.operation];
      sum.weight += part.weight;
      sum.busy += part.weight * part.busy.seconds().value();
      sum.start += part.weight * (part.start - begin).seconds().value();
      sum.finish += part.weight * (part.finish - begin).seconds().value();
      sum.exposed += part.weight * part.exposed.sum().seconds().value();
    }
  }

  [[nodiscard]] std::vector<std::optional<OperationTimes>> get() const {
    std::vector<std::optional<OperationTimes>> times;
    for (const Sum& sum : sums_) {
      const auto mean = [&](double total) { return to_sim_time(Seconds(total / sum.weight)); };
      times.emplace_back();
      if (sum.weight <= 0.0) continue;
      times.back() = {mean(sum.busy), mean(sum.start), mean(sum.finish), mean(sum.exposed)};
    }
    return times;
  }

 private:
  struct Sum {
    double weight = 0.0;
    double busy = 0.0;
    double start = 0.0;
    double finish = 0.0;
    double exposed = 0.0;
  };
  std::vector<Sum> sums_;
};

}  // namespace

std::vector<std::optional<OperationTimes>> times_on_rank(const RackStep& step, int rank) {
  const RackSchedule& rack = step.schedule();
  const auto operations = rack.folded().operations();
  const ComputeTime compute(rack.graph(), rack.timeline(), rack.compute_stream(rank));
  Means means(operations.size());
  std::vector<Part> parts;  // of the layer at hand
  std::optional<RackTask> before;
  for (const RankBusy& busy : busy_times(rack)) {
    const RackTask& origin = rack.tasks()[busy.task];
    if (origin.rank != static_cast<std::uint32_t>(rank)) continue;
    const bool new_layer = before && (before->layer != origin.layer ||
                                      (origin.layer < 0 && operations[before->operation].block !=
                                                               operations[origin.operation].block));
    if (new_layer) {
      means.add_layer(parts);
      parts.clear();
    }
    before = origin;
    auto part = std::find_if(parts.begin(), parts.end(),
                             [&](const Part& one) { return one.operation == origin.operation; });
    if (part == parts.end()) {
      parts.push_back({.operation = origin.operation,
                       .weight = step.weight(busy.task),
                       .busy = {},
                       .start = busy.start,
                       .finish = busy.finish,
                       .exposed = {}});
      part = parts.end() - 1;
    }
    part->busy += busy.finish - busy.start;
    part->exposed.add(compute, busy.start, busy.finish);
    part->finish = std::max(part->finish, busy.finish);
  }
  means.add_layer(parts);
  return means.get();
}

}  // namespace helixsim
