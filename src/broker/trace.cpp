#include "broker/trace.h"

namespace kith::broker {

std::string_view to_string(TraceStage stage) {
    switch (stage) {
        case TraceStage::Connect:
            return "connect";
        case TraceStage::Auth:
            return "auth";
        case TraceStage::Subscribe:
            return "subscribe";
        case TraceStage::Publish:
            return "publish";
        case TraceStage::Acl:
            return "acl";
        case TraceStage::Match:
            return "match";
        case TraceStage::Queue:
            return "queue";
        case TraceStage::Deliver:
            return "deliver";
        case TraceStage::Ack:
            return "ack";
        case TraceStage::Commit:
            return "commit";
        case TraceStage::Drop:
            return "drop";
    }
    return "unknown";
}

}  // namespace kith::broker
