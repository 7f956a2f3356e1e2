#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "sim/report/calibration_report.hpp"
#include "sim/report/html_page.hpp"

namespace helixsim {

inline constexpr std::size_t kMostDots = 800;    ///< of a plot
inline constexpr double kMostErrorShown = 60.0;  ///< per cent

/// Labels of axes and cells.
std::string time_label(double seconds);
std::string bytes_label(double bytes);
std::string plain_label(double value);
std::string percent_label(double value);
std::string signed_percent_label(double value);
/// Two digits after the point.
std::string percent_cell(double value);

/// What bounds a row, in words; the first is also a class of the page.
struct RegionLabel {
  std::string_view region;
  std::string_view label;
};
inline constexpr RegionLabel kRegionLabels[] = {{"latency", "latency"},
                                                {"l2", "L2 bandwidth"},
                                                {"bandwidth", "HBM bandwidth"},
                                                {"stream", "one CTA"},
                                                {"compute", "arithmetic"}};

/// A cell for people, such as "gemv_bf16: k 512, m 1, n 128; w bf16; isolated".
std::string cell_label(const CellKey& key);
std::string region_label(std::string_view region);

/// Every n-th, so that no plot has more dots than can be told apart.
template <class Row>
std::vector<const Row*> few_of(const std::vector<Row>& rows) {
  std::vector<const Row*> few;
  const std::size_t step = std::max<std::size_t>(1, (rows.size() + kMostDots - 1) / kMostDots);
  for (std::size_t i = 0; i < rows.size(); i += step) few.push_back(&rows[i]);
  return few;
}

/// Sections of calibration_html: plots, worst rows and parameters of one family; kernels beside the
/// read stream; how far repetitions differ.
void add_family(HtmlPage& page, const FamilyStudy& family, bool open);
void add_parameters(HtmlPage& page, const FamilyStudy& family);
void add_stream(HtmlPage& page, const CalibrationReport& report);
/// Whole layers and studies of HOP-B, where the report has them.
void add_layers(HtmlPage& page, const CalibrationReport& report);
void add_repeatability(HtmlPage& page, const CalibrationReport& report);

}  // namespace helixsim
