#include "sim/report/claims_table.hpp"

#include <fmt/format.h>

#include "sim/report/points.hpp"
#include "sim/report/text_table.hpp"
#include "sim/units/format.hpp"

namespace helixsim {
namespace {

/// Words in lines of the terminal's width, each indented.
std::string wrapped(const std::string& text, std::size_t indent) {
  std::string out;
  for (const std::string& line : wrap_words(text, kTerminalColumns - indent)) {
    out += std::string(indent, ' ') + line + "\n";
  }
  return out;
}

/// The model, and the context where the claim is about one.
std::string subject_of(const ReportClaim& claim) {
  return claim.context > 0.0 ? claim.model + " at " + format_tokens(claim.context) : claim.model;
}

}  // namespace

std::string claims_table(const std::vector<ReportClaim>& claims) {
  std::string out;
  for (const ReportClaim& claim : claims) {
    const std::string head = wrapped(subject_of(claim) + ": " + claim.text, 10);
    out += fmt::format("{:<10}", claim.verdict) + head.substr(10);
    std::string numbers = "ours " + claim.ours;
    if (!claim.published.empty()) numbers += "; published " + claim.published;
    if (!claim.band.empty()) numbers += "; band " + claim.band;
    out += wrapped(numbers, 10);
    if (!claim.where.empty()) out += wrapped("(" + claim.where + ")", 10);
  }
  return out;
}

std::string claims_csv(const std::vector<ReportClaim>& claims) {
  std::string out = "name,verdict,model,context_tokens,text,published,ours,band,where,source\n";
  for (const ReportClaim& claim : claims) {
    out += fmt::format("{},{},{},{},{},{},{},{},{},{}\n", csv_cell(claim.name), claim.verdict,
                       csv_cell(claim.model), claim.context, csv_cell(claim.text),
                       csv_cell(claim.published), csv_cell(claim.ours), csv_cell(claim.band),
                       csv_cell(claim.where), csv_cell(claim.source));
  }
  return out;
}

}  // namespace helixsim
