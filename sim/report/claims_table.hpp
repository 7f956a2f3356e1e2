#pragma once

#include <string>
#include <vector>

#include "sim/report/report_data.hpp"

namespace helixsim {

/// Claims for a terminal: verdict, what, published, ours and band, and where on the frontier below
/// each.
std::string claims_table(const std::vector<ReportClaim>& claims);
std::string claims_csv(const std::vector<ReportClaim>& claims);

}  // namespace helixsim
