// A record as its origin would send it, with bytes of its own; for tests that stand in for other
// nodes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "mesh/limits.h"
#include "mesh/testing/fake_trust.h"
#include "wire/mesh/codec.h"

namespace kith::mesh::testing {

class SignedRecord {
  public:
    SignedRecord(const RecordKey& key, const Version& version, const std::string& body)
        : body_(body.begin(), body.end()), signature_(kSignatureBytes) {
        record_.left_ms = static_cast<std::uint32_t>(to_ms(kRecordLifetime));
        record_.key = key;
        record_.version = version;
        record_.lifetime_s = record_.left_ms / 1000;
        sign();
    }
    [[nodiscard]] static SignedRecord identity(NodeId node) {
        return {{.origin = node, .kind = RecordKind::Identity, .part = 0},
                {.epoch = 1, .counter = 1},
                certificate_of(node)};
    }
    [[nodiscard]] static SignedRecord interest(NodeId node, std::uint32_t counter,
                                               const std::string& body, std::uint16_t part = 0) {
        return {{.origin = node, .kind = RecordKind::Interest, .part = part},
                {.epoch = 1, .counter = counter},
                body};
    }

    SignedRecord& with_lifetime_s(std::uint32_t lifetime_s) {
        record_.lifetime_s = lifetime_s;
        sign();
        return *this;
    }
    SignedRecord& with_left_ms(std::uint32_t left_ms) {
        record_.left_ms = left_ms;
        return *this;
    }
    SignedRecord& with_wrong_signature() {
        signature_[0] ^= 1U;
        return *this;
    }

    /// Borrowed from this.
    [[nodiscard]] Record record() const {
        Record record = record_;
        record.body = body_;
        record.signature = signature_;
        return record;
    }

  private:
    void sign() {
        std::vector<std::uint8_t> message(signed_bytes(record()));
        encode_signed(record(), message);
        const auto made = FakeTrust::signature_of(record_.key.origin, message);
        std::copy(made.begin(), made.end(), signature_.begin());
    }

    Record record_;
    std::vector<std::uint8_t> body_;
    std::vector<std::uint8_t> signature_;
};

}  // namespace kith::mesh::testing
