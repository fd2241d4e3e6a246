// Beast asserts in one place (the last chunk, cut within its first five bytes) something that the
// code behind it does not need; a client must not be able to stop the program with it.
#define BOOST_DISABLE_ASSERTS

#include "http/request_parser.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <optional>
#include <utility>

#include "base/check.h"

namespace kith::http {
namespace {

namespace beast = boost::beast::http;

enum class Stage : std::uint8_t { Idle, Head, Decide, Body, Complete, Failed };

tl::unexpected<Error> refused(const boost::beast::error_code& error) {
    if (error == beast::error::body_limit) {
        return fail(ErrorKind::Limit, "the body is too long", 413);
    }
    if (error == beast::error::bad_version) {
        return fail(ErrorKind::Unsupported, "only HTTP/1.0 and HTTP/1.1 are spoken", 505);
    }
    return fail(ErrorKind::Malformed, "not an HTTP request", 400);
}

Method to_method(beast::verb verb) {
    static constexpr std::pair<beast::verb, Method> kMethods[] = {
        {beast::verb::get, Method::Get},         {beast::verb::head, Method::Head},
        {beast::verb::post, Method::Post},       {beast::verb::put, Method::Put},
        {beast::verb::patch, Method::Patch},     {beast::verb::delete_, Method::Delete},
        {beast::verb::options, Method::Options},
    };
    for (const auto& [known, method] : kMethods) {
        if (verb == known) {
            return method;
        }
    }
    return Method::Other;
}

/// Splits "http://host/path?query" or "/path?query" and decodes it.
Status set_target(Request& request, std::string_view target) {
    request.target = target;
    const std::size_t scheme = target.find("://");
    if (!target.starts_with('/') && scheme != std::string_view::npos) {
        target.remove_prefix(scheme + 3);
        const std::size_t path = std::min(target.find_first_of("/?"), target.size());
        request.host = target.substr(0, path);
        target.remove_prefix(path);
        if (!target.starts_with('/')) {
            return fail(ErrorKind::Malformed, "the request names no path", 400);
        }
    }
    const std::size_t question = std::min(target.find('?'), target.size());
    auto segments = split_path(target.substr(0, question));
    auto query = Query::parse(target.substr(std::min(question + 1, target.size())));
    if (!segments || !query) {
        const Error& error = segments ? query.error() : segments.error();
        return fail(error.kind, error.text, error.kind == ErrorKind::Limit ? 414 : 400);
    }
    request.segments = std::move(*segments);
    request.query = std::move(*query);
    return {};
}

/// What Beast lets pass and a careful server does not.
Status check_fields(const Request& request, unsigned version) {
    if (request.headers.count("Host") > 1) {
        return fail(ErrorKind::Malformed, "more than one Host", 400);
    }
    if (version >= 11 && request.headers.count("Host") == 0) {
        return fail(ErrorKind::Malformed, "no Host", 400);
    }
    const auto coding = request.headers.find("Transfer-Encoding");
    if (coding && !equal_ignoring_case(*coding, "chunked")) {
        return fail(ErrorKind::Unsupported, "only chunked is spoken as Transfer-Encoding", 501);
    }
    if (coding && version < 11) {
        return fail(ErrorKind::Malformed, "HTTP/1.0 has no Transfer-Encoding", 400);
    }
    const auto expect = request.headers.find("Expect");
    if (expect && !equal_ignoring_case(*expect, "100-continue")) {
        return fail(ErrorKind::Unsupported, "only 100-continue can be expected", 417);
    }
    return {};
}

}  // namespace

struct RequestParser::Impl {
    using Parser = beast::request_parser<beast::string_body>;

    explicit Impl(const RequestLimits& limits_in) : limits(limits_in) {}

    Result<Progress> advance();
    Result<Progress> step();
    Result<bool> has_head();
    Status read_head();
    void start();

    RequestLimits limits;
    Stage stage = Stage::Idle;
    std::optional<Parser> parser;   // of the request under way
    std::string input;              // bytes that the parser has not taken
    std::size_t scanned_bytes = 0;  // of `input`: here the head does not end
    Request request;
    bool expects_continue = false;
};

void RequestParser::Impl::start() {
    parser.emplace();
    // Above ours: Beast's own counting depends on how the bytes arrive.
    parser->header_limit(static_cast<std::uint32_t>(limits.head_bytes_max * 2));
    parser->body_limit(limits.body_bytes_max);
    request = Request();
    expects_continue = false;
    stage = Stage::Head;
    scanned_bytes = 0;
}

/// Looks for the end of the head, so that Beast gets heads only as a whole, and says early what can
/// never become one: TLS or another protocol on the wrong port, lines that end in a bare LF.
Result<bool> RequestParser::Impl::has_head() {
    const auto first = static_cast<unsigned char>(input.front());
    const std::size_t line_end = input.find('\n');
    if (first <= ' ' || first >= 0x7F ||
        (line_end != std::string::npos && input[line_end - 1] != '\r')) {
        return fail(ErrorKind::Malformed, "not an HTTP request", 400);
    }
    constexpr std::string_view kEnd = "\r\n\r\n";
    const std::size_t end = input.find(kEnd, scanned_bytes);
    const bool found = end != std::string::npos;
    if ((found ? end + kEnd.size() : input.size()) > limits.head_bytes_max) {
        return fail(ErrorKind::Limit, "the request line and headers are too long", 431);
    }
    scanned_bytes = input.size() - std::min(input.size(), kEnd.size() - 1);
    return found;
}

Status RequestParser::Impl::read_head() {
    const auto& message = parser->get();
    request.method = to_method(message.method());
    for (const auto& field : message) {
        request.headers.add({field.name_string().data(), field.name_string().size()},
                            {field.value().data(), field.value().size()});
    }
    request.host = request.headers.find("Host").value_or("");
    TRY(set_target(request, {message.target().data(), message.target().size()}));
    TRY(check_fields(request, message.version()));
    request.keep_alive = message.keep_alive();
    request.is_upgrade = parser->upgrade();
    expects_continue =
        message.version() >= 11 && request.headers.count("Expect") > 0 && !parser->is_done();
    return {};
}

/// Lets Beast take one structural piece: the head, a chunk header, a run of body.
Result<Progress> RequestParser::Impl::step() {
    if (stage == Stage::Head) {
        TRY_ASSIGN(const bool is_whole, has_head());
        if (!is_whole) {
            return Progress::NeedMore;
        }
    }
    boost::beast::error_code error;
    const std::size_t body_bytes = parser->get().body().size();
    const std::size_t taken = parser->put({input.data(), input.size()}, error);
    input.erase(0, taken);
    // A chunk header or the trailers are all that Beast would wait for without a bound.
    const bool waits = error == beast::error::need_more;
    const bool is_framing = stage == Stage::Body && parser->get().body().size() == body_bytes;
    if (is_framing && (waits ? input.size() : taken) > limits.head_bytes_max) {
        return fail(ErrorKind::Limit, "a chunk header or trailer is too long", 431);
    }
    if (waits) {
        return Progress::NeedMore;
    }
    if (error) {
        return refused(error);
    }
    if (stage == Stage::Head && parser->is_header_done()) {
        TRY(read_head());
        stage = Stage::Decide;
        return Progress::Head;
    }
    if (parser->is_done()) {
        request.body = std::move(parser->get().body());
        stage = Stage::Complete;
        return Progress::Complete;
    }
    return Progress::NeedMore;
}

Result<Progress> RequestParser::Impl::advance() {
    if (stage == Stage::Idle) {
        // RFC 9112, 2.2: empty lines before a request are ignored.
        input.erase(0, std::min(input.find_first_not_of("\r\n"), input.size()));
        if (input.empty()) {
            return Progress::NeedMore;
        }
        start();
    }
    // A request without a body is done with its head: there is nothing left to put.
    if (stage == Stage::Body && parser->is_done()) {
        stage = Stage::Complete;
        return Progress::Complete;
    }
    while (!input.empty()) {
        const std::size_t before = input.size();
        const auto progress = step();
        if (!progress) {
            stage = Stage::Failed;
            return progress;
        }
        if (*progress != Progress::NeedMore || input.size() == before) {
            return progress;
        }
    }
    return Progress::NeedMore;
}

RequestParser::RequestParser(const RequestLimits& limits) : impl_(std::make_unique<Impl>(limits)) {}
RequestParser::~RequestParser() = default;
RequestParser::RequestParser(RequestParser&&) noexcept = default;
RequestParser& RequestParser::operator=(RequestParser&&) noexcept = default;

Result<Progress> RequestParser::feed(Bytes bytes) {
    CHECK(impl_->stage != Stage::Failed);
    impl_->input.append(as_text(bytes));
    if (impl_->stage == Stage::Decide || impl_->stage == Stage::Complete) {
        return Progress::NeedMore;
    }
    return impl_->advance();
}

Result<Progress> RequestParser::resume() {
    CHECK(impl_->stage != Stage::Failed);
    CHECK(impl_->stage != Stage::Complete);
    if (impl_->stage == Stage::Decide) {
        impl_->stage = Stage::Body;
    }
    return impl_->advance();
}

const Request& RequestParser::request() const {
    CHECK(impl_->stage == Stage::Decide || impl_->stage == Stage::Body ||
          impl_->stage == Stage::Complete);
    return impl_->request;
}

bool RequestParser::expects_continue() const {
    return impl_->expects_continue;
}

Status RequestParser::limit_body(std::size_t bytes_max) {
    CHECK(impl_->stage == Stage::Decide);
    const auto announced = impl_->parser->content_length();
    if (announced && *announced > bytes_max) {
        return fail(ErrorKind::Limit, "the body is too long", 413);
    }
    impl_->parser->body_limit(bytes_max);
    return {};
}

Request RequestParser::take() {
    CHECK(impl_->stage == Stage::Complete);
    impl_->stage = Stage::Idle;
    impl_->parser.reset();
    return std::move(impl_->request);
}

bool RequestParser::is_idle() const {
    return impl_->stage == Stage::Idle && impl_->input.empty();
}

std::string RequestParser::take_rest() {
    CHECK(impl_->stage == Stage::Idle);
    return std::exchange(impl_->input, {});
}

}  // namespace kith::http
