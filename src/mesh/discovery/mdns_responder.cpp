#include "mesh/discovery/mdns_responder.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/hash.h"
#include "wire/dns/limits.h"

namespace kith::mesh {
namespace {

using dns::Message;
using dns::Name;
using dns::Question;
using dns::Record;
using dns::Type;
using runtime::SocketAddress;

// RFC 6762, 8.1 and 8.3.
constexpr unsigned kProbes = 3;
constexpr unsigned kAnnouncements = 2;
constexpr Duration kProbeInterval = 250ms;
constexpr Duration kAnnounceInterval = 1s;
/// "If fifteen conflicts occur within any ten-second period, then the host MUST wait at least five
/// seconds before each successive additional probe attempt."
constexpr unsigned kConflictsMany = 15;
constexpr Duration kConflictPause = 5s;
constexpr Duration kTieLost = 1s;
// RFC 6762, 6 and 7.2.
constexpr Duration kSharedDelayMin = 20ms;
constexpr Duration kSharedDelayMax = 120ms;
constexpr Duration kTruncatedDelay = 450ms;
constexpr Duration kRepeatMin = 1s;
// RFC 6762, 10: "120 seconds for records containing a host name, 75 minutes for others".
constexpr std::uint32_t kHostTtlS = 120;
constexpr std::uint32_t kOtherTtlS = 4500;
constexpr std::uint32_t kLegacyTtlS = 10;
// RFC 6762, 5.2.
constexpr Duration kAskIntervalMin = 1s;
constexpr Duration kAskIntervalMax = 1h;

/// Leaves room for a number behind it, in the 63 bytes of a label.
constexpr std::size_t kInstanceBytesMax = 48;

const Name& local() {
    static const Name name("local");
    return name;
}
Name type_name(const std::string& type) {
    return Name(type + ".local");
}
Name subtype_name(const std::string& subtype, const std::string& type) {
    return Name(subtype, Name("_sub." + type + ".local"));
}
/// RFC 6763, 9: what types there are.
const Name& types_name() {
    static const Name name("_services._dns-sd._udp.local");
    return name;
}

Record pointer(const Name& from, const Name& to) {
    Record record{.name = from, .type = Type::Ptr, .ttl_s = kOtherTtlS};
    record.target = to;
    return record;
}

/// Whole characters of UTF-8.
std::string cut(std::string text) {
    if (text.size() > kInstanceBytesMax) {
        std::size_t end = kInstanceBytesMax;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
            --end;
        }
        text.resize(end);
    }
    return text;
}

bool matches(const Question& question, const Record& record) {
    return (question.type == Type::Any || question.type == record.type) &&
           question.name == record.name;
}

/// What stands behind "key=" in a TXT record; empty if nothing does.
std::string_view text_of(const Record& txt, std::string_view key) {
    for (const std::string_view text : txt.texts) {
        if (text.size() > key.size() && text.starts_with(key) && text[key.size()] == '=') {
            return text.substr(key.size() + 1);
        }
    }
    return {};
}

NodeId node_of(std::string_view hex) {
    std::uint64_t value = 0;
    const char* end = hex.data() + hex.size();
    const auto parsed = std::from_chars(hex.data(), end, value, 16);
    return hex.size() == 16 && parsed.ec == std::errc() && parsed.ptr == end ? NodeId(value)
                                                                             : NodeId();
}

/// By type and content, as RFC 6762, 8.2.1 compares them.
std::vector<std::pair<Type, std::vector<std::uint8_t>>> claims_of(
    const std::vector<Record>& records, const Name& name) {
    std::vector<std::pair<Type, std::vector<std::uint8_t>>> claims;
    for (const Record& record : records) {
        if (record.name == name) {
            claims.emplace_back(record.type, content_of(record));
        }
    }
    std::ranges::sort(claims);
    return claims;
}

}  // namespace

MdnsResponder::MdnsResponder(MdnsOptions options, MdnsPort& port, std::uint64_t seed)
    : options_(std::move(options)),
      port_(port),
      random_(seed),
      instance_(cut(options_.instance)),
      host_(options_.host) {
    std::erase_if(options_.services, [](const MdnsService& service) { return service.port == 0; });
    if (options_.services.size() > kMdnsServicesMax) {
        options_.services.resize(kMdnsServicesMax);
    }
    make_records();
}

// What this node says.

Name MdnsResponder::instance_name(const MdnsService& service) const {
    return Name(instance_, type_name(service.type));
}

Name MdnsResponder::host_name() const {
    return Name(host_, local());
}

void MdnsResponder::make_records() {
    records_.clear();
    for (const MdnsService& service : options_.services) {
        const Name type = type_name(service.type);
        const Name instance = instance_name(service);
        records_.push_back(pointer(type, instance));
        for (const std::string& subtype : service.subtypes) {
            records_.push_back(pointer(subtype_name(subtype, service.type), instance));
        }
        records_.push_back(pointer(types_name(), type));
        Record& srv = records_.emplace_back(
            Record{.name = instance, .type = Type::Srv, .flushes_cache = true, .ttl_s = kHostTtlS});
        srv.port = service.port;
        srv.target = host_name();
        Record& txt = records_.emplace_back(Record{
            .name = instance, .type = Type::Txt, .flushes_cache = true, .ttl_s = kOtherTtlS});
        txt.texts = service.texts;
    }
}

std::vector<Record> MdnsResponder::address_records(const MdnsInterface& interface) const {
    std::vector<Record> found;
    for (const SocketAddress& address : interface.addresses) {
        Record& record = found.emplace_back(Record{.name = host_name(),
                                                   .type = address.is_v4() ? Type::A : Type::Aaaa,
                                                   .flushes_cache = true,
                                                   .ttl_s = kHostTtlS});
        if (address.is_v4()) {
            std::copy_n(address.ip().begin() + 12, 4, record.address.begin());
        } else {
            record.address = address.ip();
            if (address.is_link_local()) {
                record.address[2] = record.address[3] = 0;  // the interface, which is nobody's
            }
        }
    }
    return found;
}

std::vector<Record> MdnsResponder::all_address_records() const {
    std::vector<Record> all;
    for (const MdnsInterface& interface : interfaces_) {
        const std::vector<Record> some = address_records(interface);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

// Claiming names.

void MdnsResponder::start(Instant now) {
    is_started_ = true;
    if (!options_.mesh.empty()) {
        ask_interval_ = kAskIntervalMin;
        ask_at_ = now + random_.between(kSharedDelayMin, kSharedDelayMax);
    }
    if (!interfaces_.empty()) {
        begin_probing(now + random_.between(Duration(), kProbeInterval));
    }
}

void MdnsResponder::set_interfaces(std::vector<MdnsInterface> interfaces, Instant now) {
    if (interfaces == interfaces_) {
        return;
    }
    interfaces_ = std::move(interfaces);
    if (interfaces_.empty()) {
        state_ = State::Silent;
        step_at_ = Instant::never();
        due_.clear();
    } else if (is_started_) {
        ask_interval_ = kAskIntervalMin;
        ask_at_ = options_.mesh.empty() ? Instant::never() : now + kSharedDelayMax;
        begin_probing(now + random_.between(Duration(), kProbeInterval));
    }
}

void MdnsResponder::begin_probing(Instant at) {
    if (options_.services.empty()) {
        return;
    }
    state_ = State::Probing;
    steps_ = 0;
    step_at_ = at;
    due_.clear();
}

void MdnsResponder::step(Instant now) {
    if (state_ == State::Probing && steps_ < kProbes) {
        ++steps_;
        step_at_ = now + kProbeInterval;
        send_probe();
        return;
    }
    if (state_ == State::Probing) {
        state_ = State::Announcing;
        steps_ = 0;
    }
    ++steps_;
    announce(now);
    if (steps_ < kAnnouncements) {
        step_at_ = now + kAnnounceInterval;
    } else {
        state_ = State::Established;
        step_at_ = Instant::never();
        conflicts_ = 0;
    }
}

void MdnsResponder::send_probe() {
    for (const MdnsInterface& interface : interfaces_) {
        Message probe;
        const auto claim = [&probe](const Name& name) {
            probe.questions.push_back({.name = name, .type = Type::Any, .wants_unicast = false});
        };
        claim(host_name());
        for (const MdnsService& service : options_.services) {
            claim(instance_name(service));
        }
        for (const Record& record : records_) {
            if (record.flushes_cache) {  // its own alone
                probe.authorities.push_back(record);
            }
        }
        for (Record& record : address_records(interface)) {
            probe.authorities.push_back(std::move(record));
        }
        for (Record& record : probe.authorities) {
            record.flushes_cache = false;  // RFC 6762, 10.2: never in a probe
        }
        send_on(interface.id, probe);
    }
}

void MdnsResponder::announce(Instant now) {
    for (std::size_t i = 0; i < records_.size(); ++i) {
        due_[i] = now;
        last_sent_.erase(i);
    }
    due_[kAddresses] = now;
    last_sent_.erase(kAddresses);
    send_due(now);
}

void MdnsResponder::stop() {
    if (state_ == State::Announcing || state_ == State::Established) {
        for (const MdnsInterface& interface : interfaces_) {
            Message farewell{.is_response = true};
            farewell.answers = records_;
            for (Record& record : address_records(interface)) {
                farewell.answers.push_back(std::move(record));
            }
            for (Record& record : farewell.answers) {
                record.ttl_s = 0;
            }
            // The types of others are not this node's to say good-bye to.
            std::erase_if(farewell.answers,
                          [](const Record& record) { return record.name == types_name(); });
            send_on(interface.id, farewell);
        }
    }
    is_started_ = false;
    state_ = State::Silent;
    step_at_ = ask_at_ = Instant::never();
    due_.clear();
}

/// Of a name that was its own, it tries to keep it; of one that it only wants, it takes another.
void MdnsResponder::on_conflict(Instant now) {
    ++counters_.conflicts;
    ++conflicts_;
    if (state_ == State::Probing) {
        rename(now);
    } else {
        begin_probing(now);
    }
}

void MdnsResponder::rename(Instant now) {
    ++name_number_;
    instance_ = fmt::format("{} ({})", cut(options_.instance), name_number_);
    host_ = fmt::format("{}-{}", options_.host, name_number_);
    make_records();
    begin_probing(now + (conflicts_ >= kConflictsMany ? kConflictPause : kProbeInterval));
}

// What others say.

void MdnsResponder::on_datagram(const SocketAddress& from, Bytes bytes, Instant now) {
    if (std::ranges::find(own_, hash_bytes(bytes)) != own_.end()) {
        return;
    }
    const Result<Message> message = dns::decode(bytes);
    if (!message) {
        ++counters_.malformed;
    } else if (message->is_response) {
        ++counters_.responses;
        // RFC 6762, 11: what was not sent from the port is not believed.
        if (from.port() == kMdnsPort) {
            on_response(from, *message, now);
        }
    } else {
        ++counters_.queries;
        on_query(from, *message, now);
    }
}

void MdnsResponder::on_query(const SocketAddress& from, const Message& query, Instant now) {
    if (state_ == State::Probing && !query.authorities.empty()) {
        break_tie(query, now);
    }
    if (state_ != State::Announcing && state_ != State::Established) {
        return;
    }
    if (from.port() != kMdnsPort) {
        answer_unicast(from, query);
    } else {
        answer_later(query, now);
    }
}

/// RFC 6762, 8.2: who says what is lexicographically later keeps the name.
void MdnsResponder::break_tie(const Message& probe, Instant now) {
    std::vector<Record> ours = records_;
    for (Record& record : all_address_records()) {
        ours.push_back(std::move(record));
    }
    std::vector<Name> names{host_name()};
    for (const MdnsService& service : options_.services) {
        names.push_back(instance_name(service));
    }
    for (const Name& name : names) {
        const auto theirs = claims_of(probe.authorities, name);
        if (!theirs.empty() && claims_of(ours, name) < theirs) {
            ++counters_.conflicts;
            begin_probing(now + kTieLost);
            return;
        }
    }
}

/// RFC 6762, 6.7: a resolver that knows nothing of multicast gets what it could use.
void MdnsResponder::answer_unicast(const SocketAddress& to, const Message& query) {
    Message answer{.id = query.id, .is_response = true, .questions = query.questions};
    std::vector<Record> all = records_;
    for (Record& record : all_address_records()) {
        all.push_back(std::move(record));
    }
    for (Record& record : all) {
        const bool is_asked = std::ranges::any_of(
            query.questions, [&record](const auto& question) { return matches(question, record); });
        if (is_asked && answer.answers.size() < kMdnsOwnMax) {
            record.flushes_cache = false;
            record.ttl_s = std::min(record.ttl_s, kLegacyTtlS);
            answer.answers.push_back(std::move(record));
        }
    }
    if (!answer.answers.empty() && query.questions.size() <= kMdnsServicesMax) {
        ++counters_.sent;
        port_.send_unicast(to, encode(answer));
    }
}

void MdnsResponder::answer_later(const Message& query, Instant now) {
    // RFC 6762, 7.1: who has half of a record's life left need not be told again.
    const auto is_known = [&query](const Record& record) {
        return std::ranges::any_of(query.answers, [&record](const Record& known) {
            return known.type == record.type && known.name == record.name &&
                   known.ttl_s >= record.ttl_s / 2 && content_of(known) == content_of(record);
        });
    };
    const bool is_probe = !query.authorities.empty();
    const Duration wait = query.is_truncated ? kTruncatedDelay : Duration();
    const auto promise = [&](std::size_t which, Duration delay) {
        const auto last = last_sent_.find(which);
        if (!is_probe && last != last_sent_.end() && now - last->second < kRepeatMin) {
            ++counters_.suppressed;
            return;
        }
        due_.try_emplace(which, now + wait + delay);
    };
    for (std::size_t i = 0; i < records_.size(); ++i) {
        const Record& record = records_[i];
        if (is_known(record)) {
            // Also of what was asked before: the rest of a long list of known answers.
            counters_.suppressed += due_.erase(i);
            continue;
        }
        if (std::ranges::any_of(query.questions,
                                [&record](const auto& each) { return matches(each, record); })) {
            promise(i, record.flushes_cache ? Duration()
                                            : random_.between(kSharedDelayMin, kSharedDelayMax));
        }
    }
    for (const Record& address : all_address_records()) {
        const bool is_asked = std::ranges::any_of(
            query.questions, [&address](const auto& each) { return matches(each, address); });
        if (is_asked && !is_known(address)) {
            promise(kAddresses, Duration());
        }
    }
}

void MdnsResponder::on_response(const SocketAddress& from, const Message& response, Instant now) {
    if (state_ != State::Silent) {
        for (const auto* section : {&response.answers, &response.additionals}) {
            if (std::ranges::any_of(*section, [this](const Record& r) { return is_conflict(r); })) {
                on_conflict(now);
                return;
            }
        }
    }
    look_for_nodes(from, response);
}

/// Somebody else has a name of this node, and says something else of it.
bool MdnsResponder::is_conflict(const Record& record) const {
    if (record.ttl_s == 0 || record.type == Type::Ptr) {
        return false;
    }
    const auto says_otherwise = [&record](const std::vector<Record>& ours) {
        bool is_claimed = false;
        for (const Record& own : ours) {
            if (own.type == record.type && own.name == record.name) {
                is_claimed = true;
                if (content_of(own) == content_of(record)) {
                    return false;
                }
            }
        }
        return is_claimed;
    };
    return says_otherwise(records_) || says_otherwise(all_address_records());
}

void MdnsResponder::look_for_nodes(const SocketAddress& from, const Message& response) {
    if (options_.mesh.empty()) {
        return;
    }
    std::vector<const Record*> all;
    for (const auto* section : {&response.answers, &response.additionals}) {
        for (const Record& record : *section) {
            all.push_back(&record);
        }
    }
    static const Name kKith("_kith._tcp.local");
    std::size_t found = 0;
    for (const Record* srv : all) {
        if (srv->type != Type::Srv || srv->ttl_s == 0 || srv->port == 0 ||
            !srv->name.is_below(kKith)) {
            continue;
        }
        const auto txt = std::ranges::find_if(all, [srv](const Record* record) {
            return record->type == Type::Txt && record->name == srv->name;
        });
        if (txt == all.end() || text_of(**txt, "mesh") != options_.mesh) {
            continue;
        }
        const NodeId node = node_of(text_of(**txt, "id"));
        if (node != NodeId() && node != options_.self && ++found <= kMdnsFoundMax) {
            ++counters_.found;
            // Who answers is the node itself: responders speak for their own machine.
            port_.on_mdns_found(node, from.with_port(srv->port));
        }
    }
}

// What goes out.

void MdnsResponder::on_timer(Instant now) {
    if (step_at_ <= now) {
        step(now);
    }
    if (ask_at_ <= now) {
        ask_at_ = now + ask_interval_;
        ask_interval_ = std::min<Duration>(ask_interval_ * 2, kAskIntervalMax);
        ask();
    }
    send_due(now);
}

void MdnsResponder::send_due(Instant now) {
    std::vector<std::size_t> chosen;
    for (auto entry = due_.begin(); entry != due_.end();) {
        if (entry->second > now) {
            ++entry;
            continue;
        }
        chosen.push_back(entry->first);
        last_sent_[entry->first] = now;
        entry = due_.erase(entry);
    }
    if (chosen.empty()) {
        return;
    }
    for (const MdnsInterface& interface : interfaces_) {
        Message answer{.is_response = true};
        for (const std::size_t which : chosen) {
            if (which != kAddresses) {
                answer.answers.push_back(records_[which]);
                continue;
            }
            for (Record& record : address_records(interface)) {
                answer.answers.push_back(std::move(record));
            }
        }
        add_additionals(answer, interface);
        if (!answer.answers.empty()) {
            send_on(interface.id, answer);
        }
    }
}

/// RFC 6763, 12: what is asked for next.
void MdnsResponder::add_additionals(Message& message, const MdnsInterface& interface) const {
    std::vector<Record> next;
    for (const Record& record : records_) {
        const bool is_named = std::ranges::any_of(message.answers, [&record](const Record& answer) {
            return answer.type == Type::Ptr && answer.target == record.name;
        });
        if (is_named && record.type != Type::Ptr) {
            next.push_back(record);
        }
    }
    const auto names_host = [](const Record& record) { return record.type == Type::Srv; };
    if (std::ranges::any_of(message.answers, names_host) || std::ranges::any_of(next, names_host)) {
        for (Record& record : address_records(interface)) {
            next.push_back(std::move(record));
        }
    }
    for (Record& record : next) {
        if (std::ranges::find(message.answers, record) == message.answers.end()) {
            message.additionals.push_back(std::move(record));
        }
    }
}

void MdnsResponder::ask() {
    Message query;
    query.questions.push_back(
        {.name = subtype_name("_" + options_.mesh, "_kith._tcp"), .type = Type::Ptr});
    for (const MdnsInterface& interface : interfaces_) {
        send_on(interface.id, query);
    }
}

void MdnsResponder::send_on(runtime::InterfaceId interface, const Message& message) {
    const std::vector<std::uint8_t> bytes = encode(message);
    own_.push_back(hash_bytes(bytes));
    if (own_.size() > kMdnsOwnMax) {
        own_.pop_front();
    }
    ++counters_.sent;
    port_.send_multicast(interface, bytes);
}

Instant MdnsResponder::deadline() const {
    Instant earliest = std::min(step_at_, ask_at_);
    for (const auto& [which, at] : due_) {
        earliest = std::min(earliest, at);
    }
    return earliest;
}

}  // namespace kith::mesh
