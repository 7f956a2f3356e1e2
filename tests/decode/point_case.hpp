#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/config/override.hpp"
#include "sim/decode/evaluator.hpp"
#include "tests/support/random.hpp"

namespace helixsim {

/// Changes that give GB200 more memory than any point of these tests needs.
std::vector<Override> roomy(std::vector<Override> more = {});

Setup make_setup(const ModelSpec& model, std::string_view fidelity,
                 const std::vector<Override>& changes, ScheduleOptions options = {});

const StrategyEntry& strategy_named(std::string_view name);

/// A random step of Llama-405B, DeepSeek-R1 or a small model, in either fidelity: any strategy,
/// layout, batch, context and HOP-B mode. It does not depend on the system, which may be changed.
struct PointCase {
  explicit PointCase(std::uint32_t seed);

  /// The setup with these further changes to the system.
  [[nodiscard]] Setup setup(const std::vector<Override>& changes = {}) const;
  [[nodiscard]] std::string text() const;

  ModelSpec model;
  std::string fidelity;
  ScheduleOptions options;
  Point point;

 private:
  void draw_options(std::uint32_t seed);
};

/// Checks everything of two results that a caller can see.
void check_same(const PointResult& a, const PointResult& b);

/// Checks that HOP-B best is no slower than off and than any chunk count.
void check_best_hop_b(const Setup& setup, Point point);

/// TTL of a point on a fresh evaluator.
SimTime ttl(const Setup& setup, const Point& point);

}  // namespace helixsim
