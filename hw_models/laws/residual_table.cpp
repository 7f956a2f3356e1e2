#include "hw_models/laws/residual_table.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/engine/contract.hpp"

namespace helixsim {
namespace {

/// The lower of the two nodes around a coordinate, and the upper one's part.
struct Place {
  std::size_t lower = 0;
  double upper_part = 0.0;
  double beyond = 0.0;  // distance from the grid
};

Place place_on(const std::vector<double>& nodes, double at) {
  if (nodes.size() == 1) return {0, 0.0, std::abs(at - nodes[0])};
  const double inside = std::clamp(at, nodes.front(), nodes.back());
  const auto above = std::upper_bound(nodes.begin() + 1, nodes.end() - 1, inside);
  const auto lower = static_cast<std::size_t>(above - nodes.begin()) - 1;
  return {lower, (inside - nodes[lower]) / (nodes[lower + 1] - nodes[lower]),
          std::abs(at - inside)};
}

/// Calls `use(node, weight)` for each corner around the coordinates.
template <class Use>
void for_each_corner(const std::vector<ResidualAxis>& axes, const std::vector<std::size_t>& strides,
                     std::span<const double> coordinates, Use&& use) {
  std::array<Place, ResidualTable::kMostAxes> places;
  double beyond = 0.0;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    places[axis] = place_on(axes[axis].nodes, coordinates[axes[axis].coordinate]);
    beyond += places[axis].beyond;
  }
  const double all = beyond == 0.0 ? 1.0 : std::exp2(-beyond);
  for (std::size_t corner = 0; corner < std::size_t{1} << axes.size(); ++corner) {
    double weight = all;
    std::size_t node = 0;
    for (std::size_t axis = 0; axis < axes.size(); ++axis) {
      const bool upper = (corner >> axis & 1U) != 0;
      weight *= upper ? places[axis].upper_part : 1.0 - places[axis].upper_part;
      node += (places[axis].lower + (upper ? 1 : 0)) * strides[axis];
    }
    if (weight != 0.0) use(node, weight);
  }
}

}  // namespace

ResidualTable::ResidualTable(std::vector<ResidualAxis> axes, std::vector<double> values)
    : axes_(std::move(axes)), values_(std::move(values)), strides_(axes_.size(), 1) {
  ensure(axes_.size() <= kMostAxes, "a residual table has at most five axes");
  std::size_t nodes = 1;
  for (std::size_t axis = axes_.size(); axis-- > 0;) {
    ensure(!axes_[axis].nodes.empty(), "an axis has nodes");
    strides_[axis] = nodes;
    nodes *= axes_[axis].nodes.size();
  }
  if (values_.empty()) values_.assign(nodes, 0.0);
  ensure(values_.size() == nodes, "a residual table has a value for each node");
}

double ResidualTable::log_factor(std::span<const double> coordinates) const {
  double residual = 0.0;
  for_each_corner(axes_, strides_, coordinates,
                  [&](std::size_t node, double weight) { residual += weight * values_[node]; });
  return residual;
}

void ResidualTable::parts_at(std::span<const double> coordinates,
                             std::vector<ResidualPart>& parts) const {
  parts.clear();
  for_each_corner(axes_, strides_, coordinates, [&](std::size_t node, double weight) {
    parts.push_back({node, weight});
  });
}

}  // namespace helixsim
