#include "sim/sweep/claims.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "hw_models/time_error.hpp"
#include "sim/decode/evaluator.hpp"
#include "sim/engine/contract.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

/// Fractions of the baseline's largest interactivity at which frontiers are compared, beside the
/// fast end itself.
constexpr double kPositions[] = {0.95, 0.9, 0.8, 0.6};

std::string describe(const FrontierPoint& point) {
  return fmt::format("{} {}, batch {}, {}", point.point.strategy->name, to_text(point.point.layout),
                     point.point.batch, format_time(point.ttl.seconds()));
}

/// Half of the 90 % interval of a ratio of two steps' times, over the ratio; nothing where the
/// fidelity knows no errors.
std::optional<double> spread_of_ratio(const PointResult& a, const PointResult& b) {
  if (!a.error || !b.error) return std::nullopt;
  return std::expm1(kNormal95 * log_sd_of_ratio(*a.error, *b.error));
}

std::optional<double> spread_of(const ClaimInput& input, const Point& a, const Point& b) {
  Evaluator evaluator(input.result.study->setup);
  return spread_of_ratio(evaluator.evaluate(a), evaluator.evaluate(b));
}

/// A ratio that is in proportion to the times of two points, with its spread.
std::string ratio_text(const ClaimInput& input, double ratio, const Point& a, const Point& b) {
  const auto spread = spread_of(input, a, b);
  return fmt::format("{:.2f}x{}", ratio, spread ? fmt::format(" +-{:.0f} %", 100.0 * *spread) : "");
}

ClaimOutcome nothing(const char* reason) {
  return {.value = {}, .text = reason, .where = {}};
}

/// Largest tokens/s/user of Helix over that of the baseline.
ClaimOutcome interactivity_ratio(const ClaimInput& input) {
  const Frontier helix = input.helix();
  const Frontier baseline = input.baseline();
  if (helix.empty() || baseline.empty()) return nothing("no feasible point");
  const double ratio = helix.front().interactivity / baseline.front().interactivity;
  return {ratio, ratio_text(input, ratio, helix.front().point, baseline.front().point),
          describe(helix.front()) + " against " + describe(baseline.front())};
}

/// Most requests in flight of one Helix instance within the baseline's smallest TTL, over the
/// baseline's there.
ClaimOutcome batch_at_equal_latency(const ClaimInput& input) {
  const Frontier baseline = input.baseline();
  if (baseline.empty()) return nothing("no feasible point");
  const FrontierPoint& end = baseline.front();
  const ContextResult& context = input.result.search.contexts[input.context];
  long long most = 0;
  std::optional<FrontierPoint> best;
  for (std::size_t i = 0; i < context.records.size(); ++i) {
    const Record& record = context.records[i];
    if (record.ttl_ps > end.ttl.picoseconds()) continue;
    const Point point = point_of(input.result.search.grid, context.context, record);
    if (point.strategy->name != "helix") continue;
    if (point.requests_in_flight() <= most) continue;
    most = point.requests_in_flight();
    best = FrontierPoint{.record = i,
                         .point = point,
                         .chunks = record.chunks,
                         .ttl = SimTime(record.ttl_ps),
                         .interactivity = 0,
                         .throughput = 0};
  }
  if (!best) return nothing("Helix does not reach the baseline's TTL");
  const double ratio =
      static_cast<double>(most) / static_cast<double>(end.point.requests_in_flight());
  return {ratio,
          fmt::format("{:.3g}x ({} against {})", ratio, most, end.point.requests_in_flight()),
          describe(*best) + " against " + describe(end)};
}

/// Largest tokens/s/GPU of Helix over that of the baseline.
ClaimOutcome throughput_end_ratio(const ClaimInput& input) {
  const Frontier helix = input.helix();
  const Frontier baseline = input.baseline();
  if (helix.empty() || baseline.empty()) return nothing("no feasible point");
  const double ratio = helix.back().throughput / baseline.back().throughput;
  return {ratio, ratio_text(input, ratio, helix.back().point, baseline.back().point),
          describe(helix.back()) + " against " + describe(baseline.back())};
}

/// Ends of the 90 % interval of Helix's throughput over the baseline's at one interactivity, from
/// the error of the ratio of the times there: it moves a frontier along lines through the origin.
/// Empty where the fidelity knows no errors.
std::string range_at_speed(const ClaimInput& input, const Frontier& helix, const Frontier& baseline,
                           double interactivity) {
  const FrontierPoint* ours = at_least_as_fast(helix, interactivity);
  const FrontierPoint* theirs = at_least_as_fast(baseline, interactivity);
  if (ours == nullptr || theirs == nullptr) return "";
  const auto spread = spread_of(input, ours->point, theirs->point);
  if (!spread) return "";
  const auto ratio_when = [&](double slower) {
    return throughput_at(helix, interactivity * slower) / slower /
           throughput_at(baseline, interactivity);
  };
  return fmt::format(" ({:.3g}..{:.3g})", ratio_when(1.0 + *spread),
                     ratio_when(1.0 / (1.0 + *spread)));
}

/// Helix over baseline in tokens/s/GPU at equal tokens/s/user, at the named positions.
ClaimOutcome throughput_ratio_at_positions(const ClaimInput& input) {
  const Frontier helix = input.helix();
  const Frontier baseline = input.baseline();
  if (helix.empty() || baseline.empty()) return nothing("no feasible point");
  const double largest = baseline.front().interactivity;
  std::string text;
  const auto add = [&](const std::string& name, double x) {
    text += fmt::format("{}{:.3g}x{} at {}", text.empty() ? "" : ", ",
                        throughput_at(helix, x) / throughput_at(baseline, x),
                        range_at_speed(input, helix, baseline, x), name);
  };
  add("the end", largest);
  for (const double position : kPositions) add(fmt::format("{:g}", position), position * largest);
  return {std::nullopt, text, "fractions of the baseline's largest tokens/s/user"};
}

PointResult evaluate_with(const StudyResult& result, Point point, const HopB& hop_b) {
  point.hop_b = hop_b;
  Evaluator evaluator(result.study->setup);
  return evaluator.evaluate(point);
}

/// Loss in tokens/s/user of one configuration when figure 3's overlap is taken away.
ClaimOutcome figure3_loss(const ClaimInput& input) {
  if (!input.claim.point) return nothing("the claim names no point");
  Point point = read_point(*input.claim.point, input.result.study->setup);
  point.context = input.claim.context;
  const PointResult on = evaluate_with(input.result, point, {HopBMode::Figure3, 1});
  const PointResult off = evaluate_with(input.result, point, {HopBMode::Figure3Lockstep, 1});
  if (!on.feasible()) return nothing("infeasible");
  const double loss = 100.0 * (1.0 - on.ttl.seconds() / off.ttl.seconds());
  return {loss, fmt::format("{:.1f} %", loss),
          fmt::format("{} {}, batch {}", point.strategy->name, to_text(point.layout), point.batch)};
}

/// Where losses along a frontier stand to a published one, in words.
std::string compared(double smallest, double largest, double published) {
  if (largest < 0.5 * published)
    return fmt::format("below the published {:g} % everywhere", published);
  if (smallest > 2.0 * published)
    return fmt::format("above the published {:g} % everywhere", published);
  if (smallest <= published && largest >= published) {
    return fmt::format("the published {:g} % lies between, at no single named position", published);
  }
  return fmt::format("near the published {:g} %", published);
}

/// Loss in tokens/s/user of Helix's frontier points when their HOP-B is switched off, event-driven.
ClaimOutcome event_hop_b_loss(const ClaimInput& input) {
  const Frontier helix = input.helix();
  const Frontier baseline = input.baseline();
  if (helix.empty() || baseline.empty()) return nothing("no feasible point");
  std::string text;
  double smallest = 100.0;
  double largest = 0.0;
  const auto add = [&](const std::string& name, const FrontierPoint* at) {
    if (at == nullptr) return;
    const PointResult on = evaluate_with(input.result, at->point, at->point.hop_b);
    const PointResult off = evaluate_with(input.result, at->point, {HopBMode::Off, 1});
    const double ratio = on.ttl.seconds() / off.ttl.seconds();
    const double loss = 100.0 * (1.0 - ratio);
    smallest = std::min(smallest, loss);
    largest = std::max(largest, loss);
    const auto spread = spread_of_ratio(on, off);
    text += fmt::format("{}{:.1f}{} % at {}", text.empty() ? "" : ", ", loss,
                        spread ? fmt::format(" +-{:.1f}", 100.0 * ratio * *spread) : "", name);
  };
  add("the end", &helix.front());
  for (const double position : kPositions) {
    add(fmt::format("{:g}", position),
        at_least_as_fast(helix, position * baseline.front().interactivity));
  }
  if (input.claim.published) text += "; " + compared(smallest, largest, *input.claim.published);
  return {largest, text,
          "Helix's frontier: its fast end, and fractions of the baseline's largest tokens/s/user"};
}

/// The shortest context from which Helix with KVP > 1 is faster than the baseline, and the ratio at
/// each context.
ClaimOutcome crossover_context(const ClaimInput& input) {
  std::string text;
  std::optional<double> from;
  for (std::size_t c = 0; c < input.result.search.contexts.size(); ++c) {
    const ContextResult& context = input.result.search.contexts[c];
    const Frontier helix =
        frontier_of(input.result.search.grid, context, [](const GridLayout& layout) {
          return layout.strategy->name == "helix" && layout.layout.kvp > 1;
        });
    const Frontier baseline = baseline_frontier(input.result, c, input.baseline_strategies());
    if (helix.empty() || baseline.empty()) continue;
    const double ratio = helix.front().interactivity / baseline.front().interactivity;
    if (ratio <= 1.0) from.reset();
    if (ratio > 1.0 && !from) from = context.context;
    text += fmt::format("{}{} at {}", text.empty() ? "" : ", ",
                        ratio_text(input, ratio, helix.front().point, baseline.front().point),
                        format_tokens(context.context));
  }
  const std::string head =
      !from ? "never the fastest here"
      : *from == input.result.search.contexts.front().context
          ? fmt::format("fastest at every context from {}", format_tokens(*from))
          : fmt::format("fastest from {}", format_tokens(*from));
  return {from, head + ": " + text, "largest tokens/s/user, Helix with KVP > 1 over baseline"};
}

}  // namespace

Frontier ClaimInput::helix() const {
  return strategy_frontier(result, context, "helix");
}

Frontier ClaimInput::baseline() const {
  return baseline_frontier(result, context, baseline_strategies());
}

const std::vector<std::string>& ClaimInput::baseline_strategies() const {
  return claim.baseline.empty() ? result.study->baseline : claim.baseline;
}

std::span<const ClaimKindEntry> claim_kinds() {
  static constexpr ClaimKindEntry kTable[] = {
      {"interactivity_ratio", "Largest tokens/s/user, Helix over baseline", interactivity_ratio},
      {"batch_at_equal_latency",
       "Requests in flight within the baseline's smallest TTL, Helix over baseline",
       batch_at_equal_latency},
      {"throughput_end_ratio", "Largest tokens/s/GPU, Helix over baseline", throughput_end_ratio},
      {"throughput_ratio_at_positions", "Tokens/s/GPU at equal tokens/s/user, Helix over baseline",
       throughput_ratio_at_positions},
      {"figure3_loss", "HOP-B off, figure 3 read literally: loss of tokens/s/user", figure3_loss},
      {"event_hop_b_loss", "HOP-B off, event-driven: loss of tokens/s/user", event_hop_b_loss},
      {"crossover_context", "Contexts at which Helix is the fastest", crossover_context, true},
  };
  return kTable;
}

std::string_view name_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::Pass:
      return "pass";
    case Verdict::Fail:
      return "fail";
    case Verdict::Reported:
      return "reported";
  }
  return "";
}

const ClaimKindEntry& claim_kind(std::string_view name) {
  const auto kinds = claim_kinds();
  const auto row = std::find_if(kinds.begin(), kinds.end(),
                                [&](const ClaimKindEntry& kind) { return kind.name == name; });
  ensure(row != kinds.end(), "a claim's kind is checked when it is read");
  return *row;
}

ClaimResult evaluate_claim(const Claim& claim, const StudyResult& result) {
  const ClaimKindEntry& kind = claim_kind(claim.kind);
  const auto& contexts = result.study->space.contexts;
  const auto context = std::find(contexts.begin(), contexts.end(), claim.context);
  ClaimResult out{
      .claim = claim, .text = std::string(kind.text), .outcome = {}, .verdict = Verdict::Reported};
  const auto index = static_cast<std::size_t>(context - contexts.begin());
  out.outcome = context == contexts.end() && !kind.all_contexts
                    ? nothing("the context was not run")
                    : kind.evaluate({claim, result, index});
  out.claim.model = result.study->setup.model.name;
  if (kind.all_contexts) out.claim.context = 0.0;
  if (claim.overlap_all_reduce) out.text += ", all-reduces overlapped";
  if (!claim.baseline.empty())
    out.text += fmt::format(" (baseline {})", fmt::join(claim.baseline, ", "));
  if (claim.band) {
    const auto& value = out.outcome.value;
    const bool inside = value && *value >= claim.band->low && *value <= claim.band->high;
    out.verdict = inside ? Verdict::Pass : Verdict::Fail;
  }
  return out;
}

std::vector<Study> overlapped_studies(const Scenario& scenario) {
  std::vector<Study> studies;
  for (const Study& study : scenario.studies) {
    std::vector<double> contexts;
    for (const Claim& claim : scenario.claims) {
      if (!claim.overlap_all_reduce || claim.model != study.request.model) continue;
      if (claim_kind(claim.kind).all_contexts) {
        contexts = study.space.contexts;
        break;
      }
      contexts.push_back(claim.context);
    }
    if (contexts.empty()) continue;
    std::sort(contexts.begin(), contexts.end());
    contexts.erase(std::unique(contexts.begin(), contexts.end()), contexts.end());
    Study overlapped = study;
    overlapped.request.options.overlap_all_reduce = true;
    overlapped.setup.options.overlap_all_reduce = true;
    overlapped.space.contexts = contexts;
    studies.push_back(std::move(overlapped));
  }
  return studies;
}

}  // namespace helixsim
