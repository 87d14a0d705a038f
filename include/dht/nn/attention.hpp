// SPDX-License-Identifier: MIT
// Attention with several heads (Vaswani et al., 2017) within sequences of different lengths: no row is computed for
// padding, and a mask hides rows from the others.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <dht/core/buffer.hpp>
#include <dht/core/config.hpp>
#include <dht/core/error.hpp>
#include <dht/core/math.hpp>
#include <dht/core/view.hpp>
#include <dht/nn/linear.hpp>
#include <dht/nn/parameters.hpp>
#include <dht/nn/product.hpp>
#include <dht/nn/row_products.hpp>
#include <dht/nn/sequences.hpp>
#include <dht/nn/softmax.hpp>

namespace dht {

/// Of each row a query, a key and a value for each head; a row gets, head by head, the mean of the values of its sequence
/// weighted by softmax(query . key / sqrt(channels of a head)), and then a linear map of all heads (method, section 9).
template <class S>
struct Attention {
  int heads = 1;
  Linear<S> qkv;         ///< width -> 3 width: query, key, value, each head after head
  Linear<S> projection;  ///< width -> width

  /// What `backward` needs.
  struct Saved {
    Buffer<S> qkv;            ///< rows x 3 width
    Buffer<S> probabilities;  ///< for each sequence and head, queries x keys; rows filled up to `row_lanes`
    Buffer<S> mixed;          ///< rows x width: the heads' results
  };

  int width() const { return qkv.inputs; }

  /// y and x are rows x width. Unless `keep`, `saved` is scratch memory and no way back is left.
  template <class Backend>
  void forward(const Backend& backend, const MatrixView<const S>& x, const Sequences& of,
               const MatrixView<S>& y, Saved& saved, bool keep) const {
    check();
    saved.qkv.resize(static_cast<std::size_t>(x.rows * 3 * width()));
    saved.mixed.resize(static_cast<std::size_t>(x.rows * width()));
    qkv.forward(backend, x, {saved.qkv.data(), x.rows, 3 * width()});
    const Places places(of, heads, keep ? 0 : backend.parts(tasks(of)));
    saved.probabilities.resize(places.size);
    backend.for_parts(tasks(of), 1, [&](int part, std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task)
        mix(backend, of, task, saved.probabilities.data() + places.of(task, part, keep), saved);
    });
    projection.forward(backend, {saved.mixed.data(), x.rows, width()}, y);
  }

  /// From the gradient of y to the parameters, where it is added to `gradients`, and to x, where it overwrites. x is that of
  /// `forward`. The same bits for any number of threads.
  template <class Backend>
  void backward(const Backend& backend, const MatrixView<const S>& x, const Sequences& of, const Saved& saved,
                const MatrixView<const S>& grad_y, Attention& gradients, const MatrixView<S>& grad_x) const {
    check();
    const Places places(of, heads, 0);
    DHT_EXPECTS(saved.qkv.size() == static_cast<std::size_t>(x.rows * 3 * width()) &&
                    saved.probabilities.size() == places.size,
                "saved: is not of these sequences; must come from a forward that keeps it");
    const Places scratch(of, heads, backend.parts(tasks(of)));
    Buffer<S> grad_mixed(saved.mixed.size()), grad_qkv(saved.qkv.size()), grad_scores(scratch.size);
    projection.backward(backend, {saved.mixed.data(), x.rows, width()}, grad_y, gradients.projection,
                        {grad_mixed.data(), x.rows, width()});
    backend.for_parts(tasks(of), 1, [&](int part, std::int64_t begin, std::int64_t end) {
      for (std::int64_t task = begin; task < end; ++task)
        unmix(backend, of, task, saved, saved.probabilities.data() + places.of(task, part, true),
              grad_mixed.data(), grad_scores.data() + scratch.of(task, part, false), grad_qkv.data());
    });
    qkv.backward(backend, x, {grad_qkv.data(), x.rows, 3 * width()}, gradients.qkv, grad_x);
  }

  /// Gradients, zero.
  Attention zeros() const { return {heads, qkv.zeros(), projection.zeros()}; }

 private:
  /// Where the probabilities of a sequence and head lie: all behind each other, or one place for each part of the loop.
  struct Places {
    std::vector<std::int64_t> begin;  // of each task
    std::int64_t largest = 0;
    std::size_t size = 0;

    Places(const Sequences& of, int heads, int parts) {
      std::int64_t sum = 0;
      for (int b = 0; b < of.batch(); ++b) {
        const std::int64_t one = of.count(b) * detail::whole_lanes(of.count(b));
        largest = std::max(largest, one);
        for (int h = 0; h < heads; ++h, sum += one) begin.push_back(sum);
      }
      size = static_cast<std::size_t>(parts == 0 ? sum : largest * parts);
    }
    std::int64_t of(std::int64_t task, int part, bool each) const {
      return each ? begin[static_cast<std::size_t>(task)] : largest * part;
    }
  };

  std::int64_t tasks(const Sequences& of) const { return std::int64_t{of.batch()} * heads; }
  int head_width() const { return width() / heads; }
  S scale() const { return static_cast<S>(1 / std::sqrt(static_cast<double>(head_width()))); }

  void check() const {
    DHT_EXPECTS(heads >= 1 && width() >= 1 && width() % heads == 0, "heads: are ", heads,
                "; must divide the width, ", width());
    DHT_EXPECTS(qkv.outputs == 3 * width() && projection.inputs == width() && projection.outputs == width(),
                "attention: maps ", width(), " to ", qkv.outputs, " and ", projection.inputs, " to ",
                projection.outputs, "; must map to three times its width, and back to it");
  }

  /// One head of one sequence: where its first query lies, and how many there are.
  struct Head {
    std::int64_t row, count, pitch, channel;
  };
  Head head(const Sequences& of, std::int64_t task) const {
    const int b = static_cast<int>(task / heads);
    return {of.begin[static_cast<std::size_t>(b)], of.count(b), detail::whole_lanes(of.count(b)),
            task % heads * head_width()};
  }

  template <class Backend>
  void mix(const Backend& backend, const Sequences& of, std::int64_t task, S* probabilities,
           Saved& saved) const {
    const auto set = backend.instruction_set();
    const Head at = head(of, task);
    const std::int64_t w = width(), n = at.count;
    const S* const query = saved.qkv.data() + at.row * 3 * w + at.channel;
    std::fill_n(probabilities, n * at.pitch, S(0));
    detail::add_product(set, detail::rows_of(query, 3 * w), detail::columns_of(query + w, 3 * w), n, n,
                        head_width(), probabilities, at.pitch);
    const std::uint8_t* const mask = of.mask.empty() ? nullptr : of.mask.data() + at.row;
    detail::softmax_rows(set, probabilities, n, n, at.pitch, scale(), mask);
    S* const to = saved.mixed.data() + at.row * w + at.channel;
    for (std::int64_t i = 0; i < n; ++i) std::fill_n(to + i * w, head_width(), S(0));
    detail::add_product(set, detail::rows_of<S>(probabilities, at.pitch),
                        detail::rows_of(query + 2 * w, 3 * w), n, head_width(), n, to, w);
  }

  template <class Backend>
  void unmix(const Backend& backend, const Sequences& of, std::int64_t task, const Saved& saved,
             const S* probabilities, const S* grad_mixed, S* grad_scores, S* grad_qkv) const {
    const auto set = backend.instruction_set();
    const Head at = head(of, task);
    const std::int64_t w = width(), n = at.count, d = head_width();
    const S *const query = saved.qkv.data() + at.row * 3 * w + at.channel, *const upstream = grad_mixed +
                                                                                             at.row * w +
                                                                                             at.channel;
    S* const to = grad_qkv + at.row * 3 * w + at.channel;
    for (std::int64_t i = 0; i < n; ++i)
      for (int which = 0; which < 3; ++which) std::fill_n(to + i * 3 * w + which * w, d, S(0));
    std::fill_n(grad_scores, n * at.pitch, S(0));
    // Values, then scores, then what they were made of.
    detail::add_product(set, detail::columns_of(probabilities, at.pitch), detail::rows_of(upstream, w), n, d,
                        n, to + 2 * w, 3 * w);
    detail::add_product(set, detail::rows_of(upstream, w), detail::columns_of(query + 2 * w, 3 * w), n, n, d,
                        grad_scores, at.pitch);
    detail::softmax_rows_backward(set, probabilities, n, at.pitch, scale(), grad_scores);
    detail::add_product(set, detail::rows_of<S>(grad_scores, at.pitch), detail::rows_of(query + w, 3 * w), n,
                        d, n, to, 3 * w);
    detail::add_product(set, detail::columns_of<S>(grad_scores, at.pitch), detail::rows_of(query, 3 * w), n,
                        d, n, to + w, 3 * w);
  }
};

/// Its parameters under their names in checkpoints.
template <class S>
ParameterList<S> parameters(Attention<S>& of, const std::string& prefix) {
  ParameterList<S> list = parameters(of.qkv, prefix + "qkv.");
  for (auto& p : parameters(of.projection, prefix + "proj.")) list.push_back(p);
  return list;
}

}  // namespace dht
