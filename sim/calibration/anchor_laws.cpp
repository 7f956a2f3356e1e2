#include "sim/calibration/anchor_laws.hpp"

#include <iterator>
#include <utility>

#include "sim/calibration/anchor_law.hpp"

namespace helixsim {

AnchoredLaws anchored(FittedLaws moved, const MeasuredRows& rows) {
  AnchoredLaws all{.laws = std::move(moved)};
  for_each_law([&]<class Law>() {
    const auto& measured = of_law<Law, MeasuredFamily>(rows.families);
    for (auto& [name, law] : of_law<Law, FittedLaw>(all.laws.laws)) {
      const auto family = measured.find(name);
      if (family == measured.end() || family->second.rows.empty()) continue;
      if (law.transferred_from.empty()) continue;
      AnchoredLaw<Law> anchored = with_anchors<Law>(law, family->second.rows);
      law = std::move(anchored.fitted);
      all.families.push_back({.family = name,
                              .anchors = std::ssize(family->second.rows),
                              .before = anchored.before,
                              .after = anchored.after});
    }
  });
  return all;
}

}  // namespace helixsim
