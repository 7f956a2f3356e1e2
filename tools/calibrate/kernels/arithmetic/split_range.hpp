#pragma once

#include "tools/calibrate/kernels/host_device.hpp"

namespace helixsim::kernels {

/// Tokens [begin, end) of one split.
struct TokenRange {
  int begin = 0;
  int end = 0;
};

/// The part of `tokens` that split `split` of `splits` walks through: whole tiles, as even as tiles
/// allow, the longer parts first; the last tile may be ragged. Parts may be empty.
HELIXSIM_HOST_DEVICE TokenRange split_range(int tokens, int tile, int split, int splits) {
  const int tiles = (tokens + tile - 1) / tile;
  const int each = tiles / splits;
  const int longer = tiles % splits;
  const int before = split * each + (split < longer ? split : longer);
  const int mine = each + (split < longer ? 1 : 0);
  const int begin = before * tile;
  const int end = (before + mine) * tile;
  return {begin < tokens ? begin : tokens, end < tokens ? end : tokens};
}

}  // namespace helixsim::kernels
