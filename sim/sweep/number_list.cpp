#include "sim/sweep/number_list.hpp"

#include <nlohmann/json.hpp>

namespace helixsim {
namespace {

constexpr std::size_t kLongest = 100'000;

/// Puts the numbers between the last one and `end` (not included) behind `numbers`.
void continue_progression(const Node& dots, std::vector<long long>& numbers, long long end) {
  const std::size_t n = numbers.size();
  if (n < 2) dots.fail("\"..\" needs two numbers before it");
  const long long step = numbers[n - 1] - numbers[n - 2];
  const bool same_step = n < 3 || numbers[n - 2] - numbers[n - 3] == step;
  const bool same_ratio = n >= 3 &&
                          numbers[n - 1] * numbers[n - 3] == numbers[n - 2] * numbers[n - 2] &&
                          numbers[n - 1] % numbers[n - 2] == 0;
  if (!same_step && !same_ratio) dots.fail("the three numbers before \"..\" make no progression");
  const long long ratio = same_step ? 1 : numbers[n - 1] / numbers[n - 2];
  const auto next = [&](long long value) { return same_step ? value + step : value * ratio; };
  long long value = next(numbers.back());
  while (value < end && numbers.size() < kLongest) {
    numbers.push_back(value);
    value = next(value);
  }
  if (value != end) dots.fail("the progression does not reach " + std::to_string(end));
}

}  // namespace

std::vector<int> read_number_list(const Node& node, Range<long long> range) {
  std::vector<long long> numbers;
  const std::vector<Node> elements = node.elements();
  if (elements.empty()) node.fail("expected at least one number");
  const Node* dots = nullptr;
  for (const Node& element : elements) {
    if (element.is_string() && element.as_text() == "..") {
      if (dots != nullptr) element.fail("\"..\" twice in a row");
      dots = &element;
      continue;
    }
    const long long value = element.as_integer(range);
    if (!numbers.empty() && value <= numbers.back()) element.fail("numbers must rise");
    if (dots != nullptr) continue_progression(*dots, numbers, value);
    dots = nullptr;
    numbers.push_back(value);
    if (numbers.size() > kLongest) node.fail("more than 100,000 numbers");
  }
  if (dots != nullptr) dots->fail("\"..\" needs a number after it");
  return {numbers.begin(), numbers.end()};
}

std::vector<int> powers_of_two(int largest) {
  std::vector<int> numbers;
  for (int value = 1; value <= largest; value *= 2) numbers.push_back(value);
  return numbers;
}

}  // namespace helixsim
