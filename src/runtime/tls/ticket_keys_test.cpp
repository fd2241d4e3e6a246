#include "runtime/tls/ticket_keys.h"

#include <gtest/gtest.h>

#include <memory>

#include "runtime/tls/openssl_pointers.h"

namespace kith::runtime {
namespace {

/// What OpenSSL keeps for one ticket.
struct Ticket {
    Ticket() {
        EVP_MAC* hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
        mac.reset(EVP_MAC_CTX_new(hmac));
        EVP_MAC_free(hmac);
    }
    [[nodiscard]] TicketKeys::Request request() {
        return {.name = name.data(), .iv = iv.data(), .cipher = cipher.get(), .mac = mac.get()};
    }
    std::array<unsigned char, TicketKeys::kNameBytes> name{};
    std::array<unsigned char, EVP_MAX_IV_LENGTH> iv{};
    std::unique_ptr<EVP_CIPHER_CTX, OpensslFree<EVP_CIPHER_CTX_free>> cipher{EVP_CIPHER_CTX_new()};
    std::unique_ptr<EVP_MAC_CTX, OpensslFree<EVP_MAC_CTX_free>> mac;
};

const Instant kStart = Instant::from_ns(1'000'000'000);

TEST(TicketKeys, ATicketIsGoodForTwoHoursAndNewOnesComeFromNewKeys) {
    TicketKeys keys;
    Ticket ticket;
    ASSERT_EQ(keys.encrypt(ticket.request(), kStart), 1);
    EXPECT_EQ(keys.decrypt(ticket.request(), kStart + 59min), 1);
    EXPECT_EQ(keys.decrypt(ticket.request(), kStart + 61min), 2) << "take a new one";
    EXPECT_EQ(keys.decrypt(ticket.request(), kStart + 179min), 2);
    EXPECT_EQ(keys.decrypt(ticket.request(), kStart + 180min), 0);
    Ticket later;
    ASSERT_EQ(keys.encrypt(later.request(), kStart + 180min), 1);
    EXPECT_NE(later.name, ticket.name);
}

TEST(TicketKeys, KeepsThreeAtMost) {
    TicketKeys keys;
    for (int hour = 0; hour < 20; ++hour) {
        Ticket ticket;
        ASSERT_EQ(keys.encrypt(ticket.request(), kStart + hour * 1h), 1);
        EXPECT_LE(keys.key_count(), 3U);
    }
}

TEST(TicketKeys, TicketsOfOthersOpenNothing) {
    TicketKeys keys;
    TicketKeys others;
    Ticket ticket;
    ASSERT_EQ(others.encrypt(ticket.request(), kStart), 1);
    EXPECT_EQ(keys.decrypt(ticket.request(), kStart), 0);
}

}  // namespace
}  // namespace kith::runtime
