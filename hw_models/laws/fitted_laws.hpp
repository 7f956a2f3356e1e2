#pragma once

#include <map>
#include <string>
#include <tuple>

#include "hw_models/laws/attention_law.hpp"
#include "hw_models/laws/collective_law.hpp"
#include "hw_models/laws/data_sheet.hpp"
#include "hw_models/laws/fitted_law.hpp"
#include "hw_models/laws/gemm_law.hpp"
#include "hw_models/laws/grouped_gemm_law.hpp"
#include "hw_models/laws/stream_law.hpp"

namespace helixsim {

/// Something for each law: `Of<GemmLaw>`, `Of<AttentionLaw>`, ... by name of a kernel family, such
/// as "gemm/nvfp4". A new law is added here, in for_each_law and in law_name.
template <template <class> class Of>
using ByLaw = std::tuple<std::map<std::string, Of<GemmLaw>, std::less<>>,
                         std::map<std::string, Of<AttentionLaw>, std::less<>>,
                         std::map<std::string, Of<GroupedGemmLaw>, std::less<>>,
                         std::map<std::string, Of<StreamLaw>, std::less<>>,
                         std::map<std::string, Of<CollectiveLaw>, std::less<>>>;

/// The kernel families of one law.
template <class Law, template <class> class Of>
std::map<std::string, Of<Law>, std::less<>>& of_law(ByLaw<Of>& all) {
  return std::get<std::map<std::string, Of<Law>, std::less<>>>(all);
}
template <class Law, template <class> class Of>
const std::map<std::string, Of<Law>, std::less<>>& of_law(const ByLaw<Of>& all) {
  return std::get<std::map<std::string, Of<Law>, std::less<>>>(all);
}

/// Calls `visit.operator()<Law>()` for each law, in the order of ByLaw.
template <class Visit>
void for_each_law(Visit&& visit) {
  visit.template operator()<GemmLaw>();
  visit.template operator()<AttentionLaw>();
  visit.template operator()<GroupedGemmLaw>();
  visit.template operator()<StreamLaw>();
  visit.template operator()<CollectiveLaw>();
}

/// Name of a law in files.
template <class Law>
constexpr std::string_view law_name();
template <>
constexpr std::string_view law_name<GemmLaw>() {
  return "gemm";
}
template <>
constexpr std::string_view law_name<AttentionLaw>() {
  return "attention";
}
template <>
constexpr std::string_view law_name<GroupedGemmLaw>() {
  return "grouped_gemm";
}
template <>
constexpr std::string_view law_name<StreamLaw>() {
  return "stream";
}
template <>
constexpr std::string_view law_name<CollectiveLaw>() {
  return "collective";
}

/// All that was fitted for one system.
struct FittedLaws {
  std::string system;    ///< whose GPU they are of
  std::string software;  ///< versions that were measured
  ByLaw<FittedLaw> laws;
  DataSheet data_sheet{};  ///< of the GPU that was measured; zeros where it is not known

  /// Null when nothing was fitted for that family.
  template <class Law>
  [[nodiscard]] const FittedLaw<Law>* find(std::string_view family) const {
    const auto& families = of_law<Law, FittedLaw>(laws);
    const auto found = families.find(family);
    return found == families.end() ? nullptr : &found->second;
  }
};

}  // namespace helixsim
