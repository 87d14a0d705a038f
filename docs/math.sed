# SPDX-License-Identifier: MIT
# Formulas as GitHub's Markdown has them become what Doxygen reads; LICENSE and folders, which are no pages, lose their links.
/^```math$/,/^```$/{
  s/^```math$/\\f[/
  s/^```$/\\f]/
}
s/\$`\([^`]*\)`\$/\\f$\1\\f$/g
s/\[LICENSE\](LICENSE)/LICENSE/
