#pragma once

#include <string>
#include <vector>

namespace helixsim {

/// A dot of a scatter plot. `kind` is a class of the page's style sheet, `title` what a pointer
/// over it shows.
struct ScatterPoint {
  double x = 0.0;
  double y = 0.0;
  std::string kind;
  std::string title;
};

/// Both ends of an axis, and how its numbers are written.
struct ScatterAxis {
  std::string name;
  bool logarithmic = false;
  double low = 0.0;
  double high = 1.0;
  std::string (*label)(double value) = nullptr;
};

struct ScatterPlot {
  ScatterAxis x;
  ScatterAxis y;
  std::vector<ScatterPoint> points;
  std::vector<double> levels = {};  ///< horizontal lines
  std::vector<double> bands = {};   ///< lines y = x (1 + band), over logarithmic axes
};

/// An axis that holds the values: whole decades, or rounded steps from zero outwards.
ScatterAxis logarithmic_axis(std::string name, const std::vector<double>& values,
                             std::string (*label)(double));
ScatterAxis linear_axis(std::string name, double low, double high, std::string (*label)(double));

/// An SVG element for a page: colours are classes of the page's style sheet. Points beyond an axis
/// are drawn at its end.
std::string scatter_svg(const ScatterPlot& plot);

}  // namespace helixsim
