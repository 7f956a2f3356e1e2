#pragma once

#include <cstdint>
#include <span>

#include "tests/replay/exact_case.hpp"

namespace helixsim {

/// How the numbers of a random case are chosen.
enum class Numbers : std::uint8_t {
  Decimals,  ///< two decimals, as in the reference cases: ties come from the structure
  Whole,     ///< small whole numbers: ties everywhere
  Awkward,   ///< whole and decimal works over capacities such as 7, 13 and 17: ties of periodic
             ///< fractions, which no clock counts exactly
  Wide,      ///< from 0.001 to 90, so that short spans stand beside long ones
};

/// One family of cases.jsonl, made harder.
struct CaseFamily {
  const char* name;
  ExactCase (*make)(std::uint32_t seed, Numbers numbers);
};

std::span<const CaseFamily> case_families();

}  // namespace helixsim
