#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

#include "sim/engine/time.hpp"

namespace helixsim {

inline SimTime ps(std::int64_t picoseconds) {
  return SimTime(picoseconds);
}

}  // namespace helixsim

template <>
struct Catch::StringMaker<helixsim::SimTime> {
  static std::string convert(helixsim::SimTime time) {
    return std::to_string(time.picoseconds()) + " ps";
  }
};
