#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/config/node.hpp"
#include "sim/llm/operation.hpp"
#include "sim/parallel/layout.hpp"
#include "sim/report/frontier_errors.hpp"
#include "sim/sweep/search.hpp"

namespace helixsim {

/// Everything that the report draws, and nothing else: written as report.json, embedded in
/// report.html, and read back by `pareto`. sim/report/web/report.js states the same contract from
/// its side.

struct ReportLayout {
  std::string strategy;
  Layout layout;
};

struct ReportPoint {
  int layout = 0;  ///< index into ReportView::layouts
  int batch = 1;
  int chunks = 0;  ///< of HOP-B; 0 without overlap
  double ttl_us = 0.0;
  double memory_gb = 0.0;
  long long requests = 1;
  std::array<int, kTimeCategories> permille{};  ///< of the TTL, summing to 1000
  int hidden_permille = 0;
};

/// One model at one context.
struct ReportView {
  std::string run;  ///< name of the result folder when several are overlaid
  std::string model;
  std::string model_title;
  double context = 0.0;
  std::vector<std::string> baseline;
  std::optional<double> interactivity_max;  ///< of the baseline, tokens/s/user
  std::optional<double> throughput_max;     ///< of the baseline, tokens/s/GPU
  SearchCounts counts;
  std::vector<ReportLayout> layouts;
  std::vector<ReportPoint> points;
  /// Per strategy in order of drawing, then "baseline" and "overall": indices into points, fast end
  /// first.
  std::vector<std::pair<std::string, std::vector<int>>> frontiers;
  std::map<std::string, FrontierErrors, std::less<>> errors;  ///< of frontiers that have any

  [[nodiscard]] double interactivity(const ReportPoint& point) const { return 1e6 / point.ttl_us; }
  [[nodiscard]] double throughput(const ReportPoint& point) const;
  [[nodiscard]] const std::vector<int>* frontier(std::string_view name) const;
  /// Null where nothing is known of errors.
  [[nodiscard]] const FrontierErrors* errors_of(std::string_view name) const;
};

struct ReportClaim {
  std::string name;
  std::string text;
  std::string model;
  double context = 0.0;  ///< 0 when the claim looks at every context
  std::string published;
  std::string ours;
  std::string band;  ///< empty when the claim is reported and not judged
  std::string verdict;
  std::string where;
  std::string source;
};

struct ReportData {
  std::string tool;
  std::string title;
  std::string system;
  std::string fidelity;
  std::vector<std::pair<std::string, std::string>>
      strategies;  ///< name and summary, in order of drawing
  SearchCounts counts;
  std::vector<ReportView> views;
  std::vector<ReportClaim> claims;
  std::vector<std::string> assumptions;
  std::vector<std::string> warnings;
};

/// "helixsim/report/1" as JSON, and back. Errors of reading: ConfigError.
std::string to_json(const ReportData& data);
ReportData read_report_data(const Node& document);

/// `{"claims": [...]}` alone, for scripts.
std::string claims_json(const std::vector<ReportClaim>& claims);

/// Several runs in one report: views carry the run's name; counts add up; claims of all.
ReportData overlay(const std::vector<std::pair<std::string, ReportData>>& runs);

}  // namespace helixsim
