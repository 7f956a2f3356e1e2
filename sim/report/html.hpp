#pragma once

#include <optional>
#include <string>

#include "sim/report/report_data.hpp"

namespace helixsim {

/// The interactive report: one self-contained page with the chart library inside. Empty when the
/// program was built without the library (npm ci in tools/web).
std::optional<std::string> report_html(const ReportData& data);
/// The same where to_json(data) is at hand.
std::optional<std::string> report_html(const ReportData& data, const std::string& json);

}  // namespace helixsim
