#pragma once

#include <span>
#include <string>
#include <string_view>

namespace helixsim {

/// What takes the place of a marker of a page's template.
struct PagePart {
  std::string_view marker;
  std::string_view text;
};

/// The template with its parts put in, which are in the template's order; each is put in once, so
/// that a marker inside a user's text stays a text.
std::string filled_page(std::string_view page, std::span<const PagePart> parts);

std::string html_escaped(std::string_view text);
/// JSON that no HTML parser can take for the end of its element: "<" occurs only inside texts.
std::string json_escaped(const std::string& json);

}  // namespace helixsim
