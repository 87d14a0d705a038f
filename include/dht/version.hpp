// SPDX-License-Identifier: MIT
// The library's version; the build reads it from here, and the changelog's first entry must agree.
#pragma once

/// Changes that break a user's code raise this one.
#define DHT_VERSION_MAJOR 0
/// New features raise this one.
#define DHT_VERSION_MINOR 1
/// Corrections raise this one.
#define DHT_VERSION_PATCH 0
