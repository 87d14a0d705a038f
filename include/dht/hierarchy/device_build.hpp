// SPDX-License-Identifier: MIT
// Contraction on a device (method, section 3): the same choices, sums and labels as `build_hierarchy`, bit for bit. One
// thread a pixel, an edge, or a channel of a region; a region's members are summed in their order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include <dht/backend/thrust.hpp>
#include <dht/core/transpose.hpp>
#include <dht/graph/device_graph.hpp>
#include <dht/hierarchy/build.hpp>
#include <dht/hierarchy/device_hierarchy.hpp>
#include <dht/hierarchy/moments.hpp>

namespace dht {

namespace concepts {

/// A policy whose functions a device can call: it says so with `static constexpr bool on_device = true`, and marks them
/// DHT_HOST_DEVICE.
template <class T>
concept device_callable = requires {
  requires T::on_device;
};

}  // namespace concepts

/// Scratch memory of `build_hierarchy` on a device, kept for the next image.
template <class S>
struct DeviceHierarchyWorkspace {
  detail::DeviceGraphWorkspace graph;
  DeviceBuffer<S> self_loop, edge_similarity, best_information, next_information;
  DeviceBuffer<std::uint64_t> best_edge;
  DeviceBuffer<std::int32_t> image, next_image;  // that a region belongs to
  DeviceBuffer<std::int32_t> taken, going;       // of images
};

namespace detail {

/// What members bring to their regions. `variance` and `size` are null for pixels.
template <class S>
struct DeviceMembersIn {
  const std::int32_t *begin, *member;
  const S *mean, *variance, *similarity;
  const std::int32_t* size;
  const Box* box;
};

/// Every pixel chooses its most similar neighbour; see EdgeRows. Both ends of an edge compute it, the lower pixel first.
template <concepts::connectivity C, class S, class Similarity, class Features>
void device_choose_pixels(const backend::Thrust& backend, DeviceHierarchy<S>& tree, Features n,
                          const Similarity& kernel, const Compactness<S>& compactness) {
  const NeighbourSteps<C> steps(tree.height, tree.width);
  const int width = tree.width, height = tree.height;
  const S* const features = tree.pixel_features.data();
  std::uint8_t* const choice = tree.pixel_choice.data();
  std::int32_t* const chosen = tree.pixel_chosen.data();
  S* const similarity = tree.pixel_similarity.data();
  backend.launch(tree.pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
    const int x = static_cast<int>(p % width), y = static_cast<int>(p / width % height);
    std::int32_t best = -1, which = no_choice;
    std::int64_t target = p;
    S value = 1;
    for (int k = 0; k < NeighbourSteps<C>::count; ++k) {
      if (!steps.has(k, y, x)) continue;
      const std::int64_t q = p + steps.step(k);
      const S *a = features + (p < q ? p : q) * n, *b = features + (p < q ? q : p) * n;
      S sum[Similarity::sums] = {};
      for (int c = 0; c < n; ++c) kernel.add(sum, a[c], b[c]);
      const int down = steps.dy[k] < 0 ? -steps.dy[k] : steps.dy[k];
      const int aside = steps.dx[k] < 0 ? -steps.dx[k] : steps.dx[k];
      const S s = compactness.mix(kernel.value(sum), 2, down + aside);
      const std::int32_t q16 = quantise(s);
      if (q16 < best) continue;  // ties to the larger neighbour label
      best = q16;
      which = k;
      value = s;
      target = q;
    }
    choice[p] = static_cast<std::uint8_t>(which);
    chosen[p] = static_cast<std::int32_t>(target);
    similarity[p] = value;
  });
}

/// Means and variances of regions: one thread a region and channel.
template <class S, class Weighting, class Features>
void device_moments(const backend::Thrust& backend, const DeviceMembersIn<S>& in, std::int32_t regions,
                    Features n, const Weighting& weighting, S* mean, S* variance) {
  backend.launch(std::int64_t{regions} * n, [=] DHT_DEVICE(std::int64_t k) DHT_DEVICE_INLINE {
    const std::int64_t r = k / n, c = k % n;
    const std::int32_t begin = in.begin[r], end = in.begin[r + 1];
    S held = in.mean[in.member[begin] * std::int64_t{n} + c], spread = 0;
    const double reference = static_cast<double>(held);
    double first = 0, second = 0, weights = 0;
    for (std::int32_t i = begin; i < end; ++i) {
      const std::int64_t m = in.member[i];
      const double weight =
          static_cast<double>(weighting(in.size ? in.size[m] : std::int32_t{1}, in.similarity[m]));
      weights = rounded_sum(weights, weight);
      add_channel(static_cast<double>(in.mean[m * n + c]), in.variance != nullptr,
                  in.variance ? static_cast<double>(in.variance[m * n + c]) : 0.0, reference, weight, first,
                  second, first, second);
    }
    finish_channel(first, second, 1 / weights, held, spread);
    // A region that stayed apart is what it was, to the last bit.
    if (in.variance && end - begin == 1) spread = in.variance[in.member[begin] * std::int64_t{n} + c];
    mean[k] = held;
    variance[k] = spread;
  });
}

/// Sizes and boxes. Boxes of `width` x `height` images where members are pixels.
template <class S>
void device_extents(const backend::Thrust& backend, const DeviceMembersIn<S>& in, std::int32_t regions,
                    int height, int width, std::int32_t* size, Box* box) {
  backend.launch(regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    const std::int32_t begin = in.begin[r], end = in.begin[r + 1];
    std::int32_t pixels = 0;
    Box around{height, width, -1, -1};
    for (std::int32_t i = begin; i < end; ++i) {
      const std::int32_t m = in.member[i];
      const std::int32_t y = m / width % height, x = m % width;
      const Box part = in.box ? in.box[m] : Box{y, x, y, x};
      pixels += in.size ? in.size[m] : 1;
      around.ymin = part.ymin < around.ymin ? part.ymin : around.ymin;
      around.xmin = part.xmin < around.xmin ? part.xmin : around.xmin;
      around.ymax = part.ymax > around.ymax ? part.ymax : around.ymax;
      around.xmax = part.xmax > around.xmax ? part.xmax : around.xmax;
    }
    size[r] = pixels;
    box[r] = around;
  });
}

/// What follows from a level's moments, and nothing chosen yet.
template <class S, class Criterion, class Features>
void device_close_level(const backend::Thrust& backend, DeviceLevel<S>& level, Features n,
                        const Criterion& criterion, std::int64_t image_pixels) {
  const std::int32_t* const size = level.size.data();
  const S* const variance = level.variance.data();
  S* const information = level.information.data();
  std::int32_t* const parent = level.parent.data();
  std::int32_t* const chosen = level.chosen.data();
  S* const similarity = level.similarity.data();
  backend.launch(level.regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    information[r] = criterion.information(size[r], variance + r * n, int{n}, image_pixels);
    parent[r] = -1;
    chosen[r] = static_cast<std::int32_t>(r);
    similarity[r] = 1;
  });
}

/// Every region of a level chooses a neighbour, or itself.
template <class S, class Similarity, class Features>
void device_choose_regions(const backend::Thrust& backend, DeviceLevel<S>& level, Features n,
                           const Similarity& kernel, const Compactness<S>& compactness,
                           const SelfLoopView<S>& loop, DeviceHierarchyWorkspace<S>& w) {
  std::uint64_t* const best = backend.resize(w.best_edge, level.regions, roomy(level.regions));
  S* const edge_similarity = backend.resize(w.edge_similarity, level.edge_count, roomy(level.edge_count));
  const S *const mean = level.mean.data(), *const variance = level.variance.data();
  const std::int32_t* const size = level.size.data();
  const Box* const box = level.box.data();
  const std::uint64_t* const edges = level.edges.data();
  std::int32_t* const chosen = level.chosen.data();
  S* const similarity = level.similarity.data();
  backend.launch(level.regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    S sum = loop.bias;
    if (!loop.is_constant)
      for (int c = 0; c < n; ++c) sum = loop.add(sum, c, variance[r * n + c]);
    const S own = compactness.of_region(loop.value(sum), size[r], box[r]);
    similarity[r] = own;
    best[r] = choice_key(own, static_cast<std::int32_t>(r));
  });
  backend.launch(level.edge_count, [=] DHT_DEVICE(std::int64_t e) DHT_DEVICE_INLINE {
    const auto low = static_cast<std::int32_t>(edges[e] >> 32),
               high = static_cast<std::int32_t>(edges[e] & 0xffffffffu);
    S sum[Similarity::sums] = {};
    for (int c = 0; c < n; ++c)
      kernel.add(sum, mean[std::int64_t{low} * n + c], mean[std::int64_t{high} * n + c]);
    const S value =
        compactness.mix(kernel.value(sum), size[low] + size[high], joint_extent(box[low], box[high]));
    edge_similarity[e] = value;
    shared_max(best + low, choice_key(value, high));
    shared_max(best + high, choice_key(value, low));
  });
  backend.launch(level.edge_count, [=] DHT_DEVICE(std::int64_t e) DHT_DEVICE_INLINE {
    const auto low = static_cast<std::int32_t>(edges[e] >> 32),
               high = static_cast<std::int32_t>(edges[e] & 0xffffffffu);
    const S value = edge_similarity[e];
    if (best[low] == choice_key(value, high)) similarity[low] = value;
    if (best[high] == choice_key(value, low)) similarity[high] = value;
  });
  backend.launch(level.regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    chosen[r] = static_cast<std::int32_t>(best[r] & 0xffffffffu);
  });
}

/// Regions of images that are finished stay as they are.
template <class S>
void device_keep_finished(const backend::Thrust& backend, DeviceLevel<S>& level, const std::int32_t* image,
                          const std::int32_t* going) {
  std::int32_t* const chosen = level.chosen.data();
  S* const similarity = level.similarity.data();
  backend.launch(level.regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    if (going[image[r]] != 0) return;
    chosen[r] = static_cast<std::int32_t>(r);
    similarity[r] = 1;
  });
}

/// For each image whether some pixel would take its region of this level; see Builder::last_level_is_taken. Waits for the
/// device.
template <class S>
std::vector<std::int32_t> device_level_is_taken(const backend::Thrust& backend, const DeviceLevel<S>& level,
                                                const std::int32_t* image, bool first,
                                                std::int64_t most_regions, S pixel_information,
                                                DeviceHierarchyWorkspace<S>& w) {
  const std::int32_t *const begin = level.members.begin.data(), *const member = level.members.member.data();
  const S *const information = level.information.data(), *const below = w.best_information.data();
  S* const best = backend.resize(w.next_information, level.regions, most_regions);
  const auto batch = static_cast<std::int64_t>(level.image_begin.size()) - 1;
  std::int32_t* const taken = backend.resize(w.taken, batch);
  backend.fill(taken, batch, 0);
  backend.launch(level.regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    S least = first ? pixel_information : below[member[begin[r]]];
    if (!first) {
      for (std::int32_t i = begin[r] + 1; i < begin[r + 1]; ++i)
        least = below[member[i]] < least ? below[member[i]] : least;
    }
    if (information[r] >= least) shared_store(taken + image[r], 1);
    best[r] = information[r] > least ? information[r] : least;
  });
  w.best_information.swap(w.next_information);
  std::vector<std::int32_t> is_taken(static_cast<std::size_t>(batch));
  backend.download(taken, batch, is_taken.data());
  return is_taken;
}

/// The image of each region of a new level, from that of its members.
inline void device_images(const backend::Thrust& backend, const DeviceMembers& members, std::int32_t regions,
                          const std::int32_t* of_member, std::int64_t image_pixels, std::int32_t* out) {
  const std::int32_t *const begin = members.begin.data(), *const member = members.member.data();
  backend.launch(regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    const std::int32_t m = member[begin[r]];
    out[r] = of_member ? of_member[m] : static_cast<std::int32_t>(m / image_pixels);
  });
}

/// Where the regions of each image begin, and one more: they follow each other. Waits for the device where there are
/// several images.
inline void device_image_begins(const backend::Thrust& backend, const std::int32_t* image,
                                std::int32_t regions, int batch, DeviceBuffer<std::int32_t>& on_device,
                                std::vector<std::int32_t>& begins) {
  begins.assign({0, regions});
  if (batch == 1) {
    backend.upload(begins.data(), 2, on_device);
    return;
  }
  std::int32_t* const begin = backend.resize(on_device, std::int64_t{batch} + 1);
  backend.launch(regions, [=] DHT_DEVICE(std::int64_t r) DHT_DEVICE_INLINE {
    if (r == 0 || image[r] != image[r - 1]) begin[image[r]] = static_cast<std::int32_t>(r);
    if (r + 1 == regions) begin[batch] = regions;
  });
  begins.resize(static_cast<std::size_t>(batch) + 1);
  backend.download(begin, std::int64_t{batch} + 1, begins.data());
}

/// One hierarchy under construction, as `Builder`.
template <class S, concepts::connectivity C, class Parts>
class DeviceBuilder {
 public:
  DeviceBuilder(const backend::Thrust& backend, const Parts& parts, const HierarchyOptions& options,
                DeviceHierarchy<S>& tree, DeviceHierarchyWorkspace<S>& work)
      : backend_(backend), parts_(parts), compactness_(options.compactness), tree_(tree), work_(work) {
    const SelfLoop<S>& loop = parts.self_loop;
    loop_ = loop.view(
        backend.upload(loop.weight.data(), static_cast<std::int64_t>(loop.weight.size()), work.self_loop));
    const std::int64_t n = tree.pixels();
    backend.resize(tree.pixel_choice, n);
    backend.resize(tree.pixel_chosen, n);
    backend.resize(tree.pixel_similarity, n);
    backend.resize(tree.pixel_parent, n);
    tree.built = 0;
    tree.image_levels.assign(static_cast<std::size_t>(tree.batch), 0);
    going_.assign(static_cast<std::size_t>(tree.batch), 1);
  }

  /// Round after round, each image until one of the rules says stop for it: it waits as it is for the others. Then the
  /// last level.
  void contract(int enough_regions) {
    const int rounds = most_rounds(tree_.image_pixels());
    for (int round = 0; round < rounds; ++round) {
      bool any = false;
      for (std::size_t b = 0; b < going_.size(); ++b) {
        const std::int64_t regions =
            round == 0 ? tree_.image_pixels() : tree_.level(tree_.built).regions_of(b);
        if (regions <= enough_regions) going_[b] = 0;
        any |= going_[b] != 0;
      }
      if (!any) break;
      if (round == 0)
        contract_pixels();
      else
        contract_regions();
      for (std::size_t b = 0; b < going_.size(); ++b)
        if (going_[b]) tree_.image_levels[b] = tree_.built;
      const std::vector<std::int32_t> taken = last_level_is_taken();
      for (std::size_t b = 0; b < going_.size(); ++b)
        if (round > 0 && !taken[b]) going_[b] = 0;
    }
    join_images();
  }

  /// Images too small for any round: nothing is chosen. Public, for nvcc wants it of functions that launch lambdas.
  void device_join_pixels(std::int32_t* parent, std::int64_t image_pixels) {
    std::int32_t* const chosen = tree_.pixel_chosen.data();
    std::uint8_t* const choice = tree_.pixel_choice.data();
    S* const similarity = tree_.pixel_similarity.data();
    backend_.launch(tree_.pixels(), [=] DHT_DEVICE(std::int64_t p) DHT_DEVICE_INLINE {
      parent[p] = static_cast<std::int32_t>(p / image_pixels);
      chosen[p] = static_cast<std::int32_t>(p);
      choice[p] = no_choice;
      similarity[p] = 1;
    });
  }

 private:
  void contract_pixels() {
    with_features(tree_.features, [&](auto n) {
      device_choose_pixels<C>(backend_, tree_, n, parts_.similarity, compactness_);
    });
    const auto pixels = static_cast<std::int32_t>(tree_.pixels());
    const std::int32_t regions = device_chosen_components(backend_, tree_.pixel_chosen.data(), pixels,
                                                          tree_.pixel_parent.data(), work_.graph);
    gather(regions, parts_.weighting);
    DeviceLevel<S>& level = tree_.level(1);
    level.edge_count = device_region_edges<C>(backend_, tree_.pixel_parent.data(), tree_.batch, tree_.height,
                                              tree_.width, level.edges, work_.graph);
  }

  void contract_regions() {
    const int top = tree_.built;
    DeviceLevel<S>& below = tree_.level(top);
    with_features(tree_.features, [&](auto n) {
      device_choose_regions(backend_, below, n, parts_.similarity, compactness_, loop_, work_);
    });
    if (std::find(going_.begin(), going_.end(), 0) != going_.end()) {
      const std::int32_t* const going =
          backend_.upload(going_.data(), static_cast<std::int64_t>(going_.size()), work_.going);
      device_keep_finished(backend_, below, work_.image.data(), going);
    }
    const std::int32_t regions = device_chosen_components(backend_, below.chosen.data(), below.regions,
                                                          below.parent.data(), work_.graph);
    gather(regions, parts_.weighting);
    DeviceLevel<S>&from = tree_.level(top), &to = tree_.level(top + 1);
    to.edge_count = device_contracted_edges(backend_, from.edges.data(), from.edge_count, from.parent.data(),
                                            to.edges, work_.graph);
  }

  /// The last level: one region an image, by size weights.
  void join_images() {
    if (tree_.built > 0) {
      DeviceLevel<S>& top = tree_.level(tree_.built);
      backend_.copy(top.parent.data(), work_.image.data(), top.regions);
    } else {  // images too small for any round
      std::int32_t* const parent = tree_.pixel_parent.data();
      const std::int64_t image_pixels = tree_.image_pixels();
      device_join_pixels(parent, image_pixels);
    }
    gather(tree_.batch, SizeWeighting{});
    tree_.level(tree_.built).edge_count = 0;
  }

  std::vector<std::int32_t> last_level_is_taken() {
    return device_level_is_taken(backend_, tree_.level(tree_.built), work_.image.data(), tree_.built == 1,
                                 tree_.pixels() / 2 + 1,
                                 parts_.criterion.template pixel_information<S>(tree_.image_pixels()), work_);
  }

  /// A new level from the parents of the last one.
  template <class Weighting>
  void gather(std::int32_t regions, const Weighting& weighting) {
    DeviceLevel<S>& to = tree_.open_level();  // before references to levels are taken: it may move them
    const bool of_pixels = tree_.built == 1;
    const DeviceLevel<S>* const below = of_pixels ? nullptr : &tree_.level(tree_.built - 1);
    const auto members = of_pixels ? static_cast<std::int32_t>(tree_.pixels()) : below->regions;
    device_members(backend_, of_pixels ? tree_.pixel_parent.data() : below->parent.data(), members, regions,
                   to.members, work_.graph, of_pixels ? 0 : roomy(members));
    make_room(to, regions);
    const std::int32_t *const begin = to.members.begin.data(), *const member = to.members.member.data();
    const DeviceMembersIn<S> in = of_pixels ? DeviceMembersIn<S>{begin,
                                                                 member,
                                                                 tree_.pixel_features.data(),
                                                                 nullptr,
                                                                 tree_.pixel_similarity.data(),
                                                                 nullptr,
                                                                 nullptr}
                                            : DeviceMembersIn<S>{begin,
                                                                 member,
                                                                 below->mean.data(),
                                                                 below->variance.data(),
                                                                 below->similarity.data(),
                                                                 below->size.data(),
                                                                 below->box.data()};
    with_features(tree_.features, [&](auto n) {
      device_moments(backend_, in, regions, n, weighting, to.mean.data(), to.variance.data());
      device_extents(backend_, in, regions, tree_.height, tree_.width, to.size.data(), to.box.data());
      device_close_level(backend_, to, n, parts_.criterion, tree_.image_pixels());
    });
    std::int32_t* const images = backend_.resize(work_.next_image, regions, tree_.pixels() / 2 + 1);
    device_images(backend_, to.members, regions, of_pixels ? nullptr : work_.image.data(),
                  tree_.image_pixels(), images);
    work_.image.swap(work_.next_image);
    device_image_begins(backend_, images, regions, tree_.batch, to.image_begin_on_device, to.image_begin);
  }

  /// Level 1 has at most half as many regions as there are pixels; higher ones have room for twice as many as now, for the
  /// next image of the size.
  void make_room(DeviceLevel<S>& level, std::int32_t regions) {
    const std::int64_t room = tree_.built == 1 ? tree_.pixels() / 2 + 1 : roomy(regions);
    level.regions = regions;
    backend_.resize(level.parent, regions, room);
    backend_.resize(level.size, regions, room);
    backend_.resize(level.chosen, regions, room);
    backend_.resize(level.box, regions, room);
    backend_.resize(level.mean, std::int64_t{regions} * tree_.features, room * tree_.features);
    backend_.resize(level.variance, std::int64_t{regions} * tree_.features, room * tree_.features);
    backend_.resize(level.information, regions, room);
    backend_.resize(level.similarity, regions, room);
  }

  const backend::Thrust& backend_;
  const Parts& parts_;
  Compactness<S> compactness_;
  DeviceHierarchy<S>& tree_;
  DeviceHierarchyWorkspace<S>& work_;
  SelfLoopView<S> loop_;
  std::vector<std::int32_t> going_;  // per image: whether its contraction goes on
};

}  // namespace detail

/// Builds the hierarchy over `tree.pixel_features`, as the function of that name for the host does. The images of the
/// batch take the same steps, each as many as it takes alone. Waits for the device four times a level: for the number of
/// regions, twice for that of edges, and for which images go on; once more for where the images of a batch begin.
template <concepts::connectivity C, class S, class Parts>
void build_hierarchy(const backend::Thrust& backend, const Parts& parts, const HierarchyOptions& options,
                     DeviceHierarchy<S>& tree, DeviceHierarchyWorkspace<S>& workspace) {
  static_assert(concepts::device_callable<decltype(parts.similarity)>,
                "Policies::Similarity has no device functions: it must mark them DHT_HOST_DEVICE and say "
                "`static constexpr bool on_device = true`");
  static_assert(concepts::device_callable<decltype(parts.weighting)>,
                "Policies::Weighting has no device functions: it must mark them DHT_HOST_DEVICE and say "
                "`static constexpr bool on_device = true`");
  static_assert(concepts::device_callable<decltype(parts.criterion)>,
                "Policies::Criterion has no device functions: it must mark them DHT_HOST_DEVICE and say "
                "`static constexpr bool on_device = true`");
  DHT_EXPECTS(tree.batch > 0 && tree.height > 0 && tree.width > 0 && tree.features > 0,
              "hierarchy: has no pixels or no features to build on");
  check_pixels(tree.batch, tree.image_pixels(), "hierarchy");
  const std::int64_t pixels = tree.pixels();
  DHT_EXPECTS(tree.pixel_features.size() == pixels * tree.features, "pixel features: are ",
              tree.pixel_features.size(), " numbers; must be ", pixels * tree.features);
  detail::check_contraction<S>(parts.self_loop, tree.features, options);
  detail::DeviceBuilder<S, C, Parts> builder(backend, parts, options, tree, workspace);
  builder.contract(options.enough_regions);
}

}  // namespace dht
