#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "hw_models/laws/fitted_laws.hpp"

namespace helixsim {

/// Laws as they would be on a GPU of which only the data sheet is known: what a law reads, computes
/// or sends at the rates of one takes those of the other in proportion, all else, residuals
/// included, stays. Multiprocessors and L2 are given when laws are read.
///
///     bandwidth' = bandwidth HBM' / HBM; peak' = peak of the same number format on the other;
///     bandwidth_i' of collectives = bandwidth_i NVLink' / NVLink
///
/// Laws that move say from where (`transferred_from`), and their errors grow (`mark_transferred`):
/// kernels when memory or peaks are other ones, collectives when links are. Laws whose own data
/// sheet is not known stay as they are.
FittedLaws transferred(FittedLaws laws, const DataSheet& to);

/// Says that a law is of another system, and adds the prior of each parameter to its standard
/// error. A law that was moved before stays as it is, but for what anchors told of where it was.
template <class Law>
void mark_transferred(FittedLaw<Law>& fitted, const std::string& from) {
  const bool again = !fitted.transferred_from.empty();
  if (!again) fitted.transferred_from = from.empty() ? "another system" : from;
  std::size_t index = 0;
  for (const LawParameter<Law>& parameter : Law::parameters()) {
    if (index >= fitted.fits.size()) break;
    ParameterFit& fit = fitted.fits[index++];
    const double prior = transfer_prior(parameter.on_other_gpu);
    fit.log_error = again ? std::max(fit.log_error, prior) : std::hypot(fit.log_error, prior);
    fit.pinned = false;
  }
}

}  // namespace helixsim
