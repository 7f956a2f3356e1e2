#pragma once

#include <span>
#include <vector>

namespace helixsim {

/// Groups that a width of a layout makes: `size` ranks r, r + stride, r + 2 stride, ... Ranks
/// 0..ranks-1 are tiled by blocks of size * stride consecutive ranks, each of `stride` interleaved
/// groups.
struct Group {
  int size = 1;
  int stride = 1;
  int ranks = 0;  ///< ranks that form such groups; 0: one group alone, from rank 0

  [[nodiscard]] constexpr int block() const { return size * stride; }
  /// Ranks 0..extent-1 hold every member.
  [[nodiscard]] constexpr int extent() const { return ranks > 0 ? ranks : block() - stride + 1; }
};

/// A rank's place: its group, named by the first member, and the position there.
struct GroupMember {
  int first = 0;
  int position = 0;
};

constexpr GroupMember group_of(int rank, const Group& group) {
  const int in_block = rank % group.block();
  return {.first = rank - in_block + in_block % group.stride, .position = in_block / group.stride};
}

/// The members of the group that begins with rank `first`, by position.
std::vector<int> members_of(int first, const Group& group);

/// How the members of a group are spread over NVL domains.
struct GroupShape {
  int size = 1;
  int domains = 1;  ///< that hold a member
  int fewest = 1;   ///< members in one of those
  int most = 1;

  [[nodiscard]] bool spans_domains() const { return domains > 1; }
  bool operator==(const GroupShape&) const = default;
};

/// A group of `size` GPUs that one domain holds.
constexpr GroupShape one_domain(int size) {
  return {.size = size, .domains = 1, .fewest = size, .most = size};
}

/// One group on its GPUs, rank r being GPU r: position p is GPU first + p * stride. Domains hold
/// `domain_gpus` consecutive GPUs each.
struct GroupPlacement {
  int first = 0;
  int size = 1;
  int stride = 1;
  int domain_gpus = 1;
  /// Of an uneven all-to-all: which part of all bytes each position takes, or gives, summing to 1;
  /// empty is even, and one of them is. Refer to the caller's numbers.
  std::span<const double> target_share = {};
  std::span<const double> source_share = {};

  [[nodiscard]] int gpu(int position) const { return first + position * stride; }
  [[nodiscard]] int domain(int position) const { return gpu(position) / domain_gpus; }
  [[nodiscard]] GroupShape shape() const;
};

}  // namespace helixsim
