// SPDX-License-Identifier: MIT
// Files of weights: safetensors, checkpoints of the encoder, published vision transformers. Whatever the bytes, values or
// an error of one line, and never more memory than a few times the file.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <dht/encoder/checkpoint.hpp>
#include <dht/io/safetensors.hpp>
#include <dht/vit/pretrained.hpp>

#include "fuzz/fuzz.hpp"

namespace {

/// A file from its header and so many bytes of values.
dht::fuzz::Bytes file(const std::string& header, std::size_t values) {
  dht::fuzz::Bytes bytes;
  for (int i = 0; i < 8; ++i)
    bytes.push_back(static_cast<std::uint8_t>(std::uint64_t{header.size()} >> 8 * i));
  bytes.insert(bytes.end(), header.begin(), header.end());
  for (std::size_t i = 0; i < values; ++i)
    bytes.push_back(static_cast<std::uint8_t>(i % 4 == 3 ? 60 : 7 * i));
  return bytes;
}

/// Builds a header, tensor after tensor, all of F32.
class Header {
 public:
  Header& add(const std::string& name, std::vector<std::int64_t> shape) {
    std::size_t size = 4;
    std::string text;
    for (const std::int64_t n : shape) {
      size *= static_cast<std::size_t>(n);
      text += (text.empty() ? "" : ",") + std::to_string(n);
    }
    tensors_ += (tensors_.empty() ? "" : ",") + ('"' + name) + R"(":{"dtype":"F32","shape":[)" + text +
                R"(],"data_offsets":[)" + std::to_string(end_) + ',' + std::to_string(end_ + size) + "]}";
    end_ += size;
    return *this;
  }
  dht::fuzz::Bytes bytes(const std::string& metadata = "") const {
    return file('{' + (metadata.empty() ? "" : "\"__metadata__\":{" + metadata + "},") + tensors_ + '}',
                end_);
  }

 private:
  std::string tensors_;
  std::size_t end_ = 0;
};

Header& add_layer(Header& header, const std::string& convolution, const std::string& norm,
                  std::vector<std::int64_t> shape) {
  const std::int64_t outputs = shape[0];
  header.add(convolution + ".weight", std::move(shape)).add(convolution + ".bias", {outputs});
  for (const char* part : {".weight", ".bias", ".running_mean", ".running_var"})
    header.add(norm + part, {outputs});
  return header;
}

dht::fuzz::Bytes checkpoint() {
  Header header;
  add_layer(header, "conv.ds.0", "conv.ds.1", {2, 1, 1, 1});
  add_layer(header, "conv.cv.0", "conv.cv.1", {8, 1, 2, 2});
  add_layer(header, "conv.cv.3", "conv.cv.4", {2, 8, 2, 2});
  header.add("linear.weight", {1, 2}).add("linear.bias", {1});
  header.add("varproj.weight", {1, 2}).add("varproj.bias", {1});
  return header.bytes(R"("mean":"[0.5]","std":"[0.25]","iota":"5","criterion":"aicc")");
}

/// As timm names them: width 2, patches of 2 x 2 pixels in one channel, 3 x 3 of them, one block, 3 classes.
dht::fuzz::Bytes vision_transformer() {
  Header h;
  h.add("cls_token", {1, 1, 2}).add("pos_embed", {1, 10, 2});
  h.add("patch_embed.proj.weight", {2, 1, 2, 2}).add("patch_embed.proj.bias", {2});
  for (const char* norm : {"blocks.0.norm1", "blocks.0.norm2", "norm"})
    h.add(norm + std::string(".weight"), {2}).add(norm + std::string(".bias"), {2});
  h.add("blocks.0.attn.qkv.weight", {6, 2}).add("blocks.0.attn.qkv.bias", {6});
  h.add("blocks.0.attn.proj.weight", {2, 2}).add("blocks.0.attn.proj.bias", {2});
  h.add("blocks.0.mlp.fc1.weight", {8, 2}).add("blocks.0.mlp.fc1.bias", {8});
  h.add("blocks.0.mlp.fc2.weight", {2, 8}).add("blocks.0.mlp.fc2.bias", {2});
  h.add("head.weight", {3, 2}).add("head.bias", {3});
  return h.bytes();
}

}  // namespace

std::vector<dht::fuzz::Bytes> dht::fuzz::seeds() {
  return {
      file("{}", 0),
      Header().add("a", {2, 3}).add("b", {}).bytes(R"("note":"x")"),
      checkpoint(),
      vision_transformer(),
      file(
          R"({"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"F16","shape":[1],"data_offsets":[6,8]}})",
          8),
      file(
          R"({"a":{"dtype":"I64","shape":[1,1],"data_offsets":[0,8]},"b":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[8,11]}})",
          11)};
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  dht::fuzz::accepts([&] {
    const auto loaded = dht::SafeTensors::from_bytes({bytes, bytes + size});
    for (const std::string& name : loaded.names()) {
      dht::fuzz::expect(loaded.bytes(name).size() <= size, "a tensor lies in its file");
      dht::fuzz::accepts([&] { loaded.read<float>(name); });
      dht::fuzz::accepts([&] { loaded.read<std::int32_t>(name); });
    }
    dht::fuzz::accepts([&] { dht::read_checkpoint<float>(loaded); });
    dht::fuzz::accepts([&] { dht::read_patch_vit<float>(loaded); });
  });
  return 0;
}
