#include "access/scram_exchange.h"

#include <utility>

#include "access/password_desk.h"
#include "base/check.h"
#include "crypto/token.h"

namespace kith::access {
namespace {

/// Of our part of the nonce: 144 bits.
constexpr std::size_t kNonceBytes = 18;

}  // namespace

ScramExchange::~ScramExchange() {
    if (question_) {
        owner_->give_up(*question_);
    }
}

void ScramExchange::step(Bytes bytes, Done done) {
    CHECK(!question_.has_value());
    switch (state_) {
        case State::AwaitingFirst:
            return take_first(bytes, std::move(done));
        case State::AwaitingFinal:
            return take_final(bytes, std::move(done));
        case State::Over:
            CHECK_TEXT(false, "a step of an exchange that is over");
    }
}

void ScramExchange::take_first(Bytes bytes, Done done) {
    state_ = State::Over;
    if (const Status taken = server_.take_first(bytes); !taken) {
        done(tl::unexpected(taken.error()));
        return;
    }
    question_ = owner_->ask<Result<ScramStart>>(
        [name = server_.name(), address = remote_address_](PasswordDesk& desk, auto answer) {
            desk.begin_scram(name, address, std::move(answer));
        },
        [this, done = std::move(done)](Result<ScramStart> start) {
            question_.reset();
            if (!start) {
                done(tl::unexpected(start.error()));
                return;
            }
            verifier_text_ = std::move(start->verifier_text);
            const std::string answer =
                server_.answer_first(start->verifier, crypto::random_text(*secrets_, kNonceBytes));
            state_ = State::AwaitingFinal;
            const Bytes message = as_bytes(answer);
            done(bus::AuthStep{.bytes = {message.begin(), message.end()}, .principal = {}});
        });
    if (!question_) {
        done(fail(ErrorKind::Limit, "too many passwords to check at this moment"));
    }
}

void ScramExchange::take_final(Bytes bytes, Done done) {
    state_ = State::Over;
    const Result<std::string> finished = server_.finish(bytes);
    // A proof for a name that does not exist is never right; and a wrong one is told to the desk.
    const bool is_right = finished.has_value() && !verifier_text_.empty();
    question_ = owner_->ask<Result<bus::Principal>>(
        [proof = ScramProof{.name = server_.name(),
                            .remote_address = remote_address_,
                            .verifier_text = is_right ? verifier_text_ : std::string()}](
            PasswordDesk& desk, auto answer) { desk.finish_scram(proof, std::move(answer)); },
        [this, done, message = finished.value_or("")](Result<bus::Principal> principal) {
            question_.reset();
            if (!principal) {
                done(tl::unexpected(principal.error()));
                return;
            }
            const Bytes text = as_bytes(message);
            done(bus::AuthStep{.bytes = {text.begin(), text.end()},
                               .principal = std::move(*principal)});
        });
    if (!question_) {
        done(fail(ErrorKind::Limit, "too many passwords to check at this moment"));
    }
}

}  // namespace kith::access
