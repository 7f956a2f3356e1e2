#include "sim/calibration/anchor_laws.hpp"

#include <iterator>
#include <utility>

#include "sim/calibration/anchor_law.hpp"

namespace helixsim {

AnchoredLaws anchored(FittedLaws moved, const MeasuredRows& rows) {
  AnchoredLaws all{.laws = std::move(moved)};
  for_each_law([&]<class Law>() {
    auto& laws = of_law<Law, FittedLaw>(all.laws.laws);
    for (const auto& [name, family] : of_law<Law, MeasuredFamily>(rows.families)) {
      const auto law = laws.find(name);
      if (law == laws.end()) {
        all.without_law.push_back(name);
      } else if (law->second.transferred_from.empty()) {
        all.own.push_back(name);
      } else if (!family.rows.empty()) {
        AnchoredLaw<Law> anchored =
            with_anchors<Law>(law->second, family.plan, family.rows, all.laws.system);
        law->second = std::move(anchored.fitted);
        all.families.push_back({.family = name,
                                .anchors = std::ssize(family.rows),
                                .before = anchored.before,
                                .after = anchored.after});
      }
    }
  });
  return all;
}

}  // namespace helixsim
