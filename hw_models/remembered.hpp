#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace helixsim {

/// Values that a pure function of `N` numbers gave, for one thread: a hash table that starts small,
/// and forgets everything when it would be full. Values for `Neighbours` whole last numbers in a
/// row share a place, so that what counts up, as a search does with its batches, stays in cache.
///
/// Contract: the first number is not 0; it says which function is meant, where there are several.
template <class Value, std::size_t N, std::size_t Neighbours = 1>
class Remembered {
 public:
  using Numbers = std::array<double, N>;

  /// The value of `numbers`, from `compute()` where it is not there.
  template <class Compute>
  Value of(Numbers numbers, Compute&& compute) {
    const std::size_t index = split(numbers.back());
    // Bits, so that a value is that of the same numbers to the sign of zero, and NaN is one too.
    const auto key = std::bit_cast<Key>(numbers);
    std::size_t at = place_of(key);
    if ((places_[at].known >> index & 1U) != 0) return places_[at].values[index];
    Value value = compute();
    if (places_[at].key[0] == 0) {
      if (2 * kept_ >= places_.size()) {
        make_room();
        at = place_of(key);
      }
      ++kept_;
      places_[at].key = key;
    }
    places_[at].known |= std::uint64_t{1} << index;
    places_[at].values[index] = value;
    return value;
  }

 private:
  static_assert(Neighbours <= 64);
  static constexpr std::size_t kFewestPlaces = std::size_t{1} << 7;
  static constexpr std::size_t kMostPlaces = std::size_t{1} << 15;
  using Key = std::array<std::uint64_t, N>;
  struct Place {
    Key key{};
    std::uint64_t known = 0;  // bits, by index
    std::array<Value, Neighbours> values{};
  };

  /// Where a number stands among its neighbours, and makes it the first of them. One that is not
  /// whole stands alone.
  static std::size_t split(double& number) {
    constexpr double kMost = 1U << 31U;
    if (Neighbours == 1 || !(number > 0.0 && number < kMost)) return 0;
    const auto whole = static_cast<std::uint32_t>(number);
    if (static_cast<double>(whole) != number) return 0;
    const std::uint32_t index = whole % Neighbours;
    number = static_cast<double>(whole - index);
    return index;
  }

  static bool same(const Key& a, const Key& b) {
    std::uint64_t differing = 0;
    for (std::size_t i = 0; i < N; ++i) differing |= a[i] ^ b[i];
    return differing == 0;
  }

  /// Where the key is, or the empty place where it belongs. By the upper bits of the hash: small
  /// whole numbers differ in the upper bits of a double, which products do not carry down.
  [[nodiscard]] std::size_t place_of(const Key& key) const {
    std::uint64_t hash = 0;
    for (const std::uint64_t bits : key) {
      hash = (std::rotl(hash, 31) ^ bits) * 0x9e3779b97f4a7c15ULL;
    }
    std::size_t place = hash >> shift_;
    while (places_[place].key[0] != 0 && !same(places_[place].key, key)) {
      place = (place + 1) & (places_.size() - 1);
    }
    return place;
  }

  void make_room() {
    kept_ = 0;
    if (places_.size() == kMostPlaces) {
      places_.assign(kMostPlaces, {});
      return;
    }
    std::vector<Place> before(places_.size() * 2);
    before.swap(places_);
    --shift_;
    for (Place& old : before) {
      if (old.key[0] == 0) continue;
      ++kept_;
      places_[place_of(old.key)] = std::move(old);
    }
  }

  std::vector<Place> places_ = std::vector<Place>(kFewestPlaces);
  int shift_ = 64 - std::countr_zero(kFewestPlaces);
  std::size_t kept_ = 0;
};

}  // namespace helixsim
