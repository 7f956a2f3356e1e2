#pragma once

#include <cstddef>

#include "tools/calibrate/kernels/host_device.hpp"

namespace helixsim::kernels {

/// Where a token stands in a cache of pages.
struct PagedToken {
  std::size_t page = 0;
  std::size_t inside = 0;  ///< among the page's tokens
};

/// Token `token` of a request by its page table [batch, pages_per_request]; without a table page r
/// is all of request r.
HELIXSIM_HOST_DEVICE PagedToken paged_token(const int* pages, int pages_per_request,
                                            int page_tokens, unsigned request, int token) {
  if (pages == nullptr) return {request, static_cast<std::size_t>(token)};
  const int at = static_cast<int>(request) * pages_per_request + token / page_tokens;
  return {static_cast<std::size_t>(pages[at]), static_cast<std::size_t>(token % page_tokens)};
}

}  // namespace helixsim::kernels
