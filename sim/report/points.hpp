#pragma once

#include <string>
#include <string_view>

#include "sim/decode/point.hpp"

namespace helixsim {

/// Rows of a points file, one a point, simulated or infeasible. Both formats hold the same columns.
std::string points_csv_head();
void add_point_csv(std::string_view model, const Point& point, const PointResult& result,
                   std::string& out);
void add_point_jsonl(std::string_view model, const Point& point, const PointResult& result,
                     std::string& out);

/// A text as one CSV cell: quoted when it must be.
std::string csv_cell(std::string_view text);

}  // namespace helixsim
