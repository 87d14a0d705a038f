// SPDX-License-Identifier: MIT
// A room that is not in the list.
