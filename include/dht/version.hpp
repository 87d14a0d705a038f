// SPDX-License-Identifier: MIT
// The library's version; the build reads it from here, and the changelog's first entry must agree.
#pragma once

/// Changes that break a user's code raise this one, from 1.0.0 on.
#define DHT_VERSION_MAJOR 0
/// New features raise this one; before 1.0.0 also changes that break a user's code.
#define DHT_VERSION_MINOR 2
/// Corrections raise this one.
#define DHT_VERSION_PATCH 0
