#include "sim/report/rack_counters.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>

#include "sim/parallel/hop_b_pieces.hpp"

namespace helixsim {
namespace {

/// A value in steps: a later one at the same time takes the place of an earlier one.
class Steps {
 public:
  void set(SimTime time, BytesPerSecond rate) {
    // Three decimals: a timeline shows no more.
    const double value = std::round(rate.value() / 1e6) / 1e3;
    if (!samples_.empty() && samples_.back().first == time) samples_.pop_back();
    const double before = samples_.empty() ? 0.0 : samples_.back().second;
    if (value != before) samples_.emplace_back(time, value);
  }
  [[nodiscard]] const std::vector<std::pair<SimTime, double>>& samples() const { return samples_; }

 private:
  std::vector<std::pair<SimTime, double>> samples_;
};

/// The times that pieces cover, as spans that do not touch.
std::vector<Timeline::Span> covered_times(const std::vector<RackPiece>& pieces) {
  std::vector<Timeline::Span> spans;
  for (const RackPiece& piece : pieces) spans.push_back({piece.start, piece.finish});
  std::sort(spans.begin(), spans.end(),
            [](const auto& a, const auto& b) { return a.start < b.start; });
  std::vector<Timeline::Span> merged;
  for (const Timeline::Span& span : spans) {
    if (merged.empty() || merged.back().finish < span.start) {
      merged.push_back(span);
    } else {
      merged.back().finish = std::max(merged.back().finish, span.finish);
    }
  }
  return merged;
}

class RackCounters {
 public:
  RackCounters(const RackStep& step, const Hardware& hardware, Trace& trace)
      : step_(step),
        schedule_(step.schedule()),
        hardware_(hardware),
        trace_(trace),
        sent_(schedule_.folded().parts().size(), kUnknown) {}

  void add(const std::vector<RackPiece>& pieces) {
    const bool samples_of_hbm = schedule_.hbm_link(0).has_value();
    if (!samples_of_hbm) {
      add_pieces("HBM", RackRow::Compute, pieces,
                 [&](const RackPiece& piece) { return schedule_.hbm_bytes(piece.task); });
    }
    if (!schedule_.has_links()) {
      add_pieces("links out", RackRow::Communication, pieces,
                 [&](const RackPiece& piece) { return sent_bytes(piece.task); });
    } else {
      add_links(samples_of_hbm, covered_times(pieces));
    }
  }

 private:
  static constexpr double kUnknown = -1.0;

  /// What a rank sends in one task of an exchange; nothing where its time is not of its bytes.
  Bytes sent_bytes(TaskId task) {
    const std::uint32_t index = schedule_.tasks()[task].part;
    const TaskPart& part = schedule_.folded().parts()[index];
    if (part.as_published) return {};
    double& known = sent_[index];
    if (known == kUnknown) {
      const Operation& op = *schedule_.folded().operations()[part.operation].operation;
      known = hardware_.cost(part_of(op.collective, part.share)).sent.value();
    }
    return Bytes(known);
  }

  /// One counter a GPU, of what the pieces of a row move over the time that they take.
  template <typename BytesOf>
  void add_pieces(std::string_view name, RackRow row, const std::vector<RackPiece>& pieces,
                  const BytesOf& bytes_of) {
    std::vector<Steps> steps(static_cast<std::size_t>(schedule_.ranks()));
    for (const RackPiece& piece : pieces) {
      if (piece.row != row) continue;
      Steps& of_rank = steps[piece.rank];
      of_rank.set(piece.start, bytes_of(piece) / (piece.finish - piece.start).seconds());
      of_rank.set(piece.finish, {});
    }
    for (std::size_t rank = 0; rank < steps.size(); ++rank) {
      write(static_cast<ProcessId>(rank), name, steps[rank]);
    }
  }

  void write(ProcessId process, std::string_view name, const Steps& steps) {
    if (steps.samples().empty()) return;
    const CounterId counter = trace_.add_counter(process, name, "GB/s");
    for (const auto& [time, value] : steps.samples()) {
      trace_.add(TraceSample{.time = time, .value = value, .counter = counter});
    }
  }

  void add_links(bool with_hbm, const std::vector<Timeline::Span>& covered) {
    const std::vector<Steps> steps = link_steps(covered);
    const Fabric& fabric = hardware_.fabric();
    for (int rank = 0; rank < schedule_.ranks(); ++rank) {
      const auto write_link = [&](std::string_view name, FabricLinkId link) {
        write(static_cast<ProcessId>(rank), name, steps[static_cast<std::size_t>(link)]);
      };
      if (with_hbm) write_link("HBM", static_cast<FabricLinkId>(*schedule_.hbm_link(rank)));
      write_link("NVLink out", fabric.egress_link(rank));
      write_link("NVLink in", fabric.ingress_link(rank));
      if (fabric.spec().domains == 1) continue;
      write_link("NIC out", fabric.nic_egress_link(rank));
      write_link("NIC in", fabric.nic_ingress_link(rank));
    }
  }

  /// By link, its use within the covered times and zero after each of them.
  [[nodiscard]] std::vector<Steps> link_steps(const std::vector<Timeline::Span>& covered) const {
    constexpr double kPicoseconds = 1e12;  // in a second
    std::vector<Steps> steps(schedule_.graph().link_capacities().size());
    std::vector<double> used(steps.size(), 0.0);
    std::size_t next = 0;
    const std::vector<LinkSample>& samples = step_.link_samples();
    for (const Timeline::Span& span : covered) {
      for (; next < samples.size() && samples[next].time < span.start; ++next) {
        used[samples[next].link] = samples[next].used;
      }
      for (std::size_t link = 0; link < steps.size(); ++link) {
        steps[link].set(span.start, BytesPerSecond(used[link] * kPicoseconds));
      }
      for (; next < samples.size() && samples[next].time < span.finish; ++next) {
        const LinkSample& sample = samples[next];
        used[sample.link] = sample.used;
        steps[sample.link].set(sample.time, BytesPerSecond(sample.used * kPicoseconds));
      }
      for (Steps& of_link : steps) of_link.set(span.finish, {});
    }
    return steps;
  }

  const RackStep& step_;
  const RackSchedule& schedule_;
  const Hardware& hardware_;
  Trace& trace_;
  std::vector<double> sent_;  // by part
};

}  // namespace

void add_rack_counters(const RackStep& step, const Hardware& hardware,
                       const std::vector<RackPiece>& pieces, Trace& trace) {
  RackCounters(step, hardware, trace).add(pieces);
}

}  // namespace helixsim
