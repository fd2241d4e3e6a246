// A connected, ordered, two-way byte stream: TCP, TLS over it, WebSocket over either, or simulated.
//
// Input is pushed: the handler gets each range once and copies what it wants to keep. Output is
// gathered in output() and written at the end of the turn, one system call a stream. Back-pressure:
// a stream whose output passes `output_high_bytes` says so through is_congested(), and calls
// on_drained() when it is below `output_low_bytes` again.
//
// Destroying a stream aborts it: use close() and wait for on_closed() where the output matters.
//
// A stream belongs to one shard. detach() and attach() move it: between the two it has no shard,
// gets no events and may travel as mail; nothing is lost, TLS state goes along. Threads:
// shard-local.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/address.h"
#include "runtime/output_queue.h"

namespace kith::runtime {

class Shard;

/// What a certificate-authenticated or encrypted peer showed. Empty strings where it showed
/// nothing.
struct TlsPeer {
    std::string version;      // "TLSv1.3"
    std::string cipher;       // "TLS_AES_256_GCM_SHA384"
    std::string server_name;  // SNI, as the client asked
    std::string alpn;         // the protocol that both chose
    // Of the verified certificate of the peer:
    std::string subject;      // RFC 2253 name
    std::string common_name;  // its CN
    std::string dns_name;     // the first DNS name that it is for
    std::string uri_name;     // the first URI
    std::string issuer;       // RFC 2253 name of who signed it
    std::string serial;       // as that one numbers it: upper-case hex
    std::string fingerprint;  // SHA-256 of its DER, lower-case hex
    std::string key_hash;     // SHA-256 of its public key (SubjectPublicKeyInfo), likewise
    WallTime not_before;
    WallTime not_after;
    bool is_own_authority = false;  // signed by TlsServerOptions::own_client_ca_pem
    // If describes_channel asks for it:
    /// Names this connection and no other, at both ends alike (RFC 9266, tls-exporter): 32 bytes
    /// under TLS 1.3, else empty.
    std::vector<std::uint8_t> channel_binding;
    /// Certificates as the peer has shown them, its own first, DER. Nobody has verified them but
    /// for this: it has the key of the first.
    std::vector<std::vector<std::uint8_t>> shown_chain;
};

class StreamHandler {
  public:
    /// The stream can be used: for a TLS stream the handshake is done. Not called for accepted TCP
    /// streams, which are ready from the start.
    virtual void on_connected() {}
    /// Bytes arrived. The range is writable (codecs may unmask or decrypt in place) and is gone
    /// after the call. After pause_reading() inside the call no further call follows, but this
    /// range must still be taken whole.
    virtual void on_data(MutableBytes bytes) = 0;
    /// The output fell below the low watermark after it had been above the high one.
    virtual void on_drained() {}
    /// The other side closed, or the stream failed. Called once, as the last call, and not after
    /// abort(). The handler may destroy the stream in it. Error kind Closed is an orderly end; it
    /// comes after what this turn's input made the handler send has been written, so that a peer
    /// that asks and closes its side gets its answer.
    virtual void on_closed(const Error& reason) = 0;

  protected:
    ~StreamHandler() = default;
};

// style: Info, because that is what info() gives on every layer.
/// What is fixed about a connection. `transport` is "tcp", "tls", "ws", "wss" or "sim".
struct StreamInfo {
    SocketAddress remote;
    const char* transport = "tcp";
    const TlsPeer* tls = nullptr;  // owned by the stream
    /// `remote` is what a proxy said: whoever it is, it is not on this host.
    bool is_proxied = false;
};

class Stream {
  public:
    virtual ~Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Must be set before the first event can arrive: in the turn that accepted or connected it.
    void set_handler(StreamHandler* handler) { handler_ = handler; }

    /// Append here, then request_flush().
    [[nodiscard]] OutputQueue& output() { return output_; }
    /// Has the output written at the end of this turn. Requires: attached to a shard.
    virtual void request_flush() = 0;
    void send(Bytes bytes) {
        output_.append(bytes);
        request_flush();
    }

    [[nodiscard]] virtual StreamInfo info() const = 0;
    [[nodiscard]] bool is_congested() const { return congested_; }
    /// Bytes accepted from the handler and not yet taken by the kernel (or the layer below's peer).
    [[nodiscard]] virtual std::size_t unsent_bytes() const { return output_.size_bytes(); }
    /// Bytes ever taken by the kernel, those of the layers below included; tells whether a slow
    /// reader moves at all.
    [[nodiscard]] virtual std::uint64_t sent_bytes() const { return sent_bytes_; }

    virtual void pause_reading() = 0;
    virtual void resume_reading() = 0;

    /// Writes what is queued, then closes this side; on_closed() follows when the other side has
    /// closed too or a grace period (limits.h) has passed. Input that still arrives is dropped.
    virtual void close() = 0;
    /// Closes at once and drops what is queued; no further calls to the handler.
    virtual void abort() = 0;

    /// A proxy has said whose connection this is: from now on `client` is the remote address, and
    /// `unread`, what came behind the proxy's words, is handed up before anything else, in a later
    /// turn. Requires: a stream directly over a socket.
    virtual void set_client(const SocketAddress&, Bytes) {
        CHECK_TEXT(false, "only a stream directly over a socket can have a proxy before it");
    }

    /// Leaves its shard. Requires: called outside its own callbacks or as their last act.
    virtual void detach() = 0;
    /// Joins `shard`; reading resumes there, unless paused.
    virtual void attach(Shard& shard) = 0;

  protected:
    explicit Stream(ChunkPool& pool) : output_(pool) {}

    StreamHandler* handler_ = nullptr;
    OutputQueue output_;
    std::uint64_t sent_bytes_ = 0;
    bool congested_ = false;
};

}  // namespace kith::runtime
