#include "sim/report/report_build.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/decode/pass_evaluator.hpp"
#include "sim/sweep/parallel_for.hpp"
#include "sim/units/draw.hpp"

namespace helixsim {
namespace {

/// Indices of at most `most` records, in order: those with the smallest hashes among those that
/// repeat no other.
std::vector<std::size_t> sample(const std::vector<Record>& records, std::size_t most,
                                unsigned long long seed) {
  std::vector<std::size_t> chosen;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!records[i].repeats) chosen.push_back(i);
  }
  if (chosen.size() <= most) return chosen;
  const auto hash = [&](std::size_t i) { return mixed(mixed(seed) ^ i); };
  std::nth_element(
      chosen.begin(), chosen.begin() + static_cast<std::ptrdiff_t>(most), chosen.end(),
      [&](std::size_t a, std::size_t b) { return std::pair(hash(a), a) < std::pair(hash(b), b); });
  chosen.resize(most);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

/// Shares of the TTL in thousandths; what rounding leaves goes to the largest share, so that they
/// sum to 1000.
std::array<int, kTimeCategories> permille_of(const PointResult& result) {
  std::array<int, kTimeCategories> shares{};
  const double ttl = result.ttl.seconds().value();
  int sum = 0;
  for (std::size_t c = 0; c < shares.size(); ++c) {
    shares[c] = static_cast<int>(std::lround(1000.0 * result.seconds[c] / ttl));
    sum += shares[c];
  }
  *std::max_element(shares.begin(), shares.end()) += 1000 - sum;
  return shares;
}

ReportPoint to_report(const Point& point, const PointResult& result, int layout) {
  return {.layout = layout,
          .batch = point.batch,
          .chunks = result.chunks > 1 ? result.chunks : 0,
          .ttl_us = static_cast<double>(result.ttl.picoseconds()) / 1e6,
          .memory_gb = std::round(result.memory.total().value() / 1e6) / 1e3,
          .requests = point.requests_in_flight(),
          .permille = permille_of(result),
          .hidden_permille = static_cast<int>(
              std::lround(1000.0 * result.hidden_seconds / result.ttl.seconds().value()))};
}

void sort_and_unique(std::vector<std::size_t>& indices) {
  std::sort(indices.begin(), indices.end());
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
}

/// Records that stand on a frontier, each once and in order.
std::vector<std::size_t> records_of(const NamedFrontiers& frontiers) {
  std::vector<std::size_t> records;
  for (const auto& [name, frontier] : frontiers) {
    for (const FrontierPoint& point : frontier) records.push_back(point.record);
  }
  sort_and_unique(records);
  return records;
}

ReportView build_view(const StudyResult& result, std::size_t context, std::size_t most_points,
                      unsigned long long seed, PassEvaluator& evaluator) {
  const Study& study = *result.study;
  const ContextResult& found = result.search.contexts[context];
  ReportView view{.run = {},
                  .model = study.setup.model.name,
                  .model_title = study.setup.model.title,
                  .context = found.context,
                  .baseline = study.baseline,
                  .interactivity_max = {},
                  .throughput_max = {},
                  .counts = found.counts,
                  .layouts = {},
                  .points = {},
                  .frontiers = {},
                  .errors = {}};
  const NamedFrontiers frontiers = drawn_frontiers(result, context);
  std::vector<std::size_t> drawn = records_of(frontiers);
  const std::size_t room = most_points > drawn.size() ? most_points - drawn.size() : 0;
  const std::vector<std::size_t> sampled = sample(found.records, room, seed);
  drawn.insert(drawn.end(), sampled.begin(), sampled.end());
  sort_and_unique(drawn);

  constexpr int kNotDrawn = -1;
  std::vector<int> layout_index(result.search.grid.layouts.size(), kNotDrawn);
  view.points.reserve(drawn.size());
  std::vector<PointResult> evaluated;
  evaluated.reserve(drawn.size());
  for (const std::size_t index : drawn) {
    const Record& record = found.records[index];
    const Point point = point_of(result.search.grid, found.context, record);
    int& layout = layout_index[record.layout];
    if (layout == kNotDrawn) {
      layout = static_cast<int>(view.layouts.size());
      view.layouts.push_back({std::string(point.strategy->name), point.layout});
    }
    evaluated.push_back(evaluator.evaluate(point));
    view.points.push_back(to_report(point, evaluated.back(), layout));
  }
  const auto place_of = [&](std::size_t record) {
    return static_cast<int>(std::lower_bound(drawn.begin(), drawn.end(), record) - drawn.begin());
  };
  const auto results_of = [&](const Frontier& frontier) {
    std::vector<const PointResult*> results;
    for (const FrontierPoint& point : frontier)
      results.push_back(&evaluated[static_cast<std::size_t>(place_of(point.record))]);
    return results;
  };
  std::vector<const PointResult*> baseline;
  for (const auto& [name, frontier] : frontiers) {
    if (name != "baseline" || frontier.empty()) continue;
    baseline = results_of(frontier);
    view.interactivity_max = frontier.front().interactivity;
    view.throughput_max = frontier.back().throughput;
  }
  for (const auto& [name, frontier] : frontiers) {
    std::vector<int> indices;
    for (const FrontierPoint& point : frontier) indices.push_back(place_of(point.record));
    view.frontiers.emplace_back(name, std::move(indices));
    FrontierErrors errors = frontier_errors(results_of(frontier), baseline);
    if (!errors.log_sd.empty()) view.errors.emplace(name, std::move(errors));
  }
  return view;
}

/// The options of the schedule that a study was asked for, as "moe_exchange: all_gather".
std::vector<std::string> given_options_of(const Study& study) {
  constexpr Layout kAnyExpertRanks{.tpf = 1, .ep = 2};
  std::vector<std::string> lines;
  for (const GivenOption& given : study.setup.given_options) {
    for (const StrategySpace& space : study.space.strategies) {
      const auto options =
          options_of(study.setup.options, study.setup.model, *space.strategy, kAnyExpertRanks);
      const auto found =
          std::find_if(options.begin(), options.end(),
                       [&](const NamedOption& option) { return option.name == given.name; });
      if (found == options.end()) continue;
      lines.push_back(
          std::visit([&](const auto& value) { return fmt::format("{}: {}", given.name, value); },
                     found->value));
      break;
    }
  }
  return lines;
}

/// What the scenario assumes, options of its studies, and what makes their ranks differ, each once.
std::vector<std::string> assumptions_of(const Scenario& scenario) {
  std::vector<std::string> all = scenario.assumptions;
  const auto add = [&](const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      if (std::find(all.begin(), all.end(), line) == all.end()) all.push_back(line);
    }
  };
  for (const Study& study : scenario.studies) {
    add(given_options_of(study));
    add(describe(study.setup.rack));
  }
  return all;
}

/// The warnings of all studies, each once.
std::vector<std::string> warnings_of(const Scenario& scenario) {
  std::vector<std::string> warnings;
  for (const Study& study : scenario.studies) {
    for (const std::string& warning : warnings_of(study.setup)) {
      if (std::find(warnings.begin(), warnings.end(), warning) == warnings.end())
        warnings.push_back(warning);
    }
  }
  return warnings;
}

}  // namespace

ReportClaim to_report(const ClaimResult& result) {
  const Claim& claim = result.claim;
  return {.name = claim.name,
          .text = result.text,
          .model = claim.model,
          .context = claim.context,
          .published = claim.published ? fmt::format("{:g}", *claim.published) : "",
          .ours = result.outcome.text,
          .band = claim.band ? fmt::format("{:g} to {:g}", claim.band->low, claim.band->high) : "",
          .verdict = std::string(name_of(result.verdict)),
          .where = result.outcome.where,
          .source = claim.source};
}

ReportData build_report(const Scenario& scenario, const std::vector<StudyResult>& results,
                        const std::vector<ClaimResult>& claims, const ReportOptions& options) {
  const Study& first = *results.front().study;
  ReportData data{.tool = options.tool,
                  .title = scenario.title,
                  .system = first.setup.hardware.system_title(),
                  .fidelity = first.setup.hardware.fidelity(),
                  .strategies = {},
                  .counts = {},
                  .views = {},
                  .claims = {},
                  .assumptions = assumptions_of(scenario),
                  .warnings = warnings_of(scenario)};
  for (const StrategyEntry& row : strategies()) data.strategies.emplace_back(row.name, row.summary);
  struct ViewPlace {
    const StudyResult* result;
    std::size_t context;
  };
  std::vector<ViewPlace> places;
  for (const StudyResult& result : results) {
    for (std::size_t c = 0; c < result.search.contexts.size(); ++c) places.push_back({&result, c});
    data.counts += result.search.counts();
  }
  data.views.resize(places.size());
  for_each_in_parallel(options.threads, places.size(), nullptr, [&] {
    return [&, evaluator = std::optional<PassEvaluator>(),
            study = static_cast<const Study*>(nullptr)](std::size_t view) mutable {
      const auto [result, context] = places[view];
      if (study != result->study) evaluator.emplace(result->study->setup);
      study = result->study;
      data.views[view] = build_view(*result, context, options.most_points / places.size(),
                                    options.seed, *evaluator);
    };
  });
  for (const ClaimResult& claim : claims) data.claims.push_back(to_report(claim));
  return data;
}

}  // namespace helixsim
